"""The coronary calcium reader: from a study to a reading, and again after corrections."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from readingroom import __version__
from readingroom.errors import RefusedInput
from readingroom.imaging import digest
from readingroom.imaging.choose import SeriesPreference, choose_volume
from readingroom.imaging.geometry import Resampled, canonical, resample
from readingroom.imaging.kernel import sharpness
from readingroom.imaging.quality import noise_sd
from readingroom.inference.engine import Engine
from readingroom.reader import Progress, Reader
from readingroom.readers.cacs import anatomy, detect, fitness
from readingroom.readers.cacs import findings as parts
from readingroom.readers.cacs.bloodpool import blood_pool, contrast_threshold
from readingroom.readers.cacs.detect import Proposal
from readingroom.readers.cacs.findings import ANATOMY_LAYER, Scoring
from readingroom.readers.cacs.lesion import LABELS, Lesion
from readingroom.readers.cacs.lesioninput import Scan
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.cacs.organs import Organs
from readingroom.reading import (
    CardReference,
    Finding,
    Landmark,
    Masks,
    NoteRecord,
    Provenance,
    Reading,
    SeriesRecord,
    StudyRecord,
)
from readingroom.study import Note, Patient, Study, Volume
from readingroom.terminology import segment

PREFERENCE = SeriesPreference(
    modality="CT",
    minimum_slices=1,
    axial=True,
    contrast=False,
    gated=True,
    kernel="soft",
    slice_thickness_mm=3.0,
)
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


class CacsReader(Reader[CacsOptions]):
    """Coronary artery calcium on gated, ungated and contrast CT."""

    name = "cacs"
    version = "1"
    title = {"en": "Coronary artery calcium", "zh": "冠状动脉钙化"}
    options_type = CacsOptions

    def __init__(self) -> None:
        self._engines: dict[tuple[str, str, bool], Engine] = {}

    def check(self, study: Study, options: CacsOptions) -> list[Note]:
        """See `Reader.check`; looks at headers only."""
        try:
            volume, chosen = choose_volume(study, PREFERENCE, options.series)
        except RefusedInput as refusal:
            message = f"{refusal.what_happened} {refusal.what_to_do}"
            return [Note(refusal.code, "refusal", message)]
        sharp = sharpness(volume.acquisition.kernel, volume.acquisition.manufacturer)
        limits = fitness.limits(volume, options, kernel_sharpness=sharp)
        unmeasured = [n for n in limits if n.code != "NOISE_UNKNOWN"]
        return [chosen, *study.notes, *volume.notes, *unmeasured]

    def read(self, study: Study, options: CacsOptions, progress: Progress) -> Reading:
        """See `Reader.read`."""
        clock = _Clock()
        volume, chosen = choose_volume(study, PREFERENCE, options.series)
        _refuse(fitness.refusal(volume))
        progress("load", 0.02)
        _refuse(fitness.voxel_refusal(volume.array))
        clock.lap("load")
        engine = self._engine(options)
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
        reading.provenance = _provenance(engine, volume, clock)
        progress("done", 1.0)
        return reading

    def remeasure(self, reading: Reading, study: Study, masks: Masks) -> Reading:
        """See `Reader.remeasure`."""
        options = CacsOptions(**reading.options)
        uid = reading.study.series[0].uid if reading.study.series else ""
        volume, _ = choose_volume(study, PREFERENCE, uid or options.series)
        threshold = reading.measurements.get("contrast_threshold")
        scoring = Scoring.of(
            canonical(volume),
            options,
            volume.acquisition.kvp,
            None if threshold is None else float(threshold.value or 0.0),
        )
        lesions = parts.lesions_in_masks(masks, scoring)
        kept = _match(reading.findings, lesions, scoring)
        revised = reading.model_copy(deep=False)
        revised.findings = kept
        revised.measurements, revised.categories = _numbers(kept, scoring, options, study, volume)
        if threshold is not None:
            revised.measurements["contrast_threshold"] = threshold
        revised.masks = masks
        revised.status = "reviewed"
        return revised

    def organs(self, volume: Volume) -> Organs:
        """Return the organs of a scan, without looking for calcium."""
        coarse = resample(volume, anatomy.SPACING_MM)
        return anatomy.find_organs(self._engine(CacsOptions()), coarse)

    def _engine(self, options: CacsOptions) -> Engine:
        key = (options.device, options.precision, options.deterministic)
        if key not in self._engines:
            precision = {"float32": "fp32", "float16": "fp16"}.get(options.precision, "auto")
            self._engines[key] = Engine(
                device=options.device, precision=precision, deterministic=options.deterministic
            )
        engine = self._engines[key]
        engine.notes.clear()
        return engine


class _Clock:
    """Seconds spent per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, stage: str) -> None:
        now = time.monotonic()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now


