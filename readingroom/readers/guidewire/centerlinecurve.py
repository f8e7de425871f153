"""Curves through pixels: gaps bridged along minimal paths, sub-pixel places, smooth splines."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import interpolate, ndimage

from readingroom.readers.guidewire.centerlinelink import Piece, end_direction
from readingroom.readers.guidewire.skeleton import Chain

Map = npt.NDArray[np.float32]

#: Half length of the profile across a device, and its step, px.
_PROFILE_PX, _PROFILE_STEP = 6.0, 0.5
#: How far a profile may move a point, px.
_SHIFT_PX = 2.0
#: Distance of the places where profiles are taken, px.
_TAKEN_PX = 2
#: Room around a gap for its path, and cost of a pixel without evidence.
_ROOM_PX, _NO_EVIDENCE = 10, 0.04
#: A path may leave the smooth way across a gap by about this much, px.
_TUBE_PX = 4.0


def joined(pieces: list[Piece], seen: Map) -> Chain:
    """Return the pieces of one device as one curve, with paths across the gaps between."""
    parts = [pieces[0].points]
    for one, other in itertools.pairwise(pieces):
        parts += [bridge(one.points, other.points, seen), other.points]
    return np.concatenate(parts)


def bridge(one: Chain, other: Chain, seen: Map) -> Chain:
    """Return the points between the end of `one` and the start of `other`, both left out.

    The path of least cost through `seen` (probability 0…1) near the cubic Hermite curve
    that leaves and enters in the ends' directions.
    """
    from skimage.graph import route_through_array

    smooth = _hermite(one, other)
    if len(smooth) <= 4:
        return smooth
    low = np.maximum(np.floor(smooth.min(axis=0)).astype(int) - _ROOM_PX, 0)
    high = np.minimum(np.ceil(smooth.max(axis=0)).astype(int) + _ROOM_PX + 1, seen.shape[::-1])
    box = seen[low[1] : high[1], low[0] : high[0]]
    line = np.ones(box.shape, bool)
    x, y = np.clip(np.rint(smooth - low).astype(int), 0, np.array(box.shape[::-1]) - 1).T
    line[y, x] = False
    away = ndimage.distance_transform_edt(line) / _TUBE_PX
    cost = (1.0 + away**2) / (_NO_EVIDENCE + box)
    route, _ = route_through_array(  # type: ignore[no-untyped-call]
        cost, (y[0], x[0]), (y[-1], x[-1]), geometric=True
    )
    return np.asarray(np.asarray(route, np.float64)[:, ::-1] + low)


def _hermite(one: Chain, other: Chain) -> Chain:
    """Return the inner points of a cubic Hermite curve, about 1 px apart."""
    start, stop = one[-1], other[0]
    length = float(np.hypot(*(stop - start)))
    leave, enter = end_direction(one, True) * length, -end_direction(other, False) * length
    t = np.linspace(0.0, 1.0, max(int(length) + 1, 2))[1:-1, None]
    return np.asarray(
        (2 * t**3 - 3 * t**2 + 1) * start
        + (t**3 - 2 * t**2 + t) * leave
        + (3 * t**2 - 2 * t**3) * stop
        + (t**3 - t**2) * enter
    )


def smooth(curve: Chain, window: float = 5.0) -> Chain:
    """Return a curve smoothed along itself by a Gaussian of `window` points; ends stay."""
    if len(curve) < 5:
        return curve
    padded = np.concatenate([2 * curve[0] - curve[8:0:-1], curve, 2 * curve[-1] - curve[-2:-10:-1]])
    inner = ndimage.gaussian_filter1d(padded, window / 2.0, axis=0, mode="nearest")
    before = len(curve[8:0:-1])
    out = inner[before : before + len(curve)].copy()
    out[0], out[-1] = curve[0], curve[-1]
    return np.asarray(out)


def sampled(seen: npt.NDArray[Any], places: npt.NDArray[np.float64]) -> Map:
    """Return a map at places ``(…, 2)``, ``(x, y)``, between pixels linearly; 0 outside."""
    rows, columns = seen.shape
    x, y = places[..., 0], places[..., 1]
    left = np.clip(x.astype(np.intp), 0, columns - 2)
    top = np.clip(y.astype(np.intp), 0, rows - 2)
    right, down = x - left, y - top
    at, flat = top * columns + left, np.ascontiguousarray(seen, np.float32).reshape(-1)
    upper = flat[at] + right * (flat[at + 1] - flat[at])
    lower = flat[at + columns] + right * (flat[at + columns + 1] - flat[at + columns])
    inside = (right >= 0) & (right <= 1) & (down >= 0) & (down <= 1)
    return np.asarray(np.where(inside, upper + down * (lower - upper), 0.0), np.float32)


def centred(curve: Chain, seen: Map) -> tuple[Chain, npt.NDArray[np.float64]]:
    """Return places on a curve moved to the middle of the device, and its radius there, px.

    Across each place, ``seen`` (probability 0…1) is sampled along the normal; the part of
    the profile that holds together around the middle gives the first moment and the width.
    Where nothing is seen the place stays and the radius is NaN.
    """
    # An odd step would leave the last point, the tip, out.
    last = len(curve) - 1
    taken = np.append(np.arange(0, last, _TAKEN_PX), last)
    tangent = curve[np.minimum(taken + 1, last)] - curve[np.maximum(taken - 1, 0)]
    tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
    offsets = np.arange(-_PROFILE_PX, _PROFILE_PX + 1e-6, _PROFILE_STEP)
    profile = sampled(seen, curve[taken, None] + offsets[:, None] * normal[:, None])
    own = _connected(profile >= 0.5)
    weight = np.where(own, profile, 0.0)
    mass = weight.sum(axis=1)
    shift = np.clip((weight * offsets).sum(axis=1) / np.maximum(mass, 1e-6), -_SHIFT_PX, _SHIFT_PX)
    width = own.sum(axis=1) * _PROFILE_STEP
    return curve[taken] + shift[:, None] * normal, np.where(width > 0, width / 2.0, np.nan)


def _connected(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Keep, in each row, the run that holds the middle or lies next to it."""
    middle = inside.shape[1] // 2
    near = inside[:, middle - 2 : middle + 3]
    start = middle - 2 + np.abs(np.where(near, np.arange(-2, 3), 99)).argmin(axis=1)
    columns = np.arange(inside.shape[1], dtype=np.int8)
    start = start.astype(np.int8)
    gap = np.where(inside, np.int8(-1), columns)
    left = np.where(columns <= start[:, None], gap, np.int8(-1)).max(axis=1)
    right = np.where((columns >= start[:, None]) & ~inside, columns, np.int8(inside.shape[1]))
    right = right.min(axis=1)
    return np.asarray(inside & (columns > left[:, None]) & (columns < right[:, None]))


