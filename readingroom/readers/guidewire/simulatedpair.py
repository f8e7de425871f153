"""Pairs of neighbouring frames with their truth, fast enough to train from on the fly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.guidewire.backgrounds import bank
from readingroom.readers.guidewire.simulatedangiogram import tree_around
from readingroom.readers.guidewire.simulateddetector import Detector, random_detector
from readingroom.readers.guidewire.simulateddevices import DISTRACTORS, placed
from readingroom.readers.guidewire.simulatedfield import random_field
from readingroom.readers.guidewire.simulatedmotion import Displacement, random_displacement, warp
from readingroom.readers.guidewire.simulatedscene import (
    Seen,
    WireInScene,
    label,
    random_wire,
    visible,
)
from readingroom.readers.guidewire.simulatedwire import (
    TRAINING_WIRES,
    FloatArray,
    follow,
    oblique_gain,
)
from readingroom.readers.guidewire.wirephysics import Device, Picture, render

Mask = npt.NDArray[np.uint8]

#: How far the heart moves from frame to frame at 15 a second: SDs of shift and bending, px.
_BEAT_PX = (1.5, 0.7)
#: No vessel is drawn around less of a wire than this.
_LEAST_FREE_PX = 20


class SimulatedPair(NamedTuple):
    """A frame, the one before it, and what is true of the frame.

    Attributes
    ----------
    frame, before : ndarray of float32, shape (size, size)
        0…1, devices dark.
    wire, catheter : ndarray of uint8
        1 where the device is; a wire inside a catheter is in both.
    centerlines : list of ndarray, shape (n, 2)
        Visible pieces of wires, ``(x, y)`` px about 1 px apart, ordered to the tip.
    tips : list of (x, y) or None
        The tip of each piece; None where it ends at the border.
    field : ndarray of bool
        Pixels that are not covered by a collimator.
    """

    frame: Picture
    before: Picture
    wire: Mask
    catheter: Mask
    centerlines: list[FloatArray]
    tips: list[tuple[float, float] | None]
    field: npt.NDArray[np.bool_]


class _Drawn(NamedTuple):
    scene: WireInScene
    now: FloatArray
    gain: FloatArray
    then: FloatArray
    then_gain: FloatArray


def simulate_pair(
    rng: np.random.Generator,
    size: int = 256,
    *,
    dose: float | None = None,
    distractors: float = 1.3,
    always: Sequence[str] = (),
    wires: int | None = None,
    in_vessel: bool = False,
    backgrounds: npt.NDArray[np.generic] | None = None,
) -> SimulatedPair:
    """Return one training pair.

    Parameters
    ----------
    rng : numpy.random.Generator
        Everything follows from it.
    size : int
        Side of the pictures, px.
    dose : float, optional
        Relative to `simulateddetector.REFERENCE_QUANTA`; random by default.
    distractors : float
        Mean number of other devices.
    always : sequence of str
        Names out of `simulateddevices.DISTRACTORS` that are there besides, for hard cases; they
        move on their own too, as the heart does.
    wires : int, optional
        Number of guidewires; mostly one by default.
    in_vessel : bool
        Whether the first wire lies in a coronary artery full of contrast.
    backgrounds : ndarray (n, 512, 512), optional
        Optical depths to take the background from; the training bank by default.
    """
    pixel_mm = float(np.exp(rng.uniform(np.log(0.14), np.log(0.75))))
    detector = random_detector(rng, dose)
    motion = random_displacement(rng, size, rng.uniform(0, 2.5), rng.uniform(0, 1.0))
    drawn_count = int(rng.choice([0, 1, 2], p=[0.1, 0.75, 0.15]))
    count = drawn_count if wires is None else wires
    placed_wires = [_placed_wire(rng, size, pixel_mm, motion) for _ in range(count)]
    others = [(one, motion) for one in random_distractors(rng, size, pixel_mm, distractors)]
    beat = motion.plus(random_displacement(rng, size, *_BEAT_PX)) if always else motion
    hard = [d for name in always for d in DISTRACTORS[name][0](rng, size, pixel_mm)]
    others += [(one, beat) for one in hard]
    if in_vessel and placed_wires:
        others += [(one, motion) for one in _vessel_around(rng, placed_wires[0], pixel_mm)]
    depth = _background(rng, size, bank() if backgrounds is None else backgrounds)
    before = warp(depth, Displacement(-motion.nodes, size))
    for drawn in placed_wires:
        for devices, onto in (
            (drawn.scene.devices(drawn.now, drawn.gain), depth),
            (drawn.scene.devices(drawn.then, drawn.then_gain), before),
        ):
            for device in devices:
                if device is not None:
                    render(onto, device, pixel_mm, detector.blur_px)
    for device, shift in others:
        render(depth, device, pixel_mm, detector.blur_px)
        moved = replace(device, points=device.points - shift.at(device.points))
        render(before, moved, pixel_mm, detector.blur_px)
    field = random_field(rng, size)
    told = _told(rng, placed_wires, detector, depth, before, field, pixel_mm)
    for device, _ in others:
        if device.catheter:
            label(told.catheter, device.points, device.tubes[0], pixel_mm)
    return told._replace(catheter=told.catheter * field)


def _told(
    rng: np.random.Generator,
    wires: Sequence[_Drawn],
    detector: Detector,
    depth: Picture,
    before: Picture,
    field: npt.NDArray[np.bool_],
    pixel_mm: float,
) -> SimulatedPair:
    earlier = detector.expose(rng, before)
    now = detector.expose(rng, depth, earlier)
    black = float(rng.choice([0.0, rng.uniform(0, 0.1)]))
    shown = detector.display(now), detector.display(earlier)
    frame, previous = _normalised(rng, *shown, field, black)
    wire, catheter = np.zeros(depth.shape, np.uint8), np.zeros(depth.shape, np.uint8)
    seen = Seen([], [])
    for drawn in wires:
        label(wire, drawn.now, drawn.scene.tubes[0], pixel_mm)
        _, around = drawn.scene.devices(drawn.now, drawn.gain)
        if around is not None:
            label(catheter, around.points, around.tubes[0], pixel_mm)
        lines, tips = visible(drawn.now, field)
        seen.lines.extend(lines)
        seen.tips.extend(tips)
    return SimulatedPair(
        frame, previous, wire * field, catheter * field, seen.lines, seen.tips, field
    )


def _placed_wire(
    rng: np.random.Generator, size: int, pixel_mm: float, motion: Displacement
) -> _Drawn:
    """Return a wire somewhere in the picture, now and a frame before."""
    side_mm = size * pixel_mm
    scene = random_wire(
        rng,
        TRAINING_WIRES,
        1.2 * side_mm,
        pixel_mm / 2,
        lead_mm=1.2 * side_mm,
        thinnest_mm=0.5 * pixel_mm,
    )
    within = rng.random() < 0.8
    anchor = rng.uniform(0.05, 0.95, 2) * size if within else rng.uniform(-0.4, 1.4, 2) * size
    angle = float(rng.uniform(0, 2 * np.pi))
    axis = follow(scene.way, scene.pushed_mm, scene.tip, scene.rotation)
    points = placed(axis, pixel_mm, anchor, angle)
    # The frame before: pushed less or more far, turned a little, and all moved.
    moving = rng.random() < 0.6
    pushed = scene.pushed_mm - (rng.normal(0, 2.5) * pixel_mm if moving else 0.0)
    turned = scene.rotation - (rng.normal(0, 0.3) if moving else 0.0)
    earlier = follow(scene.way, pushed, scene.tip, turned)
    entry = points[0]
    flat = placed(earlier, pixel_mm, np.zeros(2), angle)
    then = flat - flat[0] + entry
    local = random_displacement(rng, size, 1.0 if moving else 0.3, 0.5)
    then = then - motion.plus(local).at(then)
    return _Drawn(scene, points, oblique_gain(axis), then, oblique_gain(earlier))


def _vessel_around(rng: np.random.Generator, drawn: _Drawn, pixel_mm: float) -> list[Device]:
    """Return the coronary tree around what of a wire is out of its catheter."""
    _, around = drawn.scene.devices(drawn.now, drawn.gain)
    free = drawn.now[0 if around is None else len(around.points) :]
    return tree_around(rng, free, pixel_mm) if len(free) > _LEAST_FREE_PX else []


def random_distractors(
    rng: np.random.Generator, size: int, pixel_mm: float, mean: float
) -> list[Device]:
    """Return other devices, on average `mean` of them, in the proportions of `DISTRACTORS`."""
    names = list(DISTRACTORS)
    odds = np.array([DISTRACTORS[name][1] for name in names])
    devices: list[Device] = []
    for name in rng.choice(names, size=min(int(rng.poisson(mean)), 4), p=odds / odds.sum()):
        devices += DISTRACTORS[str(name)][0](rng, size, pixel_mm)
    return devices


def _background(
    rng: np.random.Generator, size: int, backgrounds: npt.NDArray[np.generic]
) -> Picture:
    """Return a turned, scaled, mirrored piece of a background at random strength."""
    chosen = backgrounds[int(rng.integers(len(backgrounds)))]
    whole = chosen.shape[0]
    zoom = rng.uniform(0.5, min(1.7, 0.95 * whole / size))
    angle = rng.uniform(-0.5, 0.5) + np.pi / 2 * rng.integers(4)
    matrix = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix[:, 0] *= rng.choice([-1.0, 1.0])
    room = max(whole - zoom * size, 0.0) / 2
    centre = (whole - 1) / 2 + rng.uniform(-room, room, 2)
    piece = ndimage.affine_transform(
        chosen.astype(np.float32),
        matrix,
        offset=centre - matrix @ np.full(2, (size - 1) / 2),
        output_shape=(size, size),
        order=1,
        mode="mirror",
    )
    return np.asarray((piece - piece.mean()) * rng.uniform(0.35, 1.1), np.float32)


def _normalised(
    rng: np.random.Generator,
    frame: Picture,
    before: Picture,
    field: npt.NDArray[np.bool_],
    black: float,
) -> tuple[Picture, Picture]:
    """Return both frames between random percentiles, the collimator black, 0…1.

    A crop of a real frame has the whole frame's limits, not its own: hence the spread.
    """
    sample = frame[::4, ::4][field[::4, ::4]]
    low, high = np.percentile(sample, [rng.uniform(0, 2), rng.uniform(98, 100)])
    span = max(float(high - low), 0.05)
    low = low - span * rng.uniform(-0.05, 0.5)
    high = high + span * rng.uniform(-0.05, 0.6)
    both = (np.clip((picture - low) / (high - low), 0, 1) for picture in (frame, before))
    first, second = (np.where(field, picture, black).astype(np.float32) for picture in both)
    return first, second
