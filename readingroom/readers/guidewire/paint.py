"""A centreline as pixels: the tube of its radius, drawn into a frame of a mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire.centerlinecurve import resampled

#: The thinnest device is still a line without holes, px.
THINNEST_PX = 0.8


def tube(
    shape: tuple[int, int], points: npt.NDArray[np.float64], radius_px: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return rows and columns of the pixels whose centres lie within the radius of a curve."""
    radius = max(radius_px, THINNEST_PX)
    dense = resampled(points, 0.75).astype(np.float32)
    reach = int(np.ceil(radius)) + 1
    steps = np.arange(-reach, reach + 1)
    offsets = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(1, -1, 2)
    pixels = np.rint(dense).astype(np.intp)[:, None] + offsets
    near = ((pixels - dense[:, None]) ** 2).sum(axis=2) <= radius**2
    columns, rows = pixels[near].T
    inside = (rows >= 0) & (columns >= 0) & (rows < shape[0]) & (columns < shape[1])
    return rows[inside], columns[inside]


def draw(
    frame: npt.NDArray[Any], points: npt.NDArray[np.float64], radius_px: float, value: int
) -> None:
    """Write `value` into the pixels of a device, in place."""
    frame[tube((frame.shape[0], frame.shape[1]), points, radius_px)] = value
