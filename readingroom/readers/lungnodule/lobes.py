"""The five lobes: the fissures, each a prior surface drawn to what the image shows.

The priors are planes from anatomy textbooks in the lung's own box (apex to base, front to
back): the oblique fissure runs from the level of the fourth thoracic vertebra behind to
the front of the base, the horizontal one forwards from mid-height. Their heights were settled with one scan in view
(LIDC-IDRI-0001); nothing was trained.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.lungnodule import fissures
from readingroom.readers.lungnodule.fissures import Plane, Surface
from readingroom.readers.lungnodule.grids import Triple, bounding_box
from readingroom.readers.lungnodule.lunggrid import LungGrid, lung_grid
from readingroom.readers.lungnodule.lungs import LEFT, RIGHT, Lungs
from readingroom.readers.lungnodule.vessels import vessels_on

Mask = npt.NDArray[np.bool_]

#: The oblique fissure in the sagittal plane: height above the base (0…1 of the lung's
#: height) at the front and at the back of the lung's box, by side.
_OBLIQUE = {RIGHT: (0.05, 0.80), LEFT: (0.02, 0.78)}
#: The horizontal fissure's height in the right lung.
_HORIZONTAL = 0.55


def find_lobes(
    lungs: Lungs,
    hu: npt.NDArray[Any],
    spacing_mm: Triple,
    *,
    grid: LungGrid | None = None,
    vessels: Mask | None = None,
) -> npt.NDArray[np.uint8]:
    """Return the lobes 1…5 (see `readingroom.readers.lungnodule.anatomy.LOBES`).

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        CT numbers along canonical axes, the grid of `lungs`.
    grid, vessels : LungGrid, ndarray of bool
        The lungs and their vessels on the fine grid, where they are at hand.
    """
    fine = grid or lung_grid(lungs.labels, hu, spacing_mm)
    tubes = vessels_on(fine) if vessels is None else vessels
    lobes = np.zeros(hu.shape, np.uint8)
    for side, split in ((RIGHT, _right), (LEFT, _left)):
        lung = fine.labels == side
        if lung.any():
            everywhere = fine.to_scan(split(fine, tubes, lung), hu.shape)
            np.copyto(lobes, everywhere, where=lungs.labels == side)
    return lobes


def _right(fine: LungGrid, vessels: Mask, lung: Mask) -> npt.NDArray[np.uint8]:
    """Return 1, 2 or 3 everywhere: what the right lung's fissures say."""
    oblique = _oblique(fine, vessels, lung, RIGHT).above(lung.shape, fine.size_mm)
    front = lung & oblique
    if not front.any():
        return np.full(lung.shape, 3, np.uint8)
    prior = _horizontal_prior(lung, fine.size_mm)
    sheets = fissures.sheet(fine.hu, front, prior.normal, fine.size_mm)
    horizontal = fissures.fit(prior, sheets, vessels, front, fine.size_mm)
    upper = horizontal.above(lung.shape, fine.size_mm)
    return np.where(oblique, np.where(upper, 1, 2), 3).astype(np.uint8)


def _left(fine: LungGrid, vessels: Mask, lung: Mask) -> npt.NDArray[np.uint8]:
    """Return 4 or 5 everywhere: what the left lung's fissure says."""
    above = _oblique(fine, vessels, lung, LEFT).above(lung.shape, fine.size_mm)
    return np.where(above, 4, 5).astype(np.uint8)


def _oblique(fine: LungGrid, vessels: Mask, lung: Mask, side: int) -> Surface:
    prior = _oblique_prior(lung, side, fine.size_mm)
    sheets = fissures.sheet(fine.hu, lung, prior.normal, fine.size_mm)
    return fissures.fit(prior, sheets, vessels, lung, fine.size_mm)


def _oblique_prior(lung: Mask, side: int, size_mm: float) -> Plane:
    """Return the plane through the two heights at the lung's front and back."""
    k, j, i = bounding_box(lung)
    front, back = _OBLIQUE[side]
    height, depth = (k.stop - k.start) * size_mm, (j.stop - j.start) * size_mm
    rise = (back - front) * height / depth
    middle = 0.5 * (front + back) * height
    point = np.array([k.start * size_mm + middle, 0.5 * (j.start + j.stop) * size_mm, 0.0])
    point[2] = 0.5 * (i.start + i.stop) * size_mm
    return fissures.plane(point, np.array([1.0, -rise, 0.0]))


def _horizontal_prior(lung: Mask, size_mm: float) -> Plane:
    k, j, i = bounding_box(lung)
    height = (k.stop - k.start) * size_mm
    point = np.array(
        [
            k.start * size_mm + _HORIZONTAL * height,
            (0.7 * j.start + 0.3 * j.stop) * size_mm,
            0.5 * (i.start + i.stop) * size_mm,
        ]
    )
    return fissures.plane(point, np.array([1.0, 0.0, 0.0]))
