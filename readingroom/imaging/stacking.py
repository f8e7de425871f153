"""Slices of one acquisition into one regular volume in patient space.

Rules, in this order; every departure from a plain stack leaves a note:

* slices are sorted by their distance along the slice normal;
* copies of a slice are dropped; different slices at one place are refused, since no
  attribute told them apart (`readingroom.imaging.splitting` came before);
* a distance that is a multiple of the usual one means missing slices, which are
  interpolated so that the grid is regular (``MISSING_SLICES``, a warning);
* other irregular distances are resampled to the finest one (``VARIABLE_SPACING``);
* slices shifted within their plane (gantry tilt) are sheared onto a right-angled grid
  (``GANTRY_TILT_CORRECTED``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.imaging import notes
from readingroom.imaging.decode import read_stored
from readingroom.imaging.planes import Plane
from readingroom.imaging.resampling import Resampling
from readingroom.study import Note

Vector = npt.NDArray[np.float64]

#: Two slices closer than this (mm) lie at the same place.
SAME_PLACE_MM = 0.01
#: Positions are written with one decimal by some scanners: not an irregularity.
_ROUNDING_MM = 0.1
_ROUNDING_PART = 0.1
#: A slice this near (mm) to a place of the grid is taken as lying there.
_EXACT_MM = 1e-3
#: Lateral drift over the whole stack, in pixels, above which slices are sheared.
_TILT_PX = 0.25


@dataclass(frozen=True)
class Stack:
    """A regular volume made of planes.

    Attributes
    ----------
    planes : tuple of Plane
        The source planes in the order of their position.
    resampling : Resampling or None
        How they become the volume; None if they are its slices.
    """

    planes: tuple[Plane, ...]
    ijk_to_lps: npt.NDArray[np.float64]
    shape: tuple[int, int, int]
    resampling: Resampling | None
    notes: tuple[Note, ...]


def build_stack(planes: Sequence[Plane]) -> Stack:
    """Arrange planes of one orientation, size and acquisition.

    Raises
    ------
    RefusedInput
        ``SLICES_AMBIGUOUS`` if different images lie at the same place.
    """
    ordered = sort_planes(planes)
    kept = _without_copies(ordered)
    found = [notes.duplicate_slices(len(ordered) - len(kept))] if len(kept) < len(ordered) else []
    if len(kept) == 1:
        return _single(kept[0], tuple(found))
    lower, fraction, increment, spacing_notes = _regular_grid(distances_along_normal(kept))
    offsets, tilt_notes = _lateral_offsets(kept)
    found += spacing_notes + tilt_notes
    if not spacing_notes and offsets is None:
        return _plain(kept, tuple(found))
    return _resampled(kept, lower, fraction, increment, offsets, tuple(found))


def sort_planes(planes: Sequence[Plane]) -> list[Plane]:
    """Return planes in the order of their place along the slice normal."""
    normal = _normal(planes[0])
    return sorted(planes, key=lambda plane: (float(_position(plane) @ normal), plane.frame))


def _normal(plane: Plane) -> Vector:
    assert plane.normal is not None
    return plane.normal


def _position(plane: Plane) -> Vector:
    assert plane.position is not None
    return plane.position


def distances_along_normal(planes: Sequence[Plane]) -> Vector:
    """Return each plane's place along the first plane's normal, mm."""
    normal = _normal(planes[0])
    return np.array([_position(plane) @ normal for plane in planes])


def _without_copies(ordered: Sequence[Plane]) -> list[Plane]:
    kept = [ordered[0]]
    for plane, step in zip(ordered[1:], np.diff(distances_along_normal(ordered)), strict=True):
        if step > SAME_PLACE_MM:
            kept.append(plane)
        elif not _is_copy(plane, kept[-1]):
            raise _ambiguous()
    return kept


def _is_copy(plane: Plane, other: Plane) -> bool:
    if np.linalg.norm(_position(plane) - _position(other)) > SAME_PLACE_MM:
        return False
    same_uid = bool(plane.instance_uid) and plane.instance_uid == other.instance_uid
    if same_uid and plane.frame == other.frame:
        return True
    same_rescale = plane.rescale == other.rescale
    return same_rescale and np.array_equal(read_stored(plane), read_stored(other))


def _ambiguous() -> RefusedInput:
    return RefusedInput(
        "SLICES_AMBIGUOUS",
        "Different images lie at the same place in the patient and nothing tells them apart.",
        "Give only the files of one acquisition.",
    )


def _regular_grid(
    distances: Vector,
) -> tuple[npt.NDArray[np.intp], Vector, float, list[Note]]:
    """Return lower source index, fraction, increment and notes for a regular grid."""
    places, found = _places_on_grid(distances)
    count = int(np.rint(places[-1])) + 1
    increment = float(distances[-1] - distances[0]) / (count - 1)
    wanted = np.arange(count)
    # A slice that is there is copied, not blended with a trace of its neighbour.
    near = _EXACT_MM / increment
    lower = np.searchsorted(places, wanted + near, side="right") - 1
    above = np.minimum(lower + 1, len(places) - 1)
    fraction = (wanted - places[lower]) / np.maximum(places[above] - places[lower], near)
    fraction = np.where(np.abs(wanted - places[lower]) <= near, 0.0, fraction)
    return lower, fraction, increment, found


def _places_on_grid(distances: Vector) -> tuple[Vector, list[Note]]:
    """Return the place of each slice in steps of the regular grid that is to be made."""
    steps = np.diff(distances)
    usual = float(np.median(steps))
    span = float(distances[-1] - distances[0])
    regular = distances[0] + span / len(steps) * np.arange(len(distances))
    if np.abs(distances - regular).max() <= _tolerance(usual):
        return np.arange(len(distances), dtype=np.float64), []
    multiples = np.rint(steps / usual).astype(int)
    if multiples.min() >= 1 and np.abs(steps - multiples * usual).max() <= _tolerance(usual):
        return np.concatenate([[0.0], np.cumsum(multiples)]), [_missing(multiples)]
    finest = float(steps[steps >= usual / 4].min())
    used = span / np.ceil(span / finest - 1e-6)
    note = notes.variable_spacing(float(steps.min()), float(steps.max()), used)
    return (distances - distances[0]) / used, [note]


def _missing(multiples: npt.NDArray[np.int_]) -> Note:
    gaps = [f"{m - 1} after slice {k + 1}" for k, m in enumerate(multiples) if m > 1]
    places = ", ".join(gaps[:5]) + (" …" if len(gaps) > 5 else "")
    return notes.missing_slices(int((multiples - 1).sum()), places)


def _tolerance(increment: float) -> float:
    return min(_ROUNDING_MM, _ROUNDING_PART * increment)


def _lateral_offsets(planes: Sequence[Plane]) -> tuple[Vector | None, list[Note]]:
    """Return each slice's in-plane offset from the first, mm along rows and columns."""
    first = planes[0]
    assert first.row_direction is not None
    assert first.column_direction is not None
    assert first.spacing is not None
    moved = np.array([_position(plane) - _position(first) for plane in planes])
    offsets = np.stack([moved @ first.column_direction, moved @ first.row_direction], axis=1)
    drift_px = np.abs(offsets / np.array(first.spacing)).max()
    if drift_px <= _TILT_PX:
        return None, []
    span = float(distances_along_normal(planes)[-1] - distances_along_normal(planes)[0])
    angle = np.degrees(np.arctan2(np.linalg.norm(offsets[-1]), span))
    return offsets, [notes.gantry_tilt(float(angle))]


