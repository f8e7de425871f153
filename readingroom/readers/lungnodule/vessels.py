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

from readingroom.readers.lungnodule.blurredball import ball_radius
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
#: The diagonal of a piece's box over the diameter of the ball of its volume; a ball has 1.7.
_LONG = 2.2
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
    steps = round(_THICK_MM / size_mm)
    core = ndimage.binary_erosion(sure, iterations=steps)
    return np.asarray(ndimage.binary_dilation(core, iterations=steps + 2)) if core.any() else core


def _tubular(fine: LungGrid, flat: npt.NDArray[np.intp], sigma_mm: float) -> Mask:
    clipped = np.minimum(fine.hu, 100.0)
    smooth = ndimage.gaussian_filter(clipped, sigma_mm / fine.size_mm, truncate=3.0)
    low, middle, high = eigenvalues_at(smooth, flat)
    curved = middle < -4.0 * (fine.size_mm / sigma_mm) ** 2
    return np.asarray(
        curved & (middle < _NOT_SHEET * low) & (np.abs(high) < _NOT_BALL * np.abs(middle))
    )


def _long_enough(mask: Mask, size_mm: float) -> Mask:
    """Keep the pieces that are large enough and longer than a ball of their volume."""
    numbers, count = ndimage.label(mask, np.ones((3, 3, 3)))
    volumes = np.bincount(numbers.ravel(), minlength=count + 1)[1:] * size_mm**3
    kept = np.zeros(count + 1, bool)
    for n, (volume, box) in enumerate(zip(volumes, ndimage.find_objects(numbers), strict=True), 1):
        length = float(np.linalg.norm([(s.stop - s.start) * size_mm for s in box]))
        kept[n] = volume >= _LEAST_MM3 and length > _LONG * 2.0 * ball_radius(float(volume))
    return np.asarray(kept[numbers])
