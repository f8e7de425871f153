"""Which painted voxels belong to which lesion."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.maskregion import components_touching
from readingroom.reader import Index
from readingroom.readers.cacs.findings import Scoring
from readingroom.reading import Finding, Masks

Mask = npt.NDArray[np.bool_]
_NOTHING = (0, 0, 0), np.zeros((0, 0, 0), np.bool_)


def voxels_of(masks: Masks, finding: Finding, scoring: Scoring) -> tuple[Index, Mask]:
    """Return the voxels of a finding's segment that move with it, on the native grid.

    These are the lesion's own and the painted ones around it that do not count because
    they are below the threshold or too few; such voxels between two lesions go with the
    nearer one.
    """
    found = next((s for s in masks.segments if s.name == finding.mask_segment), None)
    at = scoring.index(finding.position_lps_mm)
    shape = scoring.image.array.shape
    if found is None or not all(0 <= x < n for x, n in zip(at, shape, strict=True)):
        return _NOTHING
    layer = scoring.image.axes.forward(masks.layers[found.layer])
    if layer[at] != found.value:
        return _NOTHING
    k, j, i = (slice(x, x + 1) for x in at)
    start, painted = next(
        components_touching(lambda box: layer[box] == found.value, shape, (k, j, i))
    )
    own = painted & _nearest_to(start, painted, at, scoring)
    return _native(start, own, scoring)


def _nearest_to(start: Index, painted: Mask, at: Index, scoring: Scoring) -> Mask:
    """Say which voxels are nearer to the lesion at `at` than to any other in `painted`."""
    from scipy import ndimage

    k, j, i = (slice(a, a + n) for a, n in zip(start, painted.shape, strict=True))
    lesions = scoring.lesions_in((k, j, i), painted)
    if len(lesions) < 2:
        return painted
    numbers = np.zeros(painted.shape, np.int32)
    for number, lesion in enumerate(lesions, 1):
        inside = tuple(
            slice(b.start - a, b.stop - a) for a, b in zip(start, lesion.box, strict=True)
        )
        numbers[inside][lesion.mask] = number
    nearest: Any = ndimage.distance_transform_edt(
        numbers == 0,
        sampling=scoring.image.spacing_mm,
        return_distances=False,
        return_indices=True,
    )
    spread = numbers[tuple(nearest)]
    return np.asarray(spread == spread[tuple(a - b for a, b in zip(at, start, strict=True))])


def _native(start: Index, mask: Mask, scoring: Scoring) -> tuple[Index, Mask]:
    axes = scoring.image.axes
    k, j, i = (slice(a, a + n) for a, n in zip(start, mask.shape, strict=True))
    box = native_box(scoring, (k, j, i))
    return (box[0].start, box[1].start, box[2].start), np.ascontiguousarray(axes.backward(mask))


def native_box(scoring: Scoring, box: tuple[slice, slice, slice]) -> tuple[slice, slice, slice]:
    """Return the place in the native array of a box of the canonical one."""
    axes, shape = scoring.image.axes, scoring.image.array.shape
    sides = [slice(0, 0)] * 3
    for canonical, (native, flip) in enumerate(zip(axes.order, axes.flipped, strict=True)):
        first, last = box[canonical].start, box[canonical].stop
        size = shape[canonical]
        sides[native] = slice(size - last, size - first) if flip else slice(first, last)
    return sides[0], sides[1], sides[2]
