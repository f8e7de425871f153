"""The machine's reading: from a study to a reading, with the networks.

Kept apart from `reader`, so that a person's review never loads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

import numpy as np

from readingroom.imaging.geometry import Resampled, resample
from readingroom.imaging.kernel import sharpness
from readingroom.imaging.quality import noise_sd
from readingroom.inference.engine import Engine
from readingroom.reader import Progress
from readingroom.readers.cacs import NAME, VERSION, anatomy, detect, fitness
from readingroom.readers.cacs import findings as parts
from readingroom.readers.cacs.bloodpool import blood_pool, contrast_threshold
from readingroom.readers.cacs.detect import Proposal
from readingroom.readers.cacs.findings import ANATOMY_LAYER, Scoring
from readingroom.readers.cacs.lesion import LABELS, Lesion
from readingroom.readers.cacs.lesioninput import Scan
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.cacs.organs import Organs
from readingroom.readers.hounsfield import voxel_refusal
from readingroom.readers.machine import Clock, provenance, refuse
from readingroom.readers.studyrecord import study_record
from readingroom.reading import (
    Finding,
    Landmark,
    Masks,
    Measurement,
    NoteRecord,
    Reading,
)
from readingroom.study import Note, Study, Volume
from readingroom.terminology import segment

#: A candidate called bone or noise is still shown if it may be coronary.
_DOUBTFUL = 0.15


@dataclass(frozen=True)
class _Located:
    """A chosen scan with its anatomy and what was measured in it."""

    volume: Volume
    coarse: Resampled
    organs: Organs
    scan: Scan
    scoring: Scoring
    heart: anatomy.HeartCheck


def read(
    engine_for_it: Callable[[], Engine],
    study: Study,
    volume: Volume,
    chosen: Note,
    options: CacsOptions,
    progress: Progress,
) -> Reading:
    """Read `volume` of `study`; see `Reader.read`.

    Parameters
    ----------
    engine_for_it : callable
        Returns the engine; called only once the volume is known to be readable.
    chosen : Note
        Why this volume.
    """
    clock = Clock()
    refuse(fitness.refusal(volume))
    progress("load", 0.02)
    refuse(voxel_refusal(volume.array))
    clock.lap("load")
    engine = engine_for_it()
    progress("anatomy", 0.15)
    located = _locate(engine, volume, options)
    clock.lap("anatomy")
    progress("lesions", 0.5)
    proposals = _propose(engine, located, options)
    clock.lap("lesions")
    progress("scoring", 0.8)
    found = _findings(proposals, located.scoring)
    clock.lap("scoring")
    masks = _masks(located, [(p.label, p.lesion) for p in _shown(proposals)])
    clock.lap("masks")
    progress("notes", 0.95)
    notes = [chosen, *study.notes, *volume.notes, *_limits(located, proposals, options)]
    notes += located.heart.notes + engine.notes
    reading = _reading(study, located, options, found, notes)
    reading.masks = masks
    reading.landmarks = _landmarks(located.organs)
    clock.lap("notes")
    reading.provenance = provenance(
        engine, (anatomy.CARD, anatomy.HEART_CARD, detect.CARD), volume, clock
    )
    progress("done", 1.0)
    return reading


def _locate(engine: Engine, volume: Volume, options: CacsOptions) -> _Located:
    """Find the organs, the blood pool, and with them the rule that applies."""
    coarse = resample(volume, anatomy.SPACING_MM)
    organs = anatomy.find_organs(engine, coarse)
    heart = anatomy.check_heart(organs, coarse)
    image = coarse.source
    blood, blood_sd = blood_pool(anatomy.blood_voxels(organs, coarse))
    enhanced = fitness.has_contrast(blood, options)
    threshold = options.contrast_threshold_hu or contrast_threshold(blood, blood_sd)
    scoring = Scoring.of(image, options, volume.acquisition.kvp, threshold if enhanced else None)
    noise = noise_sd(image.array, image.spacing_mm)
    scan = Scan(
        hu=image.array,
        ijk_to_lps=image.ijk_to_lps,
        spacing_mm=image.spacing_mm,
        threshold_hu=scoring.threshold_hu,
        blood_hu=blood,
        noise_hu=15.0 if noise is None else noise,
    )
    return _Located(volume, coarse, organs, scan, scoring, heart)


def _propose(engine: Engine, located: _Located, options: CacsOptions) -> list[Proposal]:
    axes = located.coarse.source.axes
    region = axes.forward(located.coarse.labels_to_native(located.organs.region()))
    pixels = located.scoring.rule.smallest_component(
        located.scan.spacing_mm[1] * located.scan.spacing_mm[2]
    )
    area = pixels * located.scan.spacing_mm[1] * located.scan.spacing_mm[2]
    lesions = detect.find_candidates(located.scan, region, area)
    return detect.classify(engine, located.scan, located.organs, lesions, options.sensitivity)


def _shown(proposals: list[Proposal]) -> list[Proposal]:
    """Return what a person should see: all but bone and noise that nobody would doubt."""
    return [
        p
        for p in proposals
        if p.label not in ("BONE", "NOISE") or p.coronary_probability > _DOUBTFUL
    ]


def _findings(proposals: list[Proposal], scoring: Scoring) -> list[Finding]:
    """Return findings, coronary ones first, each group by falling size."""
    shown = sorted(
        (
            replace(proposal, lesion=part)
            for proposal in _shown(proposals)
            for part in scoring.split(proposal.lesion)
        ),
        key=lambda p: (LABELS.index(p.label), -int(p.lesion.mask.sum())),
    )
    return [
        parts.make_finding(
            number,
            proposal.label,
            proposal.lesion,
            scoring,
            confidence=round(proposal.confidence, 4),
            evidence={"probabilities": _largest(proposal.probabilities)},
        )
        for number, proposal in enumerate(shown, 1)
    ]


def _largest(probabilities: dict[str, float]) -> dict[str, float]:
    best = sorted(probabilities.items(), key=lambda item: -item[1])[:4]
    return {name: round(p, 4) for name, p in best}


def _masks(located: _Located, lesions: list[tuple[str, Lesion]]) -> Masks:
    volume = located.volume
    lesion_map = parts.lesion_layer(located.coarse.source, lesions)
    organ_map = anatomy.native_labels(located.organs, volume, located.coarse)
    segments = parts.lesion_segments(label for label, _ in lesions)
    segments += [segment(n, ANATOMY_LAYER, v) for v, n in enumerate(anatomy.SEGMENTS, 1)]
    return Masks([lesion_map, organ_map], volume.ijk_to_lps, segments)


def _limits(located: _Located, proposals: list[Proposal], options: CacsOptions) -> list[Note]:
    facts = located.volume.acquisition
    return fitness.limits(
        located.volume,
        options,
        noise_sd_hu=noise_sd(located.scan.hu, located.scan.spacing_mm),
        blood_pool_hu=located.scan.blood_hu,
        heart_coverage=located.heart.coverage,
        cut_at=located.heart.cut_at,
        metal_present=any(p.label == "METAL" for p in proposals),
        kernel_sharpness=sharpness(facts.kernel, facts.manufacturer),
    )


def _reading(
    study: Study,
    located: _Located,
    options: CacsOptions,
    found: list[Finding],
    notes: list[Note],
) -> Reading:
    measurements, categories = parts.numbers(found, located.scoring, options, study, located.volume)
    if located.scoring.contrast_derived:
        measurements["contrast_threshold"] = _hu(
            located.scoring.threshold_hu, "blood pool + max(3 SD, 100 HU)"
        )
    measurements["blood_pool_density"] = _hu(located.scan.blood_hu, "median in the aorta")
    return Reading(
        reader=NAME,
        reader_version=VERSION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        study=study_record(study, located.volume),
        notes=[NoteRecord(**asdict(note)) for note in notes],
        measurements=measurements,
        categories=categories,
        findings=found,
        options=options.model_dump(),
    )


def _hu(value: float, method: str) -> Measurement:
    return Measurement(value=round(value, 1), unit="HU", method=method)


def _landmarks(organs: Organs) -> list[Landmark]:
    """Return valve centres and apex, carried over from the template heart."""
    from readingroom.readers.cacs.heartframe import template

    marks = template().landmarks
    points = organs.frame.to_patient(np.array(list(marks.values())))
    return [
        Landmark(name, (float(p[0]), float(p[1]), float(p[2])), "estimated from the heart's shape")
        for name, p in zip(marks, points, strict=True)
    ]
