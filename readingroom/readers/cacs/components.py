"""From voxels at the threshold to lesions: 3-D connected components, boxed."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.cacs.lesion import Lesion

Connectivity3d = Literal[6, 18, 26]

#: Candidates larger than this are bone or contrast medium; no plaque is.
LARGEST_LESION_CM3 = 12.0
_RANK = {6: 1, 18: 2, 26: 3}
_IN_PLANE_8 = np.array([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))], dtype=bool)

Voxels = npt.NDArray[np.generic]
Mask = npt.NDArray[np.bool_]


def lesions_from_mask(
    hu: Voxels,
    mask: Mask,
    threshold_hu: float = 130.0,
    connectivity: Connectivity3d = 26,
    *,
    strictly_above: bool = False,
) -> list[Lesion]:
    """Split a mask into lesions.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Image, HU.
    mask : ndarray of bool, ``[k, j, i]``
        Voxels of one label; those below the threshold are left out.
    threshold_hu : float
        Voxels at or above it belong to lesions (above it, if `strictly_above`).
    connectivity : {26, 18, 6}
        Three-dimensional neighbourhood; 6 for orCaScore.

    Returns
    -------
    list of Lesion
        In the order of their first voxel.
    """
    box = _bounding_box(mask)
    if box is None:
        return []
    inside = hu[box]
    compare = np.greater if strictly_above else np.greater_equal
    above = np.asarray(compare(inside, threshold_hu))
    return _label(mask[box] & above, _origin(box), connectivity)


def candidates(
    hu: Voxels,
    region: Mask | None,
    threshold_hu: float,
    spacing_mm: tuple[float, float, float],
    minimum_area_mm2: float = 1.0,
    connectivity: Connectivity3d = 26,
) -> list[Lesion]:
    """Return what could be a lesion: components at the threshold inside a region.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Image, HU.
    region : ndarray of bool, ``[k, j, i]``, or None
        Where to look; None for everywhere. Work and memory grow with its bounding box.
    threshold_hu : float
        The lowest threshold of the rules that will be applied.
    spacing_mm : tuple of float
        Distance between voxel centres along ``(k, j, i)``, mm.
    minimum_area_mm2 : float
        A component that reaches this area (8-connected) in no slice can score under no
        rule and is left out.

    Returns
    -------
    list of Lesion
        In the order of their first voxel. Large ones are whole: see `oversized`.
    """
    box = (slice(0, hu.shape[0]), slice(0, hu.shape[1]), slice(0, hu.shape[2]))
    if region is not None:
        limits = _bounding_box(region)
        if limits is None:
            return []
        box = limits
    above = np.asarray(np.greater_equal(hu[box], threshold_hu))
    if region is not None:
        above &= region[box]
    least = max(int(np.ceil(minimum_area_mm2 / (spacing_mm[1] * spacing_mm[2]) - 1e-6)), 1)
    found = _label(above, _origin(box), connectivity, least)
    return [lesion for lesion in found if reaches(lesion.mask, least)]


def reaches(mask: Mask, pixels: int) -> bool:
    """Say whether a component has an 8-connected island of so many `pixels` in some slice."""
    return _largest_island(mask) >= pixels


def oversized(
    lesion: Lesion,
    spacing_mm: tuple[float, float, float],
    limit_cm3: float = LARGEST_LESION_CM3,
) -> bool:
    """Say whether a lesion is larger than `limit_cm3`: bone or contrast, not plaque."""
    return bool(np.count_nonzero(lesion.mask) * float(np.prod(spacing_mm)) > limit_cm3 * 1000.0)


def _bounding_box(mask: Mask) -> tuple[slice, slice, slice] | None:
    along_k = np.asarray(mask.any(axis=(1, 2)))
    if not along_k.any():
        return None
    first, last = _ends(along_k)
    plane = np.asarray(mask[first:last].any(axis=0))
    j = _ends(np.asarray(plane.any(axis=1)))
    i = _ends(np.asarray(plane.any(axis=0)))
    return slice(first, last), slice(*j), slice(*i)


def _ends(line: Mask) -> tuple[int, int]:
    where = np.flatnonzero(line)
    return int(where[0]), int(where[-1]) + 1


def _origin(box: tuple[slice, slice, slice]) -> tuple[int, int, int]:
    return box[0].start, box[1].start, box[2].start


def _label(
    mask: Mask, origin: tuple[int, int, int], connectivity: Connectivity3d, least: int = 1
) -> list[Lesion]:
    """Return the components of `mask` with at least `least` voxels, boxed."""
    structure = ndimage.generate_binary_structure(3, _RANK[connectivity])
    labels, count = ndimage.label(mask, structure)
    # Sizes come from the labelled voxels only: they are few beside the box.
    sizes = np.bincount(labels[mask], minlength=count + 1)
    boxes = ndimage.find_objects(labels)
    found = []
    for number in np.flatnonzero(sizes >= least):
        if number == 0:
            continue
        box = boxes[number - 1]
        start = tuple(int(o + b.start) for o, b in zip(origin, box, strict=True))
        found.append(Lesion((start[0], start[1], start[2]), labels[box] == number))
    return found


def _largest_island(mask: Mask) -> int:
    labels, _ = ndimage.label(mask, _IN_PLANE_8)
    return int(np.bincount(labels[mask], minlength=1).max())
