"""Vessels inside the lungs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.lungnodule.grids import Triple, bounding_box
from readingroom.readers.lungnodule.lungs import Lungs


def find_vessels(
    lungs: Lungs, hu: npt.NDArray[Any], spacing_mm: Triple
) -> npt.NDArray[np.bool_]:
    """Return the vessels inside the lungs ``[k, j, i]``, on the grid of `hu`."""
    from scipy import ndimage

    out = np.zeros(hu.shape, bool)
    box = bounding_box(lungs.labels > 0)
    bright = (hu[box] > -500) & (lungs.labels[box] > 0)
    numbers, _ = ndimage.label(bright)
    volumes = np.bincount(numbers.ravel()) * float(np.prod(spacing_mm))
    volumes[0] = 0
    out[box] = (volumes > 300.0)[numbers]
    return out
