"""What else lies in the picture and looks like a wire without being one.

Every maker takes a random generator, the picture's size and pixel, and returns `Device`s
in picture coordinates. Sizes are those of the real things, in mm at the isocentre.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire.simulatedangiogram import angiogram, lone_catheter
from readingroom.readers.guidewire.simulatedwire import (
    FloatArray,
    follow,
    oblique_gain,
    random_catheter,
    random_way,
)
from readingroom.readers.guidewire.wirephysics import ATTENUATION_PER_MM, Device, Tube

Maker = Callable[[np.random.Generator, int, float], list[Device]]


def placed(axis_mm: FloatArray, pixel_mm: float, anchor: FloatArray, angle: float) -> FloatArray:
    """Return an axis in px, turned by `angle` (radians), its last point at `anchor` (x, y)."""
    flat = (axis_mm[:, :2] - axis_mm[-1, :2]) / pixel_mm
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(flat @ turn + anchor)


def random_axis(
    rng: np.random.Generator,
    size: int,
    pixel_mm: float,
    length_px: float,
    tightest_mm: float,
    *,
    lead: bool = True,
) -> tuple[FloatArray, FloatArray]:
    """Return a random curve somewhere in the picture: points (px) and oblique gain.

    With `lead` it comes in from beyond the border; the last point is its end.
    """
    before = 1.2 * size * pixel_mm if lead else 0.0
    way = random_way(rng, length_px * pixel_mm, pixel_mm, tightest_mm, before)
    axis = follow(way, way.length_mm)
    anchor = rng.uniform(-0.1, 1.1, 2) * size
    return placed(axis, pixel_mm, anchor, rng.uniform(0, 2 * np.pi)), oblique_gain(axis)


def other_catheter(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return a catheter without a wire, 4 to 8 F."""
    points, gain = random_axis(rng, size, pixel_mm, rng.uniform(0.3, 1.2) * size, 15.0)
    _, tube = random_catheter(rng)
    whole = np.zeros(len(points), np.intp)
    return [Device(points, (tube,), whole, np.minimum(gain, 2.0), catheter=True)]


