"""From class scores on a coarse grid to labels on the native one, slab by slab."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readingroom.inference.backends import FloatArray

Shape = tuple[int, int, int]
Labels = npt.NDArray[np.uint8]


def upsample_labels(
    logits: FloatArray,
    matrix: npt.ArrayLike,
    target_shape: Shape,
    slab: int = 16,
    threads: int | None = None,
) -> Labels:
    """Return the largest class at every voxel of a finer grid, interpolated trilinearly.

    Scores are interpolated, not labels, so that outlines are smooth. No score is held for
    more than one slice per thread. Beyond the coarse grid its edge is repeated.

    Parameters
    ----------
    logits : ndarray of float32, shape (c, k, j, i)
        Class scores on the coarse grid; class 0 is the background.
    matrix : array_like, shape (4, 4)
        Maps a target voxel ``(k, j, i, 1)`` to a coarse voxel ``(k, j, i, 1)``.
    target_shape : tuple of int
        ``(k, j, i)`` of the result.
    slab : int
        Slices at a time, where the grids are oblique to each other.
    threads : int, optional
        By default the machine's, at most 8. The result does not depend on it.

    Returns
    -------
    ndarray of uint8, shape `target_shape`
        Of equal scores the first class wins.
    """
    affine = np.asarray(matrix, dtype=np.float64)
    logits = np.asarray(logits, dtype=np.float32)
    order = _axis_order(affine[:3, :3])
    if order is None:
        return _oblique(logits, affine, target_shape, slab)
    # Coarse axis order[a] follows target axis a: put the coarse axes in target order.
    aligned = np.ascontiguousarray(logits.transpose(0, *(1 + axis for axis in order)))
    axes = tuple(
        _Axis.of(affine[row, column], affine[row, 3], size, coarse)
        for column, (row, size, coarse) in enumerate(
            zip(order, target_shape, aligned.shape[1:], strict=True)
        )
    )
    return _aligned(aligned, axes, target_shape, threads or min(os.cpu_count() or 1, 8))


def _axis_order(linear: npt.NDArray[np.float64]) -> tuple[int, int, int] | None:
    """Return for each target axis the one coarse axis along it; None if oblique."""
    size = np.abs(linear)
    # 1e-5 coarse voxels per voxel: less than 0.01 voxel over 1000 voxels.
    large = size > 1e-5
    if not ((large.sum(axis=0) == 1).all() and (large.sum(axis=1) == 1).all()):
        return None
    rows = size.argmax(axis=0)
    return int(rows[0]), int(rows[1]), int(rows[2])


@dataclass(frozen=True)
class _Axis:
    """Linear interpolation along one axis: two coarse neighbours and the second's weight."""

    low: npt.NDArray[np.intp]
    high: npt.NDArray[np.intp]
    weight: FloatArray

    @classmethod
    def of(cls, scale: float, offset: float, size: int, coarse: int) -> _Axis:
        at = np.clip(scale * np.arange(size) + offset, 0, coarse - 1)
        low = np.minimum(np.floor(at).astype(np.intp), max(coarse - 2, 0))
        high = np.minimum(low + 1, coarse - 1)
        return cls(low, high, (at - low).astype(np.float32))

    def span(self, occupied: npt.NDArray[np.bool_]) -> slice:
        """Return the target range whose neighbours touch an `occupied` coarse index."""
        touched = np.flatnonzero(occupied[self.low] | occupied[self.high])
        return slice(int(touched[0]), int(touched[-1]) + 1) if touched.size else slice(0, 0)


def _aligned(logits: FloatArray, axes: tuple[_Axis, ...], shape: Shape, threads: int) -> Labels:
    labels = np.zeros(shape, np.uint8)
    foreground = logits.argmax(axis=0) != 0
    bounds = np.array_split(np.arange(shape[0]), min(threads, shape[0]))

    def work(slices: npt.NDArray[np.intp]) -> None:
        _fill_slices(labels, logits, foreground, axes, slices)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, bounds))
    return labels


def _fill_slices(
    labels: Labels,
    logits: FloatArray,
    foreground: npt.NDArray[np.bool_],
    axes: tuple[_Axis, ...],
    slices: npt.NDArray[np.intp],
) -> None:
    """Label some slices. Interpolates columns first, on the few coarse rows, then rows."""
    k_axis, j_axis, i_axis = axes
    columns = _Columns(logits, i_axis)
    for k in slices:
        low, high, weight = k_axis.low[k], k_axis.high[k], k_axis.weight[k]
        # Where all eight neighbours are background, so is any weighted mean of them.
        near = foreground[low] | foreground[high]
        rows = j_axis.span(near.any(axis=1))
        span = i_axis.span(near.any(axis=0))
        if rows.start == rows.stop:
            continue
        first, second = columns.at(low), columns.at(high)
        plane = first[..., span] + weight * (second[..., span] - first[..., span])
        labels[k, rows, span] = _best_class(plane, j_axis, rows)


class _Columns:
    """Coarse slices whose columns are interpolated already; the last two are kept."""

    def __init__(self, logits: FloatArray, axis: _Axis) -> None:
        self._logits = logits
        self._axis = axis
        self._kept: dict[int, FloatArray] = {}

    def at(self, k: int) -> FloatArray:
        """Return coarse slice `k` as ``(c, coarse j, target i)``."""
        if k not in self._kept:
            if len(self._kept) > 1:
                del self._kept[next(iter(self._kept))]
            plane = self._logits[:, k]
            low = plane[..., self._axis.low]
            self._kept[k] = low + self._axis.weight * (plane[..., self._axis.high] - low)
        return self._kept[k]


def _best_class(plane: FloatArray, axis: _Axis, rows: slice) -> Labels:
    """Return the largest class after interpolating rows, class by class to stay in cache."""
    low, high = axis.low[rows], axis.high[rows]
    weight = axis.weight[rows, None]
    best = np.empty((len(low), plane.shape[2]), np.float32)
    labels = np.zeros(best.shape, np.uint8)
    for index, scores in enumerate(plane):
        change = scores[high]
        value = scores[low]
        change -= value
        change *= weight
        value += change
        if index == 0:
            best[:] = value
            continue
        better = value > best
        np.maximum(best, value, out=best)
        np.copyto(labels, index, where=better)
    return labels


def _oblique(
    logits: FloatArray, affine: npt.NDArray[np.float64], shape: Shape, slab: int
) -> Labels:
    """Label a grid that is tilted against the coarse one (gantry tilt, reformats)."""
    import torch
    from torch.nn import functional

    scores = torch.from_numpy(np.ascontiguousarray(logits))[None]
    labels = np.empty(shape, np.uint8)
    # grid_sample wants (x, y, z) in -1…1 from the first to the last voxel centre.
    extent = np.maximum(np.array(logits.shape[1:]) - 1, 1)
    linear = (2 / extent[:, None] * affine[:3, :3])[::-1]
    offset = (2 / extent * affine[:3, 3] - 1)[::-1]
    j, i = np.meshgrid(np.arange(shape[1]), np.arange(shape[2]), indexing="ij")
    inplane = j[..., None] * linear[:, 1] + i[..., None] * linear[:, 2] + offset
    for start in range(0, shape[0], slab):
        k = np.arange(start, min(start + slab, shape[0]))
        grid = (inplane + k[:, None, None, None] * linear[:, 0]).astype(np.float32)
        values = functional.grid_sample(
            scores, torch.from_numpy(grid)[None], "bilinear", "border", align_corners=True
        )
        labels[k] = values[0].argmax(dim=0).to(torch.uint8).numpy()
    return labels
