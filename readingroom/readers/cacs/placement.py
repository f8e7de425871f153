"""Where calcium and metal sit in a simulated patient, and how large and dense they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from readingroom.readers.cacs import plaque as solids
from readingroom.readers.cacs.aorta import name_aortic_part
from readingroom.readers.cacs.heartframe import densify
from readingroom.readers.cacs.plaque import Plaque
from readingroom.readers.cacs.simulatedanatomy import SimulatedAnatomy
from readingroom.readers.cacs.tissuemap import Tissue

FloatArray = npt.NDArray[np.float64]

_VESSEL_SHARE = {"LM": 0.12, "LAD": 0.42, "LCX": 0.2, "RCA": 0.26}
#: Used length of each centreline: the last part is drawn less surely.
_VESSEL_REACH = {"LM": 1.0, "LAD": 0.8, "LCX": 0.85, "RCA": 0.75}


def random_plaques(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> list[Plaque]:
    """Return a patient's calcium: from none to severe, with what mimics it."""
    burden = rng.choice([0.0, 1.0, 4.0, 9.0], p=[0.2, 0.25, 0.3, 0.25])
    plaques = [coronary_plaque(rng, anatomy) for _ in range(rng.poisson(burden))]
    for make, most in (
        (aortic_plaque, 5),
        (aortic_valve_plaque, 3),
        (mitral_plaque, 3),
        (pericardial_plaque, 2),
    ):
        if rng.random() < 0.5:
            plaques += [make(rng, anatomy) for _ in range(int(rng.integers(1, most + 1)))]
    if rng.random() < 0.2:
        plaques.append(stent(rng, anatomy))
    if rng.random() < 0.15:
        plaques.append(pacing_lead(rng, anatomy))
    return plaques


