"""From corrected masks to findings: frames whose mask a person changed are traced anew.

A frame's findings stand as they are while its mask is what they draw; else the mask is
traced, and an old finding goes on as the curve that lies where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree

from readingroom.reader import MaskChange
from readingroom.readers.corrected import next_number
from readingroom.readers.guidewire import findings as parts
from readingroom.readers.guidewire import paint
from readingroom.readers.guidewire.centerline import Wire, trace
from readingroom.readers.guidewire.findings import LABELS, WIRE
from readingroom.readers.guidewire.timeline import Timeline
from readingroom.readers.guidewire.track import Tracked
from readingroom.reading import Finding, Masks, Reading

Layer = npt.NDArray[np.unsignedinteger[Any]]

#: What a person paints is a device from this length on, px.
_SHORTEST_PX = 5.0
#: A curve this far from a finding's is another device, px.
_APART_PX = 25.0
#: What a change of class counts as, px: the same class goes first.
_OTHER_CLASS_PX = 10.0
#: A point this near to an old one is still inferred if that was, px.
_SAME_PX = 3.0
#: A curve that lies as near to the old one on average is the same, px.
_UNMOVED_PX = 0.75


def findings_of(
    reading: Reading, masks: Masks, timeline: Timeline, longest_gap_px: float
) -> list[Finding]:
    """Return the findings for `masks`, looking at every frame and class."""
    places = [(frame, label) for frame in range(timeline.shape[0]) for label in LABELS]
    by_place = _by_place(reading.findings)
    changed = [p for p in places if not _drawn_so(by_place.get(p, []), _plane(masks, *p))]
    return _renewed(reading, masks, timeline, longest_gap_px, changed, {})


def findings_after(
    reading: Reading,
    masks: Masks,
    timeline: Timeline,
    longest_gap_px: float,
    changes: Sequence[MaskChange],
) -> list[Finding]:
    """Return the same as `findings_of`, looking only at frames that `changes` concern."""
    painted: dict[tuple[int, str], npt.NDArray[np.bool_]] = {}
    by_place = _by_place(reading.findings)
    for change in changes:
        label = next((s.name for s in masks.segments if s.layer == change.layer), "")
        now = masks.layers[change.layer][change.box]
        for offset, before in enumerate(change.before):
            place = (change.start[0] + offset, label)
            if label in LABELS and not np.array_equal(before, now[offset]):
                new = painted.setdefault(place, np.zeros(masks.layers[0].shape[1:], bool))
                new[change.box[1:]] |= (now[offset] > 0) & (before == 0)
    places = [p for p in painted if not _drawn_so(by_place.get(p, []), _plane(masks, *p))]
    return _renewed(reading, masks, timeline, longest_gap_px, places, painted)


def own_pixels(masks: Masks, finding: Finding, beside: Iterable[Finding]) -> npt.NDArray[np.bool_]:
    """Return the pixels of its frame that are nearer to a finding than to those `beside` it."""
    plane = _plane(masks, int(finding.attributes["frame"]), finding.label) > 0
    rows, columns = np.nonzero(plane)
    if not len(rows):
        return plane
    pixels = np.column_stack([columns, rows])
    distance = _distance(finding, pixels)
    mine = np.ones(len(rows), bool)
    for other in beside:
        mine &= distance <= _distance(other, pixels)
    plane[rows[~mine], columns[~mine]] = False
    return plane


def _distance(finding: Finding, pixels: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    return np.asarray(KDTree(finding.attributes["centerline_xy_px"]).query(pixels)[0])


def _by_place(findings: Iterable[Finding]) -> dict[tuple[int, str], list[Finding]]:
    places: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        places.setdefault((int(finding.attributes["frame"]), finding.label), []).append(finding)
    return places


def _plane(masks: Masks, frame: int, label: str) -> Layer:
    segment = next((s for s in masks.segments if s.name == label), None)
    if segment is None:
        return np.zeros(masks.layers[0].shape[1:], np.uint8)
    plane = masks.layers[segment.layer][frame]
    return np.asarray(np.where(plane == segment.value, 1, 0).astype(np.uint8))


def _drawn_so(findings: list[Finding], plane: Layer) -> bool:
    """Say whether a frame's mask is just what its findings draw."""
    if not findings:
        return not plane.any()
    drawn = np.zeros_like(plane)
    for finding in findings:
        wire = parts.wire_of(finding)
        paint.draw(drawn, wire.points, wire.radius_px, parts.VALUE)
    return bool(np.array_equal(drawn, plane))


