"""What was written goes into the application's DICOM database, if it takes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from readingroom.slicerdesktop.host import Host
from readingroom.slicerdesktop.unforeseen import as_told

if TYPE_CHECKING:
    from readingroom.study import Note


def index(host: Host, files: Sequence[Path]) -> list[Note]:
    """Add the DICOM objects among `files` to the open database.

    Returns
    -------
    list of Note
        ``NOT_INDEXED`` if the database did not take them: they are written all the same.
    """
    objects = [file for file in files if file.suffix == ".dcm"]
    if not objects or host.database is None:
        return []
    try:
        host.index(objects)
    except Exception as fault:  # what a database may raise is not ours to foresee
        as_told(fault)
        return [_not_indexed()]
    return []


def _not_indexed() -> Note:
    from readingroom.study import Note

    return Note(
        "NOT_INDEXED",
        "warning",
        "The DICOM objects were written, but the DICOM database did not take them.",
        "DICOM 对象已写出，但 DICOM 数据库未能收入。",
    )
