"""Public data sets of devices in fluoroscopy, read where a user has them on disk.

=========== ============================================================================
CathAction  frames and masks of catheter and guidewire (Huang 2024), CC BY-NC-SA 4.0
MOSXAV      angiography sequences, frames and index masks (Xilin 2025), CC BY-NC-SA 4.0
WEISS       UCL fluoroscopy, HDF5 (Gherardini 2020): phantom, TAVI T1-T4, T5, T6
ARCADE      coronary angiograms with vessel polygons, COCO json (Popov 2024)
=========== ============================================================================

None is bundled or downloaded. Every reader returns `Sample`s, which load at use. What may
be trained on is decided by `datasetsplits`.
"""

from __future__ import annotations

from pathlib import Path

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire.datasetactions import Action, read_actions
from readingroom.readers.guidewire.datasetpictures import (
    read_arcade,
    read_cathaction,
    read_mosxav,
)
from readingroom.readers.guidewire.datasetsample import (
    BACKGROUND,
    BALLOON,
    CATHETER,
    GUIDEWIRE,
    OTHER,
    VESSEL,
    Sample,
)
from readingroom.readers.guidewire.datasetweiss import read_weiss, weiss_subset

__all__ = [
    "BACKGROUND",
    "BALLOON",
    "CATHETER",
    "GUIDEWIRE",
    "OTHER",
    "VESSEL",
    "Action",
    "Sample",
    "read",
    "read_actions",
    "read_arcade",
    "read_cathaction",
    "read_mosxav",
    "read_weiss",
    "weiss_subset",
]


def read(root: str | Path) -> list[Sample]:
    """Return the samples of whichever data set lies at `root`.

    Raises
    ------
    RefusedInput
        ``PATH_NOT_FOUND``, ``DATASET_UNKNOWN``, ``DATASET_DAMAGED``.
    """
    place = Path(root)
    if not place.exists():
        raise RefusedInput(
            "PATH_NOT_FOUND", "There is no folder at the place given.", "Check the path."
        )
    for reader in (read_weiss, read_mosxav, read_arcade, read_cathaction):
        samples = reader(place)
        if samples:
            return samples
    raise RefusedInput(
        "DATASET_UNKNOWN",
        "The folder does not look like CathAction, MOSXAV, WEISS or ARCADE.",
        "Give the folder that the data set's archive unpacks to.",
    )
