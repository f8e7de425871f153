"""Lesions as they are marked in masks: all of them, or those that a change may concern."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.imaging.geometry import Axes
from readingroom.maskregion import Box, components_touching, dilated
from readingroom.reader import MaskChange
from readingroom.readers.cacs.findings import Scoring
from readingroom.readers.cacs.lesion import LABELS, Lesion
from readingroom.reading import Masks, Segment

Labels = npt.NDArray[Any]
_RANK = {26: 3, 18: 2, 6: 1}


@dataclass(frozen=True)
class Marked:
    """A lesion with the segment that it is marked in."""

    label: str
    lesion: Lesion


def all_marked(masks: Masks, scoring: Scoring) -> list[Marked]:
    """Return the lesions of every lesion segment."""
    found = []
    for number, layer in enumerate(masks.layers):
        boxes = _boxes_of_values(layer)
        for segment in _lesion_segments(masks, number):
            if segment.value in boxes:
                box = canonical_box(scoring.image.axes, boxes[segment.value], layer.shape)
                mask = scoring.image.axes.forward(layer)[box] == segment.value
                found += [Marked(segment.name, one) for one in scoring.lesions_in(box, mask)]
    return _in_order(found, masks)


def marked_near(
    masks: Masks, scoring: Scoring, changes: Sequence[MaskChange]
) -> tuple[list[Marked], list[Marked]]:
    """Return the lesions that the changes may concern: as they were, and as they are.

    A lesion that changed has, before and after, a voxel in the changed box or beside it:
    every piece of it was joined to the others there.
    """
    before: list[Marked] = []
    after: list[Marked] = []
    for number in sorted({change.layer for change in changes}):
        part = [change for change in changes if change.layer == number]
        layer = scoring.image.axes.forward(masks.layers[number])
        near = dilated(_union(part, scoring.image.axes, masks.layers[number].shape), 1, layer.shape)
        segments = _lesion_segments(masks, number)
        before += _touching(_Earlier(layer, part, scoring.image.axes), segments, near, scoring)
        after += _touching(layer.__getitem__, segments, near, scoring)
    return _in_order(before, masks), _in_order(after, masks)


def canonical_box(axes: Axes, box: Box, shape: tuple[int, ...]) -> Box:
    """Return the place in the canonical array of a `box` of the native one of `shape`."""
    sides = []
    for native, flip in zip(axes.order, axes.flipped, strict=True):
        first, last = box[native].start, box[native].stop
        size = shape[native]
        sides.append(slice(size - last, size - first) if flip else slice(first, last))
    return sides[0], sides[1], sides[2]


class _Earlier:
    """A canonical layer as it was before some changes, window by window."""

    def __init__(self, layer: Labels, changes: Sequence[MaskChange], axes: Axes) -> None:
        native = axes.backward(layer).shape
        self._layer = layer
        self._changes = [
            (canonical_box(axes, change.box, native), axes.forward(change.before))
            for change in reversed(changes)
        ]

    def __call__(self, window: Box) -> Labels:
        labels = self._layer[window].copy()
        for box, before in self._changes:
            common = _common(box, window)
            if common is not None:
                labels[_within(common, window)] = before[_within(common, box)]
        return labels


def _touching(
    labels: Callable[[Box], Labels], segments: list[Segment], near: Box, scoring: Scoring
) -> list[Marked]:
    shape, hu = scoring.image.array.shape, scoring.image.array
    there = set(np.unique(labels(near)).tolist())
    found = []
    for segment in segments:
        if segment.value not in there:
            continue

        def inside(window: Box, value: int = segment.value) -> npt.NDArray[np.bool_]:
            return np.asarray((labels(window) == value) & scoring.above(hu[window]))

        parts = components_touching(inside, shape, near, _RANK[scoring.connectivity])
        found += [
            Marked(segment.name, Lesion(start, mask))
            for start, mask in parts
            if scoring.counts(mask)
        ]
    return found


def _lesion_segments(masks: Masks, layer: int) -> list[Segment]:
    return [s for s in masks.segments if s.layer == layer and s.name in LABELS]


def _boxes_of_values(layer: Labels) -> dict[int, Box]:
    """Return the bounding box of each value; maxima first, as most of a layer is empty."""
    from scipy import ndimage

    plane = layer.max(axis=0, initial=0)
    if not plane.any():
        return {}
    lines = (layer.reshape(layer.shape[0], -1).max(axis=1), plane.max(axis=1), plane.max(axis=0))
    ends = [np.flatnonzero(line)[[0, -1]] for line in lines]
    outer = tuple(slice(int(a), int(b) + 1) for a, b in ends)
    found = {}
    for value, box in enumerate(ndimage.find_objects(layer[outer]), 1):
        if box is not None:
            k, j, i = (
                slice(o.start + b.start, o.start + b.stop) for o, b in zip(outer, box, strict=True)
            )
            found[value] = (k, j, i)
    return found


def _in_order(found: list[Marked], masks: Masks) -> list[Marked]:
    """Sort by segment, then by first voxel, whichever way they were found."""
    rank = {name: n for n, name in enumerate(masks.names())}
    return sorted(found, key=lambda one: (rank[one.label], _first_voxel(one.lesion)))


def _first_voxel(lesion: Lesion) -> tuple[int, ...]:
    first = np.unravel_index(int(lesion.mask.argmax()), lesion.mask.shape)
    return tuple(int(a) + b for a, b in zip(first, lesion.origin, strict=True))


def _union(changes: Sequence[MaskChange], axes: Axes, shape: tuple[int, ...]) -> Box:
    boxes = [canonical_box(axes, change.box, shape) for change in changes]
    k, j, i = (
        slice(min(b[axis].start for b in boxes), max(b[axis].stop for b in boxes))
        for axis in range(3)
    )
    return k, j, i


def _common(one: Box, other: Box) -> Box | None:
    k, j, i = (
        slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(one, other, strict=True)
    )
    return (k, j, i) if all(s.start < s.stop for s in (k, j, i)) else None


def _within(box: Box, outer: Box) -> Box:
    k, j, i = (slice(b.start - o.start, b.stop - o.start) for b, o in zip(box, outer, strict=True))
    return k, j, i
