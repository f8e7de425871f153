"""Random fields for synthetic images: smooth noise, displacements, CT noise texture.

Everything is a pure function of a `numpy.random.Generator`; arrays are ``[k, j, i]``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

FloatArray = npt.NDArray[np.float32]


def smooth_noise(rng: np.random.Generator, shape: Sequence[int], correlation: float) -> FloatArray:
    """Return a smooth random field of about unit standard deviation.

    Parameters
    ----------
    shape : (k, j, i)
    correlation : float
        Distance in voxels between independent nodes of the field.
    """
    nodes = [max(2, int(np.ceil(n / correlation)) + 1) for n in shape]
    coarse = rng.standard_normal(nodes, dtype=np.float32)
    fine = functional.interpolate(
        torch.from_numpy(coarse)[None, None], size=list(shape), mode="trilinear", align_corners=True
    )
    return np.asarray(fine[0, 0].numpy() * 1.7, dtype=np.float32)


def random_displacement(
    rng: np.random.Generator,
    shape: Sequence[int],
    scales: Sequence[tuple[float, float]],
) -> FloatArray:
    """Return a displacement field ``(3, k, j, i)`` in voxels.

    Parameters
    ----------
    scales : sequence of (correlation, amplitude)
        Distance between nodes and standard deviation of the displacement, in voxels.
    """
    field = np.zeros((3, *shape), np.float32)
    for correlation, amplitude in scales:
        for axis in range(3):
            field[axis] += amplitude * smooth_noise(rng, shape, correlation)
    return field


def random_affine(
    rng: np.random.Generator, *, scale: float, rotation_deg: float, shear: float
) -> npt.NDArray[np.float64]:
    """Return a random 3×3 matrix: rotation · shear · anisotropic scale.

    Parameters
    ----------
    scale : float
        Scale factors are drawn from ``exp(±scale)`` per axis.
    rotation_deg, shear : float
        Half-ranges of the uniform rotation per axis and of the shear.
    """
    angles = np.deg2rad(rng.uniform(-rotation_deg, rotation_deg, 3))
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [x for x in range(3) if x != axis]
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[a, b], turn[b, a] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    skew = np.eye(3) + np.triu(rng.uniform(-shear, shear, (3, 3)), 1)
    return np.asarray(matrix @ skew @ np.diag(np.exp(rng.uniform(-scale, scale, 3))))


def sample_nearest(labels: npt.NDArray[np.uint8], coordinates: FloatArray) -> npt.NDArray[np.uint8]:
    """Look `labels` up at voxel `coordinates` ``(3, k, j, i)``; 0 outside."""
    index = np.rint(coordinates).astype(np.int32)
    inside = np.ones(index.shape[1:], bool)
    for axis, size in enumerate(labels.shape):
        inside &= (index[axis] >= 0) & (index[axis] < size)
        np.clip(index[axis], 0, size - 1, out=index[axis])
    return np.where(inside, labels[index[0], index[1], index[2]], np.uint8(0))


def sample_linear(image: FloatArray, coordinates: FloatArray, outside: float = 0.0) -> FloatArray:
    """Look `image` up at voxel `coordinates` ``(3, k, j, i)`` by trilinear interpolation."""
    size = np.array(image.shape, np.float32).reshape(3, 1, 1, 1)
    unit = 2.0 * coordinates / np.maximum(size - 1, 1) - 1.0
    grid = torch.from_numpy(np.ascontiguousarray(np.moveaxis(unit[::-1], 0, -1), np.float32))
    source = torch.from_numpy(np.ascontiguousarray(image - outside, np.float32))
    values = functional.grid_sample(
        source[None, None], grid[None], mode="bilinear", align_corners=True
    )
    return np.asarray(values[0, 0].numpy() + outside)


def gaussian_blur(image: FloatArray, sigma: Sequence[float]) -> FloatArray:
    """Blur by a separable Gaussian of `sigma` voxels per axis (reflecting borders)."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(image.astype(np.float32), sigma, mode="nearest", truncate=3))


def ct_noise(
    rng: np.random.Generator, shape: Sequence[int], sd_hu: float, correlation: Sequence[float]
) -> FloatArray:
    """Return correlated noise of standard deviation `sd_hu`.

    Parameters
    ----------
    correlation : (k, j, i)
        Gaussian correlation in voxels, the trace of the reconstruction kernel: about
        0.4 in-plane for a sharp kernel, 1.0 and more for a soft one.
    """
    noise = gaussian_blur(rng.standard_normal(tuple(shape), dtype=np.float32), correlation)
    return np.asarray(noise * (sd_hu / max(float(noise.std()), 1e-6)))
