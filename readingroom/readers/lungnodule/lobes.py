"""The five lobes: a prior surface for each fissure, drawn to what the image shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.lungnodule.grids import Triple, bounding_box
from readingroom.readers.lungnodule.lungs import LEFT, RIGHT, Lungs


def find_lobes(
    lungs: Lungs, hu: npt.NDArray[Any], spacing_mm: Triple
) -> npt.NDArray[np.uint8]:
    """Return the lobes 1…5 (see `readingroom.readers.lungnodule.anatomy.LOBES`).

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        CT numbers along canonical axes, the grid of `lungs`.
    """
    lobes = np.zeros(lungs.labels.shape, np.uint8)
    for side, upper, lower in ((RIGHT, 1, 3), (LEFT, 4, 5)):
        mask = lungs.labels == side
        if not mask.any():
            continue
        box = bounding_box(mask)
        shape = [s.stop - s.start for s in box]
        z, y = np.ogrid[: shape[0], : shape[1]]
        up, back = (z + 0.5) / shape[0], (y + 0.5) / shape[1]
        # From the fourth rib behind (about 0.75 of the height) to the front of the base.
        below = (back > 0.15) & (up < 0.05 + 0.72 * (back - 0.1))
        part = np.where(below[:, :, None], np.uint8(lower), np.uint8(upper))
        if side == RIGHT:
            part = np.where((part == upper) & (up < 0.5)[:, :, None], np.uint8(2), part)
        lobes[box][mask[box]] = part[mask[box]] if part.shape == mask[box].shape else (
            np.broadcast_to(part, mask[box].shape)[mask[box]]
        )
    return lobes
