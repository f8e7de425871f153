"""Cases with known truth: simulated calcium in a deformed real chest.

Calcium is placed along the coronary centrelines, in the aortic wall, at the valves, in
the pericardium and as metal; the scanner's partial volume, motion and noise are applied
and the truth is kept plaque by plaque.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.imaging import synthesis
from readingroom.reader import Progress
from readingroom.readers.cacs import plaque as solids
from readingroom.readers.cacs.placement import (
    aortic_plaque,
    aortic_valve_plaque,
    coronary_plaque,
    random_plaques,
)
from readingroom.readers.cacs.plaque import Plaque
from readingroom.readers.cacs.rule import ScoringRule
from readingroom.readers.cacs.simulatedanatomy import (
    Deformation,
    SimulatedAnatomy,
    SourceScan,
    deform,
)
from readingroom.readers.cacs.simulatedcase import Protocol, SimulatedCase
from readingroom.readers.cacs.truth import truth_of
from readingroom.readers.teachingcase import TeachingCase
from readingroom.study import Acquisition, Patient, Study, Volume

FloatArray = npt.NDArray[np.float64]


def random_protocol(rng: np.random.Generator, *, contrast: bool = False) -> Protocol:
    """Return an acquisition between a gated calcium scan and a low-dose chest CT."""
    in_plane = float(rng.uniform(0.5, 0.85))
    gated = rng.random() < 0.5
    increment, thickness = [(3.0, 3.0), (2.5, 2.5), (1.5, 3.0)][int(rng.integers(3))]
    return Protocol(
        spacing_mm=(increment, in_plane, in_plane),
        thickness_mm=thickness,
        noise_sd_hu=float(rng.uniform(4, 20)),
        contrast=contrast,
        motion_mm=0.0 if gated else float(rng.uniform(0.5, 3.5)),
        field_of_view_mm=float(rng.uniform(210, 280) if gated else rng.uniform(290, 360)),
    )


def simulate(
    rng: np.random.Generator,
    source: SourceScan,
    protocol: Protocol,
    plaques: Callable[[np.random.Generator, SimulatedAnatomy], list[Plaque]] | None = None,
    **placement: Any,
) -> SimulatedCase:
    """Return one case: a deformed patient with calcium, acquired by `protocol`."""
    anatomy = deform(
        rng,
        source,
        protocol.spacing_mm,
        contrast=protocol.contrast,
        field_of_view_mm=protocol.field_of_view_mm,
        **placement,
    )
    chosen = (plaques or random_plaques)(rng, anatomy)
    return acquire(rng, anatomy, chosen, protocol)


def acquire(
    rng: np.random.Generator,
    anatomy: SimulatedAnatomy,
    plaques: list[Plaque],
    protocol: Protocol,
) -> SimulatedCase:
    """Render `plaques` into the anatomy and add the scanner's noise."""
    clean = anatomy.hu.copy()
    truth = np.zeros(clean.shape, np.uint8)
    strongest = np.zeros(clean.shape, np.float16)
    for number, plaque in enumerate(plaques, 1):
        motion = _motion(rng, protocol.motion_mm)
        for piece in plaque.pieces or (plaque,):
            box, occupancy = solids.render(
                piece,
                anatomy.grid.shape,
                anatomy.grid.origin_mm,
                anatomy.grid.spacing_mm,
                protocol.thickness_mm,
                motion,
            )
            if not occupancy.size:
                continue
            clean[box] += occupancy * (plaque.hu - clean[box])
            mine = (occupancy >= 0.1) & (occupancy > strongest[box])
            truth[box][mine] = number
            strongest[box][mine] = occupancy[mine]
    noise = synthesis.ct_noise(rng, clean.shape, protocol.noise_sd_hu, [0.0, 0.7, 0.7])
    noisy = np.where(clean > -1000, clean + noise, clean)
    return SimulatedCase(_int16(noisy), _int16(clean), truth, plaques, anatomy, protocol)


