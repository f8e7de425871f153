"""Outline a nodule from a point inside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.readers.lungnodule.anatomy import Anatomy
from readingroom.readers.lungnodule.grids import Triple, bounding_box

Index = tuple[int, int, int]
Mask = npt.NDArray[np.bool_]
KindHint = Literal["solid", "part_solid", "ground_glass"]


@dataclass(frozen=True)
class Outline:
    """A nodule's mask in a box of the canonical native grid.

    Attributes
    ----------
    start_kji : tuple of int
        First voxel of the box.
    mask : ndarray of bool, ``[k, j, i]``
    kind_hint : {'solid', 'part_solid', 'ground_glass'}
        Which way it was outlined; `describe` decides the type.
    leaked : bool
        Whether growth had to be cut where it ran into something larger: the outline is
        to be looked at.
    """

    start_kji: Index
    mask: Mask
    kind_hint: KindHint
    leaked: bool


def outline(
    hu: npt.NDArray[Any],
    spacing_mm: Triple,
    anatomy: Anatomy,
    seed_kji: Index,
    *,
    diameter_hint_mm: float | None = None,
) -> Outline:
    """Outline the nodule at `seed_kji`.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        CT numbers along canonical axes.
    diameter_hint_mm : float, optional
        How large a detector thinks it is.

    Raises
    ------
    RefusedInput
        ``NOTHING_TO_GROW`` where there is no nodule, ``GROWTH_LEAKS`` where it cannot be
        told from what it touches.
    """
    from scipy import ndimage

    reach = max(20.0, 1.2 * (diameter_hint_mm or 0.0))
    box = tuple(
        slice(max(s - int(reach / step), 0), s + int(reach / step) + 1)
        for s, step in zip(seed_kji, spacing_mm, strict=True)
    )
    part = hu[box].astype(np.float32)
    bright = (part > -450) & (anatomy.lungs.labels[box] > 0)
    numbers, _ = ndimage.label(bright)
    at = tuple(s - b.start for s, b in zip(seed_kji, box, strict=True))
    if not numbers[at]:
        raise RefusedInput(
            "NOTHING_TO_GROW", "There is no nodule at this place.", "Click on its middle."
        )
    mask = numbers == numbers[at]
    inner = bounding_box(mask)
    k, j, i = (b.start + n.start for b, n in zip(box, inner, strict=True))
    return Outline((k, j, i), mask[inner], "solid", False)


def solid_part(
    hu: npt.NDArray[Any], mask: Mask, spacing_mm: Triple, *, threshold_hu: float = -300.0
) -> Mask:
    """Return the solid part of a nodule, a subset of `mask`; `hu` is its box."""
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(hu.astype(np.float32), [0.5 / s for s in spacing_mm])
    return np.asarray(mask & (smooth > threshold_hu))
