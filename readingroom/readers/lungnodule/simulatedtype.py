"""What simulated nodules are like: types, densities, margins, attachments.

Ranges follow the Fleischner Society's glossary (Bankier et al., Radiology 2024;310:e232558)
and the densities reported for LIDC-IDRI nodules; they are wide on purpose.
"""

from __future__ import annotations

import numpy as np

from readingroom.readers.lungnodule.simulatednodule import (
    FloatArray,
    Layer,
    Nodule,
    Shape,
    random_direction,
    random_shape,
)

_TYPE_CHANCE = {"solid": 0.5, "part_solid": 0.16, "ground_glass": 0.24, "calcified": 0.1}
_ATTACHMENT_CHANCE = {"none": 0.4, "vascular": 0.25, "pleural": 0.25, "perifissural": 0.1}
_CENTRE = np.zeros(3)


def random_nodule(
    rng: np.random.Generator,
    diameter_mm: float,
    *,
    type: str | None = None,
    attachment: str | None = None,
) -> Nodule:
    """Return a nodule of a given equivalent diameter, mm.

    Parameters
    ----------
    type, attachment : str, optional
        One of `TYPES` and of `ATTACHMENTS`; drawn by their frequency if not given.
        Nodules below 5 mm are never part-solid.
    """
    kind = type or _drawn(rng, _TYPE_CHANCE)
    if kind == "part_solid" and diameter_mm < 5:
        kind = "ground_glass"
    where = attachment or _drawn(rng, _ATTACHMENT_CHANCE)
    body = _body(rng, diameter_mm, kind, where)
    layers = {
        "solid": _solid,
        "part_solid": _part_solid,
        "ground_glass": _ground_glass,
        "calcified": _calcified,
    }[kind](rng, body)
    return Nodule(kind, layers, where)


def random_diameter(rng: np.random.Generator, low: float = 3.0, high: float = 30.0) -> float:
    """Return a diameter in mm, small ones more often (uniform in the logarithm)."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _drawn(rng: np.random.Generator, chances: dict[str, float]) -> str:
    return str(rng.choice(list(chances), p=list(chances.values())))


def _body(rng: np.random.Generator, diameter: float, kind: str, where: str) -> Shape:
    """Draw the margin: smooth, lobulated or spiculated, flat beside a fissure."""
    big = diameter >= 6
    lobes = int(rng.integers(1, 6)) if big and rng.random() < 0.5 else 0
    spiky = big and kind in ("solid", "part_solid") and rng.random() < 0.3
    rays = int(rng.integers(5, 14)) if spiky else 0
    rough = float(rng.choice([0.0, 0.08, 0.16]))
    shape = random_shape(
        rng, diameter, elongation=0.28, lobes=lobes, spicules=rays, roughness=rough
    )
    if where == "perifissural":
        flat = shape.radii_mm * np.array([1.15, 1.15, 0.7])
        shape = Shape(flat, shape.turn, shape.bumps[:0], shape.spicules[:0]).scaled(diameter)
    return shape


def _solid(rng: np.random.Generator, body: Shape) -> tuple[Layer, ...]:
    return (Layer(body, _CENTRE, float(rng.uniform(-40, 110)), float(rng.uniform(0, 15))),)


def _ground_glass(rng: np.random.Generator, body: Shape) -> tuple[Layer, ...]:
    # Faint ones that are small as well are seen by nobody; readers report denser ones.
    faintest = -720 if body.diameter_mm >= 6 else -620
    hu = float(rng.uniform(faintest, -400))
    return (Layer(body, _CENTRE, hu, float(rng.uniform(15, 60))),)


def _part_solid(rng: np.random.Generator, body: Shape) -> tuple[Layer, ...]:
    (glass,) = _ground_glass(rng, body)
    share = rng.uniform(0.3, 0.75)
    core = random_shape(rng, share * body.diameter_mm, elongation=0.3, lobes=int(rng.integers(3)))
    offset = _inside(rng, body, share)
    return glass, Layer(core, offset, float(rng.uniform(-60, 80)), float(rng.uniform(0, 20)))


def _calcified(rng: np.random.Generator, body: Shape) -> tuple[Layer, ...]:
    return calcified(rng, body)


def calcified(
    rng: np.random.Generator, body: Shape, pattern: str | None = None
) -> tuple[Layer, ...]:
    """Return diffuse, central, laminated or popcorn calcium (the benign patterns) or eccentric."""
    smooth = Shape(body.radii_mm, body.turn, body.bumps, body.spicules[:0])
    matrix = Layer(smooth, _CENTRE, float(rng.uniform(20, 100)))
    pattern = pattern or str(
        rng.choice(["diffuse", "central", "laminated", "popcorn", "eccentric"])
    )
    hu = float(rng.uniform(250, 900))
    if pattern == "diffuse":
        return (Layer(smooth, _CENTRE, hu, 40.0),)
    if pattern == "laminated":
        shells = (0.95, 0.8, 0.6, 0.4)
        return matrix, *(
            Layer(smooth.scaled(f * smooth.diameter_mm), _CENTRE, hu if n % 2 == 0 else 60.0)
            for n, f in enumerate(shells)
        )
    count = int(rng.integers(3, 6)) if pattern == "popcorn" else 1
    share = {"popcorn": 0.4, "central": 0.6, "eccentric": 0.4}[pattern]
    spots = [random_shape(rng, share * smooth.diameter_mm, elongation=0.15) for _ in range(count)]
    placed = [_CENTRE if pattern == "central" else _inside(rng, smooth, share) for _ in spots]
    return matrix, *(Layer(s, at, hu, 30.0) for s, at in zip(spots, placed, strict=True))


def _inside(rng: np.random.Generator, body: Shape, share: float) -> FloatArray:
    """Return an offset that keeps a part of relative size `share` within the body."""
    room = max(0.9 - share, 0.0) * float(body.radii_mm.min())
    return np.asarray(random_direction(rng) * room * rng.uniform(0, 1))
