"""Simulated sequences on disk: multi-frame XA with the truth beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from readingroom.imaging.cinewrite import Projection, write_cine
from readingroom.imaging.write import SeriesIdentity
from readingroom.reader import Progress
from readingroom.readers.guidewire.backgrounds import TRAINING_SCAN, Projector, load_ct
from readingroom.readers.guidewire.simulatedsequence import SimulatedSequence, simulate_sequence
from readingroom.readers.teachingcase import TeachingCase
from readingroom.study import Patient, Study

_FRAMES = 24
#: The teaching case: fluoroscopy at the usual dose and one guidewire that advances.
_TEACHING = "teaching_fluoroscopy"


def write_cases(
    out: Path, cases: int, seed: int, progress: Progress, scan: Path | None = None
) -> list[Path]:
    """Write `cases` simulated sequences as DICOM XA with their truth.

    Parameters
    ----------
    out : Path
        Gets ``case_NNNN.dcm`` and ``case_NNNN.truth.json`` for each.
    scan : Path, optional
        CT for the backgrounds: a file, a DICOM folder, or a folder with ``cxr.nii.gz``;
        the demonstration's by default, and synthetic anatomy where that is absent.
    """
    background = _background(scan)
    written = []
    for number in range(cases):
        progress(f"case {number + 1}", number / cases)
        sequence = simulate_sequence([seed, number], frames=_FRAMES, background=background)
        written.append(write_case(sequence, out / f"case_{number:04d}.dcm", f"SIM{seed}-{number}"))
    return written


def teaching_cases(
    background: Study, organ_labels_path: Path, out: Path, seed: int
) -> list[TeachingCase]:
    """Write a teaching case: fluoroscopy of a guidewire before projections of `background`.

    Its truth is the number of frames that show the wire, and the length of the path of its tip in
    mm at the isocentre.
    """
    projector = Projector.of(background.volumes[0])
    sequence = simulate_sequence([seed, 0], frames=_FRAMES, background=projector, distractors=[])
    path = write_case(sequence, out / f"{_TEACHING}.dcm", "TEACH-FLUOROSCOPY")
    tips = np.array([tips[0] for tips in sequence.tips if tips and tips[0] is not None])
    path_px = float(np.linalg.norm(np.diff(tips, axis=0), axis=1).sum())
    truth = {
        "frames_with_wire": sum(bool(lines) for lines in sequence.centerlines),
        "tip_path_length": round(path_px * sequence.pixel_mm, 1),
    }
    return [TeachingCase(path, truth)]


def _background(scan: Path | None) -> Projector | str:
    place = scan or TRAINING_SCAN
    named = place / TRAINING_SCAN.name
    place = named if named.is_file() else place
    if scan is None and not place.exists():
        return "synthetic"
    return Projector.of(load_ct(place))


def write_case(sequence: SimulatedSequence, file: Path, patient_id: str) -> Path:
    """Write one sequence as a multi-frame XA file, its ``.truth.json`` beside it."""
    view = sequence.view
    times = sequence.frame_times_ms
    projection = Projection(
        primary_deg=view.primary_deg,
        secondary_deg=view.secondary_deg,
        sid_mm=view.sid_mm,
        sod_mm=view.sod_mm,
        imager_mm=view.imager_mm,
        frame_time_ms=times[1] - times[0] if len(times) > 1 else 1000.0 / 15,
    )
    identity = SeriesIdentity(
        patient=Patient(id=patient_id, name=f"Simulated^{patient_id}"),
        description="Simulated fluoroscopy, known truth",
        study_description="Simulated fluoroscopy",
    )
    stored = np.rint(sequence.frames * 1023).astype(np.uint16)
    write_cine(stored, file, projection, identity)
    file.with_suffix(".truth.json").write_text(
        json.dumps(truth_record(sequence), indent=1), encoding="utf-8"
    )
    return file


def truth_record(sequence: SimulatedSequence) -> dict[str, Any]:
    """Return the truth as plain data: centrelines and tips by frame, in px and mm."""
    return {
        "pixel_mm": round(sequence.pixel_mm, 5),
        "facts": sequence.facts,
        "frames": [
            {
                "frame": t,
                "wires": [
                    {
                        "centerline_xy_px": np.round(line, 2).tolist(),
                        "tip_xy_px": None if tip is None else [round(v, 2) for v in tip],
                    }
                    for line, tip in zip(lines, tips, strict=True)
                ],
            }
            for t, (lines, tips) in enumerate(zip(sequence.centerlines, sequence.tips, strict=True))
        ],
    }
