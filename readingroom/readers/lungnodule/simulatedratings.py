"""Simulated nodules of known characteristics, on the scales of the LIDC readers.

What the simulator draws is geometry and density; what the readers give is an impression on
an ordinal scale (Armato et al., Med Phys 2011;38:915; the scales' words: McNitt-Gray et al.,
Acad Radiol 2007;14:1464). This file is the one place where the first is mapped to the
second. The ends of each scale and its named middle follow the readers' manual; the steps
between are even and fixed by hand, not fitted to readers:

================== ========================================================================
sphericity         axis ratio of the body: 1 linear (0.15), 3 ovoid (0.6), 5 round (0.95)
margin             width of the drawn border, mm: 5 sharp (0), 3 (1.6), 1 poorly defined (4)
lobulation         departure of the surface from an ellipsoid, share of the radius: 1 none
                   (0.015), 3 (0.05), 5 marked (0.1)
spiculation        spicules that can be seen: 1 none (0), 3 (6), 5 marked (14)
texture            1 ground glass, 3 part-solid with half of its volume solid, 5 solid
calcification      1 popcorn, 2 laminated, 3 solid, 4 non-central, 5 central, 6 absent
internal structure 1 soft tissue (or fluid, which density does not tell), 3 fat, 4 air
================== ========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from readingroom.readers.lungnodule.characteristics import SPHERICITY, scaled
from readingroom.readers.lungnodule.simulatednodule import (
    ATTACHMENTS,
    FloatArray,
    Layer,
    Nodule,
    Shape,
    random_direction,
    random_shape,
    random_turn,
)
from readingroom.readers.lungnodule.simulatedtype import calcified

Knots = tuple[Sequence[float], Sequence[float]]

#: Width of the border over which the density falls to the lung's, mm.
_MARGIN: Knots = ((0.0, 0.8, 1.6, 2.6, 4.0), (5, 4, 3, 2, 1))
#: Root mean square departure from the best ellipsoid-like surface, share of the radius.
_LOBULATION: Knots = ((0.015, 0.03, 0.05, 0.07, 0.1), (1, 2, 3, 4, 5))
#: Spicules; one shorter than a third of the diameter, or than 2 mm, counts in part.
_SPICULATION: Knots = ((0, 3, 6, 10, 14), (1, 2, 3, 4, 5))
_SPICULE_SHARE, _SPICULE_MM = 0.33, 2.0
_PATTERNS = {"popcorn": 1, "laminated": 2, "diffuse": 3, "eccentric": 4, "central": 5}
_ABSENT = 6
SOFT_TISSUE, FAT, AIR = 1, 3, 4

_KINDS = {"solid": 0.45, "part_solid": 0.2, "ground_glass": 0.17, "calcified": 0.18}
_WHERE = dict(zip(ATTACHMENTS, (0.5, 0.25, 0.2, 0.05), strict=True))
_LUNG_HU = -860.0
_SHELL_MM, _MOST_SHELLS = 0.7, 5
_CENTRE = np.zeros(3)


@dataclass(frozen=True)
class Rated:
    """A nodule to insert and what a reader would say of it.

    Attributes
    ----------
    nodule : Nodule
    diameter_mm : float
        Of the sphere of the volume within the middle of its border.
    ratings : dict of str to float
        `characteristics.SCALES` and ``internal_structure``.
    """

    nodule: Nodule
    diameter_mm: float
    ratings: dict[str, float]


def random_rated(rng: np.random.Generator, diameter_mm: float) -> Rated:
    """Return a nodule of a given equivalent diameter, its characteristics drawn evenly.

    Rarer looks than in practice on purpose: a network that saw only common ones would
    answer with the average.
    """
    kind = _drawn(rng, _KINDS)
    if kind == "part_solid" and diameter_mm < 5:
        kind = "solid"
    body = _body(rng, diameter_mm, kind)
    width = _border(rng, diameter_mm, kind)
    layers, said = _FILLED[kind](rng, body, width)
    ratings = {
        "sphericity": scaled(axis_ratio(body), SPHERICITY),
        "margin": scaled(width, _MARGIN),
        "lobulation": scaled(relief(body), _LOBULATION),
        "spiculation": scaled(visible_spicules(body), _SPICULATION),
        "texture": 5.0,
        "calcification": float(_ABSENT),
        "internal_structure": float(SOFT_TISSUE),
    }
    where = "none" if len(body.spicules) else _drawn(rng, _WHERE)
    return Rated(Nodule(kind, layers, where), body.diameter_mm, ratings | said)


def axis_ratio(body: Shape) -> float:
    """Return shortest over longest principal axis of a drawn body, bumps included, 0…1."""
    rays, reach = _rays_of(body)
    centre = (rays * reach[:, None] ** 4).mean(0) / 4 / (reach**3).mean() * 3
    second = (reach[:, None, None] ** 5 * rays[:, :, None] * rays[:, None, :]).mean(0) / 5
    second = second / (reach**3).mean() * 3 - np.outer(centre, centre)
    spread = np.diag(body.radii_mm) @ second @ np.diag(body.radii_mm)
    lengths = np.sqrt(np.linalg.eigvalsh(spread))
    return float(lengths[0] / lengths[-1])


def relief(body: Shape) -> float:
    """Return how far a drawn surface departs from an ellipsoid, RMS, share of the radius.

    What polynomials of degree 2 in the direction explain is the ellipsoid's, as in
    `margin.lobulation_index`.
    """
    rays, reach = _rays_of(body)
    k, j, i = rays.T
    basis = np.stack([np.ones(len(rays)), k, j, i, k * k, j * j, k * j, k * i, j * i], 1)
    smooth = basis @ np.linalg.lstsq(basis, reach, rcond=None)[0]
    return float(np.sqrt(np.mean((reach - smooth) ** 2)) / reach.mean())


def visible_spicules(body: Shape) -> float:
    """Return the number of spicules, short ones counted in part."""
    needed = max(_SPICULE_SHARE * body.diameter_mm, _SPICULE_MM)
    return float(np.minimum(body.spicules[:, 3] / needed, 1.0).sum())


def _rays_of(body: Shape) -> tuple[FloatArray, FloatArray]:
    """Return directions ``(n, 3)`` and relative radii in the body's own axes."""
    from readingroom.readers.lungnodule.shape import directions

    rays = directions(1200)
    # In its own axes and units of its radii the body is a bumpy unit ball.
    plain = replace(body, radii_mm=np.ones(3), turn=np.eye(3), spicules=body.spicules[:0])
    return rays, np.asarray(1.0 - plain.distance(rays), np.float64)


