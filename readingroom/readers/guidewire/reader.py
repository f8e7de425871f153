"""The guidewire reader: from a sequence to a reading, and again after corrections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.imaging.source import volume_read
from readingroom.reader import Growth, Index, MaskChange, Progress, Reader
from readingroom.readers.guidewire import NAME, VERSION, correct, display, fitness, grow
from readingroom.readers.guidewire.findings import numbers
from readingroom.readers.guidewire.options import GuidewireOptions
from readingroom.readers.guidewire.timeline import Timeline, choose_cine, cine_read
from readingroom.readers.machine import Engines
from readingroom.reading import Finding, Masks, Reading
from readingroom.study import Cine, Note, Study

#: Measurements of the images and of the machine: a correction leaves them as they are.
_OF_THE_MACHINE = ("contrast_to_noise", "time_per_frame")


class GuidewireReader(Reader[GuidewireOptions]):
    """Guidewires and catheters in fluoroscopy: where, from where to where, unbroken."""

    name = NAME
    version = VERSION
    title = {"en": "Guidewire", "zh": "导丝"}
    options_type = GuidewireOptions
    finding_classes = display.CLASSES
    window_presets = display.WINDOWS
    default_layout = "one_up"

    def __init__(self) -> None:
        self._engines = Engines()

    def check(self, study: Study, options: GuidewireOptions) -> list[Note]:
        """See `Reader.check`; looks at headers only."""
        try:
            cine, chosen = choose_cine(study, options.series)
        except RefusedInput as refusal:
            message = f"{refusal.what_happened} {refusal.what_to_do}"
            return [Note(refusal.code, "refusal", message)]
        refused = fitness.refusal(cine, options)
        if refused is not None:
            return [refused]
        return [chosen, *study.notes, *fitness.limits(cine)]

    def read(self, study: Study, options: GuidewireOptions, progress: Progress) -> Reading:
        """See `Reader.read`."""
        from readingroom.readers.guidewire import pipeline

        cine, chosen = choose_cine(study, options.series)
        return pipeline.read(
            lambda: self._engines.of(options), study, cine, chosen, options, progress
        )

    def remeasure(self, reading: Reading, study: Study, masks: Masks) -> Reading:
        """See `Reader.remeasure`."""
        timeline = Timeline.of(_cine(reading, study))
        found = correct.findings_of(reading, masks, timeline, _gap(reading))
        return _revised(reading, masks, timeline, found)

    def remeasure_part(
        self, reading: Reading, study: Study, masks: Masks, changes: Sequence[MaskChange]
    ) -> Reading:
        """See `Reader.remeasure_part`; traces only the frames that changed."""
        timeline = Timeline.of(_cine(reading, study))
        found = correct.findings_after(reading, masks, timeline, _gap(reading), changes)
        return _revised(reading, masks, timeline, found)

    def voxels_of(
        self, reading: Reading, study: Study, masks: Masks, finding: Finding
    ) -> tuple[Index, npt.NDArray[np.bool_]]:
        """See `Reader.voxels_of`; a wire's own pixels are those of its frame nearest to it."""
        frame = finding.attributes["frame"]
        beside = [
            other
            for other in reading.findings
            if other.attributes["frame"] == frame
            and other.label == finding.label
            and other.id != finding.id
        ]
        own = correct.own_pixels(masks, finding, beside)
        return (int(frame), 0, 0), own[None]

    def grow(
        self,
        reading: Reading,
        study: Study,
        masks: Masks,
        position_lps_mm: tuple[float, float, float],
        label: str,
    ) -> Growth:
        """Return the dark line at `position_lps_mm`, followed both ways through its frame."""
        cine = _cine(reading, study)
        options = GuidewireOptions(**reading.options)
        return grow.grow(cine, masks, position_lps_mm, label, options.polarity)

    def measurement_rows(self, reading: Reading) -> list[str]:
        """See `Reader.measurement_rows`."""
        return display.rows(reading.measurements)

    def headline(self, reading: Reading) -> list[str]:
        """See `Reader.headline`."""
        return display.headline(reading.measurements)


def _cine(reading: Reading, study: Study) -> Cine:
    stack = volume_read(reading, study)
    return cine_read(study, stack.series_uid, stack.shape)


def _gap(reading: Reading) -> float:
    return GuidewireOptions(**reading.options).longest_gap_px


def _revised(reading: Reading, masks: Masks, timeline: Timeline, found: list[Finding]) -> Reading:
    frames = reading.measurements.get("frames_read")
    count = timeline.shape[0] if frames is None else int(frames.value or 0)
    measured = numbers(found, count, timeline)
    for name in _OF_THE_MACHINE:
        if name in reading.measurements:
            measured[name] = reading.measurements[name]
    changed = {
        "findings": found,
        "measurements": measured,
        "masks": masks,
        "status": "reviewed",
    }
    return reading.model_copy(update=changed)
