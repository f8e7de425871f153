"""A scan on an isotropic working grid, and the way back to the scan's own voxels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.imaging.geometry import (
    Axes,
    Canonical,
    Resampled,
    resample_to_spacing,
    resampled_matrix,
)

Box = tuple[slice, slice, slice]
Triple = tuple[float, float, float]
Voxels = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

_AS_IS = Axes((0, 1, 2), (False, False, False))
#: What scanners write where nothing was measured lies below; air is no less than this.
AIR_HU = -1024


def working_grid(hu: Voxels, spacing_mm: Triple, size_mm: float) -> Resampled:
    """Return `hu` averaged on an isotropic grid of `size_mm`, padding raised to air.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Canonical axes; any numeric type.
    spacing_mm : tuple of float
        Of `hu`, along ``(k, j, i)``.

    Returns
    -------
    Resampled
        Its `labels_to_native` and `slices_on_source` lead back to the grid of `hu`.
    """
    new = (size_mm, size_mm, size_mm)
    i, j, k = spacing_mm[::-1]
    matrix = np.diag([i, j, k, 1.0])
    source = Canonical(hu, matrix, spacing_mm, _AS_IS)
    fine = np.maximum(resample_to_spacing(hu, spacing_mm, new), AIR_HU)
    return Resampled(fine, resampled_matrix(matrix, spacing_mm, new), new, source)


def bounding_box(mask: Mask, margin: int | Triple = 0) -> Box:
    """Return the box of the true voxels of `mask`, `margin` voxels wider, inside the array.

    An empty mask has an empty box.
    """
    by = margin if isinstance(margin, tuple) else (margin, margin, margin)
    sides = []
    for axis, more in enumerate(by):
        line = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if not len(line):
            return slice(0, 0), slice(0, 0), slice(0, 0)
        low, high = int(line[0] - np.ceil(more)), int(line[-1] + 1 + np.ceil(more))
        sides.append(slice(max(low, 0), min(high, mask.shape[axis])))
    return sides[0], sides[1], sides[2]


def ball(radius_mm: float, spacing_mm: Triple) -> Mask:
    """Return a ball as a structuring element on a grid of `spacing_mm`."""
    reach = [int(radius_mm / step) for step in spacing_mm]
    axes = np.ogrid[tuple(slice(-r, r + 1) for r in reach)]
    square = sum((a * step) ** 2 for a, step in zip(axes, spacing_mm, strict=True))
    return np.asarray(square <= radius_mm**2)


def inside_of(box: Box, window: Box) -> Box:
    """Return the index of `box` inside the array cut out by `window`."""
    k, j, i = (slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, window, strict=True))
    return k, j, i


def dilated_mm(mask: Mask, radius_mm: float, spacing_mm: Triple) -> Mask:
    """Return `mask` grown by `radius_mm`, by exact distances."""
    from scipy import ndimage

    if not mask.any():
        return mask.copy()
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=spacing_mm) <= radius_mm)


def eroded_mm(mask: Mask, radius_mm: float, spacing_mm: Triple) -> Mask:
    """Return `mask` shrunk by `radius_mm`; what lies outside the array counts as `mask`."""
    from scipy import ndimage

    if mask.all():
        return mask.copy()
    return np.asarray(ndimage.distance_transform_edt(mask, sampling=spacing_mm) > radius_mm)


def closed_mm(mask: Mask, radius_mm: float, spacing_mm: Triple) -> Mask:
    """Return `mask` closed by a ball of `radius_mm`, free of edge effects inside the array."""
    pad = [int(np.ceil(radius_mm / step)) + 1 for step in spacing_mm]
    wide = np.pad(mask, [(p, p) for p in pad])
    grown = dilated_mm(wide, radius_mm, spacing_mm)
    shrunk = eroded_mm(grown, radius_mm, spacing_mm)
    inner = tuple(slice(p, n - p) for p, n in zip(pad, wide.shape, strict=True))
    return np.asarray(shrunk[inner] | mask)


def convex(plane: Mask) -> Mask:
    """Return the convex outline of one slice."""
    from skimage import morphology

    hull: Any = morphology.convex_hull_image
    return np.asarray(hull(plane)) if plane.any() else plane


def biggest_component(mask: Mask) -> Mask:
    """Return the largest 6-connected component of `mask` (empty if there is none)."""
    from scipy import ndimage

    numbers, count = ndimage.label(mask)
    if not count:
        return np.zeros_like(mask)
    return np.asarray(numbers == int(np.bincount(numbers.ravel())[1:].argmax()) + 1)