def pacemaker_lead(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return a pacing lead: insulated conductor coil, ring and tip electrode."""
    points, _ = random_axis(rng, size, pixel_mm, rng.uniform(0.3, 1.0) * size, 12.0)
    outer = rng.uniform(1.4, 2.4)
    body = Tube(round(0.75 * outer, 2), ATTENUATION_PER_MM["lead_coil"], round(0.45 * outer, 2))
    electrode = Tube(round(outer, 2), ATTENUATION_PER_MM["electrode"], round(0.55 * outer, 2))
    piece = np.zeros(len(points), np.intp)
    tip, ring = max(int(2 / pixel_mm), 1), int(12 / pixel_mm)
    piece[-tip:] = 1
    piece[-ring - tip : -ring] = 1
    return [Device(points, (body, electrode), piece)]


def ecg_lead(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return an electrocardiogram cable on the skin with its electrode's press stud."""
    points, _ = random_axis(rng, size, pixel_mm, rng.uniform(0.3, 1.0) * size, 25.0)
    strand = Tube(float(rng.choice([0.5, 0.7, 0.9])), ATTENUATION_PER_MM["copper_strand"])
    stud = points[-1] + np.array([[0.0, 0.0], [0.7, 0.0], [1.4, 0.0]])
    return [Device.uniform(points, strand), Device.uniform(stud, Tube(7.0, 0.12))]


def sternal_wires(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return steel cerclages of a sternotomy: small loops with a twisted end, in a row."""
    tube = Tube(float(rng.choice([0.7, 0.8, 0.9])), ATTENUATION_PER_MM["steel"])
    start = rng.uniform(0.1, 0.9, 2) * size
    along = np.array([rng.normal(0, 0.15), 1.0]) * rng.uniform(18, 28) / pixel_mm
    devices = []
    for number in range(int(rng.integers(1, 5))):
        centre = start + (number - 1) * along + rng.normal(0, 1.5, 2) / pixel_mm
        devices += _cerclage(rng, centre, pixel_mm, tube)
    return devices


def _cerclage(
    rng: np.random.Generator, centre: FloatArray, pixel_mm: float, tube: Tube
) -> list[Device]:
    angle = np.linspace(0.2, 2 * np.pi - 0.2, 60) + rng.normal(0, 0.3)
    radii = np.array([rng.uniform(5, 11), rng.uniform(2, 7)]) / pixel_mm
    loop = centre + radii * np.stack([np.cos(angle), np.sin(angle)], 1)
    heading = rng.uniform(0, 2 * np.pi)
    end = np.linspace(0, rng.uniform(4, 8) / pixel_mm, 20)[:, None]
    twist = loop[0] + end * np.array([np.cos(heading), np.sin(heading)])
    return [Device.uniform(_dense(loop), tube), Device.uniform(_dense(twist), tube)]


def screws(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return bone screws: a shank with a thread and a head."""
    devices = []
    for _ in range(int(rng.integers(1, 4))):
        head, heading = rng.uniform(0, 1, 2) * size, rng.uniform(0, 2 * np.pi)
        way = np.array([np.cos(heading), np.sin(heading)])
        length = rng.uniform(14, 40) / pixel_mm
        shank = head + np.linspace(0, length, max(int(length), 8))[:, None] * way
        turns = (np.arange(len(shank)) * pixel_mm / 1.6).astype(np.intp) % 2
        tubes = (Tube(round(rng.uniform(2.4, 4.0), 1), 0.45), Tube(5.0, 0.45))
        devices.append(Device(shank, tubes, turns))
        devices.append(Device.uniform(_dense(shank[:2]), Tube(8.0, 0.4)))
    return devices


def vessel_tree(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return contrast-filled arteries that branch and taper from 2-4 mm to 0.4 mm."""
    concentration = ATTENUATION_PER_MM["iodine"] * rng.uniform(0.3, 1.0)
    devices: list[Device] = []
    trunk, _ = random_axis(rng, size, pixel_mm, rng.uniform(0.5, 1.2) * size, 12.0)
    _branch(rng, devices, trunk, rng.uniform(2.0, 4.2), concentration, pixel_mm, 2)
    return devices


def _branch(
    rng: np.random.Generator,
    devices: list[Device],
    points: FloatArray,
    diameter_mm: float,
    concentration: float,
    pixel_mm: float,
    generations: int,
) -> None:
    devices.append(_tapered(points, diameter_mm, 0.6 * diameter_mm, concentration))
    if generations == 0:
        return
    for _ in range(int(rng.integers(1, 3))):
        at = int(rng.integers(0, len(points)))
        way = random_way(rng, rng.uniform(0.3, 0.7) * len(points) * pixel_mm, pixel_mm, 6.0)
        twig = follow(way, way.length_mm)[:, :2] / pixel_mm
        heading = np.arctan2(*(points[max(at, 1)] - points[max(at, 1) - 1])[::-1])
        angle = heading + rng.choice([-1, 1]) * rng.uniform(0.4, 1.2)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        child = points[at] + twig @ turn
        _branch(
            rng, devices, child, diameter_mm * rng.uniform(0.35, 0.7), concentration, pixel_mm,
            generations - 1,
        )  # fmt: skip


def _tapered(points: FloatArray, first_mm: float, last_mm: float, mu: float) -> Device:
    widths = np.round(np.linspace(max(first_mm, 0.4), max(last_mm, 0.3), 6), 1)
    tubes = tuple(Tube(float(width), round(mu, 2)) for width in widths)
    piece = np.minimum(np.arange(len(points)) * 6 // max(len(points), 1), 5)
    return Device(points, tubes, piece.astype(np.intp))


def stent(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return a stent: rings of zigzag struts around a short piece of vessel."""
    axis, _ = random_axis(rng, size, pixel_mm, rng.uniform(12, 30) / pixel_mm, 15.0, lead=False)
    centre = rng.uniform(0.15, 0.85, 2) * size
    axis = axis - axis.mean(axis=0) + centre
    radius = rng.uniform(1.2, 4.0) / pixel_mm
    strut = Tube(float(rng.choice([0.08, 0.1, 0.15])), ATTENUATION_PER_MM["steel"] * 2)
    heading = np.gradient(axis, axis=0)
    heading /= np.linalg.norm(heading, axis=1, keepdims=True)
    normal = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    devices = []
    for phase in rng.uniform(0, 2 * np.pi, 3):
        wave = radius * np.sin(np.arange(len(axis)) * pixel_mm * 2 * np.pi / 3.0 + phase)
        devices.append(Device.uniform(_dense(axis + wave[:, None] * normal), strut))
    return devices


def clips_and_calcium(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return small dense things: surgical clips, flecks of calcium, markers on a wire's way."""
    devices = []
    for _ in range(int(rng.integers(2, 8))):
        at, heading = rng.uniform(0, 1, 2) * size, rng.uniform(0, 2 * np.pi)
        length = rng.uniform(1, 7) / pixel_mm
        way = np.array([np.cos(heading), np.sin(heading)])
        line = at + np.linspace(0, length, max(int(length), 3))[:, None] * way
        tube = Tube(round(rng.uniform(0.5, 2.0), 1), float(rng.choice([0.1, 0.4, 1.0])))
        devices.append(Device.uniform(line, tube))
    return devices


def probe(rng: np.random.Generator, size: int, pixel_mm: float) -> list[Device]:
    """Return a transoesophageal ultrasound probe: a thick shaft and a dense head."""
    points, _ = random_axis(rng, size, pixel_mm, rng.uniform(0.2, 0.7) * size, 40.0)
    piece = np.zeros(len(points), np.intp)
    piece[-int(35 / pixel_mm) :] = 1
    return [Device(points, (Tube(9.0, 0.06, 6.0), Tube(12.0, 0.16)), piece)]


#: Name → maker, and how often it is drawn at random; 0 for what is there only by name.
DISTRACTORS: dict[str, tuple[Maker, float]] = {
    "catheter": (other_catheter, 0.18),
    "pacemaker_lead": (pacemaker_lead, 0.16),
    "ecg_lead": (ecg_lead, 0.14),
    "sternal_wires": (sternal_wires, 0.12),
    "screws": (screws, 0.05),
    "vessels": (vessel_tree, 0.16),
    "stent": (stent, 0.07),
    "clips": (clips_and_calcium, 0.14),
    "probe": (probe, 0.05),
    "angiogram": (angiogram, 0.0),
    "lone_catheter": (lone_catheter, 0.0),
}


def _dense(points: FloatArray) -> FloatArray:
    """Return the polyline with points not more than half a pixel apart."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    count = max(int(np.ceil(length[-1] * 2)), 2)
    at = np.linspace(0.0, length[-1], count)
    columns: list[npt.NDArray[np.float64]] = [np.interp(at, length, points[:, k]) for k in (0, 1)]
    return np.stack(columns, axis=1)
