"""What collimators and filters leave of a picture."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.guidewire.wirephysics import Picture


def random_field(rng: np.random.Generator, size: int) -> npt.NDArray[np.bool_]:
    """Return what the collimator leaves: everything, or a disc's or a blade's side."""
    field = np.ones((size, size), bool)
    if rng.random() < 0.8:
        return field
    y, x = np.ogrid[:size, :size]
    if rng.random() < 0.5:
        radius = rng.uniform(0.6, 1.6) * size
        heading = rng.uniform(0, 2 * np.pi)
        away = radius - rng.uniform(0.1, 0.45) * size
        centre = size / 2 + away * np.array([np.cos(heading), np.sin(heading)])
        return np.asarray((x - centre[0]) ** 2 + (y - centre[1]) ** 2 < radius**2)
    for blade in range(int(rng.integers(1, 3))):
        edge = rng.uniform(0.03, 0.25) * size
        axis = x if (blade + int(rng.integers(2))) % 2 else y
        field &= axis > edge if rng.random() < 0.5 else axis < size - edge
    return field


def collimated(shape: str, size: int) -> npt.NDArray[np.bool_]:
    """Return the field that a collimator leaves: 'none', 'disc', 'octagon' or 'blades'."""
    at = np.abs(np.arange(size) - (size - 1) / 2) / (size / 2)
    y, x = at[:, None], at[None, :]
    fields: Mapping[str, npt.NDArray[np.bool_]] = {
        "none": np.ones((size, size), bool),
        "disc": np.hypot(x, y) < 1.02,
        "octagon": (np.maximum(x, y) < 0.97) & (x + y < 1.5),
        "blades": np.broadcast_to((x < 0.93) & (y < 0.85), (size, size)).copy(),
    }
    return np.asarray(fields[shape])


def wedged(depth: Picture, strength: float) -> Picture:
    """Return the depth behind a wedge filter: its slow changes reduced by `strength`."""
    slow = ndimage.gaussian_filter(depth, depth.shape[0] / 12, mode="nearest", truncate=2.5)
    return np.asarray(depth - strength * slow, np.float32)