def spline(curve: Chain, noise_px: float = 0.15, step_px: float = 1.0) -> Chain:
    """Return points `step_px` apart on a smoothing cubic B-spline through `curve`.

    The spline's mean squared distance from the points is about ``noise_px ** 2`` (Dierckx,
    Curve and Surface Fitting with Splines, 1993, chapter 9).
    """
    kept = curve[np.append(True, np.hypot(*np.diff(curve, axis=0).T) > 1e-3)]
    if len(kept) < 5:
        return curve
    knots, _ = interpolate.splprep(kept.T, s=len(kept) * noise_px**2, k=3, quiet=True)
    at = np.linspace(0.0, 1.0, 2 * len(kept))
    dense = interpolate.BSpline(knots[0], np.column_stack(knots[1]), knots[2])(at)
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(dense, axis=0).T)))
    places = np.linspace(0.0, along[-1], max(round(along[-1] / step_px) + 1, 2))
    return np.column_stack([np.interp(places, along, dense[:, axis]) for axis in (0, 1)])


def resampled(curve: Chain, step_px: float) -> Chain:
    """Return points on a polyline, `step_px` apart or slightly less, both ends included."""
    if len(curve) < 2:
        return np.asarray(curve, np.float64).reshape(-1, 2)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    places = np.linspace(0.0, along[-1], max(int(np.ceil(along[-1] / step_px)) + 1, 2))
    return np.column_stack([np.interp(places, along, curve[:, axis]) for axis in (0, 1)])
