"""The growth of a nodule against its prior reading, in numbers and words."""

from __future__ import annotations

from readingroom.readers.lungnodule import growth as change
from readingroom.readers.lungnodule.lungrads import Status
from readingroom.readers.lungnodule.probabilities import value_of
from readingroom.reading import Finding, Measurement


def growth_of(finding: Finding) -> tuple[Status, change.Growth | None]:
    """Return the status against the prior scan, and the growth where it can be computed."""
    prior = finding.evidence.get("prior")
    if not prior:
        return "baseline", None
    if not prior.get("ids"):
        return "new", None
    days, volume = prior.get("days"), value_of(finding, "volume")
    if not days or not volume or not prior.get("volume"):
        return "baseline", None
    before = change.Size(
        float(prior["volume"]),
        float(prior["mean_diameter"]),
        float(prior.get("volume_uncertainty") or 0.0),
    )
    after = change.Size(
        volume,
        value_of(finding, "mean_diameter") or 0.0,
        value_of(finding, "volume_uncertainty") or 0.0,
    )
    grown = change.growth(before, after, float(days))
    return grown.pace, grown


def growth_numbers(grown: change.Growth | None) -> dict[str, Measurement]:
    """Return what changed, as measurements; none without growth."""
    if grown is None:
        return {}
    low, high = grown.interval_days
    span = f"95 % {_days(low)} to {_days(high)} d"
    found = {
        "volume_change": Measurement(
            value=round(100 * grown.volume_change, 1), unit="%", method="of the prior volume"
        ),
        "diameter_change": Measurement(
            value=round(grown.diameter_change_mm, 2), unit="mm", method="mean diameter"
        ),
    }
    if grown.doubling_days is not None:
        found["volume_doubling_time"] = Measurement(
            value=round(grown.doubling_days, 1), unit="d", method=f"ln 2 growth; {span}"
        )
    return found


def _days(value: float | None) -> str:
    return "infinity" if value is None else f"{value:.0f}"


def growth_words(status: Status, grown: change.Growth | None) -> dict[str, str]:
    """Return the status and the growth as attributes."""
    if grown is None:
        return {"status": status}
    return {"status": status, "growth_text": grown.text, "growth_text_zh": grown.text_zh}
