"""A lesion's voxels, kept as a small box so that scoring never walks the whole volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Classes in the order of the lesion network's outputs; the first four are coronary.
CORONARY = ("LM", "LAD", "LCX", "RCA")
LABELS = (
    *CORONARY,
    "ASCENDING_AORTA",
    "ARCH",
    "DESCENDING_AORTA",
    "AORTIC_VALVE",
    "MITRAL_VALVE",
    "PERICARDIUM",
    "METAL",
    "BONE",
    "NOISE",
)


@dataclass(frozen=True)
class Lesion:
    """Voxels of one lesion.

    Attributes
    ----------
    origin : tuple of int
        First ``(k, j, i)`` of the box in the volume.
    mask : ndarray of bool, ``[k, j, i]``
        The voxels inside the box.
    """

    origin: tuple[int, int, int]
    mask: npt.NDArray[np.bool_]

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Index that cuts the lesion's box out of the volume."""
        k, j, i = self.origin
        depth, height, width = self.mask.shape
        return slice(k, k + depth), slice(j, j + height), slice(i, i + width)
