"""Published rules for the progression of coronary calcium between two scans."""

from __future__ import annotations

import math

from readingroom.reading import Category, Reading

#: Hokanson et al., AJR 2004;182:1327: a change of the square root of the volume score by
#: at least this much (mm^1.5) exceeds the variability between scans.
SQRT_VOLUME_CHANGE = 2.5
_HOKANSON = "Hokanson et al., AJR 2004;182:1327-1332"


def progression(old: Reading, new: Reading) -> dict[str, Category]:
    """Classify the change between two readings of ``cacs``.

    Returns
    -------
    dict of str to Category
        ``volume_progression`` (``progression``, ``stable``, ``regression``) by the change
        of the square root of the raw volume; ``incident_calcium`` (``yes``, ``no``) where
        the old score was zero. Empty for contrast-derived readings, for which no rule
        has been published.
    """
    found = {}
    volumes = _pair(old, new, "volume")
    if volumes is not None:
        found["volume_progression"] = _by_square_root(*volumes)
    scores = _pair(old, new, "agatston_score")
    if scores is not None and scores[0] == 0:
        found["incident_calcium"] = Category(
            value="yes" if scores[1] > 0 else "no", meaning="A score above zero after a zero score."
        )
    return found


def _by_square_root(old: float, new: float) -> Category:
    change = math.sqrt(new) - math.sqrt(old)
    value = "stable"
    if abs(change) >= SQRT_VOLUME_CHANGE:
        value = "progression" if change > 0 else "regression"
    meaning = f"Square root of the volume changed by {change:+.2f} mm^1.5 (limit 2.5)."
    return Category(value=value, meaning=meaning, source=_HOKANSON)


def _pair(old: Reading, new: Reading, name: str) -> tuple[float, float] | None:
    values = [r.measurements[name].value for r in (old, new) if name in r.measurements]
    if len(values) < 2 or values[0] is None or values[1] is None:
        return None
    return float(values[0]), float(values[1])
