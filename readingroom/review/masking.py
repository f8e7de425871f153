"""Masks under correction: room for every class, neighbours kept, foreign masks adopted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.maskregion import Box, Index
from readingroom.reader import FindingClass
from readingroom.reading import Masks, Segment
from readingroom.terminology import segment

Labels = npt.NDArray[np.unsignedinteger[Any]]
#: A voxel centre may lie this far from the image's own, mm.
_TOLERANCE_MM = 1e-3


def with_classes(masks: Masks, classes: Sequence[FindingClass]) -> Masks:
    """Return `masks` with a segment for every class, so that a person can paint any.

    New ones go to the layer where most classes are; layers are shared with `masks`.
    """
    names = {one.label for one in classes}
    missing = [one.label for one in classes if one.label not in masks.names()]
    if not missing:
        return masks
    layers, segments = list(masks.layers), list(masks.segments)
    homes = [s.layer for s in segments if s.name in names]
    fresh = len(layers) if segments else 0
    home = max(set(homes), key=homes.count) if homes else fresh
    if home == len(layers):
        layers.append(np.zeros(layers[0].shape, np.uint8))
    order = {one.label: value for value, one in enumerate(classes, 1)}
    for name in missing:
        taken = {s.value for s in segments if s.layer == home}
        value = order[name] if order[name] not in taken else max(taken) + 1
        segments.append(segment(name, home, value))
    return Masks(layers, masks.ijk_to_lps, segments)


def in_use(masks: Masks, always: Collection[str]) -> Masks:
    """Return `masks` without empty segments, but with those named in `always`."""
    there = [set(np.unique(layer[layer > 0]).tolist()) for layer in masks.layers]
    kept = [s for s in masks.segments if s.name in always or s.value in there[s.layer]]
    return Masks(masks.layers, masks.ijk_to_lps, kept)


def keeping_neighbours(old: Labels, new: Labels) -> Labels:
    """Return `new`, but what belonged to another segment stays with it."""
    return np.where((old != 0) & (new != 0), old, new)


def shared(
    start: Index, mask: npt.NDArray[np.bool_], other_start: Index, other: npt.NDArray[np.bool_]
) -> bool:
    """Say whether two boxes of voxels have a voxel in common."""
    first = np.maximum(start, other_start)
    last = np.minimum(np.add(start, mask.shape), np.add(other_start, other.shape))
    if (first >= last).any():
        return False
    pieces = [
        part[tuple(slice(a - o, b - o) for a, b, o in zip(first, last, origin, strict=True))]
        for part, origin in ((mask, start), (other, other_start))
    ]
    return bool((pieces[0] & pieces[1]).any())


def check_box(masks: Masks, layer: int, start: Sequence[int], voxels: npt.NDArray[Any]) -> Box:
    """Return the index of a box of `layer`.

    Raises
    ------
    RefusedInput
        ``MASK_GEOMETRY`` if the box lies outside or the layer is not there,
        ``MASK_LABEL_UNKNOWN`` if a value belongs to no segment.
    """
    if not 0 <= layer < len(masks.layers) or voxels.ndim != 3:
        raise _geometry("has other layers")
    k, j, i = (slice(int(a), int(a) + n) for a, n in zip(start, voxels.shape, strict=True))
    shape = masks.layers[layer].shape
    if any(s.start < 0 or s.stop > n for s, n in zip((k, j, i), shape, strict=True)):
        raise _geometry("reaches beyond the images")
    known = {s.value for s in masks.segments if s.layer == layer} | {0}
    if not known.issuperset(np.unique(voxels).tolist()):
        raise RefusedInput(
            "MASK_LABEL_UNKNOWN",
            "The mask holds a label that belongs to no segment.",
            "Give every part of the mask a segment with a name.",
        )
    return k, j, i


def adopted(ours: Masks, theirs: Masks) -> Masks:
    """Return `ours` with the segments of `theirs` in place of those of the same name.

    Segments that `theirs` does not name keep their voxels. Names that `ours` does not
    know get a layer of their own. The layers that differ are new arrays.

    Raises
    ------
    RefusedInput
        ``MASK_GEOMETRY`` if the grids differ.
    """
    check_grid(ours, theirs)
    if arrangement(ours) == arrangement(theirs) and _same_types(ours, theirs):
        return Masks(list(theirs.layers), ours.ijk_to_lps, ours.segments)
    segments = [*ours.segments, *_foreign(ours, theirs)]
    home = {s.name: s for s in segments}
    layers = [layer.copy() for layer in ours.layers]
    shape = layers[0].shape
    layers += [np.zeros(shape, np.uint8) for _ in range(len(segments) - len(ours.segments))]
    for name in theirs.names():
        layer = layers[home[name].layer]
        layer[layer == home[name].value] = 0
    for name in theirs.names():
        layer = layers[home[name].layer]
        layer[theirs.mask(name) & (layer == 0)] = home[name].value
    return Masks(layers, ours.ijk_to_lps, segments)


def arrangement(masks: Masks) -> set[tuple[str, int, int]]:
    """Return name, layer and value of every segment."""
    return {(s.name, s.layer, s.value) for s in masks.segments}


def check_grid(ours: Masks, theirs: Masks) -> None:
    """Refuse masks on another grid (``MASK_GEOMETRY``)."""
    shape = ours.layers[0].shape
    if any(layer.shape != shape for layer in theirs.layers):
        raise _geometry("has another size")
    k, j, i = shape
    corners = np.array([[a, b, c, 1.0] for a in (0, i) for b in (0, j) for c in (0, k)])
    apart = corners @ (ours.ijk_to_lps - theirs.ijk_to_lps).T
    if np.abs(apart).max() > _TOLERANCE_MM:
        raise _geometry("lies elsewhere in the patient")


def _same_types(ours: Masks, theirs: Masks) -> bool:
    return [x.dtype for x in ours.layers] == [x.dtype for x in theirs.layers]


def _foreign(ours: Masks, theirs: Masks) -> Iterable[Segment]:
    unknown = [s for s in theirs.segments if s.name not in ours.names()]
    for number, one in enumerate(unknown):
        yield replace(one, layer=len(ours.layers) + number, value=1)


def _geometry(fact: str) -> RefusedInput:
    return RefusedInput(
        "MASK_GEOMETRY",
        f"The mask {fact}.",
        "Draw it on the images of this reading, and save it with them as its reference.",
    )
