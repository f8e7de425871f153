"""One click on calcium that was missed: outlined at the scoring threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.maskregion import Box, component_at, dilated
from readingroom.reader import Growth, Index
from readingroom.readers.cacs.components import oversized
from readingroom.readers.cacs.findings import Scoring
from readingroom.readers.cacs.lesion import Lesion
from readingroom.readers.cacs.ownership import native_box
from readingroom.reading import Masks, Segment

Mask = npt.NDArray[np.bool_]

#: A click may miss the calcium by this much.
SNAP_MM = 3.0
#: What reaches farther than this from the click is no plaque.
_REACH_MM = 40.0
#: Bones that the machine outlined; calcium that grows into them is their cortex.
_BONES = ("SPINE", "RIBS", "STERNUM")
_IN_BONE = 0.2
_RANK = {26: 3, 18: 2, 6: 1}


def grow(
    masks: Masks, scoring: Scoring, position_lps_mm: tuple[float, float, float], label: str
) -> Growth:
    """Return the box of the lesion layer with the calcium at a click marked as `label`.

    The seed is the brightest voxel within `SNAP_MM` that is not marked; the lesion is its
    component at the threshold, connected as the machine's candidates are. Voxels of other
    segments stay.

    Raises
    ------
    RefusedInput
        ``NOTHING_TO_GROW``, ``GROWTH_LEAKS``.
    """
    target = next(s for s in masks.segments if s.name == label)
    seed = _seed(masks, scoring, target, position_lps_mm)
    start, mask = _component(scoring, seed)
    _refuse_leak(masks, scoring, start, mask)
    return _growth(masks, scoring, target, start, mask)


def _seed(
    masks: Masks, scoring: Scoring, target: Segment, position: tuple[float, float, float]
) -> Index:
    """Return the brightest voxel near a position that is not marked yet."""
    at = scoring.index(position)
    shape = scoring.image.array.shape
    if not all(0 <= x < n for x, n in zip(at, shape, strict=True)):
        raise _nothing("The place is outside the images.", "Click on the calcium.")
    box, near = _sphere(scoring, at)
    calcium = near & scoring.above(scoring.image.array[box])
    if not calcium.any():
        raise _nothing(
            f"Nothing within {SNAP_MM:g} mm reaches {scoring.threshold_hu:.0f} HU.",
            "Click on the calcium itself, or paint it.",
        )
    # A lesion found already may be the brighter one: the click means what is missing.
    missed = calcium & (scoring.image.axes.forward(masks.layers[target.layer])[box] == 0)
    if not missed.any():
        raise _marked()
    hu = np.where(missed, scoring.image.array[box].astype(np.float32), -np.inf)
    best = np.unravel_index(int(hu.argmax()), hu.shape)
    k, j, i = (int(b) + side.start for b, side in zip(best, box, strict=True))
    return k, j, i


def _sphere(scoring: Scoring, at: Index) -> tuple[Box, Mask]:
    """Return the box around a voxel and which of its voxels lie within `SNAP_MM`."""
    spacing, shape = scoring.image.spacing_mm, scoring.image.array.shape
    reach = [int(SNAP_MM / step) for step in spacing]
    k, j, i = (
        slice(max(x - r, 0), min(x + r + 1, n)) for x, r, n in zip(at, reach, shape, strict=True)
    )
    squares = [
        ((np.arange(side.start, side.stop) - x) * step) ** 2
        for side, x, step in zip((k, j, i), at, spacing, strict=True)
    ]
    distance = squares[0][:, None, None] + squares[1][:, None] + squares[2]
    return (k, j, i), np.asarray(distance <= SNAP_MM**2)


def _component(scoring: Scoring, seed: Index) -> tuple[Index, Mask]:
    """Return the component at the threshold around `seed`, as far as it may reach."""
    image = scoring.image
    k, j, i = (slice(x, x + 1) for x in seed)
    window: Box = (k, j, i)
    reach = [int(np.ceil(_REACH_MM / step)) for step in image.spacing_mm]
    sides = [dilated(window, r, image.array.shape)[axis] for axis, r in enumerate(reach)]
    window = (sides[0], sides[1], sides[2])
    above = scoring.above(image.array[window])
    inside = tuple(x - s.start for x, s in zip(seed, window, strict=True))
    rank = _RANK[scoring.connectivity]
    start, mask = component_at(above, True, (inside[0], inside[1], inside[2]), rank)
    for axis, (first, side) in enumerate(zip(start, window, strict=True)):
        last = first + mask.shape[axis]
        cut_low = first == 0 and side.start > 0
        cut_high = last == side.stop - side.start and side.stop < image.array.shape[axis]
        if cut_low or cut_high:
            raise _leaks()
    k0, j0, i0 = (a + s.start for a, s in zip(start, window, strict=True))
    return (k0, j0, i0), mask


def _refuse_leak(masks: Masks, scoring: Scoring, start: Index, mask: Mask) -> None:
    if oversized(Lesion(start, mask), scoring.image.spacing_mm):
        raise _leaks()
    box = Lesion(start, mask).box
    bone = np.zeros(mask.shape, np.bool_)
    for segment in masks.segments:
        if segment.name in _BONES:
            layer = scoring.image.axes.forward(masks.layers[segment.layer])
            bone |= layer[box] == segment.value
    if np.count_nonzero(bone & mask) > _IN_BONE * np.count_nonzero(mask):
        raise _leaks()


def _growth(masks: Masks, scoring: Scoring, target: Segment, start: Index, mask: Mask) -> Growth:
    axes = scoring.image.axes
    box = native_box(scoring, Lesion(start, mask).box)
    voxels: Any = masks.layers[target.layer][box].copy()
    free = axes.backward(mask) & (voxels == 0)
    voxels[free] = target.value
    if not scoring.counts(axes.forward(voxels == target.value) & mask):
        raise _nothing("The bright spot there is too small to count.", "Leave it, or paint it.")
    return Growth(target.layer, (box[0].start, box[1].start, box[2].start), voxels, target.name)


def _nothing(what_happened: str, what_to_do: str) -> RefusedInput:
    return RefusedInput("NOTHING_TO_GROW", what_happened, what_to_do)


def _marked() -> RefusedInput:
    return _nothing(
        "This calcium is marked already.", "Click on it with the tool that changes its class."
    )


def _leaks() -> RefusedInput:
    return RefusedInput(
        "GROWTH_LEAKS",
        "At the scoring threshold this calcium runs into bone, contrast agent or metal.",
        "Paint it with the threshold brush instead.",
    )
