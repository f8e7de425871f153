"""Axes, surface and extent of a nodule, below the voxel's size.

The border is where a voxel is half nodule (`density.fractions`), so that diameters do not
jump by whole pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

FloatArray = npt.NDArray[np.float64]
Spacing = tuple[float, float, float]
Point = tuple[float, float, float]
Line = tuple[Point, Point]

_HALF = 0.5
#: Positions along the long axis at which the width is measured.
_STATIONS = 64


@dataclass(frozen=True)
class Axes:
    """Long axis and the longest diameter perpendicular to it, on one axial slice.

    Attributes
    ----------
    slice_k : int
        The slice, index in the image.
    long_kji, short_kji : tuple
        End points ``((k, j, i), (k, j, i))``, continuous voxel indices of the image.
    long_mm, short_mm : float
        Lengths, mm.
    """

    slice_k: int
    long_kji: Line
    short_kji: Line
    long_mm: float
    short_mm: float

    @property
    def mean_mm(self) -> float:
        """Average of the two axes, mm."""
        return (self.long_mm + self.short_mm) / 2


@dataclass(frozen=True)
class Surface:
    """A nodule's surface as a mesh.

    Attributes
    ----------
    vertices_mm : ndarray, shape (n, 3)
        ``(z, y, x)``, mm from the window's first voxel centre.
    area_mm2, volume_mm3 : float
        Of the mesh.
    """

    vertices_mm: FloatArray
    area_mm2: float
    volume_mm3: float

    @property
    def sphericity(self) -> float:
        """Area of the sphere of equal volume over the area, 0…1 (Wadell, J Geol 1935;43:250)."""
        if self.area_mm2 <= 0:
            return 0.0
        return min(float(np.pi ** (1 / 3) * (6 * self.volume_mm3) ** (2 / 3) / self.area_mm2), 1.0)


def edge_level(diameter_mm: float, blur_mm: float) -> float:
    """Return the share that a blurred sphere has at its true edge, 0.3…0.5.

    A curved edge blurred by a Gaussian lies below one half; a sphere of 4 mm cut at one
    half would come out a quarter of a millimetre too small.

    Parameters
    ----------
    blur_mm : float
        Standard deviation of the blur, mm.
    """
    radius = max(diameter_mm / 2, blur_mm)
    fall = 1 - math.exp(-2 * (radius / blur_mm) ** 2)
    edge = math.erf(math.sqrt(2) * radius / blur_mm) / 2
    return max(edge - blur_mm / (math.sqrt(2 * math.pi) * radius) * fall, 0.3)


def longest_axes(
    values: FloatArray, spacing_mm: Spacing, start: tuple[int, int, int], level: float = _HALF
) -> Axes:
    """Return the axes on the slice where the long axis is longest.

    Parameters
    ----------
    values : ndarray of float64, ``[k, j, i]``
        Share of nodule per voxel, 0…1.
    start : tuple of int
        Index of the first voxel in the image.
    level : float
        Share at which the edge runs (see `edge_level`).

    Notes
    -----
    Lung-RADS v2022 and Fleischner 2017: average of the long and the perpendicular short
    axis, both on the same image. Short axis: the longest chord perpendicular to the long
    axis.
    """
    found = [
        line for k in range(values.shape[0]) if (line := _slice_line(values, spacing_mm, k, level))
    ]
    if not found:
        return _moved(_single_voxel(values, spacing_mm), start)
    # The short axis is asked of the longest slice only.
    return _moved(_with_short_axis(max(found, key=lambda line: line.long_mm), spacing_mm), start)


@dataclass(frozen=True)
class _Longest:
    """The outline of a slice, mm, and its two points farthest apart."""

    k: int
    points: FloatArray
    ends: FloatArray

    @property
    def long_mm(self) -> float:
        return float(np.linalg.norm(self.ends[1] - self.ends[0]))


def _slice_line(values: FloatArray, spacing_mm: Spacing, k: int, level: float) -> _Longest | None:
    outline = _outline(values[k], level)
    if outline is None:
        return None
    points = outline * spacing_mm[1:]
    return _Longest(k, points, points[list(_farthest(points))])


def _with_short_axis(found: _Longest, spacing_mm: Spacing) -> Axes:
    ends, short_mm = _widest(found.points, found.ends[0], found.ends[1])
    return Axes(
        found.k,
        _line(found.k, found.ends, spacing_mm),
        _line(found.k, ends, spacing_mm),
        found.long_mm,
        short_mm,
    )


def _outline(plane: FloatArray, level: float) -> FloatArray | None:
    """Return the largest outline ``(n, 2)`` of a slice in pixels; None where there is none."""
    from skimage.measure import find_contours

    if not (plane > level).any():
        return None
    outlines = find_contours(np.pad(plane, 1), level)  # type: ignore[no-untyped-call]
    if not outlines:
        return None
    largest = max(outlines, key=lambda points: abs(_area(points)))
    return np.asarray(largest - 1.0, dtype=np.float64)


def _area(points: FloatArray) -> float:
    y, x = points[:, 0], points[:, 1]
    return float(np.sum(y * np.roll(x, -1) - x * np.roll(y, -1)) / 2)


def _farthest(points: FloatArray) -> tuple[int, int]:
    """Return the indices of the two points farthest apart."""
    try:
        corners = ConvexHull(points).vertices
    except QhullError:
        corners = np.arange(len(points))
    hull = points[corners]
    squares = np.sum((hull[:, None] - hull[None]) ** 2, axis=2)
    first, second = np.unravel_index(int(np.argmax(squares)), squares.shape)
    return int(corners[first]), int(corners[second])


def _widest(points: FloatArray, first: FloatArray, second: FloatArray) -> tuple[FloatArray, float]:
    """Return ends ``(2, 2)`` and length of the longest chord perpendicular to a line."""
    along = (second - first) / max(float(np.linalg.norm(second - first)), 1e-9)
    across = np.array([-along[1], along[0]])
    x, y = (points - first) @ along, (points - first) @ across
    stations = np.linspace(x.min(), x.max(), _STATIONS + 2)[1:-1]
    low, high = _crossings(x, y, stations)
    best = int(np.argmax(high - low))
    middle = first + along * stations[best]
    return np.stack([middle + across * low[best], middle + across * high[best]]), float(
        high[best] - low[best]
    )


def _crossings(x: FloatArray, y: FloatArray, stations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest ``y`` at which a closed outline crosses each station."""
    after_x, after_y = np.roll(x, -1), np.roll(y, -1)
    at = stations[:, None]
    crosses = (x <= at) != (after_x <= at)
    run = np.where(after_x == x, 1.0, after_x - x)
    hits = y + (at - x) / run * (after_y - y)
    low = np.where(crosses, hits, np.inf).min(axis=1)
    return low, np.where(crosses, hits, -np.inf).max(axis=1)


