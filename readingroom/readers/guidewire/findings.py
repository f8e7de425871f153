"""Findings, masks and numbers of a guidewire reading, made the same way at every revision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire import paint
from readingroom.readers.guidewire.centerline import Wire
from readingroom.readers.guidewire.centerlinelink import end_direction
from readingroom.readers.guidewire.timeline import Timeline
from readingroom.readers.guidewire.track import Tracked
from readingroom.reading import Finding, FindingState, Masks, Measurement, Segment
from readingroom.terminology import segment

Curve = npt.NDArray[np.float64]

WIRE, CATHETER = "WIRE", "CATHETER"
LABELS = (WIRE, CATHETER)
#: Layer of each class's mask: a wire lies inside a catheter, so that they overlap.
LAYERS = {WIRE: 0, CATHETER: 1}
#: Value of each class in its own layer.
VALUE = 1


def segments() -> list[Segment]:
    """Return the segments of the masks: one layer each."""
    return [segment(label, LAYERS[label], VALUE) for label in LABELS]


def empty_masks(timeline: Timeline, ijk_to_lps: npt.NDArray[np.float64]) -> Masks:
    """Return masks of a sequence with nothing in them."""
    return Masks([np.zeros(timeline.shape, np.uint8) for _ in LABELS], ijk_to_lps, segments())


def masks_of(
    findings: Iterable[Finding], timeline: Timeline, ijk_to_lps: npt.NDArray[np.float64]
) -> Masks:
    """Return the masks that findings draw: each the tube of its radius, bridges included."""
    masks = empty_masks(timeline, ijk_to_lps)
    for finding in findings:
        wire, frame = wire_of(finding), int(finding.attributes["frame"])
        paint.draw(masks.layers[LAYERS[finding.label]][frame], wire.points, wire.radius_px, VALUE)
    return masks


def make_finding(
    number: int, frame: int, device: Tracked, timeline: Timeline, state: FindingState = "proposed"
) -> Finding:
    """Return the finding of one device in one frame.

    Parameters
    ----------
    number : int
        Makes the id; unique in the reading.
    """
    wire = device.wire
    label = wire.kind.upper()
    confidence = None if state == "added" else round(min(max(wire.confidence, 0.0), 1.0), 4)
    return Finding(
        id=f"W{number}",
        type="wire",
        label=label,
        state=state,
        confidence=confidence,
        position_lps_mm=_position(frame, wire, timeline),
        mask_segment=label,
        measurements=_measured(wire, timeline),
        attributes=_attributes(frame, device, timeline),
    )


def wire_of(finding: Finding) -> Wire:
    """Return the device that a finding records."""
    attributes = finding.attributes
    points = np.asarray(attributes["centerline_xy_px"], np.float64).reshape(-1, 2)
    inferred = np.zeros(len(points), bool)
    for start, stop in attributes["inferred"]:
        inferred[start:stop] = True
    return Wire(
        points=points,
        radius_px=float(attributes["radius_px"]),
        tip=points[-1],
        direction=end_direction(points, True),
        inferred=inferred,
        confidence=1.0 if finding.confidence is None else finding.confidence,
        kind="wire" if finding.label == WIRE else "catheter",
    )


def tracked_of(finding: Finding) -> Tracked:
    """Return the device with its identity that a finding records."""
    attributes = finding.attributes
    return Tracked(int(attributes["identity"]), wire_of(finding), bool(attributes["predicted"]))


def runs(flags: npt.NDArray[np.bool_]) -> list[list[int]]:
    """Return first and one past the last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [[int(a), int(b)] for a, b in edges.reshape(-1, 2)]


def numbers(findings: Iterable[Finding], frames_read: int, timeline: Timeline) -> dict[str, Any]:
    """Return the measurements of the sequence; rejected findings count nowhere."""
    wires = [f for f in findings if f.state != "rejected" and f.label == WIRE]
    seen = [f for f in wires if not f.attributes["predicted"]]
    identities = {int(f.attributes["identity"]) for f in wires}
    found = {
        "frames_with_wire": _count(len({f.attributes["frame"] for f in seen})),
        "frames_read": _count(frames_read),
        "frames_predicted": _count(
            len({f.attributes["frame"] for f in wires} - {f.attributes["frame"] for f in seen})
        ),
        "number_of_wires": _count(len(identities)),
    }
    if seen:
        found |= _over_frames(seen, timeline)
        found |= _tip(seen, timeline)
    return found


