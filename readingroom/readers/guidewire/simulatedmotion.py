"""How a picture moves while it is taken: breathing, heart beat, the table; not rigid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float64]
Picture = npt.NDArray[np.float32]


@lru_cache(maxsize=64)
def _weights(size: int, nodes: int) -> npt.NDArray[np.float32]:
    """Return the cubic B-spline weights of `nodes` coefficients at `size` pixels."""
    return _weights_at(np.arange(size) / max(size - 1, 1), nodes).astype(np.float32)


def _weights_at(place: FloatArray, nodes: int) -> FloatArray:
    at = np.clip(place, -0.5, 1.5)[:, None] * (nodes - 1) - np.arange(nodes)
    far = np.abs(at)
    inner = 2 / 3 - far**2 + far**3 / 2
    outer = np.maximum(2 - far, 0.0) ** 3 / 6
    return np.asarray(np.where(far < 1, inner, outer))


@dataclass(frozen=True)
class Displacement:
    """A smooth displacement of a square picture, px: cubic B-spline on a coarse grid.

    Attributes
    ----------
    nodes : ndarray of float64, shape (2, n, n)
        Displacement in x and y at the nodes ``[row, column]``.
    size : int
        Side of the picture, px.
    """

    nodes: FloatArray
    size: int

    def dense(self) -> Picture:
        """Return the displacement of every pixel, ``(2, row, column)``."""
        weights = _weights(self.size, self.nodes.shape[1])
        down = np.einsum("rk,ckl->crl", weights, self.nodes.astype(np.float32))
        # einsum, not matmul: no threads for so little work.
        return np.asarray(np.einsum("crl,xl->crx", down, weights), np.float32)

    def at(self, points: FloatArray) -> FloatArray:
        """Return the displacement at points ``(x, y)``, shape (n, 2)."""
        count = self.nodes.shape[1]
        across = _weights_at(points[:, 0] / (self.size - 1), count)
        down = _weights_at(points[:, 1] / (self.size - 1), count)
        return np.asarray(np.einsum("nr,krc,nc->nk", down, self.nodes, across))

    def plus(self, other: Displacement) -> Displacement:
        """Return the sum of two displacements on the same nodes."""
        return Displacement(self.nodes + other.nodes, self.size)


def random_displacement(
    rng: np.random.Generator, size: int, shift_px: float, bend_px: float, nodes: int = 5
) -> Displacement:
    """Return a common shift with local bending on top, both normal with these SDs."""
    common = rng.normal(0, shift_px, (2, 1, 1))
    return Displacement(common + rng.normal(0, bend_px, (2, nodes, nodes)), size)


@dataclass(frozen=True)
class Physiology:
    """Breathing and heart beat of one sequence.

    Attributes
    ----------
    breath, beat : Displacement
        Displacement at full inspiration and at end systole.
    breath_hz, beat_hz : float
        Their rates; a held breath has amplitude, no rate.
    phase : tuple of float
        Where in their cycles they are at time 0, cycles.
    """

    breath: Displacement
    beat: Displacement
    breath_hz: float
    beat_hz: float
    phase: tuple[float, float]

    def at(self, seconds: float) -> Displacement:
        """Return the displacement at a time."""
        breath = np.sin(2 * np.pi * (seconds * self.breath_hz + self.phase[0]))
        cycle = (seconds * self.beat_hz + self.phase[1]) % 1.0
        # Contraction takes a third of the beat, filling the rest.
        beat = np.sin(np.pi * cycle / 0.35) if cycle < 0.35 else 0.0
        return Displacement(breath * self.breath.nodes + beat * self.beat.nodes, self.breath.size)


def random_physiology(
    rng: np.random.Generator, size: int, pixel_mm: float, amount: float = 1.0
) -> Physiology:
    """Return breathing (mostly up and down, 2-8 mm) and a heart beat (local, 1-5 mm)."""
    breath_px = amount * rng.uniform(2.0, 8.0) / pixel_mm / 2
    nodes = np.stack([rng.normal(0, 0.1, (5, 5)), rng.normal(1, 0.15, (5, 5))]) * breath_px
    nodes *= np.linspace(0.5, 1.2, 5)[None, :, None]  # the diaphragm moves most
    beat_px = amount * rng.uniform(1.0, 5.0) / pixel_mm
    where = np.zeros((5, 5))
    where[1:4, 1:4] = 1.0
    beat = rng.normal(0, 0.7, (2, 1, 1)) + rng.normal(0, 0.3, (2, 5, 5))
    return Physiology(
        Displacement(nodes, size),
        Displacement(beat * where * beat_px, size),
        float(rng.uniform(0.15, 0.3)),
        float(rng.uniform(0.9, 1.6)),
        (float(rng.random()), float(rng.random())),
    )


def warp(picture: Picture, displacement: Displacement) -> Picture:
    """Return the picture with its content moved by the displacement (small and smooth)."""
    size = displacement.size
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    moved = displacement.dense()
    at = np.stack([rows - moved[1], columns - moved[0]]).astype(np.float32)
    return np.asarray(ndimage.map_coordinates(picture, at, order=1, mode="nearest"))
