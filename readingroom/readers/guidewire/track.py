"""Devices followed through time: who is who, and what goes on while it cannot be seen.

A device of one frame goes on as the one of the next frame whose curve lies where it was
expected. What lies along the expected curve in several parts is one device; the parts
between, and an end that vanished from one frame to the next, are taken from the expected
curve and marked as inferred.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree

from readingroom.readers.guidewire.centerline import Wire
from readingroom.readers.guidewire.centerlinelink import end_direction

Curve = npt.NDArray[np.float64]

#: A device may have moved by this much between two frames, px.
_GATE_PX = 40.0
#: A part of a device lies within this of the expected curve, for this share of its length.
_NEAR_PX, _NEAR_SHARE = 8.0, 0.7
#: A tip does not go back by more than this from one frame to the next, px: it is hidden.
_VANISHED_PX = 25.0
#: Points by which lengths along a curve may differ for all reasons but a hidden end.
_SLIDE_PX = 40
#: How much of the last motion is believed, and how it fades while nothing is seen.
_GAIN, _FADE = 0.5, 0.7
#: A device must have been seen this often before it is expected where it is not seen.
_KNOWN = 3


@dataclass(frozen=True)
class Tracked:
    """A device in one frame.

    Attributes
    ----------
    identity : int
        The same number in every frame, from 1.
    wire : Wire
    predicted : bool
        Nothing of it was seen in this frame; all of it is inferred.
    """

    identity: int
    wire: Wire
    predicted: bool = False


@dataclass(eq=False)
class _Track:
    identity: int
    wire: Wire
    velocity: npt.NDArray[np.float64]
    seen: int = 1
    lost: int = 0
    hidden: int = 0

    def expected(self) -> Curve:
        return self.wire.points + self.velocity


class Tracker:
    """Follows devices frame by frame.

    Parameters
    ----------
    max_hidden : int
        Number of frames for which something that is not seen is still expected.
    """

    def __init__(self, max_hidden: int = 5) -> None:
        self._max_hidden = max_hidden
        self._tracks: list[_Track] = []
        self._count = 0

    def reset(self) -> None:
        """Forget all devices, as where another sequence begins; numbers go on."""
        self._tracks = []

    def update(self, wires: Sequence[Wire]) -> list[Tracked]:
        """Return the devices of the next frame, given what is seen in it."""
        merged, rest = self._parts_joined(list(wires))
        left = [track for track in self._tracks if track not in merged]
        pairs, new = self._matched(rest, left)
        for track, wire in [*merged.items(), *pairs]:
            _move(track, wire, self._max_hidden)
        seen = {*merged, *(track for track, _ in pairs)}
        found = [Tracked(track.identity, track.wire) for track in seen]
        hidden = self._unseen(seen)
        fresh = [self._begin(wire) for wire in new]
        return sorted([*found, *hidden, *fresh], key=lambda one: one.identity)

    def _begin(self, wire: Wire) -> Tracked:
        self._count += 1
        self._tracks.append(_Track(self._count, wire, np.zeros(2)))
        return Tracked(self._count, wire)

    def _parts_joined(self, wires: list[Wire]) -> tuple[dict[_Track, Wire], list[Wire]]:
        """Return the devices that are seen in several parts, and the wires left over."""
        joined: dict[_Track, Wire] = {}
        for track in self._tracks:
            parts = _parts_along(track, wires)
            if len(parts) > 1:
                joined[track] = _assembled(track, [forward for _, forward in parts])
                used = {number for number, _ in parts}
                wires = [wire for number, wire in enumerate(wires) if number not in used]
        return joined, wires

    def _matched(
        self, wires: list[Wire], tracks: list[_Track]
    ) -> tuple[list[tuple[_Track, Wire]], list[Wire]]:
        """Return who goes on as which wire, and the wires that are nobody's."""
        if not wires or not tracks:
            return [], wires
        cost = np.array([[_cost(track, wire) for wire in wires] for track in tracks])
        rows, columns = linear_sum_assignment(cost)
        chosen = [(a, b) for a, b in zip(rows, columns, strict=True) if cost[a, b] <= _GATE_PX]
        taken = {b for _, b in chosen}
        pairs = [(tracks[a], _turned(tracks[a], wires[b])) for a, b in chosen]
        return pairs, [wire for number, wire in enumerate(wires) if number not in taken]

    def _unseen(self, seen: set[_Track]) -> list[Tracked]:
        """Move what is not seen as expected, and let go of what was not seen for too long."""
        expected = []
        for track in [track for track in self._tracks if track not in seen]:
            track.lost += 1
            if track.lost > self._max_hidden or track.seen < _KNOWN:
                self._tracks.remove(track)
                continue
            track.wire = _guessed(track)
            track.velocity = track.velocity * _FADE
            expected.append(Tracked(track.identity, track.wire, predicted=True))
        return expected


def track(
    frames: Iterable[Sequence[Wire]], *, max_hidden: int = 5, min_frames: int = 1
) -> list[list[Tracked]]:
    """Follow the devices through a whole sequence.

    Parameters
    ----------
    min_frames : int
        Devices seen in fewer frames are left out.
    """
    tracker = Tracker(max_hidden)
    found = [tracker.update(wires) for wires in frames]
    seen: dict[int, int] = {}
    for one in (one for frame in found for one in frame if not one.predicted):
        seen[one.identity] = seen.get(one.identity, 0) + 1
    kept = {identity for identity, count in seen.items() if count >= min_frames}
    order = {identity: number for number, identity in enumerate(sorted(kept), 1)}
    return [
        [replace(one, identity=order[one.identity]) for one in frame if one.identity in kept]
        for frame in found
    ]


