"""How well two masks agree: overlap, volume, distance between surfaces.

Masks are ``[k, j, i]``, spacings ``(k, j, i)`` in mm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]
Spacing = tuple[float, float, float]


def dice(found: Mask, truth: Mask) -> float:
    """Return the Dice coefficient ``2 |A ∩ B| / (|A| + |B|)``; NaN if both are empty.

    Source: Dice, Ecology 1945;26:297.
    """
    total = int(found.sum()) + int(truth.sum())
    return 2 * int((found & truth).sum()) / total if total else math.nan


def jaccard(found: Mask, truth: Mask) -> float:
    """Return the Jaccard index ``|A ∩ B| / |A ∪ B|``; NaN if both are empty."""
    union = int((found | truth).sum())
    return int((found & truth).sum()) / union if union else math.nan


def volume_difference(found: Mask, truth: Mask, spacing_mm: Spacing) -> float:
    """Return the volume of `found` minus that of `truth`, mm3."""
    return (int(found.sum()) - int(truth.sum())) * math.prod(spacing_mm)


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances between two surfaces, mm; infinite if just one mask is empty.

    Attributes
    ----------
    hausdorff, hausdorff_95 : float
        The larger of the two directed maxima, and of the two directed 95th percentiles.
    mean : float
        Average symmetric surface distance: the mean over both surfaces' voxels.
    """

    hausdorff: float
    hausdorff_95: float
    mean: float


def surface_distances(found: Mask, truth: Mask, spacing_mm: Spacing) -> SurfaceDistances:
    """Return the distances between the surfaces of two masks.

    A surface voxel has a face neighbour outside the mask; the image's border counts as
    outside. Distances run between voxel centres (Taha and Hanbury, BMC Med Imaging
    2015;15:29). NaN if both masks are empty.
    """
    if not found.any() or not truth.any():
        value = math.nan if not (found.any() or truth.any()) else math.inf
        return SurfaceDistances(value, value, value)
    box = _box(found | truth)
    first, second = _surface(found[box]), _surface(truth[box])
    there = _distance_to(second, spacing_mm)[first]
    back = _distance_to(first, spacing_mm)[second]
    percentiles = [float(np.percentile(d, 95)) for d in (there, back)]
    return SurfaceDistances(
        hausdorff=max(float(there.max()), float(back.max())),
        hausdorff_95=max(percentiles),
        mean=float(np.concatenate([there, back]).mean()),
    )


def _box(mask: Mask) -> tuple[slice, ...]:
    return ndimage.find_objects(mask.astype(np.uint8))[0]  # type: ignore[no-any-return]


def _surface(mask: Mask) -> Mask:
    return np.asarray(mask & ~ndimage.binary_erosion(mask))


def _distance_to(surface: Mask, spacing_mm: Spacing) -> npt.NDArray[np.float64]:
    return np.asarray(ndimage.distance_transform_edt(~surface, sampling=spacing_mm))
