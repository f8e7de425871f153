"""One marked part as several: divided at its necks, or island by island."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.maskregion import Index, divided
from readingroom.reading import Masks, Segment

Mask = npt.NDArray[np.bool_]
Spacing = tuple[float, float, float]

#: A part must be at least this share of the whole, and its core this much deeper than the neck.
_LEAST_SHARE, _DEEPER = 0.05, 1.2
#: Depths that are tried as the depth of a neck.
_DEPTHS = 24
#: How far the colour of each further segment goes towards white.
_LIGHTER = 0.3


def parts_of(mask: Mask, spacing_mm: Spacing) -> npt.NDArray[np.int32]:
    """Return the parts of a mask, numbered from 1, the largest first; 0 outside.

    Islands (26 neighbours) are parts. A mask in one piece is divided at its narrowest neck:
    there must be a depth below which it falls into pieces that are clearly thicker than the
    neck. One part where there is none.
    """
    numbers, count = _labelled(mask)
    if count > 1:
        return _by_size(numbers)
    return _by_size(divided(mask, _cores(mask, spacing_mm), spacing_mm))


def with_gap(parts: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return parts that no longer touch: of two, the smaller one gives its border voxels.

    Parameters
    ----------
    parts : ndarray of int, ``[k, j, i]``
        As of `parts_of`.
    """
    kept = parts.copy()
    framed = np.pad(parts, 1)
    largest_near = np.zeros_like(parts)
    for shift in np.ndindex(3, 3, 3):
        near = framed[tuple(slice(s, s + n) for s, n in zip(shift, parts.shape, strict=True))]
        smaller = np.where(near > 0, near, parts)
        largest_near = np.where(largest_near == 0, smaller, np.minimum(largest_near, smaller))
    kept[(parts > 0) & (largest_near < parts)] = 0
    return kept


def split_segment(masks: Masks, name: str, smallest: int = 1) -> Masks | None:
    """Return masks in which every island of a segment but the largest is a segment of its own.

    They are called ``NAME_2``, ``NAME_3`` … and keep the segment's terminology. None if there
    is but one island.

    Parameters
    ----------
    smallest : int
        Islands of fewer voxels stay with the segment.
    """
    own = next(segment for segment in masks.segments if segment.name == name)
    layer = masks.layers[own.layer]
    numbers, _ = _labelled(np.asarray(layer == own.value))
    islands = _by_size(numbers)
    sizes = np.bincount(islands.ravel())
    further = [n for n in range(2, len(sizes)) if sizes[n] >= smallest]
    if not further:
        return None
    wide = layer.astype(np.uint16) if _largest(masks, own.layer) + len(further) > 255 else layer
    fresh = wide.copy()
    made = _further(masks, own, len(further))
    for number, segment in zip(further, made, strict=True):
        fresh[islands == number] = segment.value
    layers = [fresh if n == own.layer else one for n, one in enumerate(masks.layers)]
    return Masks(layers, masks.ijk_to_lps, [*masks.segments, *made])


def _further(masks: Masks, own: Segment, count: int) -> list[Segment]:
    taken, value = set(masks.names()), _largest(masks, own.layer)
    made: list[Segment] = []
    number = 1
    while len(made) < count:
        number += 1
        name = f"{own.name}_{number}"
        if name not in taken:
            value += 1
            made.append(replace(own, name=name, value=value, color=_lighter(own, number)))
    return made


def _lighter(own: Segment, number: int) -> tuple[float, float, float]:
    share = 1.0 - (1.0 - _LIGHTER) ** (number - 1)
    red, green, blue = (round(c + (1.0 - c) * share, 3) for c in own.color)
    return red, green, blue


def _largest(masks: Masks, layer: int) -> int:
    return max((s.value for s in masks.segments if s.layer == layer), default=0)


def _cores(mask: Mask, spacing_mm: Spacing) -> Sequence[Index]:
    """Return the deepest voxel of each piece beyond the shallowest neck that divides a mask."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing_mm)[1:-1, 1:-1, 1:-1]
    deepest = float(depth.max(initial=0.0))
    for neck in np.linspace(min(spacing_mm), deepest, _DEPTHS, endpoint=False):
        pieces, count = _labelled(depth > neck)
        found = [_deepest(np.where(pieces == number, depth, 0.0)) for number in range(1, count + 1)]
        thick = [at for at in found if depth[at] >= _DEEPER * neck]
        if len(thick) > 1 and _all_large(mask, thick, spacing_mm):
            return thick
    return [_deepest(depth)]


def _all_large(mask: Mask, cores: Sequence[Index], spacing_mm: Spacing) -> bool:
    sizes = np.bincount(divided(mask, cores, spacing_mm)[mask])[1:]
    return bool(sizes.min() >= _LEAST_SHARE * mask.sum())


def _deepest(depth: npt.NDArray[Any]) -> Index:
    k, j, i = (int(x) for x in np.unravel_index(int(depth.argmax()), depth.shape))
    return k, j, i


def _labelled(mask: Mask) -> tuple[npt.NDArray[np.int32], int]:
    from scipy import ndimage

    numbers, count = ndimage.label(mask, np.ones((3, 3, 3)))
    return np.asarray(numbers, np.int32), int(count)


def _by_size(numbers: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Renumber parts from 1, the largest first."""
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")[: int((sizes > 0).sum())]
    rank = np.zeros(len(sizes), np.int32)
    rank[order] = np.arange(1, len(order) + 1)
    return np.asarray(rank[numbers])
