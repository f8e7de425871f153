"""The lung nodule reader: from a study to a reading, and again after corrections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.imaging.choose import SeriesPreference, choose_volume
from readingroom.imaging.kernel import sharpness
from readingroom.imaging.source import volume_read
from readingroom.reader import Growth, Index, MaskChange, Progress, Reader
from readingroom.readers.lungnodule import NAME, VERSION, display, fitness
from readingroom.readers.lungnodule.options import LungNoduleOptions
from readingroom.readers.lungnodule.scan import LOBE_LAYER, Scan
from readingroom.readers.machine import Engines
from readingroom.reading import Finding, Masks, Measurement, Reading
from readingroom.study import Note, Study

#: Thin slices first: they decide what is seen. Either kernel can be read.
PREFERENCE = SeriesPreference(
    modality="CT",
    minimum_slices=1,
    axial=True,
    slice_thickness_mm=1.0,
)


class LungNoduleReader(Reader[LungNoduleOptions]):
    """Lung nodules on chest CT: found, measured, described, judged."""

    name = NAME
    version = VERSION
    title = {"en": "Lung nodules", "zh": "肺结节"}
    options_type = LungNoduleOptions
    finding_classes = display.CLASSES
    window_presets = display.WINDOWS

    def __init__(self) -> None:
        self._engines = Engines()

    def check(self, study: Study, options: LungNoduleOptions) -> list[Note]:
        """See `Reader.check`; looks at headers only."""
        try:
            volume, chosen = choose_volume(study, PREFERENCE, options.series)
        except RefusedInput as refusal:
            message = f"{refusal.what_happened} {refusal.what_to_do}"
            return [Note(refusal.code, "refusal", message)]
        refused = fitness.refusal(volume)
        sharp = sharpness(volume.acquisition.kernel, volume.acquisition.manufacturer)
        limits = fitness.acquisition_limits(volume, sharp)
        return [
            *([refused] if refused else []), chosen, *study.notes, *volume.notes, *limits
        ]  # fmt: skip

    def read(self, study: Study, options: LungNoduleOptions, progress: Progress) -> Reading:
        """See `Reader.read`."""
        from readingroom.readers.lungnodule import pipeline

        volume, chosen = choose_volume(study, PREFERENCE, options.series)
        return pipeline.read(
            lambda: self._engines.of(options), study, volume, chosen, options, progress
        )

    def remeasure(self, reading: Reading, study: Study, masks: Masks) -> Reading:
        """See `Reader.remeasure`."""
        from readingroom.readers.lungnodule import correct
        from readingroom.readers.lungnodule.findings import lung_volumes

        scan = _scan(reading, study)
        found = correct.findings_of(reading, masks, scan)
        return _revised(reading, scan, masks, found, lung_volumes(masks, scan))

    def remeasure_part(
        self, reading: Reading, study: Study, masks: Masks, changes: Sequence[MaskChange]
    ) -> Reading:
        """See `Reader.remeasure_part`."""
        from readingroom.readers.lungnodule import correct, surroundings
        from readingroom.readers.lungnodule.findings import lung_volumes

        scan = _scan(reading, study)
        lobes_changed = any(change.layer == LOBE_LAYER for change in changes)
        if lobes_changed:
            surroundings.forget()
        found = correct.findings_after(reading, masks, scan, changes)
        volumes = (
            lung_volumes(masks, scan)
            if lobes_changed
            else {n: m for n, m in reading.measurements.items() if n.startswith("lung_volume")}
        )
        return _revised(reading, scan, masks, found, volumes)

    def voxels_of(
        self, reading: Reading, study: Study, masks: Masks, finding: Finding
    ) -> tuple[Index, npt.NDArray[np.bool_]]:
        """See `Reader.voxels_of`; nodules that touch are divided at their neck."""
        from readingroom.readers.lungnodule.ownership import part_of

        part = part_of(reading, masks, _scan(reading, study), finding)
        if part is None:
            return (0, 0, 0), np.zeros((0, 0, 0), np.bool_)
        return part.start, part.mask

    def grow(
        self,
        reading: Reading,
        study: Study,
        masks: Masks,
        position_lps_mm: tuple[float, float, float],
        label: str,
    ) -> Growth:
        """Return the nodule at `position_lps_mm`, kept off vessels and pleura."""
        from readingroom.readers.lungnodule import grow

        return grow.grow(masks, _scan(reading, study), position_lps_mm, label)

    def measurement_rows(self, reading: Reading) -> list[str]:
        """See `Reader.measurement_rows`: nodules and risk first, then lungs and lobes."""
        return display.rows(reading.measurements)

    def headline(self, reading: Reading) -> list[str]:
        """See `Reader.headline`: number, largest diameter and volume of the nodules."""
        return display.headline(reading.measurements)


def _scan(reading: Reading, study: Study) -> Scan:
    """Return the scan that was read."""
    options = LungNoduleOptions(**reading.options)
    volume = volume_read(reading, study)
    return Scan.of(volume, options, study.patient)


def _revised(
    reading: Reading,
    scan: Scan,
    masks: Masks,
    found: list[Finding],
    volumes: dict[str, Measurement],
) -> Reading:
    from readingroom.readers.lungnodule.judge import judge

    judged = judge(found, scan)
    changed: dict[str, Any] = {
        "findings": judged.findings,
        "measurements": judged.measurements | volumes,
        "categories": judged.categories,
        "masks": masks,
        "status": "reviewed",
    }
    return reading.model_copy(update=changed)
