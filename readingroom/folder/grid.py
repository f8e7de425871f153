"""Bring masks onto the grid of an image: exact turns, flips and crops, never resampling."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.reading import Masks

#: How far a voxel centre may lie from the image's own, mm.
TOLERANCE_MM = 1e-3


@dataclass(frozen=True)
class Grid:
    """Shape ``(k, j, i)`` and matrix from voxel ``(i, j, k, 1)`` to LPS mm."""

    shape: tuple[int, int, int]
    ijk_to_lps: npt.NDArray[np.float64]


def fit(masks: Masks, grid: Grid) -> Masks:
    """Return `masks` on `grid`.

    The masks' own grid may have its axes in another order or direction, and may cover
    less or more of the same lattice; what lies beyond `grid` must be empty.

    Raises
    ------
    RefusedInput
        ``MASK_GEOMETRY`` if a voxel centre lies more than 0.001 mm from the grid's, or a
        labelled voxel lies outside it.
    """
    shape = masks.layers[0].shape
    axes, offset = _whole_steps(masks.ijk_to_lps, grid, (shape[0], shape[1], shape[2]))
    if shape == grid.shape and not offset.any() and np.array_equal(axes, np.eye(3)):
        return Masks(masks.layers, grid.ijk_to_lps, masks.segments)
    layers = [_placed(layer, axes, offset, grid.shape) for layer in masks.layers]
    return Masks(layers, grid.ijk_to_lps, masks.segments)


def _whole_steps(
    ijk_to_lps: npt.NDArray[np.float64], grid: Grid, shape: tuple[int, int, int]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the signed permutation and the offset from the masks' ijk to the grid's."""
    exact = np.linalg.solve(grid.ijk_to_lps, ijk_to_lps)
    axes, offset = np.rint(exact[:3, :3]), np.rint(exact[:3, 3])
    corners = np.array(list(product(*((0, n - 1) for n in shape[::-1])))).T
    error = (exact[:3, :3] - axes) @ corners + (exact[:3, 3] - offset)[:, None]
    distance = np.linalg.norm(grid.ijk_to_lps[:3, :3] @ error, axis=0).max()
    one_each = (np.abs(axes).sum(0) == 1).all() and (np.abs(axes).sum(1) == 1).all()
    if not one_each or distance > TOLERANCE_MM:
        raise _refused("does not lie on the voxels of the image")
    return axes.astype(np.intp), offset.astype(np.intp)


def _placed(
    layer: npt.NDArray[Any],
    axes: npt.NDArray[np.intp],
    offset: npt.NDArray[np.intp],
    shape: tuple[int, int, int],
) -> npt.NDArray[Any]:
    """Turn `layer` so that its axes are the grid's, and cut or pad it to the grid."""
    ijk = layer.transpose(2, 1, 0)
    sources = np.abs(axes).argmax(axis=1)
    signs = axes[range(3), sources]
    turned = ijk.transpose(tuple(sources))
    turned = np.flip(turned, tuple(np.flatnonzero(signs < 0)))
    start = offset + np.minimum(0, signs * (np.array(turned.shape) - 1))
    return _cut(turned.transpose(2, 1, 0), start[::-1], shape)


def _cut(
    layer: npt.NDArray[Any], start: npt.NDArray[np.intp], shape: tuple[int, int, int]
) -> npt.NDArray[Any]:
    first = np.maximum(start, 0)
    last = np.maximum(np.minimum(start + layer.shape, shape), first)
    inner = layer[tuple(slice(a - s, b - s) for a, b, s in zip(first, last, start, strict=True))]
    if inner.size < layer.size and np.count_nonzero(inner) < np.count_nonzero(layer):
        raise _refused("has labelled voxels outside the image")
    whole = np.zeros(shape, layer.dtype)
    whole[tuple(slice(a, b) for a, b in zip(first, last, strict=True))] = inner
    return whole


def _refused(fact: str) -> RefusedInput:
    return RefusedInput(
        "MASK_GEOMETRY",
        f"The mask {fact}.",
        "Save the mask with the image as its reference geometry (no resampling, no crop).",
    )
