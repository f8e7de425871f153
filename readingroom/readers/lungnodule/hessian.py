"""Eigenvalues of the image's second derivatives, at chosen voxels only.

A lung has tens of millions of voxels, of which a few per cent are bright enough to matter:
one Gaussian smoothing and a gather of neighbours replace six filtered volumes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


def eigenvalues_at(smooth: FloatArray, flat: npt.NDArray[np.intp]) -> FloatArray:
    """Return the Hessian's eigenvalues at voxels of a smoothed isotropic image.

    Parameters
    ----------
    smooth : ndarray of float32, ``[k, j, i]``
        Smoothed by a Gaussian; contiguous.
    flat : ndarray of int, shape (n,)
        Flat indices of voxels that do not lie on the array's border.

    Returns
    -------
    ndarray of float32, shape (3, n)
        Ascending, HU per voxel².
    """
    kk, jj, ii, kj, ki, ji = hessian_at(smooth, flat)
    return _eigenvalues(kk, jj, ii, kj, ki, ji)


def hessian_at(smooth: FloatArray, flat: npt.NDArray[np.intp]) -> tuple[FloatArray, ...]:
    """Return the second derivatives kk, jj, ii, kj, ki, ji at voxels `flat`."""
    image = smooth.reshape(-1)
    steps = (smooth.shape[1] * smooth.shape[2], smooth.shape[2], 1)
    centre = 2 * image[flat]
    straight = [image[flat + s] + image[flat - s] - centre for s in steps]
    mixed = [
        0.25
        * (image[flat + a + b] + image[flat - a - b] - image[flat + a - b] - image[flat - a + b])
        for a, b in ((steps[0], steps[1]), (steps[0], steps[2]), (steps[1], steps[2]))
    ]
    return (*straight, *mixed)


def _eigenvalues(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, e: FloatArray, f: FloatArray
) -> FloatArray:
    """Eigenvalues of symmetric 3×3 matrices, closed form (Smith, CACM 4:168, 1961)."""
    mean = (a + b + c) / 3
    spread = (a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2 + 2 * (d * d + e * e + f * f)
    p = np.sqrt(np.maximum(spread / 6, 1e-12))
    a, b, c, d, e, f = ((a - mean) / p, (b - mean) / p, (c - mean) / p, d / p, e / p, f / p)
    half_det = 0.5 * (a * (b * c - f * f) - d * (d * c - f * e) + e * (d * f - b * e))
    angle = np.arccos(np.clip(half_det, -1, 1)) / 3
    high = mean + 2 * p * np.cos(angle)
    low = mean + 2 * p * np.cos(angle + 2 * np.pi / 3)
    return np.stack([low, 3 * mean - high - low, high]).astype(np.float32)
