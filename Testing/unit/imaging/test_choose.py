"""Which series is read, and what the note says about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from readingroom.errors import RefusedInput
from readingroom.imaging.choose import SeriesPreference, choose_volume
from readingroom.study import Acquisition, Study, Volume

CALCIUM = SeriesPreference(
    modality="CT",
    minimum_slices=10,
    contrast=False,
    gated=True,
    kernel="soft",
    slice_thickness_mm=3.0,
)


def a_volume(number: int, slices: int = 50, description: str = "", **facts) -> Volume:
    known = {
        "modality": "CT",
        "kernel": "B35f",
        "manufacturer": "SIEMENS",
        "slice_thickness_mm": 3.0,
        "image_type": ("ORIGINAL", "PRIMARY", "AXIAL"),
    }
    return Volume(
        pixels=lambda: np.zeros((slices, 8, 8), np.int16),
        shape=(slices, 8, 8),
        ijk_to_lps=np.diag([0.7, 0.7, 3.0, 1.0]),
        acquisition=Acquisition(**(known | facts)),
        series_uid=f"1.2.{number}",
        series_number=number,
        description=description,
    )


def chosen(*volumes: Volume, wish: SeriesPreference = CALCIUM, series: str | None = None):
    return choose_volume(Study(volumes=volumes), wish, series)


def test_the_calcium_series_is_found_among_the_usual_others():
    scout = a_volume(1, 2, image_type=("ORIGINAL", "PRIMARY", "LOCALIZER"))
    gated = a_volume(2, gated=True)
    thin = a_volume(3, 400, gated=True, slice_thickness_mm=0.6)
    sharp = a_volume(4, gated=True, kernel="B70f")
    contrast = a_volume(5, 400, gated=True, contrast_agent="Iohexol")
    report = a_volume(6, 1, "Patient Protocol")

    volume, note = chosen(scout, thin, sharp, contrast, gated, report)

    assert volume is gated
    assert (note.code, note.severity) == ("SERIES_CHOSEN", "info")
    assert "among 6 volume(s)" in note.message
    for reason in ("no contrast agent", "smooth kernel", "thickness nearest to 3 mm", "--series"):
        assert reason in note.message
    assert "ECG-gated" not in note.message  # all were: it decided nothing
    assert "平滑重建核" in note.message_zh
    assert "--series" in note.message_zh


def test_gating_comes_before_the_kernel():
    volume, note = chosen(a_volume(1, gated=True, kernel="B70f"), a_volume(2, gated=False))

    assert volume.series_number == 1
    assert "ECG-gated" in note.message


def test_unknown_gating_lies_between_yes_and_no():
    order = [a_volume(n, gated=g) for n, g in ((1, False), (2, None), (3, True))]

    assert chosen(*order)[0].series_number == 3
    assert chosen(*order[:2])[0].series_number == 2


def test_descriptions_help_where_contrast_is_not_stated():
    volume, _ = chosen(a_volume(1, 90, "Arterial"), a_volume(2, 50, "Non-contrast"))

    assert volume.series_number == 2


def test_original_images_before_derived_and_then_the_longest():
    derived = a_volume(1, 90, image_type=("DERIVED", "SECONDARY", "REFORMATTED"))

    assert chosen(derived, a_volume(2, 40), a_volume(3, 60))[0].series_number == 3


def test_reformats_across_the_body_come_last():
    coronal = replace(
        a_volume(1, 200, gated=True),
        ijk_to_lps=np.array([[0.7, 0, 0, 0], [0, 0, 3, 0], [0, -0.7, 0, 0], [0, 0, 0, 1.0]]),
    )

    assert chosen(coronal, a_volume(2, 20, kernel="B70f"))[0].series_number == 2


@pytest.mark.parametrize("asked", ["1.2.31", "31", "1.2.3"])
def test_the_series_asked_for_is_read_whatever_the_preference(asked):
    sharp = a_volume(31, kernel="B70f", slice_thickness_mm=1.0)

    volume, note = chosen(a_volume(2, gated=True), sharp, series=asked)

    assert volume is sharp
    assert "asked for" in note.message


def test_a_series_that_is_not_there():
    with pytest.raises(RefusedInput, match="SERIES_UNKNOWN") as refusal:
        chosen(a_volume(2), series="9")
    assert "1.2.2" in refusal.value.what_to_do


@pytest.mark.parametrize(
    ("volumes", "code"),
    [
        ((), "MODALITY_UNSUITED"),
        ((a_volume(1, modality="MR"), a_volume(2, modality="PT")), "MODALITY_UNSUITED"),
        ((a_volume(1, image_type=("DERIVED", "SECONDARY", "MIP")),), "NO_SUITED_SERIES"),
        ((a_volume(1, 4),), "SLICES_TOO_FEW"),
    ],
)
def test_nothing_to_read(volumes, code):
    with pytest.raises(RefusedInput, match=code):
        chosen(*volumes)


def test_a_file_that_does_not_say_its_modality_is_taken_at_its_word():
    volume, note = chosen(a_volume(1, modality=""))

    assert volume.series_number == 1
    assert "only one" in note.message
