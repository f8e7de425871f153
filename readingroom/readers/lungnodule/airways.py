"""The airway tree at native resolution, grown from the windpipe with leak control."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.imaging.geometry import Resampled
from readingroom.readers.lungnodule.grids import Triple, bounding_box

Mask = npt.NDArray[np.bool_]

#: Thresholds tried from the strictest, HU.
_STEPS_HU = (-980, -960, -945, -930, -915, -900, -885)
#: A step that adds more than this share, beyond the first, has leaked into the lung.
_LEAK_SHARE, _LEAK_MM3 = 0.6, 120e3


def find_airways(
    hu: npt.NDArray[Any], spacing_mm: Triple, trachea: Mask, coarse: Resampled
) -> Mask:
    """Return the lumen of trachea and bronchi ``[k, j, i]`` on the grid of `hu`.

    Parameters
    ----------
    trachea : ndarray of bool
        Windpipe and main bronchi on the grid of `coarse`; empty if none was seen.
    """
    out = np.zeros(hu.shape, bool)
    if not trachea.any():
        return out
    seeds = _seeds(hu, trachea, coarse)
    if not seeds:
        return out
    kept = _grown(hu, seeds, float(np.prod(spacing_mm)))
    box = bounding_box(kept)
    out[box] = kept[box]
    return out


def _seeds(hu: npt.NDArray[Any], trachea: Mask, coarse: Resampled) -> list[tuple[int, int, int]]:
    """Return the darkest places of the windpipe as native indices ``(k, j, i)``."""
    inner = np.where(trachea, coarse.array, np.inf)
    flat = np.argsort(inner, axis=None)[:20]
    ratio = [c / n for c, n in zip(coarse.spacing_mm, coarse.source.spacing_mm, strict=True)]
    seeds = []
    for place in zip(*np.unravel_index(flat, inner.shape), strict=True):
        native = [int((p + 0.5) * r) for p, r in zip(place, ratio, strict=True)]
        k, j, i = (min(x, n - 1) for x, n in zip(native, hu.shape, strict=True))
        seeds.append((k, j, i))
    return seeds


def _grown(hu: npt.NDArray[Any], seeds: list[tuple[int, int, int]], voxel_mm3: float) -> Mask:
    """Return the region around `seeds` at the loosest threshold before a leak."""
    import SimpleITK

    sitk: Any = SimpleITK

    image = sitk.GetImageFromArray(hu if hu.dtype == np.int16 else hu.astype(np.float32))
    points = [(i, j, k) for k, j, i in seeds]
    kept = np.zeros(hu.shape, bool)
    for threshold in _STEPS_HU:
        region = sitk.ConnectedThreshold(image, points, -5000.0, float(threshold))
        grown = sitk.GetArrayFromImage(region)
        volume = float(np.count_nonzero(grown)) * voxel_mm3
        before = float(np.count_nonzero(kept)) * voxel_mm3
        if volume > _LEAK_MM3 or (before > 10e3 and volume > (1 + _LEAK_SHARE) * before):
            break
        kept = grown.view(bool)
    return kept
