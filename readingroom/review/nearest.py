"""How far it is from a place to what is marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from readingroom.reading import Masks

Triple = tuple[float, float, float]


def segments_near(
    masks: Masks, at: npt.NDArray[np.float64], spacing_mm: Triple, radius_mm: float
) -> dict[str | None, float]:
    """Return the distance in mm of every segment within `radius_mm` of ``(k, j, i)``.

    Looks at a box of that size only.
    """
    reach = np.ceil(radius_mm / np.array(spacing_mm)) + 1
    shape = masks.layers[0].shape
    low, high = np.clip([at - reach, at + reach + 1], 0, shape).astype(int)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    near: dict[str | None, float] = {}
    for segment in masks.segments:
        marked = masks.layers[segment.layer][box] == segment.value
        distance = distance_mm(marked, low, at, spacing_mm)
        if distance <= radius_mm:
            near[segment.name] = distance
    return near


def distance_mm(
    mask: npt.NDArray[np.bool_],
    start: Sequence[int] | npt.NDArray[np.int_],
    at: npt.NDArray[np.float64],
    spacing_mm: Triple,
) -> float:
    """Return how far ``(k, j, i)`` lies from the nearest voxel of a box; 0 inside one."""
    voxels = np.argwhere(mask)
    if not len(voxels):
        return float("inf")
    steps = np.abs(voxels + np.asarray(start) - at)
    outside = np.where(steps <= 0.5, 0.0, steps) * np.array(spacing_mm)
    return float(np.sqrt((outside**2).sum(axis=1).min()))
