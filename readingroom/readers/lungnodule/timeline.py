"""Nodules over several scans: what was measured when, as a table and as a figure."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from readingroom.reading import Finding, Reading

_WIDTH_IN, _HEIGHT_IN, _DPI = 6.4, 3.6, 150


@dataclass(frozen=True)
class Moment:
    """One nodule at one scan.

    Attributes
    ----------
    date : str
        ISO 8601; empty where the images carry none.
    ids : tuple of str
        What it was called in that reading: several where nodules have merged since.
    volume_mm3, mean_diameter_mm : float or None
    """

    date: str
    ids: tuple[str, ...]
    volume_mm3: float | None
    mean_diameter_mm: float | None


def timeline(reading: Reading) -> dict[str, list[Moment]]:
    """Return the moments of each nodule that is not rejected, the earliest first.

    Parameters
    ----------
    reading : Reading
        Compared with a prior one, which may have been compared itself.
    """
    date = next((str(s.acquisition.get("acquired_at") or "") for s in reading.study.series), "")
    standing = [f for f in reading.findings if f.state != "rejected"]
    return {finding.id: [*_earlier(finding), _now(finding, date)] for finding in standing}


def _earlier(finding: Finding) -> list[Moment]:
    prior = finding.evidence.get("prior") or {}
    times = [*prior.get("history", []), *([prior] if prior.get("ids") else [])]
    return [_moment(time) for time in times]


def _moment(time: dict[str, Any]) -> Moment:
    ids = tuple(str(one) for one in time.get("ids") or ())
    return Moment(str(time.get("date") or ""), ids, time.get("volume"), time.get("mean_diameter"))


def _now(finding: Finding, date: str) -> Moment:
    values = [
        None if (found := finding.measurements.get(name)) is None else found.value
        for name in ("volume", "mean_diameter")
    ]
    return Moment(date, (finding.id,), values[0], values[1])


def figure(reading: Reading) -> bytes | None:
    """Return the nodules' volumes against the date, logarithmic, as PNG.

    On that scale steady growth is a straight line, whose slope is the doubling time. None
    where no nodule was seen on two dates.
    """
    lines = {
        name: [(m.date, m.volume_mm3) for m in moments if m.date and m.volume_mm3]
        for name, moments in timeline(reading).items()
    }
    lines = {name: points for name, points in lines.items() if len(points) > 1}
    if not lines:
        return None
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), dpi=_DPI, layout="constrained")
    axes = drawn.add_subplot()
    for name, points in lines.items():
        at = [datetime.fromisoformat(date).replace(tzinfo=None) for date, _ in points]
        axes.plot(at, [volume for _, volume in points], "o-", label=name)  # type: ignore[arg-type]
    axes.set_yscale("log")
    axes.set_ylabel("Volume (mm³)")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    drawn.autofmt_xdate()
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png")
    return buffer.getvalue()
