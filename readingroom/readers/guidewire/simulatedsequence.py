"""Whole simulated sequences, one plane or two, with the truth of every frame."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import ReadingRoomError
from readingroom.readers.guidewire.backgrounds import (
    Projector,
    ct_background,
    load_ct,
    random_view,
)
from readingroom.readers.guidewire.simulatedanatomy import synthetic_background
from readingroom.readers.guidewire.simulateddetector import Detector, random_detector
from readingroom.readers.guidewire.simulateddevices import DISTRACTORS
from readingroom.readers.guidewire.simulatedfield import collimated, wedged
from readingroom.readers.guidewire.simulatedgeometry import CArm
from readingroom.readers.guidewire.simulatedmotion import (
    Displacement,
    Physiology,
    random_physiology,
    warp,
)
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
    WireModel,
    follow,
)
from readingroom.readers.guidewire.wirephysics import Device, Picture, render

Masks = npt.NDArray[np.uint8]
Background = str | Path | Projector | npt.NDArray[np.floating[Any]]

FRAME_RATE_HZ = 15.0
_STEP_MM = 0.1


@dataclass(frozen=True)
class SimulatedSequence:
    """Frames with exact truth.

    Attributes
    ----------
    frames : ndarray of float32, shape (t, row, col)
        As stored by the machine: 0…1, devices dark, nothing outside the collimator.
    wire_mask, catheter_mask : ndarray of uint8, shape (t, row, col)
        1 where the device is; a wire inside a catheter is in both.
    centerlines : list, per frame, of list of ndarray (n, 2)
        Visible pieces of wires, ``(x, y)`` px about 1 px apart, ordered to the tip.
    tips : list, per frame, of list of (x, y) or None
        Tip of each piece; None where it ends at the border of the field.
    axes_mm : list, per frame, of list of ndarray (n, 3)
        The wires' whole axes, LPS mm from the isocentre; without breathing and heart beat,
        which act in the picture.
    field : ndarray of bool, shape (row, col)
        What the collimator leaves.
    view : CArm
    pixel_mm : float
        Pixel spacing at the isocentre.
    frame_times_ms : tuple of float
    facts : dict
        What is in it: wires, distractors, dose, detector, background.
    """

    frames: npt.NDArray[np.float32]
    wire_mask: Masks
    catheter_mask: Masks
    centerlines: list[list[FloatArray]]
    tips: list[list[tuple[float, float] | None]]
    axes_mm: list[list[FloatArray]]
    field: npt.NDArray[np.bool_]
    view: CArm
    frame_times_ms: tuple[float, ...]
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def pixel_mm(self) -> float:
        """Pixel spacing at the isocentre, mm."""
        return self.view.pixel_mm


def simulate_sequence(
    seed: int | Sequence[int],
    *,
    frames: int = 20,
    size: int = 512,
    dose: float = 1.0,
    background: Background = "synthetic",
    distractors: Sequence[str] | None = None,
    wires: int = 1,
    empty_frames: int = 0,
    models: tuple[WireModel, ...] = TRAINING_WIRES,
    motion: float = 1.0,
    view: CArm | None = None,
    detector: Detector | None = None,
    collimator: str | None = None,
) -> SimulatedSequence:
    """Return one sequence.

    Parameters
    ----------
    seed : int or sequence of int
        Everything follows from it.
    frames, size : int
        Number of frames at 15 a second, and their side in px.
    dose : float
        Relative to `simulateddetector.REFERENCE_QUANTA`.
    background : 'synthetic', path of a CT, `Projector`, or ndarray (size, size)
        What is behind; a path or projector gives a digitally reconstructed radiograph in
        the sequence's own geometry, an array is taken as optical depth.
    distractors : sequence of str, optional
        Names out of `simulateddevices.DISTRACTORS`; by default a few at random.
    wires : int
        Number of guidewires, from 0.
    empty_frames : int
        Number of frames at the beginning in which no wire is there yet.
    models : tuple of WireModel
        Kinds of wire to draw from; `simulatedwire.TEST_WIRES` for evaluation.
    motion : float
        Amount of breathing and heart beat; 0 for none.
    view : CArm, optional
        Geometry; random by default.
    detector : Detector, optional
        How the picture is made; random by default. Its quanta are set by `dose` either way.
    collimator : {'none', 'disc', 'octagon', 'blades'}, optional
        Shape of the field; random by default.
    """
    rng = np.random.default_rng(seed)
    carm = view or random_view(rng, size)
    made = detector or random_detector(rng, dose)
    made = replace(made, quanta=random_detector(rng, dose).quanta)
    depth, told = background_for(rng, background, carm)
    scenes = [random_scene(rng, carm, models) for _ in range(wires)]
    names = _chosen(rng, distractors)
    others = [device for name in names for device in _distractor(rng, name, carm)]
    body = random_physiology(rng, carm.size, carm.pixel_mm, motion)
    shape = collimator or str(rng.choice(["none", "disc", "octagon", "blades"]))
    stage = Stage(carm, made, depth, others, body, collimated(shape, carm.size))
    facts = {
        "wires": [scene.wire.model.name for scene in scenes],
        "distractors": names,
        "dose": dose,
        "background": told,
        "collimator": shape,
    }
    return filmed(rng, stage, scenes, frames, facts, empty_frames)


@dataclass(frozen=True)
class Scene:
    """A wire in space: where it enters, how it lies, how it is moved."""

    wire: WireInScene
    entry_mm: FloatArray
    turn: FloatArray
    speed_mm: float
    wobble: float

    def axis(self, time: float, duration: float) -> FloatArray:
        """Return its axis at a time, LPS mm; it is pushed, rests, and is pulled a little."""
        push = np.clip(np.interp(time / duration, [0, 0.6, 0.8, 1], [0, 1, 1, 0.8]), 0, 1)
        pushed = self.wire.pushed_mm + self.speed_mm * duration * (push - 1.0)
        rotation = self.wire.rotation + self.wobble * time
        local = follow(self.wire.way, pushed, self.wire.tip, rotation)
        return np.asarray(local @ self.turn + self.entry_mm)


@dataclass(frozen=True)
class Stage:
    """Everything about a sequence but its wires."""

    carm: CArm
    detector: Detector
    depth: Picture
    others: list[Device]
    body: Physiology
    field: npt.NDArray[np.bool_]


def background_for(
    rng: np.random.Generator, background: Background, carm: CArm
) -> tuple[Picture, str]:
    """Return the optical depth behind everything, and what it is."""
    if isinstance(background, np.ndarray):
        return background.astype(np.float32), "given"
    if str(background) == "synthetic":
        return synthetic_background(rng, carm.size), "synthetic"
    if not isinstance(background, Projector):
        background = Projector.of(load_ct(background))
    depth, _ = ct_background(rng, background, carm)
    return wedged(depth, rng.uniform(0.35, 0.65)), "CT"


def random_scene(rng: np.random.Generator, carm: CArm, models: tuple[WireModel, ...]) -> Scene:
    """Return a wire whose tip ends up in the middle part of the picture."""
    side_mm = carm.size * carm.pixel_mm
    wire = random_wire(
        rng,
        models,
        side_mm,
        _STEP_MM,
        lead_mm=1.2 * side_mm,
        thinnest_mm=0.8 * carm.pixel_mm,
    )
    right, down, front = carm.axes
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * right + np.sin(angle) * down
    across = -np.sin(angle) * right + np.cos(angle) * down
    turn = np.stack([along, across, -front])
    tip = rng.uniform(-0.3, 0.3, 2) * side_mm
    depth_mm = rng.uniform(-0.25, 0.25) * side_mm
    end = follow(wire.way, wire.pushed_mm, wire.tip, wire.rotation)[-1] @ turn
    entry = tip[0] * right + tip[1] * down + depth_mm * front - end
    speed = float(rng.choice([0.0, rng.uniform(2.0, 25.0)], p=[0.2, 0.8]))
    return Scene(wire, entry, turn, speed, float(rng.normal(0, 0.8)))


def _chosen(rng: np.random.Generator, distractors: Sequence[str] | None) -> list[str]:
    """Return the names of the distractors, drawn where none are given."""
    if distractors is None:
        count = min(int(rng.poisson(1.2)), 3)
        drawn = [name for name, (_, odds) in DISTRACTORS.items() if odds > 0]
        return [str(name) for name in rng.choice(drawn, count, replace=False)]
    unknown = sorted(set(distractors) - set(DISTRACTORS))
    if unknown:
        raise ReadingRoomError(
            "DISTRACTOR_UNKNOWN",
            f"There is no distractor named {', '.join(unknown)}.",
            f"Choose among {', '.join(DISTRACTORS)}.",
        )
    return list(distractors)


def _distractor(rng: np.random.Generator, name: str, carm: CArm) -> list[Device]:
    return DISTRACTORS[name][0](rng, carm.size, carm.pixel_mm)


def filmed(
    rng: np.random.Generator,
    stage: Stage,
    scenes: list[Scene],
    frames: int,
    facts: dict[str, Any],
    empty_frames: int = 0,
) -> SimulatedSequence:
    """Return the sequence of `scenes` on a stage; they enter after `empty_frames`."""
    size = stage.carm.size
    pictures = np.empty((frames, size, size), np.float32)
    wire, catheter = (np.zeros((frames, size, size), np.uint8) for _ in range(2))
    centerlines: list[list[FloatArray]] = []
    tips: list[list[tuple[float, float] | None]] = []
    axes: list[list[FloatArray]] = []
    seen_before: Picture | None = None
    for t in range(frames):
        time, duration = t / FRAME_RATE_HZ, max(frames, 2) / FRAME_RATE_HZ
        there = scenes if t >= empty_frames else []
        here = [scene.axis(time, duration) for scene in there]
        shift = stage.body.at(time)
        depth, seen = _drawn(stage, there, here, shift, wire[t], catheter[t])
        exposed = stage.detector.expose(rng, depth, seen_before)
        pictures[t] = stage.detector.display(exposed) * stage.field
        seen_before = exposed
        centerlines.append(seen.lines)
        tips.append(seen.tips)
        axes.append(here)
    return SimulatedSequence(
        frames=pictures,
        wire_mask=wire * stage.field,
        catheter_mask=catheter * stage.field,
        centerlines=centerlines,
        tips=tips,
        axes_mm=axes,
        field=stage.field,
        view=stage.carm,
        frame_times_ms=tuple(1000.0 * t / FRAME_RATE_HZ for t in range(frames)),
        facts=facts,
    )


def _drawn(
    stage: Stage,
    scenes: list[Scene],
    axes_mm: list[FloatArray],
    shift: Displacement,
    wire: Masks,
    catheter: Masks,
) -> tuple[Picture, Seen]:
    """Return the optical depth of one frame and what is to be seen; sets the masks."""
    carm, blur = stage.carm, stage.detector.blur_px
    still = not shift.nodes.any()
    depth = stage.depth.copy() if still else warp(stage.depth, shift)
    for device in stage.others:
        moved = replace(device, points=device.points + shift.at(device.points))
        render(depth, moved, carm.pixel_mm, blur)
        if device.catheter:
            label(catheter, moved.points, moved.tubes[0], carm.pixel_mm)
    seen = Seen([], [])
    for scene, axis in zip(scenes, axes_mm, strict=True):
        points = carm.project(axis)
        points = points + shift.at(points)
        body, around = scene.wire.devices(points, carm.oblique_gain(axis))
        render(depth, body, carm.pixel_mm, blur)
        label(wire, points, scene.wire.tubes[0], carm.pixel_mm)
        if around is not None:
            render(depth, around, carm.pixel_mm, blur)
            label(catheter, around.points, around.tubes[0], carm.pixel_mm)
        lines, tips = visible(points, stage.field)
        seen.lines.extend(lines)
        seen.tips.extend(tips)
    return depth, seen