def _position(frame: int, wire: Wire, timeline: Timeline) -> tuple[float, float, float]:
    """Return a pixel centre inside the device's tube: the last one, at the tip."""
    _, rows, columns = timeline.shape
    pixels = np.rint(wire.points).astype(int)
    inside = ((pixels >= 0) & (pixels < (columns, rows))).all(axis=1)
    column, row = pixels[np.flatnonzero(inside)[-1]] if inside.any() else (0, 0)
    return timeline.position(frame, int(row), int(column))


def _measured(wire: Wire, timeline: Timeline) -> dict[str, Measurement]:
    row, column = timeline.spacing_mm or (1.0, 1.0)
    diameter = 2.0 * wire.radius_px * (row + column) / 2.0
    return {
        "length": _value(timeline.length(wire.points), timeline.unit, "along the centreline"),
        "diameter": _value(diameter, timeline.unit, "median width"),
        "inferred_share": Measurement(
            value=round(float(wire.inferred.mean()), 3), unit="1", method="length not seen"
        ),
    }


def _attributes(frame: int, device: Tracked, timeline: Timeline) -> dict[str, Any]:
    wire, seconds = device.wire, timeline.seconds(frame)
    points = np.round(wire.points, 2)
    return {
        "frame": frame,
        "time_ms": None if seconds is None else round(seconds * 1000.0, 1),
        "identity": device.identity,
        "centerline_xy_px": points.tolist(),
        "tip_xy_px": points[-1].tolist(),
        "direction_xy": np.round(wire.direction, 3).tolist(),
        "radius_px": round(wire.radius_px, 2),
        "inferred": runs(wire.inferred),
        "predicted": device.predicted,
    }


def _over_frames(seen: list[Finding], timeline: Timeline) -> dict[str, Measurement]:
    lengths = [float(f.measurements["length"].value or 0.0) for f in seen]
    shares = [float(f.measurements["inferred_share"].value or 0.0) for f in seen]
    gaps = sum(len(f.attributes["inferred"]) for f in seen)
    frames = len({f.attributes["frame"] for f in seen})
    return {
        "mean_wire_length": _value(float(np.mean(lengths)), timeline.unit, "over frames"),
        "inferred_share": Measurement(
            value=round(float(np.average(shares, weights=np.maximum(lengths, 1e-6))), 4),
            unit="1",
            method="share of the wires' length that was bridged or predicted",
        ),
        "gaps_per_frame": Measurement(
            value=round(gaps / frames, 3), unit="1", method="parts marked as inferred"
        ),
    }


def _tip(seen: list[Finding], timeline: Timeline) -> dict[str, Measurement]:
    """Return path and speed of the tip of the wire that is seen longest."""
    identities = [int(f.attributes["identity"]) for f in seen]
    main = max(sorted(set(identities)), key=identities.count)
    own = sorted(
        (f for f in seen if f.attributes["identity"] == main),
        key=lambda f: int(f.attributes["frame"]),
    )
    if len(own) < 2:
        return {}
    tips = np.array([f.attributes["tip_xy_px"] for f in own], np.float64)
    row, column = timeline.spacing_mm or (1.0, 1.0)
    steps = np.linalg.norm(np.diff(tips, axis=0) * (column, row), axis=1)
    found = {"tip_path_length": _value(float(steps.sum()), timeline.unit, "frame to frame")}
    times = [timeline.seconds(int(f.attributes["frame"])) for f in own]
    if None in times:
        return found
    passed = np.diff(np.array(times, np.float64))
    speeds = steps[passed > 0] / passed[passed > 0]
    if len(speeds):
        unit = f"{timeline.unit}/s"
        found["mean_tip_speed"] = _value(float(steps.sum() / passed.sum()), unit, "over time")
        found["peak_tip_speed"] = _value(float(speeds.max()), unit, "between two frames")
    return found


def _count(value: int) -> Measurement:
    return Measurement(value=value, unit="1")


def _value(value: float, unit: str, method: str) -> Measurement:
    return Measurement(value=round(value, 2), unit=unit, method=method)
