"""The centrelines of a cine's devices, frame by frame, as JSON and as a table of points."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from readingroom.errors import RefusedInput
from readingroom.reading import Finding, Reading
from readingroom.report.saving import complete_or_absent

_COLUMNS = (
    "finding",
    "label",
    "state",
    "identity",
    "frame",
    "time_ms",
    "point",
    "x_px",
    "y_px",
    "inferred",
)


def write(reading: Reading, directory: Path) -> list[Path]:
    """Write ``centerlines.json`` and ``centerlines.csv``.

    Pixels are ``(x, y)`` = ``(column, row)`` with pixel centres at integers, from the proximal
    end to the tip; frames count from 0. Rejected findings are left out.

    Raises
    ------
    RefusedInput
        ``NO_CENTERLINES`` if the reading has none.
    """
    found = [f for f in reading.findings if f.state != "rejected" and _has_curve(f)]
    if not found:
        raise RefusedInput(
            "NO_CENTERLINES",
            "The reading holds no centreline.",
            "Choose other report formats.",
        )
    directory.mkdir(parents=True, exist_ok=True)
    text, table = directory / "centerlines.json", directory / "centerlines.csv"
    with complete_or_absent(text) as partial:
        partial.write_text(json.dumps(_record(reading, found)), encoding="utf-8")
    with complete_or_absent(table) as partial:
        partial.write_text(_table(found), encoding="utf-8", newline="")
    return [text, table]


def _has_curve(finding: Finding) -> bool:
    return bool(finding.attributes.get("centerline_xy_px"))


def _record(reading: Reading, found: list[Finding]) -> dict[str, Any]:
    frames: dict[int, list[dict[str, Any]]] = {}
    for finding in found:
        frames.setdefault(int(finding.attributes["frame"]), []).append(_plain(finding))
    return {
        "reader": reading.reader,
        "reader_version": reading.reader_version,
        "revision": reading.revision,
        "status": reading.status,
        "series_uid": reading.study.series[0].uid if reading.study.series else "",
        "frames": [{"frame": frame, "devices": frames[frame]} for frame in sorted(frames)],
    }


def _plain(finding: Finding) -> dict[str, Any]:
    kept = ("identity", "centerline_xy_px", "tip_xy_px", "inferred", "predicted", "time_ms")
    return {
        "finding": finding.id,
        "label": finding.label,
        "state": finding.state,
        **{name: finding.attributes.get(name) for name in kept},
    }


def _table(found: list[Finding]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for finding in found:
        own = finding.attributes
        points = own["centerline_xy_px"]
        inferred = {i for start, stop in own.get("inferred", []) for i in range(start, stop)}
        first = (finding.id, finding.label, finding.state, own.get("identity"), own.get("frame"))
        for number, (x, y) in enumerate(points):
            row = (*first, own.get("time_ms"), number, x, y, int(number in inferred))
            writer.writerow("" if cell is None else cell for cell in row)
    return text.getvalue()
