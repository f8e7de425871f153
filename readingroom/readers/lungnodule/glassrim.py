"""Whether a nodule's border is one of ground glass, although the nodule has a dense core.

Two things look alike just below an outline: a rim of ground glass, and the blurred border of
a solid nodule that was outlined too widely. What tells them apart is the image's own step:
the latter has the whole step from lung to core there, ground glass only a part of it.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.blurredball import scan_sigma

Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Spacing = tuple[float, float, float]

#: Slices and pixels above these do not resolve a rim, mm.
_THIN_SLICE_MM, _FINE_PIXEL_MM = 2.1, 1.0
#: Where the rim's density is read, mm below the surface, and over how wide a patch of it.
_BELOW_MM = (0.5, 1.3)
_PATCH_MM = 0.7
#: A rim is paler than this share of the core, and its border less steep than this share of
#: the step from lung to core under the scan's blur.
_PALE, _STEEP = 0.7, 0.95
#: The steepest place is looked for so near the surface, mm, after this smoothing, mm.
_NEAR_MM, _SMOOTH_MM = 1.2, 0.7


def glass_rim(
    hu: FloatArray, mask: Mask, depth_mm: FloatArray, spacing_mm: Spacing, levels: FloatArray
) -> FloatArray:
    """Return the contrast (HU) of the ground glass under the border near each voxel.

    Parameters
    ----------
    depth_mm : ndarray
        Signed distance from the surface of `mask`, inside positive.
    levels : ndarray, shape (2, k, j, i)
        Density of the lung, and contrast of the core to it, HU.

    Returns
    -------
    ndarray, ``[k, j, i]``
        Not a number where the border is not one of ground glass, or cannot be resolved.
    """
    none = np.full(hu.shape, np.nan)
    if spacing_mm[0] > _THIN_SLICE_MM or max(spacing_mm[1:]) > _FINE_PIXEL_MM:
        return none
    background, whole = levels
    band = mask & (depth_mm >= _BELOW_MM[0]) & (depth_mm <= _BELOW_MM[1])
    below = smeared(hu, band, _PATCH_MM, spacing_mm, math.inf) - background
    pale = (below < _PALE * whole) & (_steepness(hu, depth_mm, spacing_mm) < _STEEP * whole)
    return np.where(pale, below, none)


def _steepness(hu: FloatArray, depth_mm: FloatArray, spacing_mm: Spacing) -> FloatArray:
    """Return the step (HU) whose blurred slope is the steepest near the surface around."""
    near = np.abs(depth_mm) <= _NEAR_MM
    sigma = [_SMOOTH_MM / s for s in spacing_mm]
    squares = [
        (ndimage.gaussian_filter(hu, sigma, order=order) / step) ** 2
        for order, step in zip(np.eye(3, dtype=int).tolist(), spacing_mm, strict=True)
    ]
    blur = math.hypot(scan_sigma(spacing_mm), _SMOOTH_MM)
    step = np.sqrt(sum(squares)) * blur * math.sqrt(2 * math.pi)
    steepest = ndimage.maximum_filter(np.where(near, step, 0.0), 3)
    return smeared(steepest, near, 1.0, spacing_mm, math.inf)


def smeared(
    values: FloatArray, where: Mask, sigma_mm: float, spacing_mm: Spacing, otherwise: float
) -> FloatArray:
    """Return the mean of `values` over the voxels `where` near each voxel."""
    sigma = [sigma_mm / s for s in spacing_mm]
    weight = ndimage.gaussian_filter(where.astype(np.float64), sigma, truncate=5.0)
    total = ndimage.gaussian_filter(np.where(where, values, 0.0), sigma, truncate=5.0)
    return np.asarray(np.where(weight > 1e-6, total / np.maximum(weight, 1e-6), otherwise))
