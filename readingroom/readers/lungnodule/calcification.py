"""Calcium, fat and air inside a nodule.

Calcification patterns after the radiological definitions (Webb, Radiol Clin North Am
1990;28:523; Erasmus et al., RadioGraphics 2000;20:43): diffuse, central, laminated and
popcorn count as benign, eccentric and stippled do not. Fat: -120 to -40 HU
(Siegelman et al., Radiology 1986;160:307, who used -40 to -120 HU in thin sections).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.density import Densities, Window

Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Pattern = Literal["none", "diffuse", "central", "laminated", "popcorn", "eccentric", "stippled"]
Lucency = Literal["none", "bubble_like", "cystic"]

#: Patterns that make a nodule benign (Lung-RADS v2022 category 1: complete, central,
#: popcorn or concentric rings).
BENIGN_PATTERNS: frozenset[str] = frozenset({"diffuse", "central", "laminated", "popcorn"})

#: Calcium begins here, HU (Siegelman 1986 used 164 HU as the mean of a benign nodule; 200
#: keeps clear of contrast-enhanced tissue).
CALCIUM_HU = 200.0
_SMALLEST_CALCIUM_MM3 = 1.5
_TRACE = 0.01
_DIFFUSE = 0.5
FAT_HU = (-120.0, -40.0)
_SMALLEST_FAT_MM3 = 12.0
_FAT_DEPTH_MM = 1.8
#: Beside anything lighter than this, a value of fat is air and soft tissue in one voxel, HU.
_AIRY_HU = -200.0
#: Fat lies in a plateau; where calcium or lung border tissue the grey value only passes.
_PLATEAU_HU_PER_MM = 70.0
_SMALLEST_LUCENCY_MM3 = 3.0
_CYST_MM = 5.0


def calcium(place: Window) -> Mask:
    """Return the calcified voxels of a nodule, ``[k, j, i]``; loose voxels are noise."""
    smooth = ndimage.gaussian_filter(place.hu, [0.35 / s for s in place.spacing_mm])
    return _pieces(place.mask & (smooth >= CALCIUM_HU), place, _SMALLEST_CALCIUM_MM3)


def _pieces(mask: Mask, place: Window, smallest_mm3: float) -> Mask:
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * place.voxel_mm3
    sizes[0] = 0.0
    return np.asarray((sizes >= smallest_mm3)[labels])


def calcium_share(place: Window, calcified: Mask) -> float:
    """Return the calcified share of a nodule's voxels, 0…1."""
    return float(calcified.sum() / max(int(place.mask.sum()), 1))


def pattern(place: Window, calcified: Mask) -> Pattern:
    """Name the pattern of `calcified` (as from `calcium`) in a nodule.

    By share, number of pieces and where they lie: relative depth 0 is the surface, 1 the
    deepest point of the nodule.
    """
    share = calcium_share(place, calcified)
    if share < _TRACE or not calcified.any():
        return "none"
    depth = np.clip(place.distance_mm, 0.0, None) / max(float(place.distance_mm.max()), 1e-6)
    if _ring(depth, place.mask, calcified):
        return "laminated"
    if share >= _DIFFUSE:
        return "diffuse"
    _, pieces = ndimage.label(calcified, np.ones((3, 3, 3)))
    if pieces >= 3:
        return "popcorn" if share >= 0.1 else "stippled"
    return "central" if _central(place, calcified, depth) else "eccentric"


def _ring(depth: FloatArray, mask: Mask, calcified: Mask) -> bool:
    """Say whether calcium forms a shell around something that is less calcified."""
    shells = [mask & (depth > low) & (depth <= low + 0.25) for low in (0.0, 0.25, 0.5, 0.75)]
    if min(int(shell.sum()) for shell in shells) < 4:
        return False
    parts = [float(calcified[shell].mean()) for shell in shells]
    outer = max(parts[:3])
    return outer >= 0.5 and parts[3] < 0.5 * outer


def _central(place: Window, calcified: Mask, depth: FloatArray) -> bool:
    spacing = np.asarray(place.spacing_mm)
    middle = np.argwhere(place.mask).mean(axis=0) * spacing
    heavy = np.argwhere(calcified).mean(axis=0) * spacing
    radius = (3 * place.mask.sum() * place.voxel_mm3 / (4 * np.pi)) ** (1 / 3)
    off_centre = float(np.linalg.norm(heavy - middle)) / float(radius)
    return off_centre < 0.35 and float(depth[calcified].mean()) > 0.45


def _filled(mask: Mask, reach: list[int]) -> Mask:
    """Return `mask` closed by a box of this half-width in voxels, and its holes filled."""
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    inner = np.pad(mask[box], [(r + 1, r + 1) for r in reach]).astype(np.uint8)
    size = [2 * r + 1 for r in reach]
    # A box is separable as a grey filter, as a binary one it is not.
    wide = ndimage.maximum_filter(inner, size, mode="constant")
    closed = ndimage.minimum_filter(wide, size, mode="constant", cval=1)
    filled = np.zeros_like(mask)
    kept = tuple(slice(r + 1, -r - 1) for r in reach)
    filled[box] = ndimage.binary_fill_holes(closed)[kept]
    return filled


def has_fat(place: Window) -> bool:
    """Say whether a nodule holds macroscopic fat.

    A piece of at least 12 mm3 and 3 % of the nodule within -120 to -40 HU, away from the
    surface and from any air inside, not on the slope between two other tissues. Strict,
    because fat makes a nodule benign.
    """
    smooth = ndimage.gaussian_filter(place.hu, [0.5 / s for s in place.spacing_mm])
    slopes = np.gradient(smooth, *place.spacing_mm)
    slope = np.sqrt(sum(np.square(part) for part in slopes))
    airy = ndimage.distance_transform_edt(smooth > _AIRY_HU, place.spacing_mm)
    deep = place.mask & (place.distance_mm > _FAT_DEPTH_MM) & (airy > _FAT_DEPTH_MM)
    fat = deep & (smooth >= FAT_HU[0]) & (smooth <= FAT_HU[1]) & (slope < _PLATEAU_HU_PER_MM)
    smallest = max(_SMALLEST_FAT_MM3, 0.03 * int(place.mask.sum()) * place.voxel_mm3)
    return bool(_pieces(fat, place, smallest).any())


def lucency(place: Window, found: Densities) -> Lucency:
    """Name air inside a nodule: none, bubble-like (< 5 mm) or cystic (>= 5 mm).

    Voxels as light as lung that the nodule encloses, its mask closed by 2 mm first.
    """
    reach = [max(round(2.0 / s), 1) for s in place.spacing_mm]
    filled = _filled(place.mask, reach)
    deep = ndimage.distance_transform_edt(filled, place.spacing_mm) > 1.5
    smooth = ndimage.gaussian_filter(place.hu, [0.35 / s for s in place.spacing_mm])
    light = smooth < found.background + 0.25 * found.contrast
    holes = _pieces(filled & deep & light, place, _SMALLEST_LUCENCY_MM3)
    if not holes.any():
        return "none"
    widest = 2 * float(ndimage.distance_transform_edt(holes, place.spacing_mm).max())
    return "cystic" if widest >= _CYST_MM else "bubble_like"
