"""Fissures as surfaces: a prior plane, displaced to where the image shows a sheet.

A fissure is a thin bright sheet in a zone that large vessels avoid. Around a prior plane a
cost is sampled (sheet: low; vessels: high; far from the prior: high), and the smooth surface
of least cost is found by semi-global matching (Hirschmüller, IEEE Trans Pattern Anal Mach
Intell 30:328, 2008). Where neither sheet nor vessels say anything the prior stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.hessian import hessian_at

FloatArray = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: Spacing of the surface's nodes and of the displacements tried, their range, mm.
_NODE_MM, _STEP_MM, _RANGE_MM = 3.0, 1.5, 36.0
#: Weights of the cost's parts: sheet, vessels, distance from the prior at full range.
_SHEET, _VESSEL, _PRIOR = 1.2, 2.0, 0.5
#: Cost of one step of displacement between neighbours, and of two.
_BEND, _KINK = 0.10, 0.30
#: Curvature at which a sheet counts fully, HU per voxel² of the fine grid.
_FULL_SHEET_HU = 35.0
_SHEET_SIGMA_MM, _VESSEL_SIGMA_MM = 1.5, 4.0


@dataclass(frozen=True)
class Plane:
    """A prior plane, all in mm along ``(k, j, i)`` of the fine grid.

    Attributes
    ----------
    point : ndarray, shape (3,)
    across, along, normal : ndarray, shape (3,)
        Orthonormal; the surface is a displacement along `normal` over the other two.
    """

    point: Vector
    across: Vector
    along: Vector
    normal: Vector


def plane(point: Vector, normal: Vector) -> Plane:
    """Return the plane through `point` whose `across` axis runs along i as near as may be."""
    n = normal / np.linalg.norm(normal)
    across = np.array([0.0, 0.0, 1.0]) - n[2] * n
    across /= np.linalg.norm(across)
    return Plane(np.asarray(point, float), across, np.cross(n, across), n)


@dataclass(frozen=True)
class Surface:
    """A displaced plane.

    Attributes
    ----------
    height_mm : ndarray, ``[across, along]``
        Displacement along the normal at nodes `_NODE_MM` apart.
    origin_mm : tuple of float
        Of the first node along ``across`` and ``along``, from the plane's point.
    evidence : float
        Share of the nodes inside the lung where a sheet was seen, 0…1.
    """

    plane: Plane
    height_mm: FloatArray
    origin_mm: tuple[float, float]
    evidence: float

    def above(self, shape: tuple[int, ...], size_mm: float) -> Mask:
        """Return the voxels of a grid on the normal's side of the surface."""
        out = np.empty(shape, bool)
        for k in range(shape[0]):
            a, b, h = self._coordinates(k, shape, size_mm)
            nodes = [(a - self.origin_mm[0]) / _NODE_MM, (b - self.origin_mm[1]) / _NODE_MM]
            level = ndimage.map_coordinates(self.height_mm, nodes, order=1, mode="nearest")
            out[k] = h > level
        return out

    def _coordinates(self, k: int, shape: tuple[int, ...], size_mm: float) -> list[Vector]:
        j, i = np.ogrid[: shape[1], : shape[2]]
        offset = np.array([k * size_mm, 0.0, 0.0]) - self.plane.point
        return [
            float(offset @ axis) + j * (size_mm * axis[1]) + i * (size_mm * axis[2])
            for axis in (self.plane.across, self.plane.along, self.plane.normal)
        ]


def sheet(hu: FloatArray, lung: Mask, normal: Vector, size_mm: float) -> FloatArray:
    """Return how much each voxel looks like a sheet across `normal`, 0…1."""
    inner = ndimage.binary_erosion(lung, iterations=3)
    base = float(np.median(hu[lung][::7]))
    inner &= (hu > base) & (hu < base + 400.0)
    inner[[0, -1]] = inner[:, [0, -1]] = inner[:, :, [0, -1]] = False
    flat = np.flatnonzero(inner)
    smooth = ndimage.gaussian_filter(
        np.clip(hu, -1000.0, base + 300.0), _SHEET_SIGMA_MM / size_mm / 1.5, truncate=3.0
    )
    out = np.zeros(hu.shape, np.float32)
    out.reshape(-1)[flat] = _sheet_like(hessian_at(smooth, flat), normal)
    return np.asarray(ndimage.gaussian_filter(out, 0.7))