def _line(k: int, ends_mm: FloatArray, spacing_mm: Spacing) -> Line:
    first, second = ends_mm / np.asarray(spacing_mm[1:])
    return (float(k), float(first[0]), float(first[1])), (
        float(k),
        float(second[0]),
        float(second[1]),
    )


def _single_voxel(values: FloatArray, spacing_mm: Spacing) -> Axes:
    """Return the axes of what is nowhere half nodule: its densest voxel."""
    k, j, i = (int(n) for n in np.unravel_index(int(np.argmax(values)), values.shape))
    middle = (float(k), float(j), float(i))
    across = (middle, (middle[0], middle[1], middle[2] + 1.0))
    down = (middle, (middle[0], middle[1] + 1.0, middle[2]))
    return Axes(k, across, down, spacing_mm[2], spacing_mm[1])


def _moved(axes: Axes, start: tuple[int, int, int]) -> Axes:
    def shift(line: Line) -> Line:
        (a, b, c), (d, e, f) = line
        k, j, i = start
        return (a + k, b + j, c + i), (d + k, e + j, f + i)

    return Axes(
        axes.slice_k + start[0],
        shift(axes.long_kji),
        shift(axes.short_kji),
        axes.long_mm,
        axes.short_mm,
    )


def surface(values: FloatArray, spacing_mm: Spacing) -> Surface:
    """Return the surface at half nodule (marching cubes, Lewiner 2003, scikit-image).

    A slight blur (0.3 mm) takes the noise off the border, which would otherwise be counted
    as area. Slices thicker than pixels are interpolated first: marching cubes would make
    facets of them.
    """
    from skimage.measure import marching_cubes, mesh_surface_area

    fine, fine_mm = _isotropic(np.pad(values, 1), spacing_mm)
    if not (fine > _HALF).any() or (fine >= _HALF).all():
        return Surface(np.zeros((0, 3)), 0.0, 0.0)
    found = marching_cubes(fine, _HALF, spacing=fine_mm)  # type: ignore[no-untyped-call]
    vertices, faces = found[:2]
    vertices = vertices - np.asarray(spacing_mm)
    area = mesh_surface_area(vertices, faces)  # type: ignore[no-untyped-call]
    return Surface(vertices, float(area), _enclosed(vertices, faces))


