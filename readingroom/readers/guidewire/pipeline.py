"""The machine's reading: from a sequence to a reading, with the networks.

Kept apart from `reader`, so that a person's review never loads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from readingroom.inference.engine import Engine
from readingroom.reader import Progress
from readingroom.readers.guidewire import NAME, VERSION, fitness, segment
from readingroom.readers.guidewire import findings as parts
from readingroom.readers.guidewire.centerline import Wire, trace
from readingroom.readers.guidewire.frames import Frames, normalise
from readingroom.readers.guidewire.options import GuidewireOptions
from readingroom.readers.guidewire.plausible import plausible
from readingroom.readers.guidewire.timeline import Timeline
from readingroom.readers.guidewire.track import Tracked, track
from readingroom.readers.machine import Clock, provenance, refuse
from readingroom.readers.studyrecord import study_record
from readingroom.reading import (
    Finding,
    Measurement,
    NoteRecord,
    Reading,
)
from readingroom.study import Cine, Note, Study

#: Width of the band beside a wire that its contrast is taken against, px.
_BESIDE_PX = (3.0, 6.0)


@dataclass(frozen=True)
class _Seen:
    """Devices of the frames that were read, and how well they stand out."""

    frames: Frames
    devices: list[list[Tracked]]
    contrast_to_noise: float | None


def read(
    engine_for_it: Callable[[], Engine],
    study: Study,
    cine: Cine,
    chosen: Note,
    options: GuidewireOptions,
    progress: Progress,
) -> Reading:
    """Read `cine` of `study`; see `Reader.read`.

    Parameters
    ----------
    engine_for_it : callable
        Returns the engine; called only once the sequence is known to be readable.
    chosen : Note
        Why this sequence.
    """
    clock = Clock()
    refuse(fitness.refusal(cine, options))
    progress("load", 0.02)
    refuse(fitness.pixel_refusal(cine.array))
    clock.lap("load")
    engine = engine_for_it()
    seen = _look(engine, cine, options, progress, clock)
    timeline = Timeline.of(cine)
    found = _findings(seen.devices, options.first_frame, timeline)
    progress("masks", 0.92)
    reading = _reading(study, cine, options, found, seen, clock)
    notes = [chosen, *study.notes, *fitness.limits(cine), *seen.frames.notes]
    notes += [*_notes(found, seen), *engine.notes]
    reading.notes = [NoteRecord(**asdict(note)) for note in notes]
    reading.masks = parts.masks_of(found, timeline, cine.stack.ijk_to_lps)
    clock.lap("masks")
    reading.provenance = provenance(engine, segment.CARDS, cine.stack, clock)
    progress("done", 1.0)
    return reading


def _look(
    engine: Engine, cine: Cine, options: GuidewireOptions, progress: Progress, clock: Clock
) -> _Seen:
    last = cine.shape[0] - 1 if options.last_frame is None else options.last_frame
    chosen = cine.array[options.first_frame : last + 1]
    progress("normalise", 0.05)
    frames = normalise(chosen, polarity=options.polarity)
    prepared = _prepared(frames, options.preprocessing)
    clock.lap("preprocessing")
    probabilities = segment.segment(engine, prepared, progress=progress.part(0.1, 0.75))
    clock.lap("segmentation")
    progress("centerlines", 0.75)
    wires = [_traced(one, options) for one in probabilities]
    clock.lap("centerlines")
    progress("tracking", 0.88)
    devices = _followed(wires, options)
    clock.lap("tracking")
    contrast = [_contrast(frame, one) for frame, one in zip(frames.array, wires, strict=True)]
    known = [value for value in contrast if value is not None]
    return _Seen(frames, devices, float(np.median(known)) if known else None)


def _prepared(frames: Frames, steps: str) -> Frames:
    if not steps.strip():
        return frames
    from readingroom.readers.guidewire import preprocess

    return preprocess.apply(frames, steps)


def _traced(probability: npt.NDArray[np.uint8], options: GuidewireOptions) -> list[Wire]:
    found = trace(
        probability[0],
        probability[1] if options.catheters else None,
        threshold=options.threshold,
        min_length_px=options.shortest_px,
        max_gap_px=options.longest_gap_px,
    )
    return plausible(found)


def _followed(wires: list[list[Wire]], options: GuidewireOptions) -> list[list[Tracked]]:
    """Return the devices with identities: over time, or else counted frame by frame."""
    if options.tracking:
        return track(wires, max_hidden=options.hidden_frames, min_frames=min(2, len(wires)))
    return [[Tracked(n, wire) for n, wire in enumerate(frame, 1)] for frame in wires]


def _contrast(frame: npt.NDArray[np.float32], wires: list[Wire]) -> float | None:
    """Return the contrast-to-noise ratio along the wires of a frame; None without one.

    Mean of the bands on both sides less the mean on the centreline, over the standard
    deviation in the bands after their own slow change along the wire is taken out.
    """
    from scipy import ndimage

    ratios = []
    for wire in (one for one in wires if one.kind == "wire" and len(one.points) > 10):
        tangent = np.gradient(wire.points, axis=0)
        tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
        normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
        offsets = np.arange(_BESIDE_PX[0], _BESIDE_PX[1] + 0.5) + wire.radius_px
        offsets = np.concatenate([-offsets, [0.0], offsets])
        places = wire.points[:, None] + offsets[:, None] * normal[:, None]
        profile = ndimage.map_coordinates(
            frame, [places[..., 1], places[..., 0]], order=1, mode="nearest"
        )
        middle = len(offsets) // 2
        beside = np.delete(profile, middle, axis=1)
        slow = ndimage.uniform_filter1d(beside, 15, axis=0)
        noise = float((beside - slow).std())
        ratios.append(float((beside.mean(axis=1) - profile[:, middle]).mean()) / max(noise, 1e-6))
    return float(np.median(ratios)) if ratios else None


def _findings(devices: list[list[Tracked]], first_frame: int, timeline: Timeline) -> list[Finding]:
    """Return findings frame by frame, wires before catheters."""
    ordered = [
        (frame, one)
        for frame, found in enumerate(devices, first_frame)
        for one in sorted(found, key=lambda one: (one.wire.kind == "catheter", one.identity))
    ]
    return [
        parts.make_finding(number, frame, one, timeline)
        for number, (frame, one) in enumerate(ordered, 1)
    ]


def _reading(
    study: Study,
    cine: Cine,
    options: GuidewireOptions,
    found: list[Finding],
    seen: _Seen,
    clock: Clock,
) -> Reading:
    frames = len(seen.devices)
    measured = parts.numbers(found, frames, Timeline.of(cine))
    if seen.contrast_to_noise is not None:
        measured["contrast_to_noise"] = Measurement(
            value=round(seen.contrast_to_noise, 2), unit="1", method="wire against its sides"
        )
    spent = sum(s for stage, s in clock.seconds.items() if stage != "load")
    measured["time_per_frame"] = Measurement(
        value=round(1000.0 * spent / frames, 1), unit="ms", method="whole reading"
    )
    return Reading(
        reader=NAME,
        reader_version=VERSION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        study=study_record(study, cine.stack),
        measurements=measured,
        findings=found,
        options=options.model_dump(),
    )


def _notes(found: list[Finding], seen: _Seen) -> list[Note]:
    wires = [f for f in found if f.label == parts.WIRE]
    notes = fitness.seen(seen.contrast_to_noise, len(wires))
    if wires:
        shares = [float(f.measurements["inferred_share"].value or 0.0) for f in wires]
        predicted = len({f.attributes["frame"] for f in wires if f.attributes["predicted"]})
        notes += fitness.inferred(float(np.mean(shares)), predicted)
    return notes