def _renewed(
    reading: Reading,
    masks: Masks,
    timeline: Timeline,
    longest_gap_px: float,
    places: Sequence[tuple[int, str]],
    painted: dict[tuple[int, str], npt.NDArray[np.bool_]],
) -> list[Finding]:
    """Return the reading's findings with those at `places` made anew from the masks."""
    if not places:
        return reading.findings
    gone = set(places)
    kept = [f for f in reading.findings if (int(f.attributes["frame"]), f.label) not in gone]
    by_place = _by_place(reading.findings)
    following = next_number(reading)
    for frame in sorted({frame for frame, _ in gone}):
        labels = [label for label in LABELS if (frame, label) in gone]
        old = [finding for label in labels for finding in by_place.get((frame, label), [])]
        planes = [_traced(_plane(masks, frame, label), label, longest_gap_px) for label in labels]
        pairs, fresh = _matched(old, [wire for wires in planes for wire in wires])
        for finding, wire in pairs:
            marked = painted.get((frame, wire.kind.upper()))
            kept.append(_going_on(finding, wire, frame, timeline, marked))
        for wire in fresh:
            device = Tracked(_identity(wire, frame, kept, by_place), wire)
            kept.append(parts.make_finding(following, frame, device, timeline, "added"))
            following += 1
    order = {finding.id: n for n, finding in enumerate(reading.findings)}
    return sorted(kept, key=lambda finding: order.get(finding.id, len(order)))


def _traced(plane: Layer, label: str, longest_gap_px: float) -> list[Wire]:
    wires = trace(plane > 0, min_length_px=_SHORTEST_PX, max_gap_px=longest_gap_px)
    return [replace(wire, kind="wire" if label == WIRE else "catheter") for wire in wires]


def _matched(
    old: list[Finding], wires: list[Wire]
) -> tuple[list[tuple[Finding, Wire]], list[Wire]]:
    """Return which finding goes on as which curve, and the curves that are new."""
    if not old or not wires:
        return [], wires
    cost = np.array([[_apart(finding, wire) for wire in wires] for finding in old])
    rows, columns = linear_sum_assignment(cost)
    chosen = [(a, b) for a, b in zip(rows, columns, strict=True) if cost[a, b] <= _APART_PX]
    taken = {b for _, b in chosen}
    return (
        [(old[a], wires[b]) for a, b in chosen],
        [wire for number, wire in enumerate(wires) if number not in taken],
    )


def _apart(finding: Finding, wire: Wire) -> float:
    """Return how far the nearer of two curves lies from the other, px, and a bit for length."""
    before = np.asarray(finding.attributes["centerline_xy_px"], np.float64)
    there = KDTree(before).query(wire.points)[0].mean()
    back = KDTree(wire.points).query(before)[0].mean()
    other_class = 0.0 if finding.label == wire.kind.upper() else _OTHER_CLASS_PX
    return float(min(there, back) + 0.01 * max(there, back) + other_class)


def _going_on(
    old: Finding,
    wire: Wire,
    frame: int,
    timeline: Timeline,
    painted: npt.NDArray[np.bool_] | None,
) -> Finding:
    """Return a finding with another curve: what was inferred and not painted over stays so."""
    before = parts.wire_of(old)
    if np.hypot(*(wire.points[0] - before.points[0])) > np.hypot(
        *(wire.points[-1] - before.points[0])
    ):
        wire = wire.reversed()
    distance, nearest = KDTree(before.points).query(wire.points)
    carried = before.inferred[nearest] & (distance <= _SAME_PX)
    if painted is not None:
        columns, rows = np.rint(wire.points).astype(int).T
        columns = np.clip(columns, 0, painted.shape[1] - 1)
        carried &= ~painted[np.clip(rows, 0, painted.shape[0] - 1), columns]
    wire = replace(wire, inferred=wire.inferred | carried)
    unmoved = float(distance.mean()) <= _UNMOVED_PX
    device = Tracked(
        int(old.attributes["identity"]), wire, bool(old.attributes["predicted"]) and unmoved
    )
    fresh = parts.make_finding(0, frame, device, timeline, old.state)
    confidence = old.confidence if unmoved else None
    return fresh.model_copy(
        update={"id": old.id, "confidence": confidence, "evidence": old.evidence}
    )


def _identity(
    wire: Wire,
    frame: int,
    kept: list[Finding],
    by_place: dict[tuple[int, str], list[Finding]],
) -> int:
    """Return who a new curve is: a device of a neighbouring frame that is not in this one."""
    taken = {int(f.attributes["identity"]) for f in kept if int(f.attributes["frame"]) == frame}
    for step in (-1, 1, -2, 2):
        beside = by_place.get((frame + step, wire.kind.upper()), [])
        free = [f for f in beside if int(f.attributes["identity"]) not in taken]
        if free:
            nearest = min(free, key=lambda finding: _apart(finding, wire))
            if _apart(nearest, wire) <= _APART_PX:
                return int(nearest.attributes["identity"])
    everyone = [*kept, *(f for found in by_place.values() for f in found)]
    return max((int(f.attributes["identity"]) for f in everyone), default=0) + 1
