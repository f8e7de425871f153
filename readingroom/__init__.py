"""ReadingRoom: a radiology reading room with one core and four doors.

``readingroom.read("cacs", path)`` reads a study and returns a `Reading`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from readingroom.reading import Reading
    from readingroom.study import Study

__version__ = "0.1.0"
__all__ = ["__version__", "read"]


def read(reader: str, study: str | Path | Study, **options: Any) -> Reading:
    """Read `study` with the reader called `reader`.

    Parameters
    ----------
    reader : str
        ``"cacs"``; see `readingroom.readers.names`.
    study : path or Study
        A DICOM folder or file, a NIfTI, NRRD or MetaImage file, or a loaded study.
    **options
        The reader's options by name.

    Raises
    ------
    RefusedInput
        If the study or the options cannot be used; the error says what to do.
    """
    from readingroom.readers import read_study

    return read_study(reader, study, options)
