"""The lungs' box on a fine isotropic grid: where vessels and fissures are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.imaging.geometry import Resampled
from readingroom.readers.lungnodule.grids import Box, Triple, bounding_box, working_grid

FloatArray = npt.NDArray[np.float32]

FINE_MM = 1.5


@dataclass(frozen=True)
class LungGrid:
    """Both lungs on an isotropic grid.

    Attributes
    ----------
    hu : ndarray of float32, ``[k, j, i]``
    labels : ndarray of uint8
        1 right, 2 left lung.
    size_mm : float
    box : tuple of slice
        The part of the scan that it shows.
    grid : Resampled
        The way back to `box`.
    """

    hu: FloatArray
    labels: npt.NDArray[np.uint8]
    size_mm: float
    box: Box
    grid: Resampled

    def to_scan(self, labels: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Return a label map or mask on the scan's grid of `shape`, nearest neighbour."""
        out = np.zeros(shape, labels.dtype)
        out[self.box] = self.grid.labels_to_native(labels)
        return out


def lung_grid(
    labels: npt.NDArray[np.uint8],
    hu: npt.NDArray[Any],
    spacing_mm: Triple,
    size_mm: float = FINE_MM,
) -> LungGrid:
    """Return the box of the lungs at `size_mm`; `labels` and `hu` are on the scan's grid."""
    box = bounding_box(labels > 0, 4)
    grid = working_grid(hu[box], spacing_mm, size_mm)
    steps = [
        np.minimum(((np.arange(n) + 0.5) * size_mm / s).astype(int), m - 1)
        for n, s, m in zip(grid.array.shape, spacing_mm, labels[box].shape, strict=True)
    ]
    return LungGrid(grid.array, labels[box][np.ix_(*steps)], size_mm, box, grid)
