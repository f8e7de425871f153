"""Putting irregular slices onto a regular, right-angled grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Voxels = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Resampling:
    """How the slices of a series become the slices of a regular volume.

    Each source slice is first shifted within its plane onto a common canvas, then
    every output slice is a weighted mean of two neighbouring source slices.

    Attributes
    ----------
    lower : ndarray of int, shape (n_out,)
        Index of the source slice below each output slice.
    fraction : ndarray, shape (n_out,)
        Weight of the source slice above, 0…1; 0 copies the lower one unchanged.
    shift_px : ndarray, shape (n_in, 2), or None
        Row and column of the canvas on which each source slice's first pixel lies.
    canvas : tuple of int
        Rows and columns of the output.
    """

    lower: npt.NDArray[np.intp]
    fraction: npt.NDArray[np.float64]
    shift_px: npt.NDArray[np.float64] | None
    canvas: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the output, ``(slices, rows, columns)``."""
        return len(self.lower), *self.canvas

    def apply(self, slices: Voxels, outside: float) -> Voxels:
        """Resample ``[k, j, i]``; whole numbers stay whole, new corners get `outside`."""
        shifted = slices if self.shift_px is None else self._shift(slices, outside)
        out = np.empty(self.shape, dtype=slices.dtype)
        for k, (low, fraction) in enumerate(zip(self.lower, self.fraction, strict=True)):
            out[k] = shifted[low] if fraction == 0 else _blend(shifted, low, fraction)
        return out

    def _shift(self, slices: Voxels, outside: float) -> Voxels:
        assert self.shift_px is not None
        out = np.full((len(slices), *self.canvas), outside, dtype=slices.dtype)
        for k, (row, column) in enumerate(self.shift_px):
            _place(slices[k], out[k], row, column, outside)
        return out


def _blend(slices: Voxels, low: int, fraction: float) -> Voxels:
    mixed = slices[low] * (1 - fraction) + slices[low + 1] * fraction
    return _as_type(mixed, slices.dtype)


def _place(image: Voxels, canvas: Voxels, row: float, column: float, outside: float) -> None:
    """Write `image` so that its first pixel lies at (`row`, `column`) of `canvas`."""
    (j, row_part), (i, column_part) = (divmod(row, 1.0), divmod(column, 1.0))
    moved = _delay(_delay(image, row_part, 0, outside), column_part, 1, outside)
    rows = min(moved.shape[0], canvas.shape[0] - int(j))
    columns = min(moved.shape[1], canvas.shape[1] - int(i))
    part = moved[:rows, :columns]
    canvas[int(j) : int(j) + rows, int(i) : int(i) + columns] = _as_type(part, canvas.dtype)


def _delay(image: Voxels, part: float, axis: int, outside: float) -> Voxels:
    """Shift by a fraction of a pixel along one axis, linear, one pixel longer."""
    if part < 1e-6:
        return image
    before = [(0, 0), (0, 0)]
    after = [(0, 0), (0, 0)]
    before[axis], after[axis] = (1, 0), (0, 1)
    earlier = np.pad(image.astype(np.float32), before, constant_values=outside)
    later = np.pad(image.astype(np.float32), after, constant_values=outside)
    return np.asarray(part * earlier + (1 - part) * later)


def _as_type(values: Voxels, dtype: np.dtype[np.generic]) -> Voxels:
    return (np.rint(values) if dtype.kind in "iu" else values).astype(dtype)