def tip_path(frames: Sequence[Sequence[Tracked]], identity: int) -> Curve:
    """Return ``[n, 3]``: frame number, x and y of a device's tip wherever it was seen."""
    rows = [
        (number, *one.wire.tip)
        for number, frame in enumerate(frames)
        for one in frame
        if one.identity == identity and not one.predicted and not one.wire.inferred[-1]
    ]
    return np.array(rows, np.float64).reshape(-1, 3)


def _cost(track: _Track, wire: Wire) -> float:
    """Return how far a wire lies from where the device is expected, px."""
    if wire.kind != track.wire.kind:
        return 1e6
    expected = track.expected()[::4]
    own = wire.points[::4]
    there = KDTree(expected).query(own)[0].mean()
    back = KDTree(own).query(expected)[0].mean()
    # The shorter of the two may be a part of the longer one.
    return float(0.7 * min(there, back) + 0.3 * max(there, back))


def _turned(track: _Track, wire: Wire) -> Wire:
    """Return the wire with its tip where the device's was."""
    first, last = track.wire.points[0], track.wire.points[-1]
    as_is = np.hypot(*(wire.points[0] - first)) + np.hypot(*(wire.points[-1] - last))
    other = np.hypot(*(wire.points[-1] - first)) + np.hypot(*(wire.points[0] - last))
    return wire.reversed() if other + 10.0 < as_is else wire


def _parts_along(track: _Track, wires: list[Wire]) -> list[tuple[int, Wire]]:
    """Return the wires along the expected curve, in its order and direction, by number.

    Empty if two of them lie beside each other.
    """
    expected = track.expected()
    tree, parts = KDTree(expected), []
    for number, wire in enumerate(wires):
        distance, place = tree.query(wire.points)
        if wire.kind == track.wire.kind and (distance <= _NEAR_PX).mean() >= _NEAR_SHARE:
            forward = wire if place[-1] >= place[0] else wire.reversed()
            parts.append((int(place.min()), int(place.max()), number, forward))
    parts.sort(key=lambda part: part[:3])
    apart = all(a[1] <= b[0] + _NEAR_PX for a, b in itertools.pairwise(parts))
    return [(number, forward) for _, _, number, forward in parts] if apart else []


def _assembled(track: _Track, parts: list[Wire]) -> Wire:
    """Return the parts as one wire, with the expected curve between them."""
    expected, wire = track.expected(), parts[0]
    for part in parts[1:]:
        wire = _continued(wire, _between(expected, wire.points[-1], part.points[0]), part)
    return wire


def _between(expected: Curve, start: Curve, stop: Curve) -> Curve:
    """Return the inner part of the expected curve from `start` to `stop`, made to fit them."""
    tree = KDTree(expected)
    first, last = int(tree.query(start)[1]), int(tree.query(stop)[1])
    part = expected[first : last + 1]
    if len(part) < 3:
        return np.zeros((0, 2))
    share = np.linspace(0.0, 1.0, len(part))[:, None]
    fitted = part + (1 - share) * (start - part[0]) + share * (stop - part[-1])
    return np.asarray(fitted[1:-1])


def _continued(one: Wire, gap: Curve, other: Wire | None) -> Wire:
    """Return `one`, inferred points, and `other` as one wire."""
    rest = [other] if other else []
    points = np.concatenate([one.points, gap, *(wire.points for wire in rest)])
    inferred = np.concatenate(
        [one.inferred, np.ones(len(gap), bool), *(wire.inferred for wire in rest)]
    )
    seen = len(one.points) * one.confidence
    seen += sum(len(wire.points) * wire.confidence for wire in rest)
    return replace(
        one,
        points=points,
        inferred=inferred,
        tip=points[-1],
        direction=end_direction(points, True),
        confidence=seen / len(points),
    )


def _move(track: _Track, wire: Wire, max_hidden: int) -> None:
    """Let a device go on as `wire`, with the end that vanished put back for a while."""
    missing = _vanished(track, wire)
    track.hidden = track.hidden + 1 if missing is not None else 0
    if missing is not None and track.seen >= _KNOWN and track.hidden <= max_hidden:
        wire = _continued(wire, missing, None)
    motion = _motion(track.wire.points, wire.points)
    track.velocity = track.velocity + _GAIN * (motion - track.velocity)
    track.wire, track.seen, track.lost = wire, track.seen + 1, 0


def _vanished(track: _Track, wire: Wire) -> Curve | None:
    """Return the end of the expected curve beyond the wire's, if it vanished at once.

    The wire's end is looked for where its own length puts it on the expected curve: the tip of
    a loop may lie beside the shaft.
    """
    expected = track.expected()
    first = max(len(wire.points) - _SLIDE_PX, 0)
    near = expected[first : len(wire.points) + _SLIDE_PX]
    if len(expected) - len(wire.points) <= _VANISHED_PX or not len(near):
        return None
    distance, place = KDTree(near).query(wire.points[-1])
    if distance > _NEAR_PX:
        return None
    rest = expected[first + int(place) + 1 :]
    return np.asarray(rest + (wire.points[-1] - near[int(place)])) if len(rest) else None


def _motion(before: Curve, after: Curve) -> npt.NDArray[np.float64]:
    """Return by how much a curve moved, px: the median over its points.

    Only across itself can motion of a thin curve be seen; along itself the tip tells.
    """
    own = after[::4]
    nearest = before[KDTree(before).query(own)[1]]
    return np.asarray(np.median(own - nearest, axis=0))


def _guessed(track: _Track) -> Wire:
    points = track.expected()
    return replace(
        track.wire,
        points=points,
        tip=points[-1],
        inferred=np.ones(len(points), bool),
        confidence=track.wire.confidence * _FADE,
    )
