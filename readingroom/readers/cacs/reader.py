"""The coronary calcium reader: from a study to a reading, and again after corrections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.imaging.choose import SeriesPreference, choose_volume
from readingroom.imaging.geometry import canonical
from readingroom.imaging.kernel import sharpness
from readingroom.reader import Growth, Index, MaskChange, Progress, Reader
from readingroom.readers.cacs import NAME, VERSION, correct, display, fitness, grow, ownership
from readingroom.readers.cacs.findings import Scoring, numbers
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.machine import Engines
from readingroom.reading import Finding, Masks, Reading
from readingroom.study import Note, Study, Volume

if TYPE_CHECKING:
    from readingroom.readers.cacs.organs import Organs

PREFERENCE = SeriesPreference(
    modality="CT",
    minimum_slices=1,
    axial=True,
    contrast=False,
    gated=True,
    kernel="soft",
    slice_thickness_mm=3.0,
)
#: Measurements of the image, not of the masks: a correction leaves them as they are.
_OF_THE_IMAGE = ("contrast_threshold", "blood_pool_density")


class CacsReader(Reader[CacsOptions]):
    """Coronary artery calcium on gated, ungated and contrast CT."""

    name = NAME
    version = VERSION
    title = {"en": "Coronary artery calcium", "zh": "冠状动脉钙化"}
    options_type = CacsOptions
    finding_classes = display.CLASSES
    window_presets = display.WINDOWS

    def __init__(self) -> None:
        self._engines = Engines()

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
        from readingroom.readers.cacs import pipeline

        volume, chosen = choose_volume(study, PREFERENCE, options.series)
        return pipeline.read(
            lambda: self._engines.of(options), study, volume, chosen, options, progress
        )

    def remeasure(self, reading: Reading, study: Study, masks: Masks) -> Reading:
        """See `Reader.remeasure`."""
        volume, scoring = _scoring(reading, study)
        found = correct.findings_of(reading, masks, scoring)
        return _revised(reading, study, volume, scoring, masks, found)

    def remeasure_part(
        self, reading: Reading, study: Study, masks: Masks, changes: Sequence[MaskChange]
    ) -> Reading:
        """See `Reader.remeasure_part`."""
        volume, scoring = _scoring(reading, study)
        found = correct.findings_after(reading, masks, scoring, changes)
        return _revised(reading, study, volume, scoring, masks, found)

    def voxels_of(
        self, reading: Reading, study: Study, masks: Masks, finding: Finding
    ) -> tuple[Index, npt.NDArray[np.bool_]]:
        """See `Reader.voxels_of`; with what is painted around the lesion below the threshold."""
        return ownership.voxels_of(masks, finding, _scoring(reading, study)[1])

    def grow(
        self,
        reading: Reading,
        study: Study,
        masks: Masks,
        position_lps_mm: tuple[float, float, float],
        label: str,
    ) -> Growth:
        """Return the calcium at `position_lps_mm`, outlined at the scoring threshold."""
        return grow.grow(masks, _scoring(reading, study)[1], position_lps_mm, label)

    def paint_threshold(self, reading: Reading, study: Study) -> float:
        """Return the threshold at which this reading's lesions are outlined, HU."""
        return _scoring(reading, study)[1].threshold_hu

    def measurement_rows(self, reading: Reading) -> list[str]:
        """See `Reader.measurement_rows`: score first, then vessels, then what is beside."""
        return display.rows(reading.measurements)

    def headline(self, reading: Reading) -> list[str]:
        """See `Reader.headline`: score, volume, mass and the score of each vessel."""
        return display.headline(reading.measurements)

    def organs(self, volume: Volume) -> Organs:
        """Return the organs of a scan, without looking for calcium."""
        from readingroom.imaging.geometry import resample
        from readingroom.readers.cacs import anatomy

        coarse = resample(volume, anatomy.SPACING_MM)
        return anatomy.find_organs(self._engines.of(CacsOptions()), coarse)


def _scoring(reading: Reading, study: Study) -> tuple[Volume, Scoring]:
    """Return the volume that was read and how it is scored."""
    options = CacsOptions(**reading.options)
    uid = reading.study.series[0].uid if reading.study.series else ""
    volume, _ = choose_volume(study, PREFERENCE, uid or options.series)
    threshold = reading.measurements.get("contrast_threshold")
    hu = None if threshold is None else float(threshold.value or 0.0)
    return volume, Scoring.of(canonical(volume), options, volume.acquisition.kvp, hu)


def _revised(
    reading: Reading,
    study: Study,
    volume: Volume,
    scoring: Scoring,
    masks: Masks,
    found: list[Finding],
) -> Reading:
    measured, categories = numbers(found, scoring, scoring.options, study, volume)
    for name in _OF_THE_IMAGE:
        if name in reading.measurements:
            measured[name] = reading.measurements[name]
    changed = {
        "findings": found,
        "measurements": measured,
        "categories": categories,
        "masks": masks,
        "status": "reviewed",
    }
    return reading.model_copy(update=changed)
