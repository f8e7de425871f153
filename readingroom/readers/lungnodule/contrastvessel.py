"""Contrast-filled vessels at the hila, which a network takes for calcified nodules."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.patches import WIDE_MM

#: Denser than any soft tissue: calcium, or blood with contrast.
_DENSE_HU = 150.0
#: What is thinner than half the nodule is no part of it: a rib or a small vessel beside it.
_CORE = 0.25
#: Smaller ones are not confused with the large vessels, and hardly have a core on this grid.
_LEAST_MM = 10.0


def goes_on(wide: npt.NDArray[np.floating], diameter_mm: float) -> bool:
    """Whether the dense core of a candidate runs on to the border of its surroundings.

    A calcified nodule ends; a vessel filled with contrast goes on, as thick as it is.

    Parameters
    ----------
    wide : ndarray, shape (n, n, n)
        The candidate's wide cube (`patches.PatchCutter`), HU.
    diameter_mm : float
        The candidate's, estimated.
    """
    if diameter_mm < _LEAST_MM:
        return False
    depth = ndimage.distance_transform_edt(wide > _DENSE_HU, sampling=WIDE_MM)
    parts, _ = ndimage.label(depth >= _CORE * diameter_mm, np.ones((3, 3, 3)))
    offsets = [(np.arange(n) - (n - 1) / 2) * WIDE_MM for n in wide.shape]
    k, j, i = np.meshgrid(*offsets, indexing="ij", sparse=True)
    near = k**2 + j**2 + i**2 <= (0.5 * diameter_mm) ** 2
    core = np.isin(parts, np.setdiff1d(parts[near], [0]))
    inner = (slice(1, -1),) * 3
    return bool(core.sum() > core[inner].sum())
