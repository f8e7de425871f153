"""Connected parts of a label map near a place, without walking the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

Box = tuple[slice, slice, slice]
Index = tuple[int, int, int]
Labels = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

#: Voxels by which a window first exceeds what is asked about.
_MARGIN = 6


def component_at(
    labels: Labels, value: int, at: Index, connectivity_rank: int = 3
) -> tuple[Index, Mask]:
    """Return the component of ``labels == value`` that holds the voxel `at`.

    Returns
    -------
    start : tuple of int
        First ``(k, j, i)`` of the component's box.
    mask : ndarray of bool, ``[k, j, i]``
        Empty if `at` is outside or not labelled so.
    """
    inside = all(0 <= x < n for x, n in zip(at, labels.shape, strict=True))
    if not inside or labels[at] != value:
        return at, np.zeros((0, 0, 0), np.bool_)
    k, j, i = (slice(x, x + 1) for x in at)
    shape = labels.shape
    return next(
        components_touching(lambda box: labels[box] == value, shape, (k, j, i), connectivity_rank)
    )


def components_touching(
    inside: Callable[[Box], Mask],
    shape: tuple[int, ...],
    box: Box,
    connectivity_rank: int = 3,
) -> Iterator[tuple[Index, Mask]]:
    """Yield the components that have a voxel in `box`, whole, in the order of first voxels.

    Parameters
    ----------
    inside : callable
        Returns the mask of a window ``[k, j, i]``; asked again for larger windows until
        every component that touches `box` ends within.
    connectivity_rank : {3, 2, 1}
        26, 18 or 6 neighbours.
    """
    from scipy import ndimage

    structure = ndimage.generate_binary_structure(3, connectivity_rank)
    window = dilated(box, _MARGIN, shape)
    while True:
        numbers, _ = ndimage.label(inside(window), structure)
        near = relative(box, window)
        chosen = [int(n) for n in np.unique(numbers[near]) if n]
        boxes = ndimage.find_objects(numbers)
        wider = _widened(window, [boxes[n - 1] for n in chosen], shape)
        if wider == window:
            break
        window = wider
    for number in chosen:
        part = boxes[number - 1]
        start = [w.start + p.start for w, p in zip(window, part, strict=True)]
        yield (start[0], start[1], start[2]), numbers[part] == number


def divided(
    mask: Mask, places: Sequence[Index], spacing_mm: tuple[float, float, float]
) -> npt.NDArray[np.int32]:
    """Divide a mask among `places` in it, at its narrowest parts.

    Parameters
    ----------
    mask : ndarray of bool, ``[k, j, i]``
    places : sequence of tuple of int
        ``(k, j, i)``, each inside `mask`.
    spacing_mm : tuple of float
        Along ``(k, j, i)``.

    Returns
    -------
    ndarray of int32, ``[k, j, i]``
        Number of the place, counted from 1, that each voxel belongs to; 0 outside `mask`.
        The watershed of the depth in the mask: deterministic, and the same again for the
        same places.
    """
    from scipy import ndimage

    # Its annotations are partial; the result is checked by `asarray`.
    watershed: Any = import_module("skimage.segmentation").watershed

    # Padded, since the end of the box is the end of the mask.
    depth = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing_mm)[1:-1, 1:-1, 1:-1]
    seeds = np.zeros(mask.shape, np.int32)
    for number, place in enumerate(places, 1):
        seeds[place] = number
    touching = ndimage.generate_binary_structure(3, 3)
    return np.asarray(watershed(-depth, seeds, touching, mask=mask), np.int32)


def innermost(mask: Mask, spacing_mm: tuple[float, float, float]) -> Index:
    """Return the ``(k, j, i)`` of the voxel of `mask` that lies farthest from its outside."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing_mm)[1:-1, 1:-1, 1:-1]
    k, j, i = (int(x) for x in np.unravel_index(int(depth.argmax()), mask.shape))
    return k, j, i


def dilated(box: Box, by: int, shape: tuple[int, ...]) -> Box:
    """Return `box` with `by` more voxels on every side, inside an array of `shape`."""
    k, j, i = (
        slice(max(s.start - by, 0), min(s.stop + by, n)) for s, n in zip(box, shape, strict=True)
    )
    return k, j, i


def relative(box: Box, window: Box) -> Box:
    """Return the index of `box` inside the array cut out by `window`."""
    k, j, i = (slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, window, strict=True))
    return k, j, i


def _widened(window: Box, parts: list[Box], shape: tuple[int, ...]) -> Box:
    """Return `window` doubled on the sides that a part reaches and the array exceeds."""
    sides = []
    for axis, (w, n) in enumerate(zip(window, shape, strict=True)):
        size = w.stop - w.start
        low = any(part[axis].start == 0 for part in parts)
        high = any(part[axis].stop == size for part in parts)
        sides.append(
            slice(max(w.start - size * low, 0), min(w.stop + size * high, n)),
        )
    return sides[0], sides[1], sides[2]
