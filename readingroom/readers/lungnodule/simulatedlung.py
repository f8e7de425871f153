"""A new patient's lungs made of a real one's: deformed, mirrored, in another protocol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from readingroom.imaging import synthesis

FloatArray = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]
Triple = tuple[float, float, float]

_NODES_MM = 8.0
_AIR_HU = -1000.0


@dataclass(frozen=True)
class SourceLung:
    """A scan that simulated ones are made of; canonical axes, cropped to the lungs.

    Attributes
    ----------
    hu : ndarray of float32, ``[k, j, i]``
    lungs : ndarray of uint8
        0, 1 right lung, 2 left lung, what is ill in them included.
    spacing_mm : (k, j, i)
    noise_hu : float
        SD of the scan's noise in soft tissue.
    real : ndarray, shape (n, 4)
        Real nodules: centre ``(k, j, i)`` in mm from voxel (0, 0, 0), and radius.
    """

    hu: Image
    lungs: Labels
    spacing_mm: Triple
    noise_hu: float
    real: FloatArray


@dataclass(frozen=True)
class Protocol:
    """How a simulated scan is acquired."""

    spacing_mm: Triple
    thickness_mm: float
    noise_hu: float
    blur_mm: float = 0.45


@dataclass(frozen=True)
class Habitus:
    """How a new patient differs from the source.

    Attributes
    ----------
    linear : ndarray, shape (3, 3)
        Takes the patient's mm to the source's.
    flips : tuple of bool
        Axes ``(k, j, i)`` that are mirrored.
    bend_mm, bend_nodes_mm : float
        SD and node distance of a smooth displacement.
    air : float
        Factor of the lungs' density above air: inspiration, emphysema.
    plain : bool
        Whether contrast agent is taken away.
    """

    linear: FloatArray
    flips: tuple[bool, bool, bool] = (False, False, False)
    bend_mm: float = 0.0
    bend_nodes_mm: float = 40.0
    air: float = 1.0
    plain: bool = False


@dataclass(frozen=True)
class LungScan:
    """The new patient before anything is inserted; as `SourceLung`, with its protocol."""

    hu: Image
    lungs: Labels
    protocol: Protocol
    real: FloatArray

    @property
    def spacing_mm(self) -> Triple:
        """Voxel size along ``(k, j, i)``."""
        return self.protocol.spacing_mm


def random_habitus(rng: np.random.Generator, *, wild: bool = False) -> Habitus:
    """Return a patient that could be (mirrored, other size), or a `wild` one for training.

    A wild one may stand on its head and is often shrunk, which makes the source's slices
    thinner: otherwise thin slices would never be seen in training.
    """
    zoom = float(np.exp(rng.uniform(-0.55, 0.12))) if wild else float(rng.uniform(0.88, 1.12))
    linear = synthesis.random_affine(
        rng,
        scale=0.12 if wild else 0.06,
        rotation_deg=14 if wild else 6,
        shear=0.08 if wild else 0.03,
    )
    flips = tuple(bool(rng.random() < (0.5 if wild or axis == 2 else 0)) for axis in range(3))
    return Habitus(
        linear / zoom,
        (flips[0], flips[1], flips[2]),
        bend_mm=float(rng.uniform(1, 5 if wild else 3.5)),
        air=float(np.exp(rng.uniform(-0.35, 0.25))),
        plain=wild and bool(rng.random() < 0.6),
    )


def random_protocol(rng: np.random.Generator) -> Protocol:
    """Return a chest CT between a thin-slice diagnostic and a low-dose screening one."""
    increment = float(rng.choice([0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5]))
    in_plane = float(rng.uniform(0.58, 0.85))
    return Protocol(
        (increment, in_plane, in_plane),
        thickness_mm=max(increment, float(rng.choice([1.0, 1.25]))),
        noise_hu=float(rng.uniform(12, 45)),
        blur_mm=float(rng.uniform(0.3, 0.6)),
    )


def deform(
    rng: np.random.Generator, source: SourceLung, protocol: Protocol, habitus: Habitus
) -> LungScan:
    """Return the source as another patient on the protocol's grid, without added noise.

    The source's own noise, smoothed by the interpolation, stays.
    """
    spacing, source_spacing = np.array(protocol.spacing_mm), np.array(source.spacing_mm)
    extent = np.array(source.hu.shape) * source_spacing
    size = extent / np.linalg.norm(habitus.linear, axis=0)
    shape = np.maximum(np.rint(size / spacing).astype(int), 4)
    mapping = _mapping(rng, extent, shape * spacing, habitus)
    scale = 2.0 / (np.array(source.hu.shape) - 1) / source_spacing
    hu, lungs = _looked_up(source, mapping * scale[:, None, None, None] - 1.0, shape)
    if sum(habitus.flips) % 2:
        lungs = np.array([0, 2, 1], np.uint8)[lungs]
    real = _moved(source.real, mapping, shape * spacing, float(np.linalg.det(habitus.linear)))
    return LungScan(_density(hu, habitus), lungs, protocol, real)


def _mapping(
    rng: np.random.Generator, extent: FloatArray, size: FloatArray, habitus: Habitus
) -> npt.NDArray[np.float32]:
    """Return source mm at nodes that span the new patient's box, ``(3, k, j, i)``."""
    nodes = [max(int(np.ceil(s / _NODES_MM)) + 1, 3) for s in size]
    axes = [np.linspace(-s / 2, s / 2, n) for s, n in zip(size, nodes, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"))
    mirror = np.where(habitus.flips, -1.0, 1.0)[:, None, None, None]
    moved = mirror * np.tensordot(habitus.linear, points, axes=1)
    moved += (extent / 2)[:, None, None, None]
    bend = synthesis.random_displacement(
        rng, nodes, [(habitus.bend_nodes_mm / _NODES_MM, habitus.bend_mm)]
    )
    return np.asarray(moved + bend, np.float32)


def _looked_up(
    source: SourceLung, unit: npt.NDArray[np.float64], shape: npt.NDArray[np.intp]
) -> tuple[Image, Labels]:
    """Sample the source slice by slice at nodes in grid_sample's units, ``-1…1``."""
    grid = torch.from_numpy(np.ascontiguousarray(unit[::-1], np.float32))  # x, y, z
    image = torch.from_numpy(source.hu)[None, None]
    labels = torch.from_numpy(source.lungs.astype(np.float32))[None, None]
    hu = np.empty(shape, np.float32)
    lungs = np.empty(shape, np.uint8)
    at = np.linspace(0, grid.shape[1] - 1, int(shape[0]))
    for k, place in enumerate(at):
        low = min(int(place), grid.shape[1] - 2)
        rows = torch.lerp(grid[:, low], grid[:, low + 1], float(place - low))
        fine = functional.interpolate(
            rows[None], (int(shape[1]), int(shape[2])), mode="bilinear", align_corners=True
        )
        points = fine[0].permute(1, 2, 0)[None, None]
        hu[k] = functional.grid_sample(image, points, padding_mode="border", align_corners=True)[
            0, 0, 0
        ]
        found = functional.grid_sample(labels, points, mode="nearest", align_corners=True)
        lungs[k] = found[0, 0, 0].numpy().astype(np.uint8)
    return hu, lungs


def _density(hu: Image, habitus: Habitus) -> Image:
    if habitus.plain:
        hu = np.where(hu > 60, 45 + 15 * (1 - np.exp(-(hu - 60) / 400)), hu).astype(np.float32)
    # Full effect in aerated lung, none in tissue.
    aerated = np.clip((-500 - hu) / 200, 0, 1)
    factor = 1 + (habitus.air - 1) * aerated
    return np.asarray(_AIR_HU + (hu - _AIR_HU) * factor, np.float32)


def _moved(
    real: FloatArray, mapping: npt.NDArray[np.float32], size: FloatArray, determinant: float
) -> FloatArray:
    """Return real nodules where the nodes nearest to them say they have come to lie."""
    if not len(real):
        return real
    nodes = np.array(mapping.shape[1:])
    moved = []
    for *centre, radius in real:
        gap = np.linalg.norm(mapping - np.array(centre)[:, None, None, None], axis=0)
        place = np.array(np.unravel_index(int(gap.argmin()), gap.shape)) / (nodes - 1) * size
        grown = radius / abs(determinant) ** (1 / 3)
        # Half the node distance is what the nearest node may be off.
        moved.append([*place, grown + _NODES_MM / 2])
    return np.array(moved)


def noise_of(hu: npt.NDArray[np.generic]) -> float:
    """Estimate a scan's noise SD (HU) in soft tissue, from differences of neighbours in rows.

    Source of the estimator: median absolute deviation, Donoho and Johnstone 1994.
    """
    rows = hu[:: max(hu.shape[0] // 24, 1)].astype(np.float32)
    second = rows[:, :, 1:-1] - (rows[:, :, :-2] + rows[:, :, 2:]) / 2
    tissue = (rows > -20) & (rows < 90)
    inner = tissue[:, :, 1:-1] & tissue[:, :, :-2] & tissue[:, :, 2:]
    if inner.sum() < 500:
        return 20.0
    return float(1.4826 * np.median(np.abs(second[inner])) / np.sqrt(1.5))
