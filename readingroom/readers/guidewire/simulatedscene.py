"""Wires with their catheters in a picture: how they are put there, drawn and told.

A *wire in the scene* is a curve in space (mm, z towards the tube) seen along z; pairs for
training use that directly, sequences project it through a C-arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire.simulatedwire import (
    FloatArray,
    Tip,
    Way,
    WireModel,
    other_opacity,
    random_catheter,
    random_tip,
    random_way,
)
from readingroom.readers.guidewire.wirephysics import Device, Tube, mask_of

#: A wire's label is never thinner than this, so that it stays connected, px.
LEAST_RADIUS_PX = 0.75
_CLEARANCE_MM = 0.1


@dataclass(frozen=True)
class WireInScene:
    """One wire, its way, and the catheter around it.

    Attributes
    ----------
    pushed_mm : float
        Length from the entry to the tip.
    sheathed_mm : float
        Length from the entry that lies in `catheter`; 0 without one.
    opaque_mm : float
        Length of the radiopaque end.
    """

    model: WireModel
    tubes: tuple[Tube, Tube]
    way: Way
    tip: Tip
    rotation: float
    pushed_mm: float
    opaque_mm: float
    sheathed_mm: float = 0.0
    catheter: Tube | None = None

    def devices(self, points: FloatArray, gain: FloatArray) -> tuple[Device, Device | None]:
        """Return what is to be drawn for an axis in px: the wire, and its catheter."""
        opaque = max(round(self.opaque_mm / self.way.step_mm), 1)
        piece = np.zeros(len(points), np.intp)
        piece[-opaque:] = 1
        wire = Device(points, self.tubes, piece, gain)
        sheathed = min(round(self.sheathed_mm / self.way.step_mm), len(points))
        if self.catheter is None or sheathed < 3:
            return wire, None
        inside = points[:sheathed]
        around = Device(
            inside, (self.catheter,), np.zeros(sheathed, np.intp), np.minimum(gain[:sheathed], 2.0)
        )
        return wire, around


def random_wire(
    rng: np.random.Generator,
    models: tuple[WireModel, ...],
    longest_mm: float,
    step_mm: float,
    *,
    lead_mm: float = 0.0,
    thinnest_mm: float = 0.0,
    sheathed: float = 0.5,
) -> WireInScene:
    """Return a wire whose way is up to `longest_mm` long.

    Parameters
    ----------
    lead_mm : float
        Length of the way before that, outside the picture: wires come in from the border.
    thinnest_mm : float
        Wires below this diameter are not drawn: the picture could not show them.
    sheathed : float
        How often it comes out of a catheter.
    """
    fitting = [model for model in models if model.outer_mm >= thinnest_mm] or [models[-1]]
    model = fitting[int(rng.integers(len(fitting)))]
    spread = float(rng.uniform(0.0, 0.35))
    shaft, end = (other_opacity(rng, tube, spread) for tube in model.tubes())
    length = longest_mm * rng.uniform(0.35, 1.0)
    way = random_way(rng, longest_mm * 1.05 + 2, step_mm, model.tightest_mm, lead_mm)
    catheter, inside = None, 0.0
    if rng.random() < sheathed:
        _, tube = random_catheter(rng)
        if tube.inner_mm > model.outer_mm + _CLEARANCE_MM:
            catheter, inside = tube, lead_mm + length * rng.uniform(0.0, 0.85)
    return WireInScene(
        model=model,
        tubes=(shaft, end),
        way=way,
        tip=random_tip(rng, model),
        rotation=float(rng.uniform(0, 2 * np.pi)),
        pushed_mm=float(lead_mm + length),
        opaque_mm=float(rng.uniform(*model.opaque_mm)),
        sheathed_mm=float(inside),
        catheter=catheter,
    )


class Seen(NamedTuple):
    """The visible pieces of a wire: polylines to the tip, and the tip of each if there."""

    lines: list[FloatArray]
    tips: list[tuple[float, float] | None]


def visible(points: FloatArray, field: npt.NDArray[np.bool_]) -> Seen:
    """Return the pieces of an axis that lie in the picture's field, 4 px long at least."""
    rows, columns = field.shape
    column, row = (np.rint(points[:, k]).astype(np.intp) for k in (0, 1))
    inside = (column >= 0) & (row >= 0) & (column < columns) & (row < rows)
    inside[inside] = field[row[inside], column[inside]]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(np.int8), [0]])))
    seen = Seen([], [])
    for first, end in edges.reshape(-1, 2):
        line = points[first:end]
        if np.hypot(*np.diff(line, axis=0).T).sum() < 4.0:
            continue
        seen.lines.append(thinned(line))
        whole = end == len(points)
        seen.tips.append((float(line[-1, 0]), float(line[-1, 1])) if whole else None)
    return seen


def thinned(line: FloatArray, step_px: float = 1.0) -> FloatArray:
    """Return the polyline at about equal steps, its ends kept."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0.0, length[-1], max(round(length[-1] / step_px), 1) + 1)
    return np.stack([np.interp(at, length, line[:, k]) for k in (0, 1)], axis=1)


def label_radius(tube: Tube, pixel_mm: float) -> float:
    """Return the radius with which a tube is labelled, px."""
    return max(tube.outer_mm / 2 / pixel_mm, LEAST_RADIUS_PX)


def label(mask: npt.NDArray[np.uint8], points: FloatArray, tube: Tube, pixel_mm: float) -> None:
    """Set a device's pixels in a mask to 1."""
    shape = (mask.shape[0], mask.shape[1])
    mask |= mask_of(shape, points, label_radius(tube, pixel_mm))
