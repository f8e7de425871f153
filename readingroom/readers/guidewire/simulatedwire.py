"""Wires and the ways they take: curves of limited curvature, tips, what wires are made of.

A way is a curve in space whose heading turns with a piecewise linear rate (its curvature
is a linear B-spline), in mm. A wire follows the way up to how far it has been pushed in;
its shaped tip adds a bend of its own that turns with the wire. All curves are ordered from
the entry to the tip.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire.wirephysics import (
    ATTENUATION_PER_MM,
    MM_PER_FRENCH,
    MM_PER_INCH,
    Tube,
)

FloatArray = npt.NDArray[np.float64]
#: A vessel does not turn out of the picture for long: elevation stays below this, radians.
_STEEPEST = 1.1


@dataclass(frozen=True)
class WireModel:
    """A kind of guidewire.

    Attributes
    ----------
    name : str
    inch : float
        Outer diameter as the box says it.
    shaft, tip : str
        Materials, see `wirephysics.ATTENUATION_PER_MM`.
    core : float
        Part of the outer diameter that the shaft's core fills (the rest is polymer).
    opaque_mm : tuple of float
        Shortest and longest radiopaque end, mm.
    tightest_mm : float
        Radius below which its body does not bend, mm.
    """

    name: str
    inch: float
    shaft: str
    tip: str
    core: float
    opaque_mm: tuple[float, float]
    tightest_mm: float

    @property
    def outer_mm(self) -> float:
        """Outer diameter, mm."""
        return self.inch * MM_PER_INCH

    def tubes(self) -> tuple[Tube, Tube]:
        """Return the shaft and the radiopaque end."""
        shaft = Tube(self.outer_mm * self.core, ATTENUATION_PER_MM[self.shaft])
        if self.tip == "platinum_coil":  # a coil of fine wire around a thin core
            return shaft, Tube(self.outer_mm, ATTENUATION_PER_MM[self.tip], 0.72 * self.outer_mm)
        return shaft, Tube(self.outer_mm, ATTENUATION_PER_MM[self.tip])


TRAINING_WIRES = (
    WireModel("coronary 0.014 in, platinum coil", 0.014, "steel", "platinum_coil", 1, (20, 40), 5),
    WireModel("coronary 0.014 in, short coil", 0.014, "steel", "platinum_coil", 1.0, (3, 12), 5),
    WireModel("microwire 0.016 in", 0.016, "nitinol", "platinum_coil", 1.0, (10, 30), 4),
    WireModel("0.018 in, nitinol", 0.018, "nitinol", "tungsten_jacket", 0.9, (30, 80), 6),
    WireModel("0.035 in, hydrophilic", 0.035, "nitinol", "tungsten_jacket", 0.75, (40, 300), 9),
    WireModel("0.035 in, steel", 0.035, "steel", "steel", 0.8, (20, 60), 10),
)
#: Not among the training wires: for evaluation.
TEST_WIRES = (
    WireModel(
        "coronary 0.014 in, nitinol core", 0.014, "nitinol", "tungsten_jacket", 1, (5, 25), 6
    ),
    WireModel("0.021 in, steel with coil", 0.021, "steel", "platinum_coil", 0.85, (15, 50), 7),
    WireModel("0.025 in, hydrophilic", 0.025, "nitinol", "tungsten_jacket", 0.8, (30, 200), 8),
    WireModel("0.032 in, steel", 0.032, "steel", "steel", 0.85, (20, 60), 9),
)


@dataclass(frozen=True)
class Tip:
    """A shaped end: straight, angled or J.

    Attributes
    ----------
    kind : {'straight', 'angled', 'J'}
    bend : float
        Total angle of the bend, radians.
    length_mm : float
        Length of the part that is bent, mm.
    """

    kind: str
    bend: float
    length_mm: float


def random_tip(rng: np.random.Generator, model: WireModel) -> Tip:
    """Return a tip as they are sold or shaped by hand, fitting the wire's size."""
    kind = rng.choice(["straight", "angled", "J"])
    if kind == "straight":
        return Tip("straight", 0.0, 1.0)
    if kind == "angled":
        bend = np.deg2rad(rng.uniform(25, 80))
        return Tip("angled", bend, rng.uniform(2.0, 5.0 * model.outer_mm + 4))
    radius = rng.uniform(1.5, 3.5) * (1.0 if model.inch >= 0.03 else 0.6)
    bend = np.deg2rad(rng.uniform(120, 200))
    return Tip("J", bend, float(bend * radius))


