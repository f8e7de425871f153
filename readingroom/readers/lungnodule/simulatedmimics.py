"""What looks like a nodule and is none: branching vessels, scars, ill-defined opacities.

They are drawn by procedure, so that training does not learn one patient's vessels by heart.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from readingroom.imaging import synthesis
from readingroom.readers.lungnodule.placement import Sites
from readingroom.readers.lungnodule.simulatedlung import LungScan
from readingroom.readers.lungnodule.simulatednodule import FloatArray, random_direction

Image = npt.NDArray[np.float32]
Triple = tuple[float, float, float]

_SMALLEST_VESSEL_MM = 0.5
_MOST_SEGMENTS = 40
#: Murray's law for two equal daughters: r³ = 2 r'³.
_MURRAY = 2 ** (-1 / 3)


def add_mimics(rng: np.random.Generator, scan: LungScan) -> None:
    """Draw vessels, scars and opacities into a training scan, in place."""
    points = Sites.of(scan).within(4.0)
    if not len(points):
        return
    spacing = scan.spacing_mm

    def somewhere() -> FloatArray:
        return np.asarray(points[rng.integers(len(points))], float)

    for _ in range(int(rng.integers(4, 16))):
        radius = float(np.exp(rng.uniform(np.log(0.7), np.log(3.0))))
        draw_tree(rng, scan.hu, spacing, somewhere(), radius, blood_hu=rng.uniform(20, 160))
    for _ in range(int(rng.integers(2, 14))):
        draw_plate(
            rng,
            scan.hu,
            spacing,
            somewhere(),
            random_direction(rng),
            radius_mm=float(rng.uniform(6, 35)),
            thickness_mm=float(rng.uniform(0.6, 3.0)),
            density_hu=float(rng.uniform(-700, 20)),
        )
    if rng.random() < 0.5:
        for _ in range(int(rng.integers(2, 10))):
            draw_cloud(
                rng,
                scan.hu,
                spacing,
                somewhere(),
                radius_mm=float(rng.uniform(10, 32)),
                density_hu=float(rng.uniform(-720, -50)),
            )


def draw_tree(
    rng: np.random.Generator,
    hu: Image,
    spacing_mm: Triple,
    start_mm: FloatArray,
    radius_mm: float,
    *,
    blood_hu: float = 40.0,
    blur_mm: float = 0.5,
) -> None:
    """Draw a branching vessel into `hu`, in place.

    Parameters
    ----------
    start_mm : ndarray, shape (3,)
        Where it begins, ``(k, j, i)`` in mm from voxel (0, 0, 0).
    radius_mm : float
        Of the first segment; daughters follow Murray's law.
    """
    waiting = [(np.asarray(start_mm, float), random_direction(rng), radius_mm)]
    for _ in range(_MOST_SEGMENTS):
        if not waiting:
            return
        start, direction, radius = waiting.pop(0)
        end = start + direction * radius * rng.uniform(5, 11)
        draw_segment(hu, spacing_mm, start, end, radius, blood_hu, blur_mm)
        if radius * _MURRAY < _SMALLEST_VESSEL_MM:
            continue
        share = rng.uniform(0.35, 0.65)
        for part in (share, 1 - share):
            child = radius * part ** (1 / 3)
            turned = direction + random_direction(rng) * rng.uniform(0.3, 0.9)
            waiting.append((end, turned / np.linalg.norm(turned), child))


def draw_segment(
    hu: Image,
    spacing_mm: Triple,
    start: FloatArray,
    end: FloatArray,
    radius_mm: float,
    density_hu: float,
    blur_mm: float = 0.5,
) -> None:
    """Draw a straight vessel with a soft edge into `hu`, in place."""
    cut = _box(hu.shape, spacing_mm, np.minimum(start, end), np.maximum(start, end), radius_mm + 2)
    if cut is None:
        return
    box, points = cut
    axis = end - start
    along = np.clip((points - start) @ axis / max(float(axis @ axis), 1e-6), 0, 1)
    distance = np.linalg.norm(points - start - along[..., None] * axis, axis=-1)
    _add(hu, box, _soft(distance - radius_mm, spacing_mm, blur_mm), density_hu)


def draw_plate(
    rng: np.random.Generator,
    hu: Image,
    spacing_mm: Triple,
    centre_mm: FloatArray,
    normal: FloatArray,
    *,
    radius_mm: float,
    thickness_mm: float,
    density_hu: float,
) -> None:
    """Draw a slightly curved disc into `hu`, in place: a fissure, a scar, a band."""
    cut = _box(hu.shape, spacing_mm, centre_mm, centre_mm, radius_mm + 2)
    if cut is None:
        return
    box, points = cut
    local = points - centre_mm
    height = local @ normal
    flat = (local**2).sum(-1) - height**2
    height = height + flat * rng.uniform(-0.004, 0.004)
    edge = np.maximum(np.abs(height) - thickness_mm / 2, np.sqrt(np.maximum(flat, 0)) - radius_mm)
    _add(hu, box, _soft(edge, spacing_mm, 0.5), density_hu)


def draw_cloud(
    rng: np.random.Generator,
    hu: Image,
    spacing_mm: Triple,
    centre_mm: FloatArray,
    *,
    radius_mm: float,
    density_hu: float,
) -> None:
    """Draw an ill-defined, irregular opacity into `hu`, in place: infection, oedema."""
    cut = _box(hu.shape, spacing_mm, centre_mm, centre_mm, 1.6 * radius_mm)
    if cut is None:
        return
    box, points = cut
    shape = points.shape[:3]
    coarse = radius_mm * 0.45 / float(np.mean(spacing_mm))
    rough = synthesis.smooth_noise(rng, shape, max(coarse, 2))
    rough += 0.5 * synthesis.smooth_noise(rng, shape, max(coarse / 2.5, 2))
    inside = 1 - np.linalg.norm(points - centre_mm, axis=-1) / radius_mm + 0.45 * rough
    share = np.clip(inside / rng.uniform(0.3, 0.9), 0, 1)
    density = density_hu + 60 * synthesis.smooth_noise(rng, shape, max(coarse / 3, 2))
    hu[box] += (share * np.maximum(density - hu[box], 0)).astype(np.float32)


def _box(
    shape: tuple[int, ...], spacing_mm: Triple, low: FloatArray, high: FloatArray, margin: float
) -> tuple[tuple[slice, slice, slice], FloatArray] | None:
    """Return a box around two corners and the mm of its voxels ``(k, j, i, 3)``."""
    sides = []
    for n, step, a, b in zip(shape, spacing_mm, low, high, strict=True):
        first, last = (
            max(math.floor((a - margin) / step), 0),
            min(math.ceil((b + margin) / step) + 1, n),
        )
        if last <= first:
            return None
        sides.append(slice(first, last))
    axes = [np.arange(s.start, s.stop) * step for s, step in zip(sides, spacing_mm, strict=True)]
    return (sides[0], sides[1], sides[2]), np.stack(np.meshgrid(*axes, indexing="ij"), -1)


def _soft(edge_mm: FloatArray, spacing_mm: Triple, blur_mm: float) -> FloatArray:
    """Return the share of each voxel behind an edge, blurred by voxel and scanner."""
    width = math.hypot(float(np.mean(spacing_mm)), 2 * blur_mm)
    return np.clip(0.5 - edge_mm / width, 0, 1)


def _add(hu: Image, box: tuple[slice, slice, slice], share: FloatArray, density_hu: float) -> None:
    hu[box] += (share * np.maximum(density_hu - hu[box], 0)).astype(np.float32)
