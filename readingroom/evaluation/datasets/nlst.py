"""NLST-style tables: abnormalities by slice, lobe and size, without exact places.

The screening trial's table of CT abnormalities has, per nodule, the slice, the lobe and
two diameters (National Lung Screening Trial Research Team, NEJM 2011;365:395; data
dictionary "Spiral CT Abnormalities"). A folder holds ``sct_abnormalities.csv`` with at
least ``pid,study_yr,sct_ab_desc,sct_slice_num,sct_epi_loc,sct_long_dia,sct_perp_dia`` and
the scans as ``<pid>_<study_yr>`` (DICOM folder) or such a file. Where the table also has
``x,y,z`` (LPS mm, as later annotators add), these are used.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from readingroom.errors import RefusedInput
from readingroom.evaluation.datasets import DatasetCase, Point, TrueNodule, missing
from readingroom.imaging import load
from readingroom.imaging.geometry import canonical
from readingroom.study import Volume

TABLE = "sct_abnormalities.csv"
#: Code of "non-calcified nodule or mass of at least 4 mm".
NODULE = "51"
#: Where lobes lie in the chest: share of the lung's width from the patient's right, and of
#: its depth from anterior. Rough, for tables without places.
LOBES: dict[str, tuple[str, float, float]] = {
    "1": ("RIGHT_UPPER_LOBE", 0.22, 0.45),
    "2": ("RIGHT_MIDDLE_LOBE", 0.22, 0.25),
    "3": ("RIGHT_LOWER_LOBE", 0.22, 0.70),
    "4": ("LEFT_UPPER_LOBE", 0.78, 0.40),
    "5": ("LEFT_UPPER_LOBE", 0.78, 0.25),
    "6": ("LEFT_LOWER_LOBE", 0.78, 0.70),
}


def cases(folder: Path) -> list[DatasetCase]:
    """Return the scans of the table that lie in `folder`.

    Nodules with a place shall be found; those with slice and lobe only count neither way,
    since a finding cannot be compared with them one by one.

    Raises
    ------
    RefusedInput
        ``DATASET_MISSING`` or ``DATASET_INVALID``.
    """
    table = folder / TABLE
    if not table.is_file():
        raise missing(folder, TABLE)
    found = []
    for name, listed in rows(table).items():
        image = next(iter(sorted(folder.glob(f"{name}*"))), None)
        if image is not None:
            found.append(_case(name, image, listed))
    if not found:
        raise missing(folder, "a scan named PID_YEAR of the table")
    return found


def rows(table: Path) -> dict[str, list[dict[str, str]]]:
    """Return the table's nodules by scan, ``PID_YEAR``.

    Raises
    ------
    RefusedInput
        ``DATASET_INVALID``.
    """
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with table.open(newline="", encoding="utf-8-sig") as stream:
        for number, row in enumerate(csv.DictReader(stream), 2):
            try:
                name = f"{row['pid']}_{row['study_yr']}"
                nodule = row["sct_ab_desc"].strip() == NODULE
                diameters(row)
            except (KeyError, AttributeError, ValueError):
                raise RefusedInput(
                    "DATASET_INVALID",
                    f"Row {number} of '{table.name}' cannot be read.",
                    "It needs pid, study_yr, sct_ab_desc and the two diameters.",
                ) from None
            if nodule:
                found[name].append(row)
            else:
                found[name] += []
    return found


def diameters(row: dict[str, str]) -> tuple[float, float]:
    """Return the longest and the perpendicular diameter in mm; NaN where not given."""
    long, short = (row.get(name) or "" for name in ("sct_long_dia", "sct_perp_dia"))
    return (float(long) if long else np.nan), (float(short) if short else np.nan)


def _case(name: str, image: Path, listed: list[dict[str, str]]) -> DatasetCase:
    volume = load(image).volumes[0]
    placed = [row for row in listed if row.get("x") and row.get("y") and row.get("z")]
    rough = [row for row in listed if row not in placed]
    return DatasetCase(
        name,
        image,
        tuple(_nodule(row, (float(row["x"]), float(row["y"]), float(row["z"]))) for row in placed),
        tuple(_nodule(row, rough_place(row, volume)) for row in rough),
    )


def _nodule(row: dict[str, str], place: Point) -> TrueNodule:
    size = float(np.nanmean([d for d in (*diameters(row), 4.0) if not np.isnan(d)][:2]))
    return TrueNodule(place, size)


def rough_place(row: dict[str, str], volume: Volume) -> Point:
    """Return about where a nodule of known slice and lobe lies, LPS mm.

    Slices are counted from the head, from 1.
    """
    image = canonical(volume)
    depth, height, width = image.array.shape
    _, across, behind = LOBES.get((row.get("sct_epi_loc") or "").strip(), ("", 0.5, 0.5))
    number = float(row.get("sct_slice_num") or depth / 2)
    index = np.array([across * (width - 1), behind * (height - 1), depth - number, 1.0])
    x, y, z = (float(v) for v in (image.ijk_to_lps @ index)[:3])
    return x, y, z
