"""Boxes of voxels: ``(k, j, i)`` slices with both bounds given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.maskregion import Box, Index

EMPTY: Box = (slice(0, 0), slice(0, 0), slice(0, 0))


def union(boxes: Iterable[Box]) -> Box:
    """Return the smallest box around those that are not empty."""
    full = [box for box in boxes if not is_empty(box)]
    if not full:
        return EMPTY
    k, j, i = (
        slice(min(s.start for s in axis), max(s.stop for s in axis))
        for axis in zip(*full, strict=True)
    )
    return k, j, i


def intersection(one: Box, other: Box) -> Box:
    """Return what two boxes share, perhaps nothing."""
    k, j, i = (
        slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    return EMPTY if is_empty((k, j, i)) else (k, j, i)


def is_empty(box: Box) -> bool:
    """Say whether a box holds no voxel."""
    return any(side.stop <= side.start for side in box)


def contains(outer: Box, inner: Box) -> bool:
    """Say whether `inner` lies within `outer`."""
    pairs = zip(outer, inner, strict=True)
    return all(o.start <= i.start and i.stop <= o.stop for o, i in pairs)


def marked(voxels: npt.NDArray[Any]) -> Box:
    """Return the box of what is not 0.

    Maxima along an axis run at the memory's speed, which `numpy.nonzero` does not.
    """
    plane = voxels.max(axis=0) if voxels.size else voxels
    if not plane.any():
        return EMPTY
    slices = voxels.reshape(voxels.shape[0], -1).max(axis=1)
    k, j, i = (_span(line) for line in (slices, plane.max(axis=1), plane.max(axis=0)))
    return k, j, i


def size(box: Box) -> Index:
    """Return the number of voxels of a box along each axis."""
    k, j, i = (max(side.stop - side.start, 0) for side in box)
    return k, j, i


def first(box: Box) -> Index:
    """Return the first voxel of a box."""
    k, j, i = (side.start for side in box)
    return k, j, i


def _span(line: npt.NDArray[Any]) -> slice:
    places = np.flatnonzero(line)
    return slice(int(places[0]), int(places[-1]) + 1)
