"""What one click on a missed wire marks: the dark line there, followed both ways."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import KDTree

from readingroom.errors import RefusedInput
from readingroom.reader import Growth
from readingroom.readers.guidewire import paint
from readingroom.readers.guidewire.centerline import Wire, trace
from readingroom.readers.guidewire.findings import VALUE
from readingroom.readers.guidewire.frames import normalise
from readingroom.readers.guidewire.ridge import ridges
from readingroom.readers.guidewire.timeline import Timeline
from readingroom.reading import Masks
from readingroom.study import Cine

#: A click is meant for a line no farther away than this, px.
_NEAR_PX = 8.0
#: Where the click's own line is looked for, px, and the scales of lines, px: fine ones are noise.
_REACH_PX, _SCALES_PX = 5, (1.5, 2.5)
#: A line goes on where it has this share of its strength at the click, which must be this many
#: times the picture's median.
_SHARE, _ABOVE_NOISE = 0.4, 8.0
#: A line is followed no shorter than this, px.
_SHORTEST_PX = 15.0


def strength(cine: Cine, frame: int, polarity: str = "auto") -> npt.NDArray[np.float32]:
    """Return how strong the dark lines of a frame are, >= 0: what curves cling to."""
    one = normalise(cine.array[frame : frame + 1], polarity=_asked(polarity))
    return np.asarray(ridges(one.array[0]) * one.field_mask)


def _evidence(
    cine: Cine, frame: int, click: tuple[int, int], polarity: str
) -> npt.NDArray[np.float32]:
    """Return the lines of a frame as a share of the strength of the one at the click.

    Raises
    ------
    RefusedInput
        ``NOTHING_TO_GROW`` if that one is no stronger than the noise.
    """
    one = normalise(cine.array[frame : frame + 1], polarity=_asked(polarity))
    seen = ridges(one.array[0], _SCALES_PX)
    inside = ndimage.binary_erosion(one.field_mask, iterations=4, border_value=1)
    near = tuple(slice(max(at - _REACH_PX, 0), at + _REACH_PX + 1) for at in click)
    here = seen[near][inside[near]]
    strongest = float(here.max()) if here.size else 0.0
    if strongest < _ABOVE_NOISE * float(np.median(seen[inside])):
        raise _nothing()
    return np.asarray(np.where(inside, np.clip(seen / strongest, 0.0, 1.0), 0.0), np.float32)


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
    lines = trace(
        _evidence(cine, frame, (row, column), polarity),
        threshold=_SHARE,
        min_length_px=_SHORTEST_PX,
        max_gap_px=20.0,
    )
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