def many_plaques(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> list[Plaque]:
    """Return calcium of every class, for training: far more than a patient has."""
    plaques = [coronary_plaque(rng, anatomy) for _ in range(int(rng.integers(3, 13)))]
    for make, most in (
        (aortic_plaque, 6),
        (aortic_valve_plaque, 3),
        (mitral_plaque, 3),
        (pericardial_plaque, 3),
    ):
        plaques += [make(rng, anatomy) for _ in range(int(rng.integers(0, most + 1)))]
    plaques += [stent(rng, anatomy)] * int(rng.random() < 0.35)
    plaques += [pacing_lead(rng, anatomy)] * int(rng.random() < 0.2)
    plaques += [sternal_wire(rng, anatomy)] * int(rng.random() < 0.2)
    return plaques


def coronary_plaque(
    rng: np.random.Generator, anatomy: SimulatedAnatomy, vessel: str | None = None
) -> Plaque:
    """Return a plaque in the wall of a coronary artery, elongated along it."""
    names = list(_VESSEL_SHARE)
    vessel = vessel or str(rng.choice(names, p=list(_VESSEL_SHARE.values())))
    path = anatomy.vessels[vessel]
    reach = max(3, int(len(path) * _VESSEL_REACH[vessel]))
    skip = 0.2 if vessel == "RCA" else 0.0
    at = int(rng.uniform(skip * 0.3, 0.95) * reach)
    centre, axes = _along(path, at)
    wall = rng.normal(size=2)
    centre = centre + 1.2 * (wall @ axes[1:]) / np.linalg.norm(wall)
    thickness = rng.uniform(0.6, 1.5)
    length = thickness * rng.uniform(1.0, 3.5)
    radii = np.array([length, thickness, thickness * rng.uniform(0.7, 1.3)])
    return solids.ellipsoid(vessel, centre, axes, radii, _density(rng, anatomy))


def aortic_plaque(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> Plaque:
    """Return a thin plaque on the aortic wall."""
    centre, normal = _surface_point(rng, anatomy, Tissue.AORTA)
    label = name_aortic_part(anatomy.aortic_parts, centre)
    radii = np.array([rng.uniform(0.6, 1.4), rng.uniform(1.2, 4.5), rng.uniform(1.2, 4.5)])
    return solids.ellipsoid(label, centre, _frame(normal), radii, _density(rng, anatomy))


def aortic_valve_plaque(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> Plaque:
    """Return a nodule on an aortic leaflet or its annulus."""
    offset = rng.normal(size=3) * np.array([6.0, 6.0, 2.5])
    centre = anatomy.landmarks["aortic_valve_centre"] + offset
    radii = rng.uniform(0.9, 2.6, 3)
    axes = _frame(rng.normal(size=3))
    return solids.ellipsoid("AORTIC_VALVE", centre, axes, radii, _density(rng, anatomy))


def mitral_plaque(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> Plaque:
    """Return a nodule of the mitral annulus, most often its posterior half."""
    marks = anatomy.landmarks
    centre, apex = marks["mitral_annulus_centre"], marks["lv_apex"]
    axes = _frame(apex - centre)
    lateral = np.array([0.6, 0.8, 0.0])
    lateral -= axes[0] * (lateral @ axes[0])
    lateral /= np.linalg.norm(lateral)
    across = np.cross(axes[0], lateral)
    angle = rng.normal(0, 0.9)
    radius = rng.uniform(12, 16)
    spoke = np.cos(angle) * lateral + np.sin(angle) * across
    point = centre + radius * spoke + rng.normal(0, 1.5) * axes[0]
    tangent = np.cross(axes[0], spoke)
    radii = np.array([rng.uniform(1.5, 5.0), rng.uniform(1.0, 2.4), rng.uniform(1.0, 2.4)])
    return solids.ellipsoid("MITRAL_VALVE", point, _frame(tangent), radii, _density(rng, anatomy))


def pericardial_plaque(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> Plaque:
    """Return a sheet on the heart's free surface, away from the coronary arteries."""
    courses = np.concatenate(list(anatomy.vessels.values()))
    for _ in range(60):
        centre, normal = _surface_point(rng, anatomy, Tissue.HEART)
        low = centre[2] < anatomy.landmarks["aortic_valve_centre"][2]
        if low and np.linalg.norm(courses - centre, axis=1).min() > 14:
            break
    radii = np.array([rng.uniform(0.6, 1.2), rng.uniform(2, 6), rng.uniform(2, 6)])
    centre = centre + 1.5 * normal
    return solids.ellipsoid("PERICARDIUM", centre, _frame(normal), radii, _density(rng, anatomy))


def stent(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> Plaque:
    """Return a stent: a thin metal tube in a coronary artery."""
    path = anatomy.vessels[str(rng.choice(["LAD", "LCX", "RCA"]))]
    start = int(rng.uniform(0.1, 0.45) * len(path))
    part = path[start : start + int(rng.integers(10, 24))]
    return solids.tube("METAL", part, rng.uniform(1.2, 1.8), rng.uniform(2000, 6000), 0.3)


def pacing_lead(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> Plaque:
    """Return a pacemaker lead through the right heart to its apex."""
    marks = anatomy.landmarks
    valve, apex = marks["tricuspid_annulus_centre"], marks["lv_apex"]
    top = valve + np.array([-18.0, 8.0, 75.0])
    tip = valve + 0.75 * (apex - valve) + np.array([-4.0, -8.0, -6.0])
    below = top + np.array([0.0, 0.0, -40.0])
    inlet = valve + np.array([-8.0, 4.0, 5.0])
    knots = np.stack([top, below, inlet, (valve + tip) / 2, tip])
    path = densify(knots + rng.normal(0, 3, knots.shape))
    return solids.tube("METAL", path, rng.uniform(0.7, 1.2), rng.uniform(2500, 8000))


def sternal_wire(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> Plaque:
    """Return a sternotomy wire: a small metal loop around the sternum."""
    centre, _ = _surface_point(rng, anatomy, Tissue.STERNUM)
    angle = np.linspace(0, 1.8 * np.pi, 60)
    loop = np.stack([11 * np.cos(angle), 7 * np.sin(angle), 2 * np.cos(angle)], -1)
    return solids.tube("METAL", centre + loop, rng.uniform(0.5, 0.9), rng.uniform(3000, 8000))


def _density(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> float:
    """HU of solid calcium; in contrast CT only what stands out of the blood is placed."""
    hu = float(np.clip(rng.lognormal(6.3, 0.45), 250, 1600))
    return hu + 500 if anatomy.contrast else hu


def _along(path: FloatArray, at: int) -> tuple[FloatArray, FloatArray]:
    tangent = path[min(at + 2, len(path) - 1)] - path[max(at - 2, 0)]
    return path[at], _frame(tangent)


def _frame(direction: FloatArray) -> FloatArray:
    """Return three orthonormal rows, the first along `direction`."""
    first = direction / np.linalg.norm(direction)
    helper = np.eye(3)[int(np.argmin(np.abs(first)))]
    second = np.cross(first, helper)
    second /= np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)])


def _surface_point(
    rng: np.random.Generator, anatomy: SimulatedAnatomy, tissue: Tissue
) -> tuple[FloatArray, FloatArray]:
    """Return a random point of an organ's surface, LPS mm, and its outward normal."""
    slices = np.flatnonzero((anatomy.tissue == tissue).any((1, 2)))
    if not slices.size:
        raise ValueError(f"There is no {tissue.name} in this anatomy.")
    k = int(rng.choice(slices))
    mask = anatomy.tissue == tissue
    edge = mask[k].copy()
    edge[1:-1, 1:-1] &= ~(
        mask[k, :-2, 1:-1] & mask[k, 2:, 1:-1] & mask[k, 1:-1, :-2] & mask[k, 1:-1, 2:]
    )
    j, i = np.unravel_index(int(rng.choice(np.flatnonzero(edge))), edge.shape)
    spacing = np.array(anatomy.grid.spacing_mm)
    low = np.maximum(np.array([k, j, i]) - np.ceil(4 / spacing).astype(int), 0)
    high = np.array([k, j, i]) + np.ceil(4 / spacing).astype(int) + 1
    nearby = np.argwhere(mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]]) + low
    inward = ((nearby.mean(0) - [k, j, i]) * spacing)[::-1]
    normal = -inward / max(float(np.linalg.norm(inward)), 1e-6)
    if not normal.any():
        normal = np.array([1.0, 0.0, 0.0])
    return np.array([i, j, k]) * spacing[::-1] + anatomy.grid.origin_mm, normal
