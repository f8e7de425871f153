"""Analytic phantoms: cylinders of known HU rendered with exact partial volume.

Every voxel is the mean of the object over the voxel's footprint and the slice's thickness
(a rectangular slice profile): along the cylinder's axis the overlap is computed in closed
form, in-plane by supersampling. Nothing is blurred and no noise is added, so that a score
computed from the image can be checked against the formula by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Cylinder:
    """A rod of one material with its axis along the slice direction.

    Parameters
    ----------
    center_mm : tuple of float
        Centre ``(k, j, i)`` in mm from the centre of the first voxel; anywhere, also
        between voxels.
    diameter_mm, length_mm : float
    hu : float
        Its material.
    """

    center_mm: tuple[float, float, float]
    diameter_mm: float
    length_mm: float
    hu: float

    @property
    def volume_mm3(self) -> float:
        """True volume."""
        return float(np.pi * self.diameter_mm**2 / 4.0 * self.length_mm)


def render(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    cylinders: Sequence[Cylinder],
    *,
    background_hu: float = 40.0,
    slice_thickness_mm: float | None = None,
    supersample: int = 16,
) -> npt.NDArray[np.float64]:
    """Return the image ``[k, j, i]`` in HU.

    Parameters
    ----------
    shape, spacing_mm
        ``(k, j, i)``; ``spacing_mm[0]`` is the slice increment.
    cylinders : sequence of Cylinder
        Should not overlap: their contrasts add up.
    background_hu : float
        Where there is no cylinder.
    slice_thickness_mm : float, optional
        Width of the slice profile; the increment where not given. Larger than the
        increment, slices overlap; smaller, there are gaps.
    supersample : int
        Samples per pixel and axis in-plane.
    """
    thickness = spacing_mm[0] if slice_thickness_mm is None else slice_thickness_mm
    image = np.full(shape, background_hu, dtype=np.float64)
    for cylinder in cylinders:
        along = _share_of_slices(shape[0], spacing_mm[0], thickness, cylinder)
        across = _share_of_pixels(shape[1:], spacing_mm[1:], cylinder, supersample)
        image += (cylinder.hu - background_hu) * along[:, None, None] * across
    return image


def _share_of_slices(
    count: int, increment: float, thickness: float, cylinder: Cylinder
) -> npt.NDArray[np.float64]:
    """Return the part of each slice's thickness that the cylinder fills, 0…1."""
    centers = np.arange(count) * increment
    bottom = np.maximum(centers - thickness / 2, cylinder.center_mm[0] - cylinder.length_mm / 2)
    top = np.minimum(centers + thickness / 2, cylinder.center_mm[0] + cylinder.length_mm / 2)
    return np.asarray(np.clip(top - bottom, 0.0, None) / thickness)


def _share_of_pixels(
    shape: tuple[int, ...], pixel_mm: tuple[float, ...], cylinder: Cylinder, samples: int
) -> npt.NDArray[np.float64]:
    """Return the part of each pixel that the cylinder's disc fills, ``[j, i]``, 0…1."""
    offsets = (np.arange(samples) + 0.5) / samples - 0.5
    j = ((np.arange(shape[0])[:, None] + offsets) * pixel_mm[0]).ravel() - cylinder.center_mm[1]
    i = ((np.arange(shape[1])[:, None] + offsets) * pixel_mm[1]).ravel() - cylinder.center_mm[2]
    inside = j[:, None] ** 2 + i**2 <= (cylinder.diameter_mm / 2) ** 2
    blocks = inside.reshape(shape[0], samples, shape[1], samples)
    return np.asarray(blocks.mean(axis=(1, 3)))
