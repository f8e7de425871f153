"""What a reading says of the images that were read."""

from __future__ import annotations

from dataclasses import asdict

from readingroom.reading import SeriesRecord, StudyRecord
from readingroom.study import Patient, Study, Volume


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