@dataclass(frozen=True)
class Way:
    """Turning rates along a way through the vessels, at equal steps.

    Attributes
    ----------
    step_mm : float
    turn, climb : ndarray of float64, shape (n,)
        Change of azimuth (in the picture's plane) and of elevation (towards the tube) per
        mm, radians/mm.
    """

    step_mm: float
    turn: FloatArray
    climb: FloatArray

    @property
    def length_mm(self) -> float:
        """Length of the way, mm."""
        return (len(self.turn) - 1) * self.step_mm


def random_way(
    rng: np.random.Generator,
    length_mm: float,
    step_mm: float,
    tightest_mm: float,
    lead_mm: float = 0.0,
) -> Way:
    """Return a way with random bends, none tighter than `tightest_mm`.

    `lead_mm` of nearly straight way come before: what lies outside the picture.
    """
    knots_mm = np.arange(0.0, length_mm + 40.0, rng.uniform(12.0, 30.0))
    liveliness = rng.choice([0.15, 0.4, 0.8], p=[0.4, 0.4, 0.2]) / max(tightest_mm, 12.0)
    at = np.arange(0.0, length_mm + step_mm, step_mm)
    turn = np.interp(at, knots_mm, rng.normal(0, liveliness, len(knots_mm)))
    turn += _arch(rng, at)
    climb = np.interp(at, knots_mm, rng.normal(0, 0.6 * liveliness, len(knots_mm)))
    limit = 1.0 / tightest_mm
    lead = round(lead_mm / step_mm)
    turn = np.pad(np.clip(turn, -limit, limit), (lead, 0), constant_values=rng.normal(0, 0.003))
    return Way(step_mm, turn, np.pad(np.clip(climb, -limit, limit) * 0.7, (lead, 0)))


def _arch(rng: np.random.Generator, at_mm: FloatArray) -> FloatArray:
    """Return one long bend, as around the aortic arch or into a coronary, half the time."""
    if rng.random() < 0.5:
        return np.zeros_like(at_mm)
    radius = rng.uniform(12.0, 55.0)
    extent = rng.uniform(0.8, 3.0) * radius
    centre = rng.uniform(0.0, at_mm[-1])
    rise = np.clip((extent / 2 - np.abs(at_mm - centre)) / 5.0 + 0.5, 0.0, 1.0)
    return np.asarray(rise * rng.choice([-1.0, 1.0]) / radius)


def follow(way: Way, pushed_mm: float, tip: Tip | None = None, rotation: float = 0.0) -> FloatArray:
    """Return the wire's axis when it has been pushed in so far, mm, shape (n, 3).

    It starts at the origin with heading +x; z points from the detector to the tube. The
    tip's own bend lies in a plane that `rotation` (radians) turns about the wire.
    """
    count = int(np.clip(round(pushed_mm / way.step_mm) + 1, 2, len(way.turn)))
    turn, climb = way.turn[:count].copy(), way.climb[:count].copy()
    if tip is not None and tip.bend > 0:
        bent = min(max(round(tip.length_mm / way.step_mm), 1), count)
        turn[-bent:] += tip.bend / (bent * way.step_mm) * np.cos(rotation)
        climb[-bent:] += tip.bend / (bent * way.step_mm) * np.sin(rotation)
    azimuth = np.cumsum(turn) * way.step_mm
    elevation = _STEEPEST * np.sin(np.cumsum(climb) * way.step_mm / _STEEPEST)
    across = np.cos(elevation)
    heading = np.stack([across * np.cos(azimuth), across * np.sin(azimuth), np.sin(elevation)], 1)
    axis = np.cumsum(heading, axis=0) * way.step_mm
    return np.asarray(axis - axis[0])


def oblique_gain(axis_mm: FloatArray) -> FloatArray:
    """Return how much longer rays along z run through the tube, at each point (1…4)."""
    heading = np.gradient(axis_mm, axis=0)
    length = np.maximum(np.linalg.norm(heading, axis=1), 1e-9)
    sine = np.linalg.norm(heading[:, :2], axis=1) / length
    return np.asarray(1.0 / np.maximum(sine, 0.25))


def random_catheter(rng: np.random.Generator) -> tuple[float, Tube]:
    """Return a catheter's French size and its tube: 4 to 8 F, hollow."""
    french = float(rng.choice([4.0, 5.0, 6.0, 7.0, 8.0], p=[0.2, 0.3, 0.3, 0.1, 0.1]))
    outer = french * MM_PER_FRENCH
    kind = "braided_catheter" if rng.random() < 0.4 else "catheter"
    return french, Tube(outer, ATTENUATION_PER_MM[kind], outer * float(rng.uniform(0.62, 0.8)))


def other_opacity(rng: np.random.Generator, tube: Tube, spread: float) -> Tube:
    """Return the tube as another maker or another tube voltage shows it."""
    factor = float(np.exp(rng.uniform(-spread, spread)))
    return replace(tube, attenuation=round(tube.attenuation * factor, 2))
