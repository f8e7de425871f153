"""LUNA16: ``annotations.csv`` and MetaImage scans.

Setio et al., Med Image Anal 2017;42:1. A folder holds ``annotations.csv``
(``seriesuid,coordX,coordY,coordZ,diameter_mm``, world coordinates = LPS mm), ``*.mhd``
files named by the series UID anywhere below it, and perhaps
``annotations_excluded.csv`` (the same columns; diameters may be -1), whose findings count
neither way.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

from readingroom.errors import RefusedInput
from readingroom.evaluation.datasets import DatasetCase, TrueNodule, missing

_COLUMNS = ("seriesuid", "coordX", "coordY", "coordZ", "diameter_mm")
#: Every nodule of the annotations was marked by at least three of four readers.
_VOTES = 3
_UNKNOWN_DIAMETER_MM = 5.0


def cases(folder: Path) -> list[DatasetCase]:
    """Return every scan below `folder` with its nodules, by series UID.

    Raises
    ------
    RefusedInput
        ``DATASET_MISSING`` without annotations or scans, ``DATASET_INVALID`` if a row
        cannot be read.
    """
    table = folder / "annotations.csv"
    if not table.is_file():
        raise missing(folder, "annotations.csv")
    scans = sorted(folder.rglob("*.mhd"))
    if not scans:
        raise missing(folder, "scans (*.mhd)")
    nodules = annotated(table, votes=_VOTES)
    excluded = folder / "annotations_excluded.csv"
    unsure = annotated(excluded, votes=0) if excluded.is_file() else {}
    return [
        DatasetCase(
            scan.stem, scan, tuple(nodules.get(scan.stem, ())), tuple(unsure.get(scan.stem, ()))
        )
        for scan in scans
    ]


def annotated(table: Path, votes: int) -> dict[str, list[TrueNodule]]:
    """Return the rows of an annotation table by series UID.

    Raises
    ------
    RefusedInput
        ``DATASET_INVALID``.
    """
    found: dict[str, list[TrueNodule]] = defaultdict(list)
    with table.open(newline="", encoding="utf-8-sig") as stream:
        for number, row in enumerate(csv.DictReader(stream), 2):
            try:
                uid, x, y, z, diameter = (row[name] for name in _COLUMNS)
                size = float(diameter)
                place = (float(x), float(y), float(z))
            except (KeyError, TypeError, ValueError):
                raise RefusedInput(
                    "DATASET_INVALID",
                    f"Row {number} of '{table.name}' cannot be read.",
                    f"The columns are {', '.join(_COLUMNS)}.",
                ) from None
            found[uid].append(TrueNodule(place, size if size > 0 else _UNKNOWN_DIAMETER_MM, votes))
    return found