def _refuse(note: Note | None) -> None:
    if note is not None:
        raise RefusedInput(note.code, note.message, "Choose another series or study.")


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
        _shown(proposals),
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
    measurements, categories = _numbers(found, located.scoring, options, study, located.volume)
    if located.scoring.contrast_derived:
        measurements["contrast_threshold"] = _hu(
            located.scoring.threshold_hu, "blood pool + max(3 SD, 100 HU)"
        )
    measurements["blood_pool_density"] = _hu(located.scan.blood_hu, "median in the aorta")
    return Reading(
        reader=CacsReader.name,
        reader_version=CacsReader.version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        study=study_record(study, located.volume),
        notes=[NoteRecord(**asdict(note)) for note in notes],
        measurements=measurements,
        categories=categories,
        findings=found,
        options=options.model_dump(),
    )


def _hu(value: float, method: str) -> Any:
    from readingroom.reading import Measurement

    return Measurement(value=round(value, 1), unit="HU", method=method)


def _numbers(
    found: list[Finding], scoring: Scoring, options: CacsOptions, study: Study, volume: Volume
) -> tuple[dict[str, Any], dict[str, Any]]:
    measured = scoring.totals(found)
    gated = fitness.is_gated(volume.acquisition.gated, options)
    categories, extra = parts.categories(measured, options, study.patient, gated)
    return measured | extra, categories


def study_record(study: Study, volume: Volume) -> StudyRecord:
    """Return what was read, enough to find it again."""
    patient: Patient = study.patient
    return StudyRecord(
        patient=asdict(patient),
        study_uid=study.study_uid,
        series=[
            SeriesRecord(
                uid=volume.series_uid,
                modality=volume.acquisition.modality,
                description=volume.description,
                acquisition=asdict(volume.acquisition),
            )
        ],
        source=study.source,
    )


def _landmarks(organs: Organs) -> list[Landmark]:
    """Return valve centres and apex, carried over from the template heart."""
    from readingroom.readers.cacs.heartframe import template

    marks = template().landmarks
    points = organs.frame.to_patient(np.array(list(marks.values())))
    return [
        Landmark(name, (float(p[0]), float(p[1]), float(p[2])), "estimated from the heart's shape")
        for name, p in zip(marks, points, strict=True)
    ]


def _provenance(engine: Engine, volume: Volume, clock: _Clock) -> Provenance:
    cards = [engine.session(name) for name in (anatomy.CARD, detect.CARD)]
    clock.lap("notes")
    return Provenance(
        cards=[CardReference(name=s.card.name, sha256=s.card.sha256) for s in cards],
        device=engine.device,
        precision=cards[0].precision,
        seconds=clock.seconds,
        package_version=__version__,
        input_sha256=digest(volume),
    )


def _match(
    old: list[Finding], lesions: list[tuple[str, Lesion]], scoring: Scoring
) -> list[Finding]:
    """Give every lesion the id of the finding whose position it contains, else a new one."""
    free = {finding.id: finding for finding in old}
    numbers = [int(f.id[1:]) for f in old if f.id[1:].isdigit()]
    following = max(numbers, default=0) + 1
    result = []
    for label, lesion in lesions:
        before = _containing(free.values(), lesion, scoring)
        if before is None:
            result.append(parts.make_finding(following, label, lesion, scoring, state="added"))
            following += 1
            continue
        del free[before.id]
        fresh = parts.make_finding(0, label, lesion, scoring, state=before.state)
        fresh.id, fresh.evidence = before.id, before.evidence
        fresh.confidence = before.confidence if label == before.label else None
        result.append(fresh)
    order = {finding.id: n for n, finding in enumerate(old)}
    return sorted(result, key=lambda f: order.get(f.id, len(old)))


def _containing(old: Any, lesion: Lesion, scoring: Scoring) -> Finding | None:
    inverse = np.linalg.inv(scoring.image.ijk_to_lps)
    for finding in old:
        ijk = inverse @ np.array([*finding.position_lps_mm, 1.0])
        kji = np.rint(ijk[2::-1]).astype(int) - lesion.origin
        inside = (kji >= 0).all() and (kji < lesion.mask.shape).all()
        if inside and lesion.mask[tuple(kji)]:
            return finding  # type: ignore[no-any-return]
    return None
