"""Islands and smoothing of one segment, within the box around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


def keep_largest(mask: Mask) -> Mask:
    """Return the largest island (26-connected)."""
    numbers, count = _islands(mask)
    if count < 2:
        return mask
    return np.asarray(numbers == 1 + int(np.bincount(numbers.ravel())[1:].argmax()))


def remove_small(mask: Mask, smallest: int) -> Mask:
    """Return the islands of at least `smallest` voxels."""
    numbers, _ = _islands(mask)
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= smallest)[numbers])


def island_at(mask: Mask, at: Sequence[int]) -> Mask:
    """Return the island that holds a voxel, nothing if it is in none."""
    inside = all(0 <= x < n for x, n in zip(at, mask.shape, strict=True))
    if not inside or not mask[tuple(at)]:
        return np.zeros_like(mask)
    numbers, _ = _islands(mask)
    return np.asarray(numbers == numbers[tuple(at)])


def islands(mask: Mask) -> list[Mask]:
    """Return every island, the largest first."""
    numbers, count = _islands(mask)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    return [numbers == 1 + int(n) for n in np.argsort(-sizes, kind="stable")]


def smoothed(mask: Mask, method: str, radius_mm: float, spacing_mm: Sequence[float]) -> Mask:
    """Return a smoother mask.

    Parameters
    ----------
    mask : ndarray of bool, ``[k, j, i]``
        With at least `radius_mm` of empty space around what is marked.
    method : {'median', 'opening', 'closing', 'gaussian'}
    radius_mm : float
        Of the neighbourhood; for ``gaussian`` twice the standard deviation.
    """
    from scipy import ndimage

    spacing = np.asarray(spacing_mm, dtype=np.float64)
    if method == "gaussian":
        blurred = ndimage.gaussian_filter(mask.astype(np.float32), radius_mm / 2 / spacing)
        return np.asarray(blurred >= 0.5)
    ball = _ball(radius_mm, spacing)
    if method == "opening":
        return np.asarray(ndimage.binary_opening(mask, ball))
    if method == "closing":
        return np.asarray(ndimage.binary_closing(mask, ball))
    share = ndimage.convolve(mask.astype(np.float32), ball / ball.sum(), mode="constant")
    return np.asarray(share > 0.5)


def margin(radius_mm: float, spacing_mm: Sequence[float]) -> int:
    """Return the voxels of empty space that `smoothed` needs on every side."""
    return int(np.ceil(2 * radius_mm / min(spacing_mm))) + 1


def _ball(radius_mm: float, spacing: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    # Half a voxel more: a radius of less than the voxel distance still means something.
    reach = np.floor(radius_mm / spacing + 0.5).astype(int)
    grid = np.ogrid[tuple(slice(-n, n + 1) for n in reach)]
    distance = sum((axis * mm) ** 2 for axis, mm in zip(grid, spacing, strict=True))
    largest = max(radius_mm, float((reach * spacing).min()))
    return np.asarray(distance <= largest**2 + 1e-6)


def _islands(mask: Mask) -> tuple[npt.NDArray[np.int32], int]:
    from scipy import ndimage

    numbers, count = ndimage.label(mask, np.ones((3, 3, 3)))
    return numbers, int(count)
