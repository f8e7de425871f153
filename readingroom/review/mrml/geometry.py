"""LPS of readings and RAS of 3D Slicer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import vtk

_TURN = np.diag([-1.0, -1.0, 1.0, 1.0])


def turned(position: Sequence[float]) -> tuple[float, float, float]:
    """Turn a point from LPS to RAS or back, mm."""
    x, y, z = (float(part) for part in position)
    return -x, -y, z


def ijk_to_ras(ijk_to_lps: npt.NDArray[np.float64]) -> vtk.vtkMatrix4x4:
    """Return 3D Slicer's matrix of a grid."""
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy((_TURN @ ijk_to_lps).ravel())
    return matrix


def ijk_to_lps(ijk_to_ras: vtk.vtkMatrix4x4) -> npt.NDArray[np.float64]:
    """Return the matrix ``(4, 4)`` from voxel ``(i, j, k, 1)`` to LPS mm."""
    elements = [[ijk_to_ras.GetElement(row, column) for column in range(4)] for row in range(4)]
    return np.asarray(_TURN @ np.array(elements))
