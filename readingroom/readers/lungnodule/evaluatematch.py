"""What counts as found, false or neither, and the strata that are told apart.

A row is a case: ``findings`` ``[x, y, z, probability, …]``, ``truths`` with
``position_lps_mm`` and ``diameter``, and ``unsure`` balls ``[x, y, z, radius]``, LPS mm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from readingroom.readers.lungnodule.simulatednodule import ATTACHMENTS, TYPES

Row = dict[str, Any]

#: A finding nearer to a nodule's centre than its radius, or than this, hits it, mm.
NEAREST_MM = 3.0
_SMALLEST_MM = 3.0
_SIZES = {"3_to_6_mm": (3.0, 6.0), "6_mm_and_more": (6.0, 999.0)}
#: How well a simulated nodule can be seen at all: its contrast over the noise of a voxel.
_CONTRASTS = {"below_5": (-99.0, 5.0), "5_to_10": (5.0, 10.0), "10_and_more": (10.0, 9999.0)}


def matched(row: Row) -> tuple[list[list[Any]], dict[int, float]]:
    """Return the false findings of a case, and each nodule's best probability (0: missed).

    A finding in a nodule that counts neither way, or that is too small to be asked for,
    is no false one. Nodules are numbered as in ``truths``.
    """
    wanted = {n: t for n, t in enumerate(row["truths"]) if t["diameter"] >= _SMALLEST_MM}
    small = [
        [*t["position_lps_mm"], NEAREST_MM] for t in row["truths"] if t["diameter"] < _SMALLEST_MM
    ]
    hits = dict.fromkeys(wanted, 0.0)
    false = []
    for finding in row["findings"]:
        owner = _nearest(finding[:3], wanted)
        if owner is not None:
            hits[owner] = max(hits[owner], float(finding[3]))
        elif not any(_within(finding, other) for other in (*row["unsure"], *small)):
            false.append(finding)
    return false, hits


def _nearest(place: Sequence[float], wanted: dict[int, Row]) -> int | None:
    best, owner = 1.0, None
    for number, nodule in wanted.items():
        gap = float(np.linalg.norm(np.subtract(place, nodule["position_lps_mm"])))
        share = gap / max(nodule["diameter"] / 2, NEAREST_MM)
        if share <= best:
            best, owner = share, number
    return owner


def _within(finding: Sequence[Any], ball: Sequence[float]) -> bool:
    return float(np.linalg.norm(np.subtract(finding[:3], ball[:3]))) <= ball[3]


def pairs(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the free-response pairs: all nodules, by size, visibility, type, attachment.

    Every stratum is charged with all false findings, and not with the others' hits.
    """
    strata: dict[str, Callable[[Row], bool]] = {"nodules": lambda nodule: True}
    for name, (low, high) in _SIZES.items():
        strata[f"nodules_{name}"] = _between("diameter", low, high)
    for name, (low, high) in _CONTRASTS.items():
        strata[f"contrast_to_noise_{name}"] = _between("contrast_to_noise", low, high)
    for key, names in (("type", TYPES), ("attachment", ATTACHMENTS)):
        strata |= {f"{key}_{value}": _with(key, value) for value in names}
    found = {name: _detection(rows, chosen) for name, chosen in strata.items()}
    return {
        name: pair
        for name, pair in found.items()
        if name == "nodules" or any(case["truths"] for case in pair["cases"])
    }


def _between(key: str, low: float, high: float) -> Callable[[Row], bool]:
    return lambda nodule: key in nodule and bool(low <= nodule[key] < high)


def _with(key: str, value: str) -> Callable[[Row], bool]:
    return lambda nodule: bool(nodule.get(key) == value)


def _detection(rows: Sequence[Row], chosen: Callable[[Row], bool]) -> dict[str, Any]:
    return {"kind": "detection", "cases": [_case(row, chosen) for row in rows]}


def _case(row: Row, chosen: Callable[[Row], bool]) -> dict[str, Any]:
    false, hits = matched(row)
    findings = [finding[:4] for finding in false]
    truths = []
    for number, probability in hits.items():
        nodule = row["truths"][number]
        if not chosen(nodule):
            continue
        place = nodule["position_lps_mm"]
        truths.append([*place, 0.5])
        if probability > 0:
            findings.append([*place, probability])
    return {"findings": findings, "truths": truths}
