"""Probability maps to centrelines: ordered, sub-pixel, unbroken; what was bridged is marked.

Points are ``(x, y)`` = ``(column, row)`` in pixels with pixel centres at integers, in order
from the proximal end to the tip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from readingroom.readers.guidewire.centerlinecurve import (
    centred,
    joined,
    sampled,
    smooth,
    spline,
)
from readingroom.readers.guidewire.centerlinelink import end_direction, linked
from readingroom.readers.guidewire.skeleton import Chain, chains_of

Kind = Literal["wire", "catheter"]

#: Room around the mask in which profiles are taken, px.
_ROOM_PX = 12
#: At least this share of a device is seen; a row of specks is none.
_SEEN_SHARE = 0.6
#: A catheter this near to a wire, over this share of its length, is the wire itself unless it
#: is this many times as wide.
_TWICE_PX, _TWICE_SHARE, _TWICE_WIDTH = 3.0, 0.7, 1.5
#: A catheter's end nearer than this to a wire's end says where the wire comes from, px.
_EXIT_PX = 20.0


@dataclass(frozen=True)
class Wire:
    """One device in one frame.

    Attributes
    ----------
    points : ndarray of float64, shape (n, 2)
        Centreline from the proximal end to the tip, about 1 px apart.
    radius_px : float
        Half of the median width, px.
    tip, direction : ndarray of float64, shape (2,)
        The last point, and the unit vector in which the tip points.
    inferred : ndarray of bool, shape (n,)
        True where nothing was seen and the gap was bridged.
    confidence : float
        Mean probability along the centreline, what is inferred counting as it is, 0…1.
    kind : {'wire', 'catheter'}
    """

    points: Chain
    radius_px: float
    tip: npt.NDArray[np.float64]
    direction: npt.NDArray[np.float64]
    inferred: npt.NDArray[np.bool_]
    confidence: float
    kind: Kind = "wire"

    @property
    def length_px(self) -> float:
        """Length of the centreline, px."""
        return float(np.linalg.norm(np.diff(self.points, axis=0), axis=1).sum())

    def reversed(self) -> Wire:
        """Return the same device with its tip at the other end."""
        return _wire(
            self.points[::-1], self.radius_px, self.inferred[::-1], self.confidence, self.kind
        )


def trace(
    probability_wire: npt.NDArray[Any],
    probability_catheter: npt.NDArray[Any] | None = None,
    *,
    threshold: float = 0.5,
    min_length_px: float = 20.0,
    max_gap_px: float = 40.0,
) -> list[Wire]:
    """Return the wires and catheters of one frame, wires first, each by falling length.

    Parameters
    ----------
    probability_wire, probability_catheter : ndarray, ``[row, column]``
        Probability maps: uint8 0…255, float 0…1, or bool.
    threshold : float
        Probability from which a pixel belongs to the device, 0…1.
    min_length_px : float
        What is seen of a device must be as long.
    max_gap_px : float
        Longest gap that is bridged.
    """
    catheters = []
    if probability_catheter is not None:
        catheters = _devices(probability_catheter, "catheter", threshold, min_length_px, max_gap_px)
    wires = _devices(probability_wire, "wire", threshold, min_length_px, max_gap_px)
    catheters = [one for one in catheters if not _is_wire(one, wires)]
    shape = probability_wire.shape
    catheters = [_from_border(one, (shape[0], shape[1])) for one in catheters]
    return [_from_catheter(one, catheters, (shape[0], shape[1])) for one in wires] + catheters


def _devices(
    probability: npt.NDArray[Any], kind: Kind, threshold: float, shortest: float, max_gap: float
) -> list[Wire]:
    mask = _above(probability, threshold)
    box = _box(mask)
    if box is None:
        return []
    origin = np.array([box[1].start, box[0].start], np.float64)
    seen = _scaled(probability[box], threshold)
    chains = chains_of(mask[box])
    found = []
    for pieces in linked(chains, max_gap):
        length = sum(len(piece.chain) for piece in pieces)
        path = joined(pieces, seen) if length >= shortest else pieces[0].chain[:0]
        if len(path) and length >= _SEEN_SHARE * len(path):
            found.append(_finished(path, seen, kind, origin))
    return sorted(found, key=lambda wire: -wire.length_px)


def _above(probability: npt.NDArray[Any], threshold: float) -> npt.NDArray[np.bool_]:
    if probability.dtype == bool:
        return probability
    scale = 255.0 if probability.dtype == np.uint8 else 1.0
    limit: Any = int(np.ceil(threshold * scale)) if scale > 1.0 else threshold
    return np.asarray(probability >= limit)


def _scaled(probability: npt.NDArray[Any], threshold: float) -> npt.NDArray[np.float32]:
    """Return float32 with `threshold` at 0.5, so that one level means "seen" from here on."""
    scale = 255.0 if probability.dtype == np.uint8 else 1.0
    value: npt.NDArray[np.float32] = np.divide(probability, np.float32(scale), dtype=np.float32)
    if threshold == 0.5:
        return value
    upper = 0.5 + 0.5 * (value - threshold) / max(1.0 - threshold, 1e-6)
    lower = 0.5 * value / threshold
    return np.asarray(np.where(value >= threshold, upper, lower), np.float32)


def _box(mask: npt.NDArray[np.bool_]) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return (
        slice(max(int(rows[0]) - _ROOM_PX, 0), int(rows[-1]) + _ROOM_PX + 1),
        slice(max(int(columns[0]) - _ROOM_PX, 0), int(columns[-1]) + _ROOM_PX + 1),
    )


def _finished(
    path: Chain, seen: npt.NDArray[np.float32], kind: Kind, origin: npt.NDArray[np.float64]
) -> Wire:
    places, radii = centred(smooth(path), seen)
    known = radii[np.isfinite(radii)]
    radius = float(np.median(known)) if len(known) else 0.5
    points = spline(_lengthened(places, radius, seen))
    along = sampled(seen, np.clip(points, 0.0, np.array(seen.shape[::-1]) - 1.0))
    return _wire(points + origin, radius, along < 0.5, float(along.mean()), kind)


def _lengthened(points: Chain, radius: float, seen: npt.NDArray[np.float32]) -> Chain:
    """Return a curve drawn out at both ends to a radius before the device is seen to end.

    Thinning eats about a radius, sometimes more; a mask is the curve thickened, its ends too.
    """
    for _ in range(2):
        outward = end_direction(points, True)
        distance = np.arange(0.5, 2.0 * radius + 3.0, 0.5)
        steps = distance[:, None] * outward + points[-1]
        value = sampled(seen, steps)
        reach = 0.5 * int(np.argmin(np.append(value >= 0.5, False))) - radius
        if reach > 0:
            points = np.concatenate([points, [points[-1] + reach * outward]])
        points = points[::-1]
    return points


def _wire(
    points: Chain, radius: float, inferred: npt.NDArray[np.bool_], confidence: float, kind: Kind
) -> Wire:
    return Wire(points, radius, points[-1], end_direction(points, True), inferred, confidence, kind)


def _from_border(wire: Wire, shape: tuple[int, int]) -> Wire:
    """Return the device with its proximal end where it is nearer to the picture's border."""
    first, last = (_to_border(wire.points[end], shape) for end in (0, -1))
    return wire if first <= last else wire.reversed()


def _from_catheter(wire: Wire, catheters: list[Wire], shape: tuple[int, int]) -> Wire:
    """Return the wire with its proximal end in or at a catheter; else at the border."""
    first, last = (
        min((_distance(wire.points[end], one.points) for one in catheters), default=np.inf)
        for end in (0, -1)
    )
    if min(first, last) > _EXIT_PX or abs(first - last) < 1.0:
        return _from_border(wire, shape)
    return wire if first < last else wire.reversed()


def _is_wire(catheter: Wire, wires: list[Wire]) -> bool:
    """Whether a catheter is a wire seen twice: in the same place, and hardly wider."""
    for wire in wires:
        apart = KDTree(wire.points).query(catheter.points[::2])[0]
        alike = float((apart <= _TWICE_PX).mean()) >= _TWICE_SHARE
        if alike and catheter.radius_px < _TWICE_WIDTH * wire.radius_px:
            return True
    return False


def _to_border(point: npt.NDArray[np.float64], shape: tuple[int, int]) -> float:
    x, y = point
    return float(min(x, y, shape[1] - 1 - x, shape[0] - 1 - y))


def _distance(point: npt.NDArray[np.float64], curve: Chain) -> float:
    return float(np.linalg.norm(curve - point, axis=1).min())
