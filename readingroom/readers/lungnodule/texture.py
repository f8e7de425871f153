"""Grey-level co-occurrence texture after the Image Biomarker Standardisation Initiative.

Definitions and names: Zwanenburg et al., Radiology 2020;295:328 (IBSI 1), chapter
"grey level co-occurrence based features", three-dimensional, matrices of the 13
directions merged, symmetric, distance 1.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: Width of a grey level, HU, and where the first one begins (IBSI "fixed bin size").
BIN_HU = 25.0
LOWEST_HU = -1000.0
#: Fewer voxels give no texture.
SMALLEST_VOXELS = 64


def texture(hu: npt.NDArray[np.generic], mask: Mask) -> dict[str, float]:
    """Return the texture of the voxels in `mask`; empty where there are too few.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Image, HU, as acquired: nothing is interpolated.
    mask : ndarray of bool, ``[k, j, i]``

    Returns
    -------
    dict of str to float
        As `features`.
    """
    if int(mask.sum()) < SMALLEST_VOXELS:
        return {}
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    hu, mask = hu[box], mask[box]
    levels = np.floor((np.clip(hu, LOWEST_HU, None) - LOWEST_HU) / BIN_HU).astype(np.intp) + 1
    lowest = int(levels[mask].min()) - 1
    # Only relative levels matter to the features given; a compact matrix is quicker.
    return features(cooccurrence(np.where(mask, levels - lowest, 0)))


def cooccurrence(levels: npt.NDArray[np.integer]) -> FloatArray:
    """Return the merged symmetric co-occurrence matrix ``(levels, levels)``, sum 1.

    Parameters
    ----------
    levels : ndarray of int, ``[k, j, i]``
        Grey levels from 1; 0 lies outside.
    """
    count = int(levels.max())
    matrix = np.zeros((count, count))
    for step in _directions():
        first, second = _shifted(levels, step)
        both = (first > 0) & (second > 0)
        pairs = (first[both] - 1) * count + second[both] - 1
        matrix += np.bincount(pairs, minlength=count**2).reshape(count, count)
    matrix += matrix.T
    total = matrix.sum()
    return matrix / total if total else matrix


def _directions() -> list[tuple[int, int, int]]:
    """Return one of each pair of opposite directions to the 26 neighbours."""
    every = product((-1, 0, 1), (-1, 0, 1), (-1, 0, 1))
    return [step for step in every if step > (0, 0, 0)]


def _shifted(
    levels: npt.NDArray[np.integer], step: tuple[int, int, int]
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
    pairs = list(zip(step, levels.shape, strict=True))
    first = tuple(slice(max(-s, 0), n - max(s, 0)) for s, n in pairs)
    second = tuple(slice(max(s, 0), n - max(-s, 0)) for s, n in pairs)
    return levels[first], levels[second]


def features(matrix: FloatArray) -> dict[str, float]:
    """Return IBSI features of a co-occurrence matrix of sum 1.

    ``joint_maximum``, ``joint_entropy`` (bit), ``angular_second_moment``, ``contrast``,
    ``dissimilarity``, ``inverse_difference``, ``correlation``, ``cluster_shade``.
    """
    level = np.arange(1, len(matrix) + 1, dtype=np.float64)
    i, j = level[:, None], level[None, :]
    mean = float(np.sum(matrix * i))
    variance = float(np.sum(matrix * (i - mean) ** 2))
    product_moment = float(np.sum(matrix * (i - mean) * (j - mean)))
    present = matrix[matrix > 0]
    return {
        "joint_maximum": float(matrix.max(initial=0.0)),
        "joint_entropy": float(-np.sum(present * np.log2(present))),
        "angular_second_moment": float(np.sum(matrix**2)),
        "contrast": float(np.sum(matrix * (i - j) ** 2)),
        "dissimilarity": float(np.sum(matrix * np.abs(i - j))),
        "inverse_difference": float(np.sum(matrix / (1 + np.abs(i - j)))),
        "correlation": product_moment / variance if variance > 0 else 1.0,
        "cluster_shade": float(np.sum(matrix * (i + j - 2 * mean) ** 3)),
    }
