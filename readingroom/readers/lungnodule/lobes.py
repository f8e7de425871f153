"""The five lobes: the fissures, each a prior surface drawn to what the image shows.

The priors are planes from anatomy textbooks in the lung's own box (apex to base, front to
back): the oblique fissure runs from the level of the fourth thoracic vertebra behind to
the front of the base, the horizontal one forwards from mid-height. Their heights were
settled with one scan in view (LIDC-IDRI-0001); nothing was trained.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
#: Labels on the fine grid, and the evidence per fissure.
Split = tuple[npt.NDArray[np.uint8], dict[str, float]]

#: The oblique fissure in the sagittal plane: height above the base (0…1 of the lung's
#: height) at the front and at the back of the lung's box, by side.
_OBLIQUE = {RIGHT: (0.05, 0.80), LEFT: (0.02, 0.78)}
#: The horizontal fissure's height in the right lung.
_HORIZONTAL = 0.55


@dataclass(frozen=True)
class Lobes:
    """The lobes and how well the fissures were seen.

    Attributes
    ----------
    labels : ndarray of uint8, ``[k, j, i]``
        1…5 in the order of `readingroom.readers.lungnodule.anatomy.LOBES`.
    evidence : dict of str to float
        Per fissure (``right_oblique``, ``right_horizontal``, ``left_oblique``) the share of
        its surface on which a sheet was seen, 0…1.
    """

    labels: npt.NDArray[np.uint8]
    evidence: dict[str, float]


def find_lobes(
    lungs: Lungs,
    hu: npt.NDArray[Any],
    spacing_mm: Triple,
    *,
    grid: LungGrid | None = None,
    vessels: Mask | None = None,
) -> Lobes:
    """Divide the lungs into lobes.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        CT numbers along canonical axes, the grid of `lungs`.
    grid, vessels : LungGrid, ndarray of bool
        The lungs and their vessels on the fine grid, where they are at hand.
    """
    fine = grid or lung_grid(lungs.labels, hu, spacing_mm)
    tubes = vessels_on(fine) if vessels is None else vessels
    # The filters release the interpreter: two lungs on two cores.
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(lambda side: _side(fine, tubes, side), (RIGHT, LEFT)))
    labels = np.zeros(hu.shape, np.uint8)
    for side, (everywhere, _) in zip((RIGHT, LEFT), halves, strict=True):
        np.copyto(labels, fine.to_scan(everywhere, hu.shape), where=lungs.labels == side)
    return Lobes(labels, halves[0][1] | halves[1][1])


def _side(fine: LungGrid, vessels: Mask, side: int) -> Split:
    """Return one lung's lobes in its own box and a little around it."""
    out = np.zeros(fine.labels.shape, np.uint8)
    lung = fine.labels == side
    if not lung.any():
        return out, {}
    box = bounding_box(lung, 4)
    own = replace(fine, hu=np.ascontiguousarray(fine.hu[box]), labels=fine.labels[box])
    out[box], seen = (_right if side == RIGHT else _left)(own, vessels[box], lung[box])
    return out, seen


def _right(fine: LungGrid, vessels: Mask, lung: Mask) -> Split:
    """Return 1, 2 or 3 everywhere: what the right lung's fissures say."""
    oblique = _oblique(fine, vessels, lung, RIGHT)
    above = oblique.above(lung.shape, fine.size_mm)
    seen = {"right_oblique": oblique.evidence}
    front = lung & above
    if not front.any():
        return np.full(lung.shape, 3, np.uint8), seen
    prior = _horizontal_prior(lung, fine.size_mm)
    sheets = fissures.sheet(fine.hu, front, prior.normal, fine.size_mm)
    horizontal = fissures.fit(prior, sheets, vessels, front, fine.size_mm)
    upper = horizontal.above(lung.shape, fine.size_mm)
    labels = np.where(above, np.where(upper, 1, 2), 3).astype(np.uint8)
    return labels, {**seen, "right_horizontal": horizontal.evidence}


def _left(fine: LungGrid, vessels: Mask, lung: Mask) -> Split:
    """Return 4 or 5 everywhere: what the left lung's fissure says."""
    oblique = _oblique(fine, vessels, lung, LEFT)
    above = oblique.above(lung.shape, fine.size_mm)
    return np.where(above, 4, 5).astype(np.uint8), {"left_oblique": oblique.evidence}


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
