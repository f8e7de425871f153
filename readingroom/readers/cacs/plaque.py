"""Simulated calcium: where it sits, what shape it has, how a scanner sees it.

A plaque is a solid in patient space; its occupancy of every voxel is rendered by
supersampling, so that partial volume, off-grid position and slice thickness are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
_PIECE_POINTS = 8

Solid = Callable[[FloatArray], npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Plaque:
    """One simulated calcification.

    Attributes
    ----------
    label : str
        Its true class, one of `readingroom.readers.cacs.lesion.LABELS`.
    centre_lps_mm, reach_mm
        A sphere that contains the solid.
    hu : float
        HU of the solid where it fills a voxel.
    inside : callable
        Maps LPS points ``(n, 3)`` to whether they lie in the solid.
    volume_mm3, diameter_mm : float
        True volume, and the diameter of the sphere of that volume.
    pieces : tuple of Plaque
        Short parts of a long solid, to be rendered one by one: a lead's own box would
        hold most of the heart.
    """

    label: str
    centre_lps_mm: FloatArray
    reach_mm: float
    hu: float
    inside: Solid = field(repr=False)
    volume_mm3: float
    pieces: tuple[Plaque, ...] = field(default=(), repr=False)

    @property
    def diameter_mm(self) -> float:
        """Diameter of the sphere of equal volume, mm."""
        return float((6 * self.volume_mm3 / np.pi) ** (1 / 3))


def ellipsoid(
    label: str, centre: FloatArray, axes: FloatArray, radii_mm: FloatArray, hu: float
) -> Plaque:
    """Return an ellipsoid with semi-axes `radii_mm` along the rows of `axes` (3, 3)."""

    def inside(points: FloatArray) -> npt.NDArray[np.bool_]:
        local = (points - centre) @ axes.T / radii_mm
        return np.asarray((local**2).sum(-1) <= 1)

    volume = 4 / 3 * np.pi * float(np.prod(radii_mm))
    return Plaque(label, centre, float(radii_mm.max()), hu, inside, volume)


def tube(
    label: str, path: FloatArray, radius_mm: float, hu: float, wall_mm: float | None = None
) -> Plaque:
    """Return a tube along `path` ``(n, 3)``; hollow (a stent) if `wall_mm` is given."""
    starts = range(0, max(len(path) - 1, 1), _PIECE_POINTS)
    pieces = tuple(
        _tube_piece(label, path[s : s + _PIECE_POINTS + 1], radius_mm, hu, wall_mm) for s in starts
    )
    centre = path.mean(0)
    reach = float(np.linalg.norm(path - centre, axis=1).max()) + radius_mm
    volume = sum(piece.volume_mm3 for piece in pieces)
    return Plaque(label, centre, reach, hu, pieces[0].inside, volume, pieces)


def _tube_piece(
    label: str, path: FloatArray, radius: float, hu: float, wall: float | None
) -> Plaque:
    from scipy.spatial import cKDTree

    tree = cKDTree(path)

    def inside(points: FloatArray) -> npt.NDArray[np.bool_]:
        distance = tree.query(points)[0]
        solid = distance <= radius
        return np.asarray(solid if wall is None else solid & (distance >= radius - wall))

    centre = path.mean(0)
    reach = float(np.linalg.norm(path - centre, axis=1).max()) + radius
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    core = 0.0 if wall is None else (radius - wall) ** 2
    return Plaque(label, centre, reach, hu, inside, np.pi * (radius**2 - core) * length)


def render(
    plaque: Plaque,
    shape: tuple[int, int, int],
    origin_mm: FloatArray,
    spacing_mm: tuple[float, float, float],
    thickness_mm: float,
    motion_mm: FloatArray | None = None,
    blur_mm: float = 0.45,
) -> tuple[tuple[slice, slice, slice], npt.NDArray[np.float32]]:
    """Return the box of voxels that the plaque touches and its occupancy 0…1 there.

    Parameters
    ----------
    shape, origin_mm, spacing_mm
        An axial LPS grid: ``(k, j, i)`` shape and spacing, LPS of voxel ``(0, 0, 0)``.
    thickness_mm : float
        Slice sensitivity (box profile), may exceed the increment.
    motion_mm : (3,), optional
        LPS displacement during the acquisition; the occupancy is averaged along it.
    blur_mm : float
        Standard deviation of the in-plane point spread.
    """
    box = _box(plaque, shape, origin_mm, spacing_mm, thickness_mm, motion_mm)
    if any(s.stop <= s.start for s in box):
        return box, np.zeros((0, 0, 0), np.float32)
    steps = (np.zeros(3),) if motion_mm is None else tuple(motion_mm * f for f in (-0.5, 0.0, 0.5))
    parts = [_occupancy(plaque, box, origin_mm, spacing_mm, thickness_mm, s) for s in steps]
    return box, _blur(np.mean(parts, axis=0, dtype=np.float32), blur_mm / spacing_mm[1])


def _box(
    plaque: Plaque,
    shape: tuple[int, int, int],
    origin: FloatArray,
    spacing: tuple[float, float, float],
    thickness: float,
    motion: FloatArray | None,
) -> tuple[slice, slice, slice]:
    reach = plaque.reach_mm + (0 if motion is None else float(np.linalg.norm(motion)) / 2)
    centre = ((plaque.centre_lps_mm - origin)[::-1]) / np.array(spacing)
    pad = (np.array([reach + thickness / 2, reach + 1.5, reach + 1.5])) / np.array(spacing) + 1
    low = np.clip(np.floor(centre - pad), 0, shape).astype(int)
    high = np.clip(np.ceil(centre + pad) + 1, 0, shape).astype(int)
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))  # type: ignore[return-value]


def _occupancy(
    plaque: Plaque,
    box: tuple[slice, slice, slice],
    origin: FloatArray,
    spacing: tuple[float, float, float],
    thickness: float,
    shift: FloatArray,
    fine: int = 4,
) -> npt.NDArray[np.float32]:
    """Mean of the solid over each voxel's sensitive volume, by `fine`³ samples."""
    sizes = (thickness, spacing[1], spacing[2])
    axes = []
    for axis, (part, size) in enumerate(zip(box, sizes, strict=True)):
        offsets = ((np.arange(fine) + 0.5) / fine - 0.5) * size
        centres = np.arange(part.start, part.stop) * spacing[axis] + origin[2 - axis]
        axes.append((centres[:, None] + offsets).ravel())
    z, y, x = np.meshgrid(*axes, indexing="ij")
    points = np.stack([x, y, z], -1).reshape(-1, 3) - shift
    near = ((points - plaque.centre_lps_mm) ** 2).sum(-1) <= (plaque.reach_mm + 0.01) ** 2
    solid = np.zeros(len(points), np.float32)
    if near.any():
        solid[near] = plaque.inside(points[near])
    depth, height, width = (part.stop - part.start for part in box)
    return np.asarray(solid.reshape(depth, fine, height, fine, width, fine).mean((1, 3, 5)))


def _blur(occupancy: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(occupancy, (0, sigma, sigma), mode="constant"))