def _int16(hu: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    return np.asarray(np.clip(np.rint(hu), -1024, 3071), np.int16)


def _motion(rng: np.random.Generator, size_mm: float) -> FloatArray | None:
    if size_mm <= 0:
        return None
    direction = rng.normal(size=3) * np.array([1.0, 1.0, 0.5])
    return np.asarray(direction / np.linalg.norm(direction) * size_mm)


def as_volume(case: SimulatedCase) -> Volume:
    """Return the case's scan as a CT volume, without DICOM context."""
    return Volume(
        pixels=lambda: case.hu.copy(),
        shape=case.anatomy.grid.shape,
        ijk_to_lps=case.anatomy.grid.affine(),
        acquisition=_acquisition(case.protocol),
        description="simulated",
    )


def _acquisition(protocol: Protocol) -> Acquisition:
    return Acquisition(
        modality="CT",
        kvp=120.0,
        slice_thickness_mm=protocol.thickness_mm,
        slice_increment_mm=protocol.spacing_mm[0],
        gated=protocol.motion_mm == 0,
        contrast_agent="simulated" if protocol.contrast else "",
    )


def write_cases(
    out: Path, cases: int, seed: int, progress: Progress, scan: Path | None = None
) -> list[Path]:
    """Write `cases` simulated patients as DICOM series with their truth.

    Parameters
    ----------
    out : Path
        Gets a folder per case with the series and ``truth.json`` beside it.
    scan : Path, optional
        Folder with ``cxr.nii.gz`` and ``mask.nii.gz``; the demonstration's by default.
    """
    from readingroom.imaging import load
    from readingroom.readers.cacs.sources import labelled_source

    folder = scan or Path(".cache") / "LIDC-IDRI-0001-organs"
    source = labelled_source(load(folder / "cxr.nii.gz").volumes[0], folder / "mask.nii.gz")
    written = []
    for number in range(cases):
        progress(f"case {number + 1}", number / cases)
        rng = np.random.default_rng([seed, number])
        protocol = random_protocol(rng, contrast=bool(rng.random() < 0.2))
        case = simulate(rng, source, protocol)
        written.append(write_case(case, out / f"case_{number:04d}", f"SIM{seed}-{number:04d}"))
    return written


def write_case(case: SimulatedCase, folder: Path, patient_id: str) -> Path:
    """Write one case as a DICOM CT series; ``truth.json`` lies beside the folder."""
    from readingroom.imaging.write import SeriesIdentity, write_ct_series

    identity = SeriesIdentity(
        patient=Patient(id=patient_id, name=f"Simulated^{patient_id}"),
        description="Simulated calcium, known truth",
    )
    write_ct_series(
        case.hu, case.anatomy.grid.affine(), folder, identity, _acquisition(case.protocol)
    )
    text = json.dumps(truth_record(case), indent=1)
    folder.with_suffix(".truth.json").write_text(text, encoding="utf-8")
    return folder


def truth_record(case: SimulatedCase) -> dict[str, Any]:
    """Return the truth as plain data: score before noise, plaques with class and place."""
    truth = truth_of(case, ScoringRule())
    return {
        "agatston_score": None if case.protocol.contrast else round(truth.score, 2),
        "agatston_score_noise_free": (
            None if case.protocol.contrast else round(truth.noise_free_score, 2)
        ),
        "contrast": case.protocol.contrast,
        "plaques": [
            {
                "label": plaque.label,
                "centre_lps_mm": [round(float(c), 2) for c in plaque.centre_lps_mm],
                "volume_mm3": round(plaque.volume_mm3, 2),
                "hu": round(plaque.hu),
            }
            for plaque in case.plaques
        ],
    }


#: Teaching cases: name, number of coronary plaques by vessel, what else there is.
_TEACHING: tuple[tuple[str, dict[str, int], bool], ...] = (
    ("zero", {}, False),
    ("mild", {"LAD": 1, "RCA": 1}, False),
    ("severe", {"LM": 1, "LAD": 4, "LCX": 2, "RCA": 3}, True),
)


def teaching_cases(
    background: Study, organ_labels_path: Path, out: Path, seed: int
) -> list[TeachingCase]:
    """Write teaching cases: calcium of known score in the background's anatomy.

    The background's contrast agent is removed; its anatomy is kept as it is. The cases
    hold no, little and much coronary calcium, the last with aortic and valve calcium.
    """
    from readingroom.readers.cacs.sources import labelled_source

    source = labelled_source(background.volumes[0], organ_labels_path)
    written = []
    for number, (name, vessels, with_mimics) in enumerate(_TEACHING):
        rng = np.random.default_rng([seed, number])
        case = _teaching_case(rng, source, vessels, with_mimics)
        path = write_case(case, out / f"teaching_{name}", f"TEACH-{name.upper()}")
        written.append(TeachingCase(path, truth_record(case)))
    return written


def _teaching_case(
    rng: np.random.Generator, source: SourceScan, vessels: dict[str, int], with_mimics: bool
) -> SimulatedCase:
    def plaques(rng: np.random.Generator, anatomy: SimulatedAnatomy) -> list[Plaque]:
        chosen = [
            coronary_plaque(rng, anatomy, vessel)
            for vessel, count in vessels.items()
            for _ in range(count)
        ]
        if with_mimics:
            chosen += [make(rng, anatomy) for make in (aortic_plaque, aortic_valve_plaque)]
        return chosen

    protocol = Protocol((2.5, 0.7, 0.7), 2.5, 8.0, field_of_view_mm=340.0)
    return simulate(rng, source, protocol, plaques, deformation=Deformation.none(source))