def _drawn(rng: np.random.Generator, chances: dict[str, float]) -> str:
    return str(rng.choice(list(chances), p=list(chances.values())))


def _body(rng: np.random.Generator, diameter: float, kind: str) -> Shape:
    """Draw round to linear, smooth to lobulated, plain to spiculated, one of another apart."""
    shortest = float(rng.uniform(0.22, 1.0))
    radii = np.array([1.0, shortest ** float(rng.uniform(0, 1)), shortest])
    lobes = int(rng.integers(2, 7)) if diameter >= 5 and rng.random() < 0.5 else 0
    rays = int(rng.integers(2, 17)) if diameter >= 5 and rng.random() < 0.45 else 0
    if kind == "calcified":
        rays = 0
    rough = random_shape(rng, diameter, lobes=lobes, spicules=rays)
    bumps = rough.bumps.copy()
    bumps[:, 3] *= rng.uniform(0.3, 2.2)
    return Shape(radii, random_turn(rng), bumps, rough.spicules).scaled(diameter)


def _border(rng: np.random.Generator, diameter: float, kind: str) -> float:
    """Draw the width of the border, mm; no wider than the nodule's radius."""
    if kind == "calcified" or rng.random() < 0.3:
        return 0.0
    return float(rng.uniform(0, min(4.0, 0.5 * diameter)))


def _graded(body: Shape, width: float, hu: float, texture_hu: float) -> tuple[Layer, ...]:
    """Return layers whose density falls to the lung's over `width` mm about the surface."""
    if width < 0.3:
        return (Layer(body, _CENTRE, hu, texture_hu),)
    plain = replace(body, spicules=body.spicules[:0])
    count = min(int(np.ceil(width / _SHELL_MM)), _MOST_SHELLS)
    steps = (np.arange(count) + 0.5) / count
    shells = [
        Layer(plain.scaled(body.diameter_mm + width * (1 - 2 * step)), _CENTRE, level, 0.0)
        for step, level in zip(steps, _LUNG_HU + steps * (hu - _LUNG_HU), strict=True)
    ]
    core = body.scaled(max(body.diameter_mm - width, 0.3 * body.diameter_mm))
    return *shells, Layer(core, _CENTRE, hu, texture_hu)


Filled = tuple[tuple[Layer, ...], dict[str, float]]


def _solid(rng: np.random.Generator, body: Shape, width: float) -> Filled:
    layers = _graded(body, width, float(rng.uniform(-40, 110)), float(rng.uniform(0, 15)))
    if body.diameter_mm < 7 or rng.random() > 0.25:
        return layers, {}
    structure = FAT if rng.random() < 0.5 else AIR
    hu = rng.uniform(-120, -60) if structure == FAT else rng.uniform(-980, -800)
    hole = random_shape(rng, float(rng.uniform(0.35, 0.65)) * body.diameter_mm, elongation=0.15)
    room = float(rng.uniform(0, 0.15)) * float(body.radii_mm.min())
    place = np.asarray(random_direction(rng) * room)
    # A hole must not break through a flat body's wall.
    hole = hole.scaled(min(hole.diameter_mm, 1.2 * float(body.radii_mm.min())))
    return (*layers, Layer(hole, place, float(hu))), {"internal_structure": float(structure)}


def _ground_glass(rng: np.random.Generator, body: Shape, width: float) -> Filled:
    glass = _graded(body, width, float(rng.uniform(-700, -400)), float(rng.uniform(15, 60)))
    return glass, {"texture": 1.0}


def _part_solid(rng: np.random.Generator, body: Shape, width: float) -> Filled:
    glass, _ = _ground_glass(rng, body, width)
    share = float(rng.uniform(0.35, 0.95))
    core = replace(body, spicules=body.spicules[:0]).scaled(share * body.diameter_mm)
    room = max(0.9 - share, 0.0) * float(body.radii_mm.min())
    place = np.asarray(random_direction(rng) * room * rng.uniform(0, 1))
    solid = Layer(core, place, float(rng.uniform(-60, 80)), float(rng.uniform(0, 20)))
    return (*glass, solid), {"texture": 2.0 + 2.0 * share**3}


def _calcified(rng: np.random.Generator, body: Shape, width: float) -> Filled:
    pattern = str(rng.choice(list(_PATTERNS)))
    if body.diameter_mm < 6:
        # The others are patterns that a nodule of few voxels does not show.
        pattern = "diffuse"
    layers = calcified(rng, body, pattern)
    return layers, {"calcification": float(_PATTERNS[pattern])}


_FILLED: dict[str, Callable[[np.random.Generator, Shape, float], Filled]] = {
    "solid": _solid,
    "part_solid": _part_solid,
    "ground_glass": _ground_glass,
    "calcified": _calcified,
}
