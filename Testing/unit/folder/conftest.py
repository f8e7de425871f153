"""A small reading with overlapping masks, and the volume it belongs to."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.reading import (
    Finding,
    Landmark,
    Masks,
    Measurement,
    Reading,
    StudyRecord,
)
from readingroom.study import Volume
from readingroom.terminology import segment

SHAPE = (12, 20, 30)


@pytest.fixture
def oblique() -> np.ndarray:
    """A gantry-tilted matrix with three different spacings."""
    matrix = np.array([[0.7, 0, 0, -101.3], [0, 0.8, 0.61, 33.7], [0, -0.2, 2.4, -900.1], [0] * 4])
    matrix[3, 3] = 1
    return matrix


@pytest.fixture
def a_volume(oblique) -> Volume:
    return Volume(lambda: np.zeros(SHAPE, np.int16), SHAPE, oblique)


@pytest.fixture
def masks(oblique) -> Masks:
    """A heart, and two lesions inside it in a layer of their own."""
    anatomy, calcium = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    anatomy[2:9, 4:15, 6:25] = 1
    calcium[3, 5, 7] = 1
    calcium[5:7, 8:10, 12:20] = 2
    segments = [segment("HEART", 0, 1), segment("LAD", 1, 1), segment("RCA", 1, 2)]
    return Masks([anatomy, calcium], oblique, segments)


@pytest.fixture
def a_reading(masks):
    """Makes readings; each call makes a new one."""

    def make(score: float = 12.5) -> Reading:
        finding = Finding(
            id="lesion-001",
            type="lesion",
            label="LAD",
            position_lps_mm=(1.0, 2.0, 3.0),
            mask_segment="LAD",
            measurements={"volume": Measurement(value=3.5, unit="mm3")},
        )
        return Reading(
            reader="cacs",
            reader_version="1",
            created="2024-05-01T10:00:00",
            study=StudyRecord(study_uid="1.2.3"),
            measurements={"agatston_score": Measurement(value=score, unit="1")},
            findings=[finding],
            masks=masks,
            landmarks=[Landmark("左冠开口", (1.5, -2.5, 3.0), "left ostium")],
            figures={"curve": b"\x89PNG figure"},
        )

    return make
