"""Nodules as they are marked in masks: all of them, or those that a change may concern."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.maskregion import Box, components_touching, dilated
from readingroom.reader import MaskChange
from readingroom.readers.lungnodule.display import LABELS
from readingroom.readers.lungnodule.scan import NODULE_LAYER, Part
from readingroom.reading import Masks, Segment

Labels = npt.NDArray[Any]


@dataclass(frozen=True)
class Marked:
    """A connected part of one nodule segment."""

    label: str
    part: Part


def all_marked(masks: Masks) -> list[Marked]:
    """Return the components of every nodule segment."""
    layer = masks.layers[NODULE_LAYER]
    box = _used(layer)
    return [] if box is None else _touching(layer.__getitem__, masks, box, layer.shape)


def marked_near(masks: Masks, changes: Sequence[MaskChange]) -> tuple[list[Marked], list[Marked]]:
    """Return the components that the changes may concern: as they were, and as they are.

    What changed has, before and after, a voxel in the changed box or beside it.
    """
    part = [change for change in changes if change.layer == NODULE_LAYER]
    if not part:
        return [], []
    layer = masks.layers[NODULE_LAYER]
    near = dilated(union([change.box for change in part]), 1, layer.shape)
    before = _touching(_Earlier(layer, part), masks, near, layer.shape)
    return before, _touching(layer.__getitem__, masks, near, layer.shape)


def union(boxes: Sequence[Box]) -> Box:
    """Return the smallest box that holds all of `boxes`."""
    k, j, i = (
        slice(min(b[axis].start for b in boxes), max(b[axis].stop for b in boxes))
        for axis in range(3)
    )
    return k, j, i


def meet(one: Box, other: Box) -> bool:
    """Say whether two boxes share a voxel."""
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))


def nodule_segments(masks: Masks) -> list[Segment]:
    """Return the segments that nodules are marked in."""
    return [s for s in masks.segments if s.name in LABELS]


class _Earlier:
    """A layer as it was before some changes, window by window."""

    def __init__(self, layer: Labels, changes: Sequence[MaskChange]) -> None:
        self._layer, self._changes = layer, changes

    def __call__(self, window: Box) -> Labels:
        labels = self._layer[window].copy()
        for change in reversed(self._changes):
            if not meet(change.box, window):
                continue
            sides = [
                (max(a.start, b.start), min(a.stop, b.stop))
                for a, b in zip(change.box, window, strict=True)
            ]
            here, there = (
                tuple(slice(a - s.start, b - s.start) for (a, b), s in zip(sides, box, strict=True))
                for box in (window, change.box)
            )
            labels[here] = change.before[there]
        return labels


def _touching(
    labels: Callable[[Box], Labels], masks: Masks, near: Box, shape: tuple[int, ...]
) -> list[Marked]:
    there = set(np.unique(labels(near)).tolist())
    found: list[Marked] = []
    for segment in nodule_segments(masks):
        if segment.value in there:

            def inside(window: Box, value: int = segment.value) -> npt.NDArray[np.bool_]:
                return np.asarray(labels(window) == value)

            parts = components_touching(inside, shape, near)
            found += [Marked(segment.name, Part(start, mask)) for start, mask in parts]
    return sorted(found, key=lambda one: (LABELS.index(one.label), _first_voxel(one.part)))


def _first_voxel(part: Part) -> tuple[int, ...]:
    first = np.unravel_index(int(part.mask.argmax()), part.mask.shape)
    return tuple(int(a) + b for a, b in zip(first, part.start, strict=True))


def _used(layer: Labels) -> Box | None:
    """Return the box of everything marked; maxima first, as most of a layer is empty."""
    plane = layer.max(axis=0, initial=0)
    if not plane.any():
        return None
    lines: Iterable[Labels] = (
        layer.reshape(layer.shape[0], -1).max(axis=1),
        plane.max(axis=1),
        plane.max(axis=0),
    )
    ends = [np.flatnonzero(line)[[0, -1]] for line in lines]
    k, j, i = (slice(int(a), int(b) + 1) for a, b in ends)
    return k, j, i
