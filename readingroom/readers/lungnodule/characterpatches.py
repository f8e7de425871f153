"""What the network of characteristics sees of a nodule: a cube that the nodule fills."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from readingroom.readers.lungnodule.patches import PatchCutter, network_input

Image = npt.NDArray[np.float32]
Triple = tuple[float, float, float]

#: Voxels along each side; the cube's width in diameters of the nodule, and at least in mm.
SIDE = 28
_DIAMETERS, _LEAST_MM = 2.3, 11.0
#: Numbers beside the cube: sizes of the nodule, of a slice and of a pixel.
NUMBERS = 3
_SIZE_MM, _SLICE_MM, _PIXEL_MM = 8.0, 1.25, 0.7


def cube_width_mm(diameter_mm: float) -> float:
    """Return the width of a nodule's cube: spicules and a rim of lung are in it."""
    return max(_DIAMETERS * diameter_mm, _LEAST_MM)


def cube(
    hu: npt.NDArray[np.generic],
    spacing_mm: Triple,
    position_kji: Sequence[float],
    diameter_mm: float,
    side: int = SIDE,
) -> Image:
    """Return the cube ``(side, side, side)`` about a voxel position, HU.

    Sampled twice as finely and averaged, so that a large nodule's cube is not mostly noise.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Canonical native grid.
    diameter_mm : float
        Of the nodule.
    side : int
        More than `SIDE` shows more lung around at the same step.
    """
    step = cube_width_mm(diameter_mm) / SIDE
    place = np.asarray(position_kji, np.float64)
    fine = PatchCutter.cube(hu, np.array(spacing_mm), place, step / 2, 2 * side)
    return np.asarray(fine.reshape(side, 2, side, 2, side, 2).mean((1, 3, 5)), np.float32)


def numbers(diameter_mm: npt.ArrayLike, spacing_mm: npt.ArrayLike) -> Image:
    """Return what a cube no longer shows ``(n, 3)``: powers of two of the usual sizes.

    Parameters
    ----------
    diameter_mm : array_like, shape (n,)
    spacing_mm : array_like, shape (n, 3)
        Voxel size ``(k, j, i)``.
    """
    spacing = np.asarray(spacing_mm, np.float64).reshape(-1, 3)
    sizes = np.asarray(diameter_mm, np.float64) / _SIZE_MM
    columns = [sizes, spacing[:, 0] / _SLICE_MM, spacing[:, 2] / _PIXEL_MM]
    return np.log2(np.stack(columns, 1)).astype(np.float32)


def channels(cubes: npt.NDArray[np.generic]) -> Image:
    """Return HU cubes ``(n, d, d, d)`` as the network's channels ``(n, 2, d, d, d)``."""
    return network_input(cubes)
