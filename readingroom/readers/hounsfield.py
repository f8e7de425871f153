"""Whether voxels are Hounsfield units at all, asked by every reader of CT."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from readingroom.readers.notetext import Text
from readingroom.study import Note

#: Air lies below and tissue above; any CT of a body has both.
_AIR_OR_TISSUE_HU = -200.0

NOT_FINITE = Text(
    "NOT_FINITE",
    "refusal",
    "The image contains values that are not numbers.",
    "图像含有非数值体素。",
)
NOT_HU = Text(
    "NOT_HU",
    "refusal",
    "The values are not Hounsfield units: there is no air beside tissue.",
    "体素值不是 CT 值：未见空气与组织并存。",
)


def voxel_refusal(hu: npt.NDArray[np.generic]) -> Note | None:
    """Return why voxels (any shape) cannot be read, or None.

    Refused: values that are not finite, and images without any contrast between air and
    tissue (all voxels alike, or never below -200 HU or above it).
    """
    if np.issubdtype(hu.dtype, np.floating) and not np.isfinite(hu).all():
        return NOT_FINITE.note()
    if hu.size == 0 or float(hu.min()) > _AIR_OR_TISSUE_HU or float(hu.max()) < _AIR_OR_TISSUE_HU:
        return NOT_HU.note()
    return None
