"""Voxels that a brush or an outline covers: geometry only."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from readingroom.maskregion import Box, Index
from readingroom.review.mrml import boxes

Points = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.float64]

#: A voxel exactly between two slices belongs to one of them.
_TIE = 1e-6


@dataclass(frozen=True)
class Area:
    """Voxels to edit: ``mask[k, j, i]`` from the voxel `start` on."""

    start: Index
    mask: Mask

    @property
    def box(self) -> Box:
        """Index that cuts the area's box out of a volume."""
        k, j, i = (slice(a, a + n) for a, n in zip(self.start, self.mask.shape, strict=True))
        return k, j, i


@dataclass(frozen=True)
class Grid:
    """The volume's grid: shape ``(k, j, i)`` and matrix from ``(i, j, k, 1)`` to RAS mm."""

    shape: Index
    ijk_to_ras: Matrix

    def index(self, ras: Points) -> Points:
        """Return continuous ``(i, j, k)`` of points ``(n, 3)``."""
        inverse = np.linalg.inv(self.ijk_to_ras)
        return np.asarray(ras @ inverse[:3, :3].T + inverse[:3, 3])

    def centers(self, box: Box) -> Points:
        """Return the RAS centres of the voxels of a box, ``(k, j, i, 3)``."""
        k, j, i = np.ogrid[box]
        matrix = self.ijk_to_ras
        return np.stack([m[0] * i + m[1] * j + m[2] * k + m[3] for m in matrix[:3]], axis=-1)

    def box_around(self, ras: Points, margin_mm: float) -> Box:
        """Return the box of voxels within `margin_mm` of the points' bounds, perhaps empty."""
        spacing = np.linalg.norm(self.ijk_to_ras[:3, :3], axis=0)
        index, margin = self.index(ras), margin_mm / spacing
        low = np.floor(index.min(axis=0) - margin).astype(int)[::-1]
        high = np.ceil(index.max(axis=0) + margin).astype(int)[::-1] + 1
        k, j, i = (
            slice(max(int(a), 0), max(min(int(b), n), 0))
            for a, b, n in zip(low, high, self.shape, strict=True)
        )
        return k, j, i


def brushed(grid: Grid, path: Points, radius_mm: float, normal: Points | None) -> Area:
    """Return what a brush covers on its way.

    Parameters
    ----------
    path : ndarray, shape (n, 3)
        Where the brush was, RAS mm.
    radius_mm : float
        Voxels belong to the stroke if their centre is this near; the one under the brush
        always does.
    normal : ndarray, shape (3,), or None
        Of the slice that is painted, one voxel thick; None for a ball.
    """
    box = grid.box_around(path, radius_mm)
    if boxes.is_empty(box):
        return _nothing()
    away = grid.centers(box) - path[0]
    mask = np.zeros(away.shape[:3], np.bool_)
    flat = away if normal is None else away - (away @ normal)[..., None] * normal
    steps = path - path[0]
    if normal is not None:
        steps = steps - (steps @ normal)[:, None] * normal
    for start, end in _legs(steps, radius_mm):
        mask |= _near(flat, start, end, radius_mm)
    _add_hit(grid, path, box, mask)
    if normal is not None:
        mask &= _in_slice(grid, away, normal)
    return Area(boxes.first(box), mask)


def outlined(
    grid: Grid, outline_xy: Points, ras_to_xy: Matrix, size: Index, box: Box, slice_only: bool
) -> Area:
    """Return what an outline on the screen encloses.

    Parameters
    ----------
    outline_xy : ndarray, shape (n, 2)
        Pixels of the view, y upwards.
    ras_to_xy : ndarray, shape (4, 4)
        From RAS to pixels; with perspective for the 3D view.
    size : tuple of int
        ``(rows, columns, 1)`` of the view.
    box : Box
        Where to look.
    slice_only : bool
        Whether only the slice itself counts, one voxel thick.
    """
    if boxes.is_empty(box) or len(outline_xy) < 3:
        return _nothing()
    inside = _filled(outline_xy, size)
    centers = grid.centers(box)
    place = centers @ ras_to_xy[:3, :3].T + ras_to_xy[:3, 3]
    weight = centers @ ras_to_xy[3, :3] + ras_to_xy[3, 3]
    x, y = (np.rint(place[..., axis] / weight).astype(np.intp) for axis in (0, 1))
    rows, columns = inside.shape
    seen = (x >= 0) & (x < columns) & (y >= 0) & (y < rows) & (weight > 0)
    mask = seen & inside[y * seen, x * seen]
    if slice_only:
        to_ras = np.linalg.inv(ras_to_xy)
        normal: Points = to_ras[:3, 2] / np.linalg.norm(to_ras[:3, 2])
        mask &= _in_slice(grid, centers - to_ras[:3, 3], normal)
    return Area(boxes.first(box), mask)


def box_of_outline(grid: Grid, outline_xy: Points, ras_to_xy: Matrix) -> Box:
    """Return the box of the voxels of a slice that an outline can enclose."""
    to_ras = np.linalg.inv(ras_to_xy)
    low, high = outline_xy.min(axis=0), outline_xy.max(axis=0)
    corners = np.array([[x, y] for x in (low[0], high[0]) for y in (low[1], high[1])])
    ras = corners @ to_ras[:3, :2].T + to_ras[:3, 3]
    return grid.box_around(ras, 1.0)


def _nothing() -> Area:
    return Area((0, 0, 0), np.zeros((0, 0, 0), np.bool_))


def _filled(outline_xy: Points, size: Index) -> Mask:
    """Return the pixels ``[y, x]`` within an outline."""
    picture = Image.new("1", (size[1], size[0]))
    points = [(float(x), float(y)) for x, y in outline_xy]
    ImageDraw.Draw(picture).polygon(points, fill=1, outline=1)
    return np.asarray(picture)


def _legs(steps: Points, radius_mm: float) -> list[tuple[Points, Points]]:
    """Return the way as legs; points nearer than an eighth of the brush are left out."""
    kept = [steps[0]]
    for step in steps[1:-1]:
        if np.linalg.norm(step - kept[-1]) > radius_mm / 4:
            kept.append(step)
    kept.append(steps[-1])
    return list(itertools.pairwise(kept))


def _near(points: Points, start: Points, end: Points, radius_mm: float) -> Mask:
    """Say which points lie within `radius_mm` of the leg from `start` to `end`."""
    way = end - start
    length = float(way @ way)
    along = np.clip((points - start) @ way / length, 0, 1) if length else np.zeros(points.shape[:3])
    apart = points - start - along[..., None] * way
    return np.asarray(np.einsum("...x,...x", apart, apart) <= radius_mm**2)


def _add_hit(grid: Grid, path: Points, box: Box, mask: Mask) -> None:
    """Add the voxels right under the brush, however small it is."""
    kji = np.rint(grid.index(path)).astype(int)[:, ::-1] - boxes.first(box)
    kji = kji[((kji >= 0) & (kji < mask.shape)).all(axis=1)]
    mask[tuple(kji.T)] = True


def _in_slice(grid: Grid, away: Points, normal: Points) -> Mask:
    """Say which points, relative to one of the slice, lie within half a voxel of it."""
    thickness = float(np.abs(normal @ grid.ijk_to_ras[:3, :3]).max())
    depth = away @ normal
    half = thickness / 2
    return np.asarray((depth > -half + _TIE) & (depth <= half + _TIE))
