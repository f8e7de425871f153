"""Correcting a device as a curve: drawn anew in a frame, and carried to its neighbours.

A curve becomes the tube of the device in the frame's mask, so that undo, audit, autosave and
measuring are those of every other edit. What hosts show to drag (Markups curves, points on a
page) is theirs; no network runs here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire import grow, paint
from readingroom.readers.guidewire.centerlinecurve import resampled
from readingroom.readers.guidewire.findings import VALUE, wire_of
from readingroom.readers.guidewire.livewire import Followed, live_wire, propagate
from readingroom.readers.guidewire.options import GuidewireOptions
from readingroom.readers.guidewire.timeline import cine_read
from readingroom.reading import Finding
from readingroom.review.session import ReviewSession
from readingroom.study import Cine

Curve = npt.NDArray[np.float64]
Plane = npt.NDArray[np.unsignedinteger[Any]]

#: Points nearer to each other are one, px.
_SAME_PX = 0.5


def handles(points: npt.ArrayLike, *, within_px: float = 0.75, most: int = 14) -> Curve:
    """Return the fewest points on a curve whose spline (`through`) stays near it, to be dragged.

    Parameters
    ----------
    points : array, shape (n, 2)
        ``(x, y)`` px, in order.
    within_px : float
        Largest distance of the spline from the curve, unless that takes more than `most`.
    """
    curve = resampled(np.asarray(points, np.float64).reshape(-1, 2), 1.0)
    chosen = curve
    for count in range(min(4, len(curve)), min(most, len(curve)) + 1):
        chosen = np.asarray(curve[np.rint(np.linspace(0, len(curve) - 1, count)).astype(int)])
        if _farthest(curve, through(chosen)) <= within_px:
            break
    return chosen


def through(points: npt.ArrayLike) -> Curve:
    """Return the cubic spline through `points` ``(x, y)``, about 1 px apart.

    Natural ends, parameter by chord length (de Boor, A Practical Guide to Splines, 1978).
    """
    from scipy.interpolate import CubicSpline

    given = np.asarray(points, np.float64).reshape(-1, 2)
    steps = np.linalg.norm(np.diff(given, axis=0), axis=1)
    apart = np.append(True, steps > _SAME_PX)
    given = np.asarray(given[apart])
    if len(given) < 2:
        return given
    along = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(given, axis=0), axis=1)))
    places = np.linspace(0.0, along[-1], max(round(along[-1]) + 1, 2))
    return np.asarray(CubicSpline(along, given, bc_type="natural")(places))


def _farthest(curve: Curve, other: Curve) -> float:
    from scipy.spatial import KDTree

    return float(KDTree(other).query(curve)[0].max())


def clung(session: ReviewSession, frame: int, clicks: Sequence[Sequence[float]]) -> Curve:
    """Return the curve through clicked points ``(x, y)`` px that follows the device there."""
    return live_wire(_evidence(session, frame), clicks)


def redraw(session: ReviewSession, finding_id: str, points: npt.ArrayLike) -> None:
    """Let a device be where `points` ``(x, y)`` px are, in its frame; its radius stays.

    Raises
    ------
    RefusedInput
        ``FINDING_UNKNOWN``, ``SIGNED``.
    """
    finding = _finding(session, finding_id)
    frame = int(finding.attributes["frame"])
    plane = _redrawn(session, finding, np.asarray(points, np.float64))
    session.replace_voxels(_layer(session, finding), (frame, 0, 0), plane[None], "curve", over=True)


def carry(session: ReviewSession, finding_id: str, reach: int = 5) -> list[int]:
    """Carry a device's curve to the frames around it, as one edit; return those frames.

    In each of them the device of the same identity is drawn where the curve is found again;
    it ends where it is lost, and at frames whose device a person has already accepted.
    """
    finding = _finding(session, finding_id)
    frame = int(finding.attributes["frame"])
    first, last = max(frame - reach, 0), min(frame + reach, session.volume.shape[0] - 1)
    evidence = [_evidence(session, number) for number in range(first, last + 1)]
    found = propagate(wire_of(finding).points, evidence, frame - first, reach)
    carried = _unsettled(session, finding, [_shifted(one, first) for one in found])
    if not carried:
        return []
    layer = _layer(session, finding)
    low, high = min(one.frame for one in carried), max(one.frame for one in carried)
    block = session.masks.layers[layer][low : high + 1].copy()
    for one in carried:
        other = _same_device(session, finding, one.frame) or finding
        block[one.frame - low] = _redrawn(session, other, one.points, frame=one.frame)
    session.replace_voxels(layer, (low, 0, 0), block, "carry", over=True)
    return [one.frame for one in carried]


def _unsettled(session: ReviewSession, finding: Finding, found: list[Followed]) -> list[Followed]:
    """Return the frames on both sides up to the first whose device is accepted."""
    centre = int(finding.attributes["frame"])
    settled = [
        one.frame
        for one in found
        if (other := _same_device(session, finding, one.frame)) and other.state == "accepted"
    ]
    low = max((frame for frame in settled if frame < centre), default=-1)
    high = min((frame for frame in settled if frame > centre), default=session.volume.shape[0])
    return [one for one in found if low < one.frame < high]


def _shifted(one: Followed, first: int) -> Followed:
    return Followed(one.frame + first, one.points, one.evidence)


def _redrawn(
    session: ReviewSession, finding: Finding, points: Curve, *, frame: int | None = None
) -> Plane:
    """Return the frame's mask with the device drawn along `points` instead of where it is."""
    number = int(finding.attributes["frame"]) if frame is None else frame
    plane = session.masks.layers[_layer(session, finding)][number].copy()
    if number == int(finding.attributes["frame"]):
        plane[session.mask_of(finding.id)[1][0]] = 0
    paint.draw(plane, points, float(finding.attributes["radius_px"]), VALUE)
    return np.asarray(plane)


def _same_device(session: ReviewSession, finding: Finding, frame: int) -> Finding | None:
    wanted = (frame, finding.label, finding.attributes["identity"])
    for one in session.reading.findings:
        if (one.attributes["frame"], one.label, one.attributes["identity"]) == wanted:
            return one
    return None


def _finding(session: ReviewSession, finding_id: str) -> Finding:
    session.mask_of(finding_id)  # refuses an unknown one
    return session.reading.finding(finding_id)


def _layer(session: ReviewSession, finding: Finding) -> int:
    return next(s.layer for s in session.masks.segments if s.name == finding.label)


def _evidence(session: ReviewSession, frame: int) -> npt.NDArray[np.float32]:
    cine: Cine = cine_read(session.study, session.volume.series_uid, session.volume.shape)
    return grow.strength(cine, frame, GuidewireOptions(**session.reading.options).polarity)
