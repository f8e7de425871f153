"""A new patient made of a real one: the labelled scan, deformed, in another contrast phase."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from readingroom.imaging import synthesis
from readingroom.readers.cacs.aorta import AorticParts, parts_of_aorta
from readingroom.readers.cacs.tissuemap import Tissue, TissueMap

FloatArray = npt.NDArray[np.float64]
_BONY = (Tissue.SPINE, Tissue.RIBS, Tissue.STERNUM, Tissue.BONE, Tissue.CARTILAGE, Tissue.BODY)


@dataclass(frozen=True)
class SourceScan:
    """A scan with its tissue map, both in LPS axes.

    Attributes
    ----------
    hu : ndarray of float32, ``[k, j, i]``
    origin_mm : LPS of voxel (0, 0, 0)
    spacing_mm : (k, j, i)
    tissue : TissueMap
        On its own isotropic grid.
    vessels, landmarks : dict
        Coronary centrelines ``(n, 3)`` and valve centres ``(3,)``, LPS mm.
    """

    hu: npt.NDArray[np.float32]
    origin_mm: FloatArray
    spacing_mm: tuple[float, float, float]
    tissue: TissueMap
    vessels: dict[str, FloatArray]
    landmarks: dict[str, FloatArray]

    @property
    def tissue_origin_mm(self) -> FloatArray:
        """LPS position of the tissue map's first voxel."""
        return np.asarray(self.origin_mm + np.array(self.tissue.offset_mm))


@dataclass(frozen=True)
class Grid:
    """An axial LPS grid."""

    shape: tuple[int, int, int]
    origin_mm: FloatArray
    spacing_mm: tuple[float, float, float]

    def affine(self) -> FloatArray:
        """Return the matrix from ``(i, j, k, 1)`` to LPS mm."""
        matrix = np.diag([*self.spacing_mm[::-1], 1.0])
        matrix[:3, 3] = self.origin_mm
        return matrix


@dataclass(frozen=True)
class Deformation:
    """Maps patient LPS mm to the source scan's LPS mm: affine plus a smooth warp."""

    linear: FloatArray
    centre_mm: FloatArray
    warp: npt.NDArray[np.float32]
    warp_origin_mm: FloatArray
    warp_spacing_mm: float

    @classmethod
    def none(cls, source: SourceScan) -> Deformation:
        """Return the deformation that changes nothing."""
        warp = np.zeros((3, 2, 2, 2), np.float32)
        return cls(np.eye(3), np.zeros(3), warp, source.origin_mm, 1000.0)

    def __call__(self, points: FloatArray) -> FloatArray:
        """Map points ``(n, 3)``."""
        voxels = ((points - self.warp_origin_mm) / self.warp_spacing_mm)[:, ::-1].T
        coordinates = voxels.reshape(3, -1, 1, 1).astype(np.float32)
        moved = [synthesis.sample_linear(w, coordinates)[:, 0, 0] for w in self.warp]
        return (points - self.centre_mm) @ self.linear.T + self.centre_mm + np.stack(moved, -1)

    def inverse(self, points: FloatArray, iterations: int = 15) -> FloatArray:
        """Map source points ``(n, 3)`` to the patient by fixed-point iteration."""
        back = np.linalg.inv(self.linear)
        guess = (points - self.centre_mm) @ back.T + self.centre_mm
        for _ in range(iterations):
            guess = guess + (points - self(guess)) @ back.T
        return guess


def random_deformation(rng: np.random.Generator, centre_mm: FloatArray) -> Deformation:
    """Return a new habitus around the heart's centre."""
    linear = synthesis.random_affine(rng, scale=0.12, rotation_deg=9, shear=0.06)
    spacing, nodes = 16.0, (34, 32, 32)
    origin = centre_mm - np.array(nodes)[::-1] * spacing / 2
    warp = synthesis.random_displacement(rng, nodes, [(5.0, rng.uniform(1, 6)), (2.5, 1.0)])
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in nodes), indexing="ij"))
    offset = (grid - np.array(nodes).reshape(3, 1, 1, 1) / 2) * spacing
    weight = np.exp(-0.5 * (offset**2).sum(0) / rng.uniform(60, 85) ** 2)
    local = synthesis.random_affine(rng, scale=0.14, rotation_deg=12, shear=0.08) - np.eye(3)
    warp += (weight * np.einsum("ab,bkji->akji", local, offset[::-1])).astype(np.float32)
    return Deformation(linear, centre_mm, warp, origin, spacing)


@dataclass(frozen=True)
class SimulatedAnatomy:
    """A patient without calcium of its own, with everything needed to add some.

    Attributes
    ----------
    hu : ndarray of float32, ``[k, j, i]`` on `grid`
    tissue : ndarray of uint8 on `grid`
    vessels, landmarks : as in `SourceScan`, in this patient's LPS mm
    contrast : bool
        Whether the blood is enhanced.
    """

    hu: npt.NDArray[np.float32]
    tissue: npt.NDArray[np.uint8]
    grid: Grid
    vessels: dict[str, FloatArray]
    landmarks: dict[str, FloatArray]
    contrast: bool

    @cached_property
    def aortic_parts(self) -> AorticParts:
        """Where the arch begins and where the two limbs run."""
        aorta = self.tissue == Tissue.AORTA
        return parts_of_aorta(aorta, self.grid.origin_mm, self.grid.spacing_mm)


