"""What the false-positive reduction sees of a candidate: two cubes about it, fine and wide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from readingroom.imaging.geometry import resample_to_spacing

FloatArray = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Triple = tuple[float, float, float]

#: Voxels along each side of a cube, and the two voxel sizes: 19 mm and 48 mm of lung.
SIDE = 24
FINE_MM, WIDE_MM = 0.8, 2.0
#: Channels per cube: lung window and calcium window.
CHANNELS = 2
_OUTSIDE_HU = -1000.0


class PatchCutter:
    """Cuts cubes out of one scan; the wide ones from a smoothed copy.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Canonical native grid.
    spacing_mm : (k, j, i)
    """

    def __init__(self, hu: npt.NDArray[np.generic], spacing_mm: Triple) -> None:
        self._hu = hu
        self._spacing = np.array(spacing_mm)
        # Without averaging first, 2 mm steps through a sharp scan would see mostly noise.
        self._wide = np.array([max(WIDE_MM * 0.75, s) for s in spacing_mm])
        k, j, i = (float(s) for s in self._wide)
        self._smooth = resample_to_spacing(hu, spacing_mm, (k, j, i))

    def __call__(
        self, positions_kji: Sequence[Triple] | FloatArray, side: int = SIDE
    ) -> tuple[Image, Image]:
        """Return fine and wide cubes ``(n, side, side, side)``, HU, about voxel positions."""
        fine = [self.cube(self._hu, self._spacing, p, FINE_MM, side) for p in positions_kji]
        # Both grids share their outer edge.
        ratio = self._spacing / self._wide
        moved = [(np.asarray(p, float) + 0.5) * ratio - 0.5 for p in positions_kji]
        wide = [self.cube(self._smooth, self._wide, p, WIDE_MM, side) for p in moved]
        empty = np.zeros((0, side, side, side), np.float32)
        return (np.stack(fine), np.stack(wide)) if fine else (empty, empty)

    @staticmethod
    def cube(
        image: npt.NDArray[np.generic],
        spacing: FloatArray,
        position: Triple | FloatArray,
        step_mm: float,
        side: int,
    ) -> Image:
        """Return one cube by trilinear interpolation along the axes, one after the other."""
        out: npt.NDArray[np.generic] = image
        offsets = (np.arange(side) - (side - 1) / 2) * step_mm
        parts = []
        for axis in range(3):
            at = position[axis] + offsets / spacing[axis]
            low = np.floor(at).astype(int)
            first, last = max(int(low[0]), 0), min(int(low[-1]) + 2, image.shape[axis])
            if last <= first:
                return np.full((side, side, side), _OUTSIDE_HU, np.float32)
            parts.append((at, low, first, slice(first, last)))
        out = image[parts[0][3], parts[1][3], parts[2][3]].astype(np.float32) - _OUTSIDE_HU
        for axis, (at, low, first, _) in enumerate(parts):
            out = _interpolated(out, axis, at - first, low - first)
        return np.asarray(out + _OUTSIDE_HU, np.float32)


def _interpolated(
    values: npt.NDArray[np.generic], axis: int, at: FloatArray, low: npt.NDArray[np.intp]
) -> Image:
    """Return `values` at places along one axis; 0 outside.

    Gathered, not multiplied: a product goes through threaded BLAS, which on a busy machine
    took twenty times as long.
    """
    wide = np.pad(values, [(1, 1) if a == axis else (0, 0) for a in range(3)])
    place = np.clip(low + 1, 0, wide.shape[axis] - 1)
    beyond = np.clip(low + 2, 0, wide.shape[axis] - 1)
    share = (at - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
    first, second = (np.take(wide, index, axis) for index in (place, beyond))
    return np.asarray(first + share * (second - first), np.float32)


def network_input(cubes: npt.NDArray[np.generic]) -> Image:
    """Return HU cubes ``(n, d, h, w)`` as channels ``(n, 2, d, h, w)`` of about -1…1."""
    hu = cubes.astype(np.float32)
    lung = np.clip((hu + 500) / 500, -1.0, 1.2)
    calcium = np.clip((hu - 150) / 400, -1.0, 2.0)
    return np.stack([lung, calcium], 1)