def _in_plane(plane: Plane) -> npt.NDArray[np.float64]:
    assert plane.row_direction is not None
    assert plane.column_direction is not None
    assert plane.spacing is not None
    matrix = np.eye(4)
    matrix[:3, 0] = plane.row_direction * plane.spacing[1]
    matrix[:3, 1] = plane.column_direction * plane.spacing[0]
    matrix[:3, 3] = _position(plane)
    return matrix


def _single(plane: Plane, found: tuple[Note, ...]) -> Stack:
    matrix = _in_plane(plane)
    matrix[:3, 2] = _normal(plane) * (plane.number("SliceThickness") or 1.0)
    return Stack((plane,), matrix, (1, *plane.size), None, found)


def _plain(planes: Sequence[Plane], found: tuple[Note, ...]) -> Stack:
    matrix = _in_plane(planes[0])
    matrix[:3, 2] = (_position(planes[-1]) - _position(planes[0])) / (len(planes) - 1)
    return Stack(tuple(planes), matrix, (len(planes), *planes[0].size), None, found)


def _resampled(
    planes: Sequence[Plane],
    lower: npt.NDArray[np.intp],
    fraction: Vector,
    increment: float,
    offsets: Vector | None,
    found: tuple[Note, ...],
) -> Stack:
    matrix = _in_plane(planes[0])
    matrix[:3, 2] = _normal(planes[0]) * increment
    canvas, shift_px = planes[0].size, None
    if offsets is None:
        # The slight lateral drift that is left is kept in the step, as in a plain stack.
        matrix[:3, 2] = (_position(planes[-1]) - _position(planes[0])) / (len(lower) - 1)
    else:
        shift_px, canvas, matrix[:3, 3] = _canvas(planes[0], offsets, matrix)
    resampling = Resampling(lower, fraction, shift_px, canvas)
    return Stack(tuple(planes), matrix, resampling.shape, resampling, found)


def _canvas(
    first: Plane, offsets: Vector, matrix: npt.NDArray[np.float64]
) -> tuple[Vector, tuple[int, int], Vector]:
    """Return shifts in pixels, a canvas that holds every slice, and its origin."""
    shift = offsets / np.array(first.spacing)
    # A whole number of pixels, so that the first slice stays untouched.
    margin = np.ceil(np.maximum(-shift.min(axis=0) - 1e-6, 0.0))
    shift = shift + margin
    extent = np.ceil(shift.max(axis=0) - 1e-6).astype(int)
    canvas = (first.size[0] + int(extent[0]), first.size[1] + int(extent[1]))
    origin = matrix[:3, 3] - matrix[:3, 0] * margin[1] - matrix[:3, 1] * margin[0]
    return shift, canvas, origin