def deform(
    rng: np.random.Generator,
    source: SourceScan,
    spacing_mm: tuple[float, float, float],
    *,
    contrast: bool,
    field_of_view_mm: float = 320.0,
    bright_lungs: bool = False,
    deformation: Deformation | None = None,
) -> SimulatedAnatomy:
    """Return the source scan as another patient.

    Parameters
    ----------
    spacing_mm : (k, j, i)
        Voxel size of the new scan, which covers the heart with a margin.
    contrast : bool
        False removes the contrast agent by compressing what lies above soft tissue.
    field_of_view_mm : float
        Width of the square field of view.
    bright_lungs : bool
        Keep the agent in lung vessels all the same: they mimic calcium beside the heart.
    """
    centre = _heart_centre_mm(source)
    deformation = deformation or random_deformation(rng, centre)
    grid = _grid(source, deformation, spacing_mm, field_of_view_mm)
    hu, tissue = _look_up(source, deformation, grid)
    return SimulatedAnatomy(
        hu=hu if contrast else without_contrast(hu, tissue, bright_lungs),
        tissue=tissue,
        grid=grid,
        vessels={n: deformation.inverse(p) for n, p in source.vessels.items()},
        landmarks={n: deformation.inverse(p[None])[0] for n, p in source.landmarks.items()},
        contrast=contrast,
    )


def without_contrast(
    hu: npt.NDArray[np.float32], tissue: npt.NDArray[np.uint8], bright_lungs: bool = False
) -> npt.NDArray[np.float32]:
    """Return the scan as if no agent had been given: blood near 45 HU, bone untouched.

    What enhances (and calcium within it) is compressed into 45…60 HU; noise remains.
    """
    lungs = (Tissue.LUNG_LEFT, Tissue.LUNG_RIGHT) if bright_lungs else ()
    kept = np.isin(tissue, (*_BONY, *lungs))
    plain = np.where(hu > 60, 45 + 15 * (1 - np.exp(-(hu - 60) / 400)), hu)
    return np.asarray(np.where(kept, hu, plain), np.float32)


def _heart_centre_mm(source: SourceScan) -> FloatArray:
    centre = source.tissue.heart_centre
    if centre is None:
        raise ValueError("The source anatomy has no heart.")
    return centre[::-1] * source.tissue.spacing_mm + source.tissue_origin_mm


def _grid(
    source: SourceScan,
    deformation: Deformation,
    spacing: tuple[float, float, float],
    width_mm: float,
) -> Grid:
    """Lay a grid around the deformed heart: 30 mm below it, 50 mm above."""
    heart = np.argwhere(source.tissue.tissue == Tissue.HEART)[::50, ::-1]
    points = deformation.inverse(heart * source.tissue.spacing_mm + source.tissue_origin_mm)
    low, high = points.min(0), points.max(0)
    middle = (low + high) / 2 + np.array([-10.0, 25.0, 0.0])
    columns = round(width_mm / spacing[2])
    origin = np.array([*(middle[:2] - width_mm / 2), low[2] - 30.0])
    slices = int((high[2] + 50.0 - origin[2]) / spacing[0])
    return Grid((slices, columns, columns), origin, spacing)


def _look_up(
    source: SourceScan, deformation: Deformation, grid: Grid, slab: int = 8
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Sample the scan (trilinear) and its tissues (nearest) on `grid`, slab by slab."""
    hu = np.empty(grid.shape, np.float32)
    tissue = np.empty(grid.shape, np.uint8)
    origin = source.origin_mm.reshape(3, 1, 1, 1)
    tissue_origin = source.tissue_origin_mm.reshape(3, 1, 1, 1)
    for start in range(0, grid.shape[0], slab):
        part = slice(start, min(start + slab, grid.shape[0]))
        where = _source_points(deformation, grid, part)
        spacing = np.array(source.spacing_mm).reshape(3, 1, 1, 1)
        voxels = ((where - origin)[::-1] / spacing).astype(np.float32)
        hu[part] = synthesis.sample_linear(source.hu, voxels, outside=-1024.0)
        voxels = ((where - tissue_origin)[::-1] / source.tissue.spacing_mm).astype(np.float32)
        tissue[part] = synthesis.sample_nearest(source.tissue.tissue, voxels)
    return hu, tissue


def _source_points(deformation: Deformation, grid: Grid, part: slice) -> npt.NDArray[np.float32]:
    """Source LPS mm ``(3, k, j, i)`` of a slab: exact every few voxels, linear between."""
    depth, (_, height, width) = part.stop - part.start, grid.shape
    nodes = (max(2, depth // 4), max(2, height // 10), max(2, width // 10))
    ends = ((part.start, part.stop - 1), (0, height - 1), (0, width - 1))
    axes = [
        np.linspace(a, b, n) * s + o
        for (a, b), n, s, o in zip(ends, nodes, grid.spacing_mm, grid.origin_mm[::-1], strict=True)
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    mapped = deformation(np.stack([x, y, z], -1).reshape(-1, 3))
    coarse = torch.from_numpy(mapped.T.reshape(1, 3, *nodes).astype(np.float32))
    fine = functional.interpolate(
        coarse, (depth, height, width), mode="trilinear", align_corners=True
    )
    return np.asarray(fine[0].numpy())