def _isotropic(values: FloatArray, spacing_mm: Spacing) -> tuple[FloatArray, Spacing]:
    step = min(spacing_mm)
    zoom = [max((n - 1) * s / step, 1.0) for n, s in zip(values.shape, spacing_mm, strict=True)]
    wanted = [round(z) + 1 for z in zoom]
    factors = [w / n for w, n in zip(wanted, values.shape, strict=True)]
    if max(factors) < 1.2:
        fine, mm = values, spacing_mm
    else:
        fine = ndimage.zoom(values, factors, order=1, grid_mode=False)
        pairs = zip(fine.shape, values.shape, spacing_mm, strict=True)
        sizes = [(n - 1) * s / (m - 1) for m, n, s in pairs]
        mm = (sizes[0], sizes[1], sizes[2])
    return ndimage.gaussian_filter(fine, [0.3 / s for s in mm]), mm


def _enclosed(vertices: FloatArray, faces: npt.NDArray[np.integer]) -> float:
    """Return the volume within a closed mesh (divergence theorem)."""
    a, b, c = (vertices[faces[:, n]] for n in range(3))
    return abs(float(np.sum(a * np.cross(b, c)))) / 6


@cache
def directions(count: int) -> FloatArray:
    """Return `count` unit vectors spread evenly over the sphere (Fibonacci), ``(n, 3)``."""
    n = np.arange(count) + 0.5
    z, turn = 1 - 2 * n / count, np.pi * (1 + np.sqrt(5)) * n
    across = np.sqrt(1 - z**2)
    return np.stack([z, across * np.sin(turn), across * np.cos(turn)], axis=1)


def diameter_3d(vertices_mm: FloatArray) -> float:
    """Return the largest distance between two points of a surface, mm."""
    if not len(vertices_mm):
        return 0.0
    corners = _corners(vertices_mm)
    squares = np.square(corners).sum(axis=1)
    apart = squares[:, None] + squares - 2 * corners @ corners.T
    return math.sqrt(max(float(apart.max()), 0.0))


def _corners(points: FloatArray) -> FloatArray:
    """Return the points of which none lies inside the others' hull, or near enough."""
    middle = points - points.mean(axis=0)
    # The farthest in each of many directions: nearly the hull, for a tenth of its time.
    reach = directions(400) @ middle.T
    farthest = np.concatenate([reach.argmax(axis=1), reach.argmin(axis=1)])
    return np.asarray(middle[np.unique(farthest)])
