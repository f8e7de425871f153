"""Notes on what limits a score: one case per limit, borders included."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.readers.cacs import fitness
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.hounsfield import voxel_refusal
from readingroom.study import Acquisition, Volume


def a_scan(
    slices=40, increment=3.0, pixel=0.4, columns=512, tilt_degrees=0.0, voxels=None, **acquisition
):
    facts = {"modality": "CT", "kvp": 120.0, "gated": True, "slice_thickness_mm": 3.0} | acquisition
    angle = np.radians(tilt_degrees)
    matrix = np.eye(4)
    matrix[:3, 0] = (pixel, 0, 0)
    matrix[:3, 1] = (0, pixel * np.cos(angle), pixel * np.sin(angle))
    matrix[:3, 2] = (0, -increment * np.sin(angle), increment * np.cos(angle))
    return Volume(lambda: voxels, (slices, columns, columns), matrix, Acquisition(**facts))


def codes(volume, options=None, **measured):
    measured = {"noise_sd_hu": 15.0, "blood_pool_hu": 45.0, "heart_coverage": 1.0} | measured
    return {note.code for note in fitness.limits(volume, options or CacsOptions(), **measured)}


def test_a_scan_by_the_book_has_no_remark():
    assert codes(a_scan()) == set()


@pytest.mark.parametrize(
    ("scan", "code"),
    [
        ({"gated": False}, "UNGATED"),
        ({"gated": None}, "GATING_UNKNOWN"),
        ({"slice_thickness_mm": 4.0, "increment": 4.0}, "THICK_SLICES"),
        ({"slice_thickness_mm": 5.0, "increment": 5.0}, "VERY_THICK_SLICES"),
        ({"slice_thickness_mm": 1.0, "increment": 1.0}, "THIN_SLICES"),
        ({"slice_thickness_mm": None}, "THICKNESS_UNKNOWN"),
        ({"increment": 4.0}, "SLICE_GAPS"),
        ({"increment": 1.5}, "OVERLAPPING_SLICES"),
        ({"kvp": 100.0}, "KVP_NOT_120"),
        ({"kvp": 140.0}, "KVP_NOT_TABULATED"),
        ({"kvp": None}, "KVP_UNKNOWN"),
        ({"columns": 256}, "SMALL_FIELD"),
        ({"tilt_degrees": 10.0}, "TILTED_SLICES"),
        ({"tilt_degrees": 20.0}, "NOT_AXIAL"),
        ({"tilt_degrees": 90.0}, "NOT_AXIAL"),
        ({"modality": "MR"}, "NOT_CT"),
        ({"slices": 1}, "SINGLE_SLICE"),
        ({"slices": 7}, "TOO_FEW_SLICES"),
    ],
)
def test_each_limit_of_the_acquisition_is_named(scan, code):
    assert code in codes(a_scan(**scan))


@pytest.mark.parametrize(
    ("measured", "code"),
    [
        ({"noise_sd_hu": 21.0}, "NOISE"),
        ({"noise_sd_hu": 31.0}, "STRONG_NOISE"),
        ({"noise_sd_hu": None}, "NOISE_UNKNOWN"),
        ({"blood_pool_hu": 250.0}, "CONTRAST_PRESENT"),
        ({"heart_coverage": 0.8}, "HEART_CUT"),
        ({"cut_at": ("top",)}, "HEART_CUT"),
        ({"metal_present": True}, "METAL"),
        ({"kernel_sharpness": "sharp"}, "SHARP_KERNEL"),
    ],
)
def test_each_limit_of_the_image_is_named(measured, code):
    assert codes(a_scan(), **measured) == {code}


def test_the_published_slice_thickness_of_2_5_mm_is_no_limit():
    assert codes(a_scan(slice_thickness_mm=2.5, increment=2.5)) == set()


def test_a_person_knows_better_than_the_header():
    assert codes(a_scan(gated=None), CacsOptions(gated="yes")) == set()
    assert "UNGATED" in codes(a_scan(gated=True), CacsOptions(gated="no"))
    assert codes(a_scan(), CacsOptions(contrast="non_contrast"), blood_pool_hu=250.0) == set()
    assert codes(a_scan(), CacsOptions(contrast="contrast"), blood_pool_hu=None) == {
        "CONTRAST_PRESENT"
    }


def test_slices_in_reversed_or_supine_order_are_still_axial():
    flipped = a_scan()
    flipped.ijk_to_lps[:3, :3] *= np.array([[-1.0, 1.0, -1.0]])
    assert fitness.tilt_degrees(flipped) == pytest.approx(0.0, abs=1e-6)


def test_every_note_has_both_languages_and_no_open_field():
    everything = fitness.limits(
        a_scan(
            slices=5, increment=6.0, kvp=100.0, gated=False, slice_thickness_mm=5.0, kernel="B70f"
        ),
        CacsOptions(),
        noise_sd_hu=40.0,
        blood_pool_hu=300.0,
        heart_coverage=0.72,
        cut_at=("top", "bottom"),
        metal_present=True,
        kernel_sharpness="sharp",
    )
    assert len(everything) == 11
    assert everything[0].severity == "refusal"
    for note in everything:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in note.message_zh)
        assert "{" not in note.message + note.message_zh
    cut = next(note for note in everything if note.code == "HEART_CUT")
    assert "top and bottom" in cut.message
    assert "72%" in cut.message


def test_voxels_that_cannot_be_scored_are_refused():
    body = np.full((4, 8, 8), 40.0)
    body[:, :2] = -1000.0
    assert voxel_refusal(body) is None
    broken = body.copy()
    broken[0, 0, 0] = np.nan
    assert voxel_refusal(broken).code == "NOT_FINITE"
    assert voxel_refusal(body + 1024).code == "NOT_HU"
    assert voxel_refusal(np.zeros((4, 8, 8), np.int16)).code == "NOT_HU"


def test_gating_and_contrast_decisions_are_available_to_the_reader():
    assert fitness.is_gated(None, CacsOptions()) is None
    assert fitness.has_contrast(120.0, CacsOptions())
    assert not fitness.has_contrast(60.0, CacsOptions())
