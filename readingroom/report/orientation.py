"""How a slice is laid out for reading: which way up, which letter at which edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readingroom.study import Volume

#: Letters towards the negative and positive end of the LPS axes.
_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))
#: Radiological convention: columns grow to L or P, rows to P or F.
_RIGHTWARDS = (1, 1, 1)
_DOWNWARDS = (1, 1, -1)


@dataclass(frozen=True)
class Display:
    """Turns slices ``[j, i]`` of a volume into the orientation in which they are read.

    Attributes
    ----------
    transpose, flip_rows, flip_columns : bool
        Applied in this order.
    pixel_mm : tuple of float
        Distance between displayed rows and between displayed columns, mm.
    letters : tuple of str
        Patient directions at the left, right, top and bottom edge.
    """

    transpose: bool
    flip_rows: bool
    flip_columns: bool
    pixel_mm: tuple[float, float]
    letters: tuple[str, str, str, str]

    def apply(self, plane: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Return `plane` as displayed."""
        shown = plane.T if self.transpose else plane
        shown = shown[::-1] if self.flip_rows else shown
        return np.asarray(shown[:, ::-1] if self.flip_columns else shown)

    def place(self, row: float, column: float, shape: tuple[int, int]) -> tuple[float, float]:
        """Return displayed row and column of a point of a slice ``[j, i]`` of `shape`."""
        rows, columns = shape
        if self.transpose:
            row, column, rows, columns = column, row, columns, rows
        row = rows - 1 - row if self.flip_rows else row
        return row, columns - 1 - column if self.flip_columns else column


def display_of(volume: Volume) -> Display:
    """Return how the slices of `volume` are shown in radiological convention.

    Axial slices show the patient's right on the left and the front at the top, whatever
    the order in which the voxels are stored.
    """
    columns, rows = volume.ijk_to_lps[:3, 0], volume.ijk_to_lps[:3, 1]
    spacing = (float(np.linalg.norm(rows)), float(np.linalg.norm(columns)))
    transpose = _axis(rows) < _axis(columns)
    if transpose:
        columns, rows = rows, columns
        spacing = spacing[::-1]
    flip_columns = _sign(columns) != _RIGHTWARDS[_axis(columns)]
    flip_rows = _sign(rows) != _DOWNWARDS[_axis(rows)]
    across = -columns if flip_columns else columns
    down = -rows if flip_rows else rows
    letters = (_letter(-across), _letter(across), _letter(-down), _letter(down))
    return Display(transpose, flip_rows, flip_columns, spacing, letters)


def slice_place(volume: Volume, k: int) -> str:
    """Return where slice `k` lies along the patient axis that it crosses, LPS mm."""
    normal = np.cross(volume.ijk_to_lps[:3, 0], volume.ijk_to_lps[:3, 1])
    axis = _axis(normal)
    centre = volume.lps_from_kji([k, (volume.shape[1] - 1) / 2, (volume.shape[2] - 1) / 2])
    value = f"{centre[axis]:.1f}".replace("-", "\N{MINUS SIGN}")
    return f"{'xyz'[axis]} {value} mm"


def _axis(direction: npt.NDArray[np.float64]) -> int:
    return int(np.argmax(np.abs(direction)))


def _sign(direction: npt.NDArray[np.float64]) -> int:
    return 1 if direction[_axis(direction)] > 0 else -1


def _letter(direction: npt.NDArray[np.float64]) -> str:
    return _LETTERS[_axis(direction)][_sign(direction) > 0]
