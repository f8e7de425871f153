"""What one click on a missed wire marks: the dark line there, followed both ways."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from readingroom.errors import RefusedInput
from readingroom.reader import Growth
from readingroom.readers.guidewire import paint
from readingroom.readers.guidewire.centerline import Wire, trace
from readingroom.readers.guidewire.findings import VALUE
from readingroom.readers.guidewire.frames import normalise
from readingroom.readers.guidewire.ridge import probability, ridges
from readingroom.readers.guidewire.timeline import Timeline
from readingroom.reading import Masks
from readingroom.study import Cine

#: A click is meant for a line no farther away than this, px.
_NEAR_PX = 8.0
#: A line is followed no shorter than this, px.
_SHORTEST_PX = 15.0


def strength(cine: Cine, frame: int, polarity: str = "auto") -> npt.NDArray[np.float32]:
    """Return how strong the dark lines of a frame are, >= 0: what curves cling to."""
    one = normalise(cine.array[frame : frame + 1], polarity=_asked(polarity))
    return np.asarray(ridges(one.array[0]) * one.field_mask)


def _evidence(cine: Cine, frame: int, polarity: str) -> npt.NDArray[np.float32]:
    one = normalise(cine.array[frame : frame + 1], polarity=_asked(polarity))
    return probability(ridges(one.array[0]), one.field_mask)


def _asked(polarity: str) -> Literal["auto", "dark", "bright"]:
    known: dict[str, Literal["dark", "bright"]] = {"dark": "dark", "bright": "bright"}
    return known.get(polarity, "auto")


def grow(
    cine: Cine,
    masks: Masks,
    position_lps_mm: tuple[float, float, float],
    label: str,
    polarity: str = "auto",
) -> Growth:
    """Return the line nearest to a click as a mask; see `Reader.grow`.

    Raises
    ------
    RefusedInput
        ``NOTHING_TO_GROW`` if no line is near.
    """
    timeline = Timeline.of(cine)
    frame, row, column = timeline.pixel(position_lps_mm)
    if not 0 <= frame < timeline.shape[0]:
        raise _nothing()
    lines = trace(_evidence(cine, frame, polarity), min_length_px=_SHORTEST_PX, max_gap_px=20.0)
    wire = _nearest(lines, np.array([column, row], np.float64))
    layer = next(segment.layer for segment in masks.segments if segment.name == label)
    plane = masks.layers[layer][frame].copy()
    paint.draw(plane, wire.points, min(wire.radius_px, 4.0), VALUE)
    return Growth(layer, (frame, 0, 0), plane[None], label)


def _nearest(lines: list[Wire], click: npt.NDArray[np.float64]) -> Wire:
    distances = [float(KDTree(line.points).query(click)[0]) for line in lines]
    if not distances or min(distances) > _NEAR_PX:
        raise _nothing()
    return lines[int(np.argmin(distances))]


def _nothing() -> RefusedInput:
    return RefusedInput(
        "NOTHING_TO_GROW",
        "There is no dark line at this place.",
        "Click on the wire, or draw it.",
    )
