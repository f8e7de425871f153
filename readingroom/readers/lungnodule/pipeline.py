"""The machine's reading: from a study to a reading, with the networks.

Kept apart from `reader`, so that a person's review never loads them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from readingroom.errors import RefusedInput
from readingroom.imaging.kernel import sharpness
from readingroom.imaging.quality import noise_sd
from readingroom.maskregion import innermost
from readingroom.reader import Progress
from readingroom.readers.hounsfield import voxel_refusal
from readingroom.readers.lungnodule import (
    NAME,
    VERSION,
    cards,
    characternetwork,
    detect,
    fitness,
    texts,
)
from readingroom.readers.lungnodule import findings as parts
from readingroom.readers.lungnodule.anatomy import Anatomy, find_anatomy
from readingroom.readers.lungnodule.display import NODULE
from readingroom.readers.lungnodule.judge import judge
from readingroom.readers.lungnodule.lungnetwork import imported
from readingroom.readers.lungnodule.options import LungNoduleOptions
from readingroom.readers.lungnodule.outline import outline
from readingroom.readers.lungnodule.ownership import share_among
from readingroom.readers.lungnodule.publicweights import LOBES_CARD, LUNGS_CARD, TOTAL_CARD
from readingroom.readers.lungnodule.scan import Part, Scan
from readingroom.readers.machine import Clock, provenance, refuse
from readingroom.readers.studyrecord import study_record
from readingroom.reading import (
    Finding,
    Masks,
    NoteRecord,
    Reading,
)
from readingroom.study import Note, Study, Volume

if TYPE_CHECKING:
    from readingroom.inference.engine import Engine
    from readingroom.readers.lungnodule.detection import Detection

#: Two outlines that share this part of the smaller one are one nodule.
_SAME_NODULE = 0.4


@dataclass(frozen=True)
class _Proposal:
    """A detection with its outline on the native grid.

    Attributes
    ----------
    place : tuple of int or None
        The voxel that tells it from another nodule that it touches.
    """

    detection: Detection
    part: Part
    place: tuple[int, int, int] | None = None


def read(
    engine_for_it: Callable[[], Engine],
    study: Study,
    volume: Volume,
    chosen: Note,
    options: LungNoduleOptions,
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
    scan = Scan.of(volume, options, study.patient)
    clock.lap("load")
    progress("anatomy", 0.1)
    engine = engine_for_it()
    anatomy = find_anatomy(
        scan.hu,
        scan.spacing_mm,
        ijk_to_lps=scan.image.ijk_to_lps,
        engine=engine,
        method=options.lungs,
    )
    clock.lap("anatomy")
    progress("detection", 0.35)
    detections = detect.detect(
        engine,
        scan.hu,
        scan.spacing_mm,
        anatomy,
        sensitivity=options.sensitivity,
        detector=options.detector,
    )
    clock.lap("detection")
    progress("nodules", 0.75)
    proposals = _distinct(_outlined(detections, scan, anatomy), scan)
    found, kept = _findings(proposals, scan, anatomy, options)
    found = characternetwork.described(engine, scan, found, kept)
    clock.lap("nodules")
    masks = _masks(scan, anatomy, kept)
    clock.lap("masks")
    progress("notes", 0.95)
    judged = judge(found, scan)
    notes = [chosen, *study.notes, *volume.notes, *_limits(scan, anatomy, judged.findings)]
    notes += [texts.NETWORK.note(card=name) for name in detect.cards(options.detector)]
    notes += engine.notes
    reading = Reading(
        reader=NAME,
        reader_version=VERSION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        study=study_record(study, volume),
        notes=[NoteRecord(**asdict(note)) for note in notes],
        measurements=judged.measurements | parts.lung_volumes(masks, scan),
        categories=judged.categories,
        findings=judged.findings,
        options=options.model_dump(),
    )
    reading.masks = masks
    clock.lap("notes")
    reading.provenance = provenance(engine, _cards(options), volume, clock)
    if options.prior:
        reading = _with_prior(reading, study, options, progress)
    progress("done", 1.0)
    return reading


def _cards(options: LungNoduleOptions) -> tuple[str, ...]:
    """Return the names of the model cards that were used."""
    seen = (cards.CHARACTERISTICS,) if characternetwork.installed() else ()
    lungs = {"totalsegmentator": (TOTAL_CARD,), "own": ()}.get(
        options.lungs, tuple(name for name in (LUNGS_CARD, LOBES_CARD) if imported(name))
    )
    return (*detect.cards(options.detector), *seen, *lungs)


def _outlined(detections: Sequence[Detection], scan: Scan, anatomy: Anatomy) -> list[_Proposal]:
    """Return the detections that can be outlined, the surest first."""
    found = []
    for one in sorted(detections, key=lambda d: -d.probability):
        k, j, i = (round(float(x)) for x in one.position_kji)
        try:
            drawn = outline(
                scan.hu, scan.spacing_mm, anatomy, (k, j, i), diameter_hint_mm=one.diameter_mm
            )
        except RefusedInput:
            continue  # nothing with an edge is there: no nodule
        part = scan.native_part(drawn.start_kji, drawn.mask)
        found.append(_Proposal(one, part))
    return found


def _distinct(proposals: Sequence[_Proposal], scan: Scan) -> list[_Proposal]:
    """Leave out what lies on a surer nodule; divide nodules that touch."""
    kept: list[_Proposal] = []
    for one in proposals:
        size = int(one.part.mask.sum())
        shared = [
            int(other.part.overlap(one.part).mask.sum()) / min(size, int(other.part.mask.sum()))
            for other in kept
        ]
        if max(shared, default=0.0) < _SAME_NODULE:
            kept.append(one)
    places = [_absolute(innermost(one.part.mask, scan.native_spacing_mm), one.part) for one in kept]
    shares = share_among([one.part for one in kept], places, scan)
    return [
        _Proposal(one.detection, part, None if _alone(one, kept, part) else place)
        for one, part, place in zip(kept, shares, places, strict=True)
        if part.mask.any()
    ]


def _alone(one: _Proposal, kept: Sequence[_Proposal], part: Part) -> bool:
    """Say whether a nodule kept all that was outlined, and nothing of another."""
    return int(part.mask.sum()) == int(one.part.mask.sum()) and not any(
        other.part.overlap(part).mask.any() for other in kept if other is not one
    )


def _absolute(inside: tuple[int, int, int], part: Part) -> tuple[int, int, int]:
    k, j, i = (a + b for a, b in zip(inside, part.start, strict=True))
    return k, j, i


def _findings(
    proposals: Sequence[_Proposal], scan: Scan, anatomy: Anatomy, options: LungNoduleOptions
) -> tuple[list[Finding], list[Part]]:
    """Return the nodules large enough, the largest first, with their voxels."""
    made = []
    for one in proposals:
        finding = parts.make_finding(
            0,
            NODULE,
            one.part,
            scan,
            anatomy,
            position=one.place,
            confidence=round(float(one.detection.probability), 4),
            evidence={"detection": _evidence(one.detection)},
        )
        diameter = finding.measurements["mean_diameter"].value
        if diameter is not None and diameter >= options.minimum_diameter_mm:
            made.append((finding, one.part))
    made.sort(key=lambda pair: -float(pair[0].measurements["volume"].value or 0.0))
    found = [
        finding.model_copy(update={"id": f"N{number:03d}"})
        for number, (finding, _) in enumerate(made, 1)
    ]
    return found, [part for _, part in made]


def _evidence(detection: Detection) -> dict[str, Any]:
    return {
        "source": detection.source,
        "probability": round(float(detection.probability), 4),
        "diameter_mm": round(float(detection.diameter_mm), 2),
    }


def _masks(scan: Scan, anatomy: Anatomy, kept: Sequence[Part]) -> Masks:
    layers: list[Any] = [*parts.nodule_layers(scan, kept), *parts.anatomy_layers(scan, anatomy)]
    return Masks(layers, scan.volume.ijk_to_lps, parts.segments(()))


def _limits(scan: Scan, anatomy: Anatomy, found: Sequence[Finding]) -> list[Note]:
    facts = scan.volume.acquisition
    notes = fitness.acquisition_limits(scan.volume, sharpness(facts.kernel, facts.manufacturer))
    notes += fitness.image_limits(noise_sd(scan.hu, scan.spacing_mm), len(found))
    return [*notes, *anatomy.notes]


def _with_prior(
    reading: Reading, study: Study, options: LungNoduleOptions, progress: Progress
) -> Reading:
    from readingroom.readers.lungnodule import followup

    progress("prior", 0.97)
    return followup.with_prior(reading, study, options)
