"""The surroundings of a nodule on a fine isotropic grid, and back to the scan's voxels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.grids import Box, Triple, closed_mm

FloatArray = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

#: Finest and coarsest sampling, mm; a nodule gets about `_SAMPLES` across.
_FINEST_MM, _COARSEST_MM, _SAMPLES = 0.45, 0.8, 16.0
#: Radius of the ball that bridges the lung's surface across a nodule at the pleura, mm.
_BRIDGE_MM, _BRIDGE_STEP_MM = 14.0, 1.5


@dataclass(frozen=True)
class Surroundings:
    """A box around the seed.

    Attributes
    ----------
    hu : ndarray of float32
        On an isotropic grid of `step_mm`.
    lung : ndarray of bool
        The lung with its surface bridged across what bulges into it.
    wall_mm : ndarray of float32
        How far inside that lung a voxel lies, mm.
    aerated : ndarray of bool
        Lung without anything dense, for the local background.
    seed : tuple of int
        On this grid.
    box : tuple of slice
        The box on the scan's grid.
    """

    hu: FloatArray
    lung: Mask
    wall_mm: FloatArray
    aerated: Mask
    seed: tuple[int, int, int]
    step_mm: float
    box: Box
    native: FloatArray
    spacing_mm: Triple

    def to_native(self, mask: Mask) -> Mask:
        """Return `mask` on the box's own voxels: those it fills most, as many as its volume."""
        points = [
            np.arange(n) * step / self.step_mm
            for n, step in zip(self.native.shape, self.spacing_mm, strict=True)
        ]
        share = ndimage.map_coordinates(
            ndimage.gaussian_filter(mask.astype(np.float32), 0.5),
            np.meshgrid(*points, indexing="ij"),
            order=1,
            mode="nearest",
        )
        wanted = mask.sum() * self.step_mm**3 / float(np.prod(self.spacing_mm))
        count = max(min(round(wanted), int((share > 0.05).sum())), 1)
        level = np.partition(share, -count, axis=None)[-count]
        return np.asarray(share >= max(float(level), 1e-6))


def surroundings(
    hu: npt.NDArray[Any],
    spacing_mm: Triple,
    lungs: npt.NDArray[np.uint8],
    seed: tuple[int, int, int],
    reach_mm: float,
    size_mm: float,
) -> Surroundings:
    """Return the box of `reach_mm` around `seed`, sampled for a nodule of `size_mm`."""
    box = _box(seed, reach_mm, spacing_mm, hu.shape)
    native = np.maximum(hu[box].astype(np.float32), -1024.0)
    step = float(np.clip(size_mm / _SAMPLES, _FINEST_MM, _COARSEST_MM))
    fine = _sampled(native, spacing_mm, step, order=1)
    own = int(lungs[seed]) or int(np.bincount(lungs[box].ravel(), minlength=3)[1:].argmax()) + 1
    side = (lungs[box] == own).astype(np.float32)
    lung = _sampled(side, spacing_mm, step, order=1) > 0.5
    bridged = _bridged(side, spacing_mm, step, fine.shape) | lung
    inside = [
        round((s - b.start) * p / step) for s, b, p in zip(seed, box, spacing_mm, strict=True)
    ]
    k, j, i = (min(x, n - 1) for x, n in zip(inside, fine.shape, strict=True))
    return Surroundings(
        fine,
        bridged,
        _depth(bridged, step),
        lung & (fine < -600.0),
        (k, j, i),
        step,
        box,
        native,
        spacing_mm,
    )


def _depth(lung: Mask, step: float) -> FloatArray:
    if lung.all():
        return np.full(lung.shape, 100.0, np.float32)
    return np.asarray(ndimage.distance_transform_edt(lung) * step, np.float32)


def _bridged(side: FloatArray, spacing: Triple, step: float, shape: tuple[int, ...]) -> Mask:
    """Return the lung closed by a large ball, worked out on a coarse grid for speed."""
    if side.all() or not side.any():
        return np.full(shape, bool(side.any()))
    coarse = _sampled(side, spacing, _BRIDGE_STEP_MM, order=1) > 0.5
    closed = closed_mm(coarse, _BRIDGE_MM, (_BRIDGE_STEP_MM,) * 3).astype(np.float32)
    matrix = [step / _BRIDGE_STEP_MM] * 3
    fine = ndimage.affine_transform(closed, matrix, output_shape=shape, order=1, mode="nearest")
    return np.asarray(fine > 0.5)


def _box(seed: tuple[int, int, int], reach: float, spacing: Triple, shape: tuple[int, ...]) -> Box:
    k, j, i = (
        slice(max(s - int(np.ceil(reach / d)), 0), min(s + int(np.ceil(reach / d)) + 1, n))
        for s, d, n in zip(seed, spacing, shape, strict=True)
    )
    return k, j, i


def _sampled(image: FloatArray, spacing: Triple, step: float, order: int) -> FloatArray:
    """Return `image` at points `step` apart from its first voxel's centre on."""
    counts = [int((n - 1) * s / step) + 1 for n, s in zip(image.shape, spacing, strict=True)]
    matrix = [step / s for s in spacing]
    return np.asarray(
        ndimage.affine_transform(
            image, matrix, output_shape=tuple(counts), order=order, mode="nearest"
        ),
        np.float32,
    )
