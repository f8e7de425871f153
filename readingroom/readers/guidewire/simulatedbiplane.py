"""The same wires seen from two directions, for reconstruction in space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from readingroom.readers.guidewire.backgrounds import Projector, load_ct, random_view
from readingroom.readers.guidewire.simulateddetector import random_detector
from readingroom.readers.guidewire.simulatedfield import collimated
from readingroom.readers.guidewire.simulatedgeometry import CArm
from readingroom.readers.guidewire.simulatedmotion import random_physiology
from readingroom.readers.guidewire.simulatedsequence import (
    Background,
    SimulatedSequence,
    Stage,
    background_for,
    filmed,
    random_scene,
)
from readingroom.readers.guidewire.simulatedwire import TRAINING_WIRES, FloatArray, WireModel


@dataclass(frozen=True)
class SimulatedBiplane:
    """The same wires from two directions at the same moments.

    Attributes
    ----------
    planes : tuple of SimulatedSequence
        Frontal and lateral, with the true geometry in `view`.
    told : tuple of CArm
        The geometry as the headers would say it: with the calibration's error.
    axes_mm : list, per frame, of list of ndarray (n, 3)
        True axes, LPS mm from the isocentre.
    """

    planes: tuple[SimulatedSequence, SimulatedSequence]
    told: tuple[CArm, CArm]

    @property
    def axes_mm(self) -> list[list[FloatArray]]:
        """True axes by frame, LPS mm from the isocentre."""
        return self.planes[0].axes_mm


def simulate_biplane(
    seed: int | Sequence[int],
    *,
    frames: int = 4,
    size: int = 512,
    dose: float = 1.0,
    background: Background = "synthetic",
    wires: int = 1,
    models: tuple[WireModel, ...] = TRAINING_WIRES,
    angle_sd_deg: float = 0.3,
    distance_sd_mm: float = 2.0,
) -> SimulatedBiplane:
    """Return a biplane acquisition, the heart and the breath held still.

    Parameters
    ----------
    angle_sd_deg, distance_sd_mm : float
        Calibration noise: SD of each told positioner angle, and of the told distances.
    """
    rng = np.random.default_rng(seed)
    frontal = replace(random_view(rng, size, 0.28), primary_deg=float(rng.uniform(-40, 20)))
    lateral = replace(
        frontal,
        primary_deg=frontal.primary_deg + float(rng.uniform(70, 100)),
        secondary_deg=float(rng.uniform(-15, 15)),
        sod_mm=frontal.sod_mm + float(rng.uniform(-20, 20)),
    )
    scenes = [random_scene(rng, frontal, models) for _ in range(wires)]
    if isinstance(background, (str, Path)) and str(background) != "synthetic":
        background = Projector.of(load_ct(background))
    planes = []
    for carm in (frontal, lateral):
        depth, told = background_for(rng, background, carm)
        still = random_physiology(rng, size, carm.pixel_mm, 0.0)
        detector = random_detector(rng, dose)
        stage = Stage(carm, detector, depth, [], still, collimated("none", size))
        facts = {"wires": [s.wire.model.name for s in scenes], "dose": dose, "background": told}
        planes.append(filmed(rng, stage, scenes, frames, facts))
    noisy = [_misread(rng, carm, angle_sd_deg, distance_sd_mm) for carm in (frontal, lateral)]
    return SimulatedBiplane((planes[0], planes[1]), (noisy[0], noisy[1]))


def _misread(rng: np.random.Generator, carm: CArm, angle_sd: float, distance_sd: float) -> CArm:
    angle, distance = rng.normal(0, angle_sd, 2), rng.normal(0, distance_sd, 2)
    return replace(
        carm,
        primary_deg=float(carm.primary_deg + angle[0]),
        secondary_deg=float(carm.secondary_deg + angle[1]),
        sid_mm=float(carm.sid_mm + distance[0]),
        sod_mm=float(carm.sod_mm + distance[1]),
    )
