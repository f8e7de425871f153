"""Vessels inside the lungs: bright, and tubes rather than balls.

Voxels brighter than the lung around them count as vessel where the second derivatives say
tube at one of several widths (Frangi et al., MICCAI 1998), and where they hang together
over a length; a compact bright body by itself is left to the search for nodules.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.grids import Triple
from readingroom.readers.lungnodule.hessian import eigenvalues_at
from readingroom.readers.lungnodule.lunggrid import LungGrid, lung_grid
from readingroom.readers.lungnodule.lungs import Lungs

FloatArray = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

#: Widths looked for (Gaussian σ, mm) and how bright over the lung's median a voxel must be.
_SIGMAS_MM, _CONTRAST_HU = (1.2, 2.4), 180.0
#: Bright as this over the lung, a voxel beside a tube belongs to it whatever its shape, HU.
_SURE_HU = 350.0
#: Smaller pieces are noise, or nodules, mm³.
_LEAST_MM3 = 100.0
#: Radius from which a body is no vessel of the lung, mm.
_THICK_MM = 5.0
#: Second over first curvature of a tube is about 1, of a sheet 0; third of a ball is 1.
_NOT_SHEET, _NOT_BALL = 0.45, 0.45


def find_vessels(
    lungs: Lungs,
    hu: npt.NDArray[Any],
    spacing_mm: Triple,
    *,
    grid: LungGrid | None = None,
) -> Mask:
    """Return the vessels inside the lungs ``[k, j, i]``, on the grid of `hu`."""
    fine = grid or lung_grid(lungs.labels, hu, spacing_mm)
    return np.asarray(fine.to_scan(vessels_on(fine), hu.shape) & (lungs.labels > 0))


def vessels_on(fine: LungGrid) -> Mask:
    """Return the vessels on the fine grid."""
    lung = fine.labels > 0
    base = float(np.median(fine.hu[lung][::7]))
    bright = lung & (fine.hu > base + _CONTRAST_HU)
    bright[[0, -1]] = bright[:, [0, -1]] = bright[:, :, [0, -1]] = False
    flat = np.flatnonzero(bright)
    tube = np.zeros(len(flat), bool)
    for sigma in _SIGMAS_MM:
        tube |= _tubular(fine, flat, sigma)
    mask = np.zeros(lung.shape, bool)
    mask.reshape(-1)[flat[tube]] = True
    sure = bright & (fine.hu > base + _SURE_HU)
    mask |= ndimage.binary_dilation(mask) & sure
    return _long_enough(mask & ~_thick(sure, fine.size_mm), fine.size_mm)


def _thick(sure: Mask, size_mm: float) -> Mask:
    """Return bodies too thick for a vessel inside the lung: nodules, masses, the hilum."""
    core = ndimage.distance_transform_edt(sure) * size_mm > _THICK_MM
    if not core.any():
        return core
    return np.asarray(ndimage.distance_transform_edt(~core) * size_mm <= _THICK_MM + 2.0)


def _tubular(fine: LungGrid, flat: npt.NDArray[np.intp], sigma_mm: float) -> Mask:
    clipped = np.minimum(fine.hu, 100.0)
    smooth = ndimage.gaussian_filter(clipped, sigma_mm / fine.size_mm, truncate=3.0)
    low, middle, high = eigenvalues_at(smooth, flat)
    curved = middle < -4.0 * (fine.size_mm / sigma_mm) ** 2
    return np.asarray(
        curved & (middle < _NOT_SHEET * low) & (np.abs(high) < _NOT_BALL * np.abs(middle))
    )


def _long_enough(mask: Mask, size_mm: float) -> Mask:
    numbers, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    volumes = np.bincount(numbers.ravel()) * size_mm**3
    volumes[0] = 0
    return np.asarray((volumes >= _LEAST_MM3)[numbers])
