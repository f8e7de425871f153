"""Tell a nodule from the vessels and walls it touches: growth, opening, leaks.

The nodule is what a ball can sweep that is half as wide as the largest ball inside it: a
vessel or a spicule is narrower and stays behind (Kostis et al., IEEE Trans Med Imaging
22:1259, 2003; Kuhnigk et al., IEEE Trans Med Imaging 25:417, 2006).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Index = tuple[int, int, int]
Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]

#: Radius of the sweeping ball as a share of the largest ball inside, and how much of the
#: ball around it the result must fill: lobulations pass, vessels ask for the next one.
_NECKS = ((0.5, 0.34), (0.68, 0.0), (0.85, 0.0))
#: A component that fills this share of the ball around it has nothing to cut off.
_COMPACT = 0.42


@dataclass(frozen=True)
class Body:
    """One connected, cut body.

    Attributes
    ----------
    mask : ndarray of bool
    radius_mm : float
        Of the largest ball inside.
    cut : bool
        Whether something was cut off.
    at_edge : bool
        Whether it still reaches the edge of the box: it leaks.
    """

    mask: Mask
    radius_mm: float
    cut: bool
    at_edge: bool


def component_near(mask: Mask, seed: Index, reach: int) -> Mask:
    """Return the component of `mask` at `seed`, or the one nearest within `reach` voxels."""
    numbers, _ = ndimage.label(mask)
    if numbers[seed]:
        return np.asarray(numbers == numbers[seed])
    near = tuple(slice(max(s - reach, 0), s + reach + 1) for s in seed)
    places = np.argwhere(numbers[near] > 0) + [n.start for n in near]
    if not len(places):
        return np.zeros_like(mask)
    best = places[np.abs(places - seed).sum(1).argmin()]
    return np.asarray(numbers == numbers[tuple(best)])


def cut_free(grown: Mask, seed: Index, step_mm: float) -> Body:
    """Return the part of `grown` around `seed` without what hangs on it by a neck.

    Parameters
    ----------
    grown : ndarray of bool
        One component on an isotropic grid of `step_mm`.
    """
    depth = ndimage.distance_transform_edt(np.pad(grown, 1))[1:-1, 1:-1, 1:-1] * step_mm
    peak = _climbed(depth, seed)
    radius = float(depth[peak])
    if _fill(grown) > _COMPACT:
        return Body(grown, radius, False, touches_edge(grown))
    mask = grown
    for neck, fill in _NECKS:
        mask = _swept(depth, peak, max(neck * radius, 0.8 * step_mm), step_mm) & grown
        if not touches_edge(mask) and _fill(mask) >= fill:
            break
    return Body(mask, radius, bool(mask.sum() < 0.97 * grown.sum()), touches_edge(mask))


def _swept(depth: npt.NDArray[np.float64], peak: Index, neck_mm: float, step_mm: float) -> Mask:
    """Return what a ball of `neck_mm` reaches from `peak` without leaving the body."""
    core = component_near(depth > neck_mm, peak, 2)
    if not core.any():
        return depth > 0
    return np.asarray(ndimage.distance_transform_edt(~core) * step_mm <= neck_mm + 0.35 * step_mm)


def touches_edge(mask: Mask) -> bool:
    """Say whether `mask` reaches the edge of its array."""
    return any(bool(mask.take(end, axis=axis).any()) for axis in range(3) for end in (0, -1))


def _climbed(depth: npt.NDArray[np.float64], seed: Index) -> Index:
    """Return the deepest place that a climb from `seed` reaches, three voxels at a time."""
    at = seed
    while True:
        near = tuple(slice(max(a - 3, 0), a + 4) for a in at)
        part = depth[near]
        best = np.unravel_index(int(part.argmax()), part.shape)
        k, j, i = (int(b) + n.start for b, n in zip(best, near, strict=True))
        if depth[k, j, i] <= depth[at]:
            return at
        at = (k, j, i)


def _fill(body: Mask) -> float:
    """Return the share of the ball around its centre that `body` fills, 0…1."""
    places = np.argwhere(body)
    if not len(places):
        return 0.0
    reach = float(np.sqrt(((places - places.mean(0)) ** 2).sum(1).max())) + 0.5
    return float(len(places) / (4.19 * reach**3))
