"""Coronary arteries full of contrast, and the catheter that it comes from.

What is most like a guidewire without being one: side branches as thin as a wire, and a catheter
whose lumen contrast fills. Sizes are those of adult hearts, mm at the isocentre: trunks of 2.5 to
4.8 mm that taper to half, side branches every 6 to 22 mm (Dodge et al., Circulation 1992;86:232),
iodine of 300 to 370 mg/ml thinned by blood.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire.simulatedwire import FloatArray, random_catheter
from readingroom.readers.guidewire.wirephysics import ATTENUATION_PER_MM, Device, Tube

#: Vessels below this are not drawn, and a tree has no more of them, mm and pieces.
_THINNEST_MM, _MOST = 0.35, 30
_PIECES = 10
_STEEPEST = 1.2


class Course(NamedTuple):
    """A vessel's way in the picture: points (px, about 1 px apart) and its oblique gain."""

    points: FloatArray
    gain: FloatArray


def angiogram(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return a catheter in two stretches and the coronary tree that is filled through it."""
    ostium, heading = rng.uniform(0.05, 0.95, 2) * size, rng.uniform(0, 2 * np.pi)
    filled = rng.random() < 0.8
    iodine = ATTENUATION_PER_MM["iodine"] * rng.uniform(0.3, 1.0)
    devices = diagnostic_catheter(rng, ostium, heading, pixel_mm, iodine if filled else 0.0)
    if filled and rng.random() < 0.3:
        devices.append(_reflux(rng, ostium, heading, pixel_mm, iodine))
    return devices + coronary_tree(rng, ostium, heading, pixel_mm, iodine)


def lone_catheter(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return a catheter in two stretches without a wire, empty or full of contrast."""
    tip, heading = rng.uniform(0.05, 0.95, 2) * size, rng.uniform(0, 2 * np.pi)
    iodine = ATTENUATION_PER_MM["iodine"] * rng.uniform(0.3, 1.0)
    return diagnostic_catheter(rng, tip, heading, pixel_mm, iodine if rng.random() < 0.4 else 0.0)


def diagnostic_catheter(
    rng: np.random.Generator, tip: FloatArray, heading: float, pixel_mm: float, iodine: float
) -> list[Device]:
    """Return a catheter from its tip back over the arch and down the descending aorta.

    Parameters
    ----------
    tip : ndarray of 2 floats
        ``(x, y)`` px.
    heading : float
        Where its tip points to, radians.
    iodine : float
        Attenuation of what is in its lumen, 1/mm; 0 for none.
    """
    side = float(rng.choice([-1.0, 1.0]))
    parts_mm = np.array([rng.uniform(8, 25), rng.uniform(25, 80), 0.0, rng.uniform(120, 260)])
    radius = rng.uniform(10, 38)  # of the arch, as it is foreshortened
    parts_mm[2] = np.pi * radius * rng.uniform(0.9, 1.1)
    bends = np.array([rng.uniform(-2.0, 2.0) / parts_mm[0], 0.0, side / radius, 0.0])
    step = pixel_mm
    turn = np.repeat(bends, np.maximum((parts_mm / step).astype(int), 1))
    at = np.arange(len(turn)) * step
    knots = np.arange(0.0, at[-1] + 40.0, 30.0)
    turn = turn + np.interp(at, knots, rng.normal(0, 0.004, len(knots)))
    points = _walked(tip, heading + np.pi, turn, np.ones(len(turn)), pixel_mm)[::-1]
    _, wall = random_catheter(rng)
    devices = [Device.uniform(points, wall, catheter=True)]
    if iodine > 0:
        devices.append(Device.uniform(points, Tube(round(wall.inner_mm, 2), round(iodine, 2))))
    return devices


def coronary_tree(
    rng: np.random.Generator, ostium: FloatArray, heading: float, pixel_mm: float, iodine: float
) -> list[Device]:
    """Return a right coronary artery in a bow, or a left one that divides at once."""
    devices: list[Device] = []
    if rng.random() < 0.5:
        bow = float(rng.choice([-1.0, 1.0])) / rng.uniform(25, 55)
        trunk = course(rng, ostium, heading, rng.uniform(70, 150), pixel_mm, bow)
        _grow(rng, devices, trunk, rng.uniform(2.5, 4.5), iodine, pixel_mm)
        return devices
    wide = rng.uniform(3.2, 4.8)
    main = course(rng, ostium, heading, rng.uniform(4, 15), pixel_mm)
    devices.append(_tapered(main, wide, 0.95 * wide, iodine))
    for side in (-1.0, 1.0):
        away = _heading(main.points, -1) + side * rng.uniform(0.2, 0.8)
        length, bow = rng.uniform(60, 140), side * rng.normal(0, 0.012)
        way = course(rng, main.points[-1], away, length, pixel_mm, bow)
        _grow(rng, devices, way, wide * rng.uniform(0.6, 0.85), iodine, pixel_mm)
    return devices


def tree_around(rng: np.random.Generator, wire: FloatArray, pixel_mm: float) -> list[Device]:
    """Return the contrast-filled tree in whose trunk a wire (its axis in px) lies."""
    length = round(rng.uniform(50, 140) / pixel_mm)
    trunk = Course(wire[-length:], np.ones(min(length, len(wire))))
    iodine = ATTENUATION_PER_MM["iodine"] * rng.uniform(0.1, 0.7)
    devices: list[Device] = []
    _grow(rng, devices, trunk, rng.uniform(1.8, 4.0), iodine, pixel_mm)
    return devices


def course(
    rng: np.random.Generator,
    start: FloatArray,
    heading: float,
    length_mm: float,
    pixel_mm: float,
    bow: float = 0.0,
    liveliness: float = 0.03,
) -> Course:
    """Return a way that bends by `bow` and at random (SD `liveliness`), radians/mm.

    It leaves the picture's plane too: there it is shorter, and rays run longer through it.
    """
    count = max(int(length_mm / pixel_mm), 6)
    at: FloatArray = np.arange(count, dtype=np.float64) * pixel_mm
    turn = bow + _wandering(rng, at, rng.uniform(5.0, 14.0), liveliness)
    climb = _STEEPEST * np.tanh(_wandering(rng, at, 30.0, 0.6))
    points = _walked(start, heading, turn, np.cos(climb), pixel_mm)
    return Course(points, np.minimum(1.0 / np.cos(climb), 2.5))


def _wandering(
    rng: np.random.Generator, at_mm: FloatArray, apart_mm: float, sd: float
) -> FloatArray:
    knots = np.arange(0.0, at_mm[-1] + 2 * apart_mm, apart_mm)
    return np.asarray(np.interp(at_mm, knots, rng.normal(0, sd, len(knots))))


def _walked(
    start: FloatArray, heading: float, turn: FloatArray, pace: FloatArray, step_mm: float
) -> FloatArray:
    """Return the points (px) of a walk whose heading turns, one pixel times `pace` a step."""
    angle = heading + np.cumsum(turn) * step_mm
    steps = pace[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(start + np.cumsum(steps, axis=0))


def _heading(points: FloatArray, at: int) -> float:
    first = max(at % len(points) - 3, 0)
    way = points[first + 3 if first + 3 < len(points) else -1] - points[first]
    return float(np.arctan2(way[1], way[0]))


def _grow(
    rng: np.random.Generator,
    devices: list[Device],
    way: Course,
    wide_mm: float,
    iodine: float,
    pixel_mm: float,
) -> None:
    """Add a vessel and its branches, in pieces that taper."""
    if len(devices) >= _MOST:
        return
    thin = wide_mm * rng.uniform(0.4, 0.65)
    fading = rng.uniform(0.2, 1.0) if rng.random() < 0.3 else 1.0
    devices.append(_tapered(way, wide_mm, thin, iodine, fading))
    at_mm, whole_mm = rng.uniform(3, 15), len(way.points) * pixel_mm
    while at_mm < whole_mm:
        here = min(int(at_mm / pixel_mm), len(way.points) - 1)
        local = wide_mm + (thin - wide_mm) * at_mm / whole_mm
        child = local * rng.uniform(0.25, 0.75)
        if child >= _THINNEST_MM:
            _grow(rng, devices, _branch(rng, way, here, child, pixel_mm), child,
                  iodine * rng.uniform(0.75, 1.0), pixel_mm)  # fmt: skip
        at_mm += rng.uniform(6, 22)


def _branch(
    rng: np.random.Generator, way: Course, here: int, wide_mm: float, pixel_mm: float
) -> Course:
    away = _heading(way.points, here) + rng.choice([-1.0, 1.0]) * rng.uniform(0.35, 1.4)
    length = max(wide_mm * rng.uniform(10, 30), 5.0)
    lively = 0.03 + rng.choice([0.03, 0.15]) * rng.random() / max(wide_mm, 0.5)
    bow = rng.normal(0, 0.02)
    return course(rng, way.points[here], float(away), length, pixel_mm, bow, float(lively))


def _tapered(
    way: Course, first_mm: float, last_mm: float, iodine: float, fading: float = 1.0
) -> Device:
    """Return a vessel in pieces; its contrast falls to the share `fading` at its end."""
    widths = np.round(np.linspace(first_mm, max(last_mm, _THINNEST_MM), _PIECES), 1)
    strength = np.round(iodine * np.linspace(1.0, fading, _PIECES), 2)
    tubes = tuple(
        Tube(float(width), max(float(mu), 0.01)) for width, mu in zip(widths, strength, strict=True)
    )
    piece: npt.NDArray[np.intp] = np.arange(len(way.points)) * _PIECES // len(way.points)
    return Device(way.points, tubes, piece, way.gain)


def _reflux(
    rng: np.random.Generator, ostium: FloatArray, heading: float, pixel_mm: float, iodine: float
) -> Device:
    """Return the contrast that flows back into the aortic root: broad and faint."""
    way = course(rng, ostium, heading + np.pi, rng.uniform(4, 18), pixel_mm)
    tube = Tube(round(rng.uniform(5, 16), 0), round(iodine * rng.uniform(0.05, 0.3), 3))
    return Device.uniform(way.points, tube)
