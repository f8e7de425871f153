"""Simulated nodules: implicit solids, rendered with the scanner's partial volume.

A nodule is a star-shaped body (ellipsoid with lobulations), perhaps with spicules, filled
by layers: ground glass, a solid core, calcium. Points and axes are ``(k, j, i)`` in mm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float64]
Weights = npt.NDArray[np.float32]
Box = tuple[slice, slice, slice]

TYPES = ("solid", "part_solid", "ground_glass", "calcified")
ATTACHMENTS = ("none", "vascular", "pleural", "perifissural")
_NO_BUMPS = np.zeros((0, 5))
#: The finest sampling of a voxel, and how many samples a nodule's diameter gets at least.
_FINEST_MM, _SAMPLES = 0.2, 18


@dataclass(frozen=True)
class Shape:
    """A solid about its own centre.

    Attributes
    ----------
    radii_mm : ndarray, shape (3,)
        Semi-axes of the ellipsoid.
    turn : ndarray, shape (3, 3)
        Columns are the ellipsoid's axes.
    bumps : ndarray, shape (n, 5)
        Lobulations: direction, height as a share of the radius, sharpness.
    spicules : ndarray, shape (n, 5)
        Direction, length beyond the surface in mm, radius at the base in mm.
    """

    radii_mm: FloatArray
    turn: FloatArray
    bumps: FloatArray
    spicules: FloatArray

    @property
    def reach_mm(self) -> float:
        """Return a radius that holds all of it."""
        return self.body_reach_mm + float(self.spicules[:, 3].max(initial=0))

    @property
    def body_reach_mm(self) -> float:
        """Return a radius that holds all but the spicules."""
        widest = float(self._table.max()) if len(self.bumps) else 1.0
        return float(self.radii_mm.max()) * widest

    @cached_property
    def volume_mm3(self) -> float:
        """Volume of the body, without spicules (a radiologist measures without them)."""
        surface = self._surface(_directions())
        return float(4 / 3 * math.pi * np.prod(self.radii_mm) * (surface**3).mean())

    @property
    def diameter_mm(self) -> float:
        """Diameter of the sphere of equal volume."""
        return math.cbrt(6 * self.volume_mm3 / math.pi)

    def scaled(self, diameter_mm: float) -> Shape:
        """Return the same body with another equivalent diameter; spicules stay as they are."""
        return replace(self, radii_mm=self.radii_mm * (diameter_mm / self.diameter_mm))

    def distance(self, points: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return about the signed distance of points ``(..., 3)`` to the body, mm."""
        own = points @ (self.turn / self.radii_mm).astype(points.dtype)
        radius = np.maximum(_length(own), 1e-6)
        surface = self._surface(own / radius[..., None])
        # Along the ray the ellipsoid's radius is |p| / |own|: exact on the surface.
        return np.asarray((radius - surface) * np.maximum(_length(points) / radius, 1e-6))

    def spiculation(self, points: npt.NDArray[Any], near_mm: float) -> npt.NDArray[Any]:
        """Return the signed distance to the spicules, mm; infinite beyond `near_mm`."""
        nearest = np.full(points.shape[:-1], np.inf, np.float32)
        squares = np.einsum("...a,...a->...", points, points)
        for *direction, length, width in self.spicules:
            along = points @ np.array(direction, points.dtype)
            root = 0.5 * float(self.radii_mm.min())
            tip = float(self.radii_mm.mean()) + length
            # Few of the points are near one spicule; all of them took seconds a nodule.
            close = (along > root) & (along < tip) & (squares - along**2 < (width + near_mm) ** 2)
            across = np.sqrt(np.maximum(squares[close] - along[close] ** 2, 0))
            taper = width * np.clip((tip - along[close]) / (tip - root), 0, 1)
            nearest[close] = np.minimum(nearest[close], across - taper)
        return nearest

    def _surface(self, unit: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the relative radius in directions ``(..., 3)``, from a table."""
        if not len(self.bumps):
            return np.ones(unit.shape[:-1])
        rows, columns = self._table.shape
        row = np.rint(np.arccos(np.clip(unit[..., 0], -1, 1)) * ((rows - 1) / math.pi))
        turn = np.arctan2(unit[..., 2], unit[..., 1]) * (columns / (2 * math.pi))
        column = np.rint(turn).astype(np.intp) % columns
        return np.asarray(self._table[row.astype(np.intp), column], unit.dtype)

    @cached_property
    def _table(self) -> FloatArray:
        """The relative radius by polar angle (to axis 0) and azimuth, 1.4° apart.

        Bumps evaluated at every sample of a nodule took seconds.
        """
        polar, azimuth = np.meshgrid(
            np.linspace(0, math.pi, 129), np.arange(256) * (2 * math.pi / 256), indexing="ij"
        )
        ring = np.sin(polar)
        unit = np.stack([np.cos(polar), ring * np.cos(azimuth), ring * np.sin(azimuth)], -1)
        surface = np.ones(polar.shape)
        for *direction, height, sharpness in self.bumps:
            surface += height * np.exp(sharpness * (unit @ np.array(direction) - 1))
        return np.maximum(surface, 0.3)


@dataclass(frozen=True)
class Layer:
    """A part of a nodule: where, how dense, how uneven (SD, HU)."""

    shape: Shape
    offset_mm: FloatArray
    hu: float
    texture_hu: float = 0.0


@dataclass(frozen=True)
class Nodule:
    """A nodule as it is inserted; the first layer is the whole of it.

    Attributes
    ----------
    type : str
        One of `TYPES`.
    attachment : str
        One of `ATTACHMENTS`.
    """

    type: str
    layers: tuple[Layer, ...]
    attachment: str = "none"

    @property
    def diameter_mm(self) -> float:
        """Diameter of the sphere of the whole's volume."""
        return self.layers[0].shape.diameter_mm

    @property
    def reach_mm(self) -> float:
        """Radius that holds the nodule."""
        return self.layers[0].shape.reach_mm


@dataclass(frozen=True)
class Rendered:
    """A layer on a scan's grid.

    Attributes
    ----------
    box : tuple of slice
        Where on the grid.
    seen : ndarray of float32, 0…1
        Share of each voxel as the scanner sees it, spicules included.
    exact : ndarray of float32, 0…1
        Share of each voxel that the body really fills.
    """

    box: Box
    seen: Weights
    exact: Weights


@dataclass(frozen=True)
class Optics:
    """How a scanner sees: voxel size, slice thickness, in-plane blur (all mm)."""

    spacing_mm: tuple[float, float, float]
    thickness_mm: float
    blur_mm: float = 0.45


def render(
    shape: Shape, centre_mm: FloatArray, grid_shape: tuple[int, ...], optics: Optics
) -> Rendered:
    """Sample `shape` finely, blur it, and average it over voxels.

    Parameters
    ----------
    centre_mm : ndarray, shape (3,)
        In the frame of voxel (0, 0, 0), ``(k, j, i)``.
    """
    spacing = np.array(optics.spacing_mm)
    fine_mm = min(max(shape.diameter_mm / _SAMPLES, _FINEST_MM), 0.7)
    parts = 2 * np.ceil((spacing / fine_mm - 1) / 2).astype(int).clip(0) + 1
    margin = shape.reach_mm + 3 * optics.blur_mm + optics.thickness_mm
    low = np.floor((centre_mm - margin) / spacing).astype(int).clip(0)
    high = (np.ceil((centre_mm + margin) / spacing).astype(int) + 1).clip(None, grid_shape)
    if (high <= low).any():
        empty = np.zeros((0, 0, 0), np.float32)
        return Rendered((slice(0, 0),) * 3, empty, empty)
    points = _fine_points(low, high, parts, spacing, centre_mm)
    step = spacing / parts
    body = np.zeros(points.shape[:-1], np.float32)
    # Half of a small nodule's box is margin, of a spiculated one's more.
    near = _within(points, shape.body_reach_mm + 1.0)
    body[near] = _filled(shape.distance(points[near]), float(step.mean()))
    whole = body
    if len(shape.spicules):
        whole = np.maximum(
            body, _filled(shape.spiculation(points, float(step.mean())), float(step.mean()))
        )
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    return Rendered(box, _seen(whole, parts, step, optics), _voxel_means(body, parts))


def _fine_points(
    low: npt.NDArray[np.intp],
    high: npt.NDArray[np.intp],
    parts: npt.NDArray[np.intp],
    spacing: FloatArray,
    centre: FloatArray,
) -> Weights:
    """Return the samples of voxels `low`…`high` relative to a centre, ``(k, j, i, 3)`` in mm."""
    axes = [
        ((a + (np.arange((b - a) * n) + 0.5) / n - 0.5) * s - c).astype(np.float32)
        for a, b, n, s, c in zip(low, high, parts, spacing, centre, strict=True)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1)


def _within(points: npt.NDArray[Any], reach_mm: float) -> Box:
    """Return the part of a grid of points ``(k, j, i, 3)`` about their origin."""
    axes = (points[:, 0, 0, 0], points[0, :, 0, 1], points[0, 0, :, 2])
    k, j, i = (slice(*np.searchsorted(axis, [-reach_mm, reach_mm])) for axis in axes)
    return k, j, i


def _filled(distance_mm: npt.NDArray[Any], step_mm: float) -> Weights:
    return np.clip(0.5 - distance_mm / step_mm, 0, 1).astype(np.float32)


def _seen(fine: Weights, parts: npt.NDArray[np.intp], step: FloatArray, optics: Optics) -> Weights:
    sigma = np.array([0.3, 1.0, 1.0]) * optics.blur_mm / step
    blurred = ndimage.gaussian_filter(fine, sigma, mode="constant", truncate=3)
    # A slice may be thicker than the distance to the next one.
    widths = [max(round(optics.thickness_mm / step[0]), 1), int(parts[1]), int(parts[2])]
    for axis, width in enumerate(widths):
        ndimage.uniform_filter1d(blurred, width, axis, output=blurred, mode="constant")
    k, j, i = (slice(n // 2, None, n) for n in parts)
    return np.ascontiguousarray(blurred[k, j, i])


def _voxel_means(fine: Weights, parts: npt.NDArray[np.intp]) -> Weights:
    k, j, i = (n // p for n, p in zip(fine.shape, parts, strict=True))
    return np.asarray(fine.reshape(k, parts[0], j, parts[1], i, parts[2]).mean((1, 3, 5)))


def _length(vectors: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the lengths of ``(..., 3)``; several times as fast as numpy's norm."""
    return np.asarray(np.sqrt(np.einsum("...a,...a->...", vectors, vectors)))


def _directions(count: int = 600) -> FloatArray:
    """Return directions evenly spread over the sphere (Fibonacci's spiral)."""
    n = np.arange(count) + 0.5
    height, angle = 1 - 2 * n / count, math.pi * (1 + math.sqrt(5)) * n
    ring = np.sqrt(1 - height**2)
    return np.stack([height, ring * np.cos(angle), ring * np.sin(angle)], -1)


def random_direction(rng: np.random.Generator) -> FloatArray:
    """Return a unit vector, all directions alike."""
    vector = rng.standard_normal(3)
    return np.asarray(vector / np.linalg.norm(vector))


def random_turn(rng: np.random.Generator) -> FloatArray:
    """Return a random rotation ``(3, 3)``."""
    turn, upper = np.linalg.qr(rng.standard_normal((3, 3)))
    return np.asarray(turn * np.sign(np.diag(upper)))


def random_shape(
    rng: np.random.Generator,
    diameter_mm: float,
    *,
    elongation: float = 0.25,
    lobes: int = 0,
    spicules: int = 0,
    roughness: float = 0.0,
) -> Shape:
    """Return a body of a given equivalent diameter.

    Parameters
    ----------
    elongation : float
        Semi-axes are drawn from ``exp(±elongation)``.
    roughness : float
        SD of fine bumps and dents, as a share of the radius.
    """
    radii = np.exp(rng.uniform(-elongation, elongation, 3))
    bumps = [
        [*random_direction(rng), rng.uniform(0.12, 0.4), rng.uniform(4, 12)] for _ in range(lobes)
    ]
    if roughness:
        bumps += [
            [*random_direction(rng), rng.normal(0, roughness), rng.uniform(8, 30)]
            for _ in range(18)
        ]
    rays = [
        [*random_direction(rng), rng.uniform(0.25, 0.7) * diameter_mm, rng.uniform(0.35, 0.9)]
        for _ in range(spicules)
    ]
    shape = Shape(
        radii, random_turn(rng), np.array(bumps).reshape(-1, 5), np.array(rays).reshape(-1, 5)
    )
    return shape.scaled(diameter_mm)