def _sheet_like(hessian: tuple[FloatArray, ...], normal: Vector) -> FloatArray:
    """Curved across the normal, flat along the sheet."""
    kk, jj, ii, kj, ki, ji = hessian
    k, j, i = (float(n) for n in normal)
    across = kk * k * k + jj * j * j + ii * i * i + 2 * (kj * k * j + ki * k * i + ji * j * i)
    rest = kk + jj + ii - across
    response = np.clip(-across - 1.5 * np.abs(rest), 0.0, _FULL_SHEET_HU)
    return np.asarray(response / _FULL_SHEET_HU, np.float32)


def fit(prior: Plane, sheets: FloatArray, vessels: Mask, lung: Mask, size_mm: float) -> Surface:
    """Return the surface of least cost around `prior` inside `lung`."""
    avoided = ndimage.gaussian_filter(vessels.astype(np.float32), _VESSEL_SIGMA_MM / size_mm)
    origin, counts = _extent(prior, lung, size_mm)
    heights = np.arange(-_RANGE_MM, _RANGE_MM + 0.1, _STEP_MM)
    points = _points(prior, origin, counts, heights) / size_mm
    inside = ndimage.map_coordinates(lung.astype(np.float32), points, order=1) > 0.5
    seen = ndimage.map_coordinates(sheets, points, order=1)
    crowded = ndimage.map_coordinates(avoided, points, order=1)
    cost = _VESSEL * np.minimum(crowded * 4.0, 1.0) - _SHEET * seen
    cost = np.where(inside, cost, 0.0) + _PRIOR * (heights / _RANGE_MM) ** 2
    total = _aggregated(cost.astype(np.float32))
    best = total.argmin(axis=2)
    level = ndimage.gaussian_filter(ndimage.median_filter(heights[best], 5), 1.2)
    found = np.take_along_axis(seen, best[..., None], 2)[..., 0]
    within = np.take_along_axis(inside, best[..., None], 2)[..., 0]
    evidence = float((found[within] > 0.2).mean()) if within.any() else 0.0
    return Surface(prior, level.astype(np.float32), origin, evidence)


def _extent(prior: Plane, lung: Mask, size_mm: float) -> tuple[tuple[float, float], list[int]]:
    """Return the first node and the number of nodes that cover `lung` along the plane."""
    places = np.argwhere(lung[::3, ::3, ::3]) * (3 * size_mm) - prior.point
    spans = [places @ prior.across, places @ prior.along]
    low = [float(s.min()) for s in spans]
    counts = [int((float(s.max()) - a) / _NODE_MM) + 2 for s, a in zip(spans, low, strict=True)]
    return (low[0], low[1]), counts


def _points(
    prior: Plane, origin: tuple[float, float], counts: list[int], heights: Vector
) -> Vector:
    """Return the sampled places, mm, ``(3, across, along, height)``."""
    a = origin[0] + _NODE_MM * np.arange(counts[0])
    b = origin[1] + _NODE_MM * np.arange(counts[1])
    return np.asarray(
        prior.point[:, None, None, None]
        + prior.across[:, None, None, None] * a[:, None, None]
        + prior.along[:, None, None, None] * b[None, :, None]
        + prior.normal[:, None, None, None] * heights
    )


def _aggregated(cost: FloatArray) -> FloatArray:
    """Return the cost summed over paths from eight directions (semi-global matching)."""
    total = np.zeros_like(cost)
    for da, db in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1)):
        total += _path_cost(cost, da, db)
    return total


def _path_cost(cost: FloatArray, da: int, db: int) -> FloatArray:
    """Return the least cost of a path that arrives by steps of ``(da, db)``."""
    if da == 0:
        return _path_cost(cost.transpose(1, 0, 2), db, 0).transpose(1, 0, 2)
    out = cost.copy()
    rows = range(len(cost)) if da > 0 else range(len(cost) - 1, -1, -1)
    previous = None
    for row in rows:
        if previous is not None:
            out[row] += _step(_shifted(previous, db))
        previous = out[row]
    return out


def _shifted(row: FloatArray, by: int) -> FloatArray:
    """Return the row's entries moved along by `by`; ends repeat."""
    if by == 0:
        return row
    index = np.clip(np.arange(len(row)) - by, 0, len(row) - 1)
    return np.asarray(row[index])


def _step(row: FloatArray) -> FloatArray:
    """Return the cheapest way to every height from the heights before."""
    wide = np.pad(row, ((0, 0), (2, 2)), constant_values=np.inf)
    n = row.shape[1]
    best = row.copy()
    for shift, price in ((1, _BEND), (3, _BEND), (0, _KINK), (4, _KINK)):
        np.minimum(best, wide[:, shift : shift + n] + price, out=best)
    best -= row.min(axis=1, keepdims=True)
    return best
