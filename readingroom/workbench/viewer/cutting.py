"""Cut a slice, or a slab, out of a label map by index: nearest voxel, no filter."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[Any]
Matrix = npt.NDArray[np.float64]
Place = tuple[int, int]

_ALIGNED = 1e-4


def cut_out(
    labels: Labels, xy_to_index: Matrix, size: tuple[int, int], slab: float, margin: int = 0
) -> tuple[Labels, Place]:
    """Return the labels seen in a slice view.

    Parameters
    ----------
    labels : ndarray of unsigned int, ``[k, j, i]``
    xy_to_index : ndarray, shape (4, 4)
        From pixel ``(x, y, z, 1)`` of the view, y upwards and z across, to ``(i, j, k, 1)``.
    size : tuple of int
        ``(rows, columns)`` of the view.
    slab : float
        Thickness in units of z; 0 for the plane alone. Of several labels the largest
        shows.
    margin : int
        Empty pixels to add on all sides.

    Returns
    -------
    labels : ndarray ``[row, column]``
        Only the part of the view with labels in it; empty if there is none.
    place : tuple of int
        Row and column of its first pixel.
    """
    axes = _axes(xy_to_index)
    if not labels.size:
        return np.zeros((0, 0), np.uint8), (0, 0)
    if axes is None:
        cut, place = _oblique(labels, xy_to_index, size, slab)
    else:
        cut, place = _aligned(labels, xy_to_index, size, slab, axes)
    cut, place = _marked(cut, place)
    if margin and cut.size:
        return np.pad(cut, margin), (place[0] - margin, place[1] - margin)
    return cut, place


def _marked(cut: Labels, place: Place) -> tuple[Labels, Place]:
    """Crop to where labels are: what is coloured and drawn is small then."""
    rows, columns = (np.flatnonzero(cut.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return cut[:0, :0], place
    seen = cut[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return seen, (place[0] + int(rows[0]), place[1] + int(columns[0]))


def _axes(matrix: Matrix) -> tuple[int, int, int] | None:
    """Return which of i, j, k run along x, y, z; None if the slice is oblique."""
    size = np.abs(matrix[:3, :3])
    main = size.argmax(axis=0)
    if len(set(main.tolist())) < 3:
        return None
    rest = size.copy()
    rest[main, range(3)] = 0
    if (rest > _ALIGNED * size.max(axis=0)).any():
        return None
    x, y, z = (int(axis) for axis in main)
    return x, y, z


def _aligned(
    labels: Labels, matrix: Matrix, size: tuple[int, int], slab: float, axes: tuple[int, int, int]
) -> tuple[Labels, Place]:
    x, y, z = axes
    ijk = labels.transpose(2, 1, 0)
    columns, first_column = _line(matrix[x, 0], matrix[x, 3], size[1], ijk.shape[x])
    rows, first_row = _line(matrix[y, 1], matrix[y, 3], size[0], ijk.shape[y])
    depth = _depth(matrix[z, 3], abs(matrix[z, 2]) * slab / 2, ijk.shape[z])
    if not columns.size or not rows.size or depth.stop <= depth.start:
        return np.zeros((0, 0), labels.dtype), (0, 0)
    stack = ijk.transpose(z, y, x)[depth]
    # Cropped to what is seen before anything is copied.
    r0, c0 = int(rows.min()), int(columns.min())
    seen = stack[:, r0 : int(rows.max()) + 1, c0 : int(columns.max()) + 1]
    plane = seen[0] if len(seen) == 1 else seen.max(axis=0)
    return plane[np.ix_(rows - r0, columns - c0)], (first_row, first_column)


def _line(step: float, offset: float, pixels: int, voxels: int) -> tuple[npt.NDArray[Any], int]:
    """Return the voxel under each pixel of a line as far as there is one, and the first pixel."""
    index = np.rint(offset + step * np.arange(pixels)).astype(np.intp)
    inside = np.flatnonzero((index >= 0) & (index < voxels))
    return (index[inside], int(inside[0])) if inside.size else (index[:0], 0)


def _depth(center: float, half: float, voxels: int) -> slice:
    first, last = int(np.rint(center - half)), int(np.rint(center + half))
    return slice(max(first, 0), min(last + 1, voxels))


def _oblique(
    labels: Labels, matrix: Matrix, size: tuple[int, int], slab: float
) -> tuple[Labels, Place]:
    rows, columns = np.mgrid[: size[0], : size[1]]
    found = np.zeros(size, labels.dtype)
    thickness_steps = np.linalg.norm(matrix[:3, 2]) * slab
    for z in np.linspace(-slab / 2, slab / 2, int(np.ceil(thickness_steps)) + 1 if slab else 1):
        i, j, k = (
            np.rint(m[0] * columns + m[1] * rows + m[2] * z * bool(slab) + m[3]).astype(np.intp)
            for m in matrix[:3]
        )
        depth, height, width = labels.shape
        inside = (i >= 0) & (i < width) & (j >= 0) & (j < height) & (k >= 0) & (k < depth)
        seen = np.where(inside, labels[k * inside, j * inside, i * inside], 0)
        found = np.maximum(found, seen)
    return found, (0, 0)
