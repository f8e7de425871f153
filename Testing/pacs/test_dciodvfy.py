"""dciodvfy finds no error, and no warning but those known, in what we write."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from readingroom.imaging import load
from readingroom.report import seg, sr
from readingroom.study import Study
from Testing.fixtures.dicom_phantom import CORONAL, an_enhanced_ct, save
from Testing.fixtures.report_cases import SPACING, a_chest, a_reading, a_study

#: Warnings that stay, and why.
KNOWN_WARNINGS = {
    "would be needed to build DICOMDIR": "the source images lack a study ID or time",
    "Unrecognized defined term <99RR>": "our local codes; the validator lists others' only",
    "Retired Person Name form": "the patient's name in the source has one component",
}


def a_plain_series(folder: Path) -> Study:
    return a_study(folder)


def a_coronal_series(folder: Path) -> Study:
    return a_study(folder, directions=CORONAL, step=(0.0, 2.5, 0.0))


def a_series_with_a_missing_slice(folder: Path) -> Study:
    return a_study(folder, leave_out=(7,))


def a_tilted_series(folder: Path) -> Study:
    return a_study(folder, step=(0.0, 0.9, 2.5))


def an_anonymous_series(folder: Path) -> Study:
    def anonymise(dataset, k):
        for keyword in ("PatientName", "PatientID", "PatientSex", "PatientAge", "StudyTime"):
            delattr(dataset, keyword)

    return a_study(folder, change=anonymise)


def a_chinese_patient(folder: Path) -> Study:
    def name(dataset, k):
        dataset.SpecificCharacterSet = "GB18030"
        dataset.PatientName = "Wang^XiaoDong=王^小东"
        dataset.InstitutionName = "人民医院"

    return a_study(folder, change=name)


def a_multiframe_image(folder: Path) -> Study:
    folder.mkdir()
    save(an_enhanced_ct(a_chest(), spacing=SPACING), folder / "one")
    return load(folder)


def a_series_without_slice_thickness(folder: Path) -> Study:
    def forget(dataset, k):
        dataset.SliceThickness = None if k % 2 else "2.5"

    return a_study(folder, change=forget)


SERIES = (
    a_plain_series,
    a_coronal_series,
    a_series_with_a_missing_slice,
    a_tilted_series,
    an_anonymous_series,
    a_chinese_patient,
    a_multiframe_image,
    a_series_without_slice_thickness,
)
READINGS = {
    "proposed": {},
    "reviewed": {"status": "reviewed", "reviewer": "李伟", "revision": 2},
    "signed": {
        "status": "signed",
        "reviewer": "Lee^Ann",
        "audit": [{"action": "signed", "at": "2026-03-15T08:30:00+08:00"}],
    },
}


@pytest.fixture
def complaints(dciodvfy) -> Callable[[Path], list[str]]:
    """Return what the validator says about a file, without the known warnings."""

    def _complaints(path: Path) -> list[str]:
        done = subprocess.run([dciodvfy, str(path)], capture_output=True, text=True, check=False)
        lines = (done.stderr + done.stdout).splitlines()
        said = [line for line in lines if line.startswith(("Error", "Warning", "Abort"))]
        return [line for line in said if not any(known in line for known in KNOWN_WARNINGS)]

    return _complaints


def test_the_validator_does_complain_about_a_bad_object(tmp_path, dciodvfy, complaints):
    study = a_study(tmp_path / "ct")
    path = seg.write(a_reading(study), study.volumes[0], tmp_path / "seg.dcm")
    spoilt = path.read_bytes().replace(b"BINARY", b"BYNARY")
    path.write_bytes(spoilt)

    assert any(line.startswith("Error") for line in complaints(path))


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.__name__)
def test_seg_and_sr_of_every_kind_of_series(tmp_path, complaints, series):
    study = series(tmp_path / "ct")
    reading, volume = a_reading(study), study.volumes[0]

    seg_path = seg.write(reading, volume, tmp_path / "seg.dcm")
    sr_path = sr.write(reading, volume, tmp_path / "sr.dcm", seg_path)

    assert complaints(seg_path) == []
    assert complaints(sr_path) == []


@pytest.mark.parametrize("with_seg", [True, False])
@pytest.mark.parametrize("state", READINGS)
def test_seg_and_sr_of_every_state_of_a_reading(tmp_path, complaints, state, with_seg):
    study = a_study(tmp_path / "ct")
    reading, volume = a_reading(study, **READINGS[state]), study.volumes[0]

    seg_path = seg.write(reading, volume, tmp_path / "seg.dcm")
    sr_path = sr.write(reading, volume, tmp_path / "sr.dcm", seg_path if with_seg else None)

    assert complaints(seg_path) == []
    assert complaints(sr_path) == []


def test_contrast_derived_values(tmp_path, complaints):
    study = a_study(tmp_path / "ct")
    reading = a_reading(study, contrast_derived=True)

    assert complaints(sr.write(reading, study.volumes[0], tmp_path / "sr.dcm")) == []


def test_a_reading_without_a_lesion(tmp_path, complaints):
    study = a_study(tmp_path / "ct", ())
    reading, volume = a_reading(study, ()), study.volumes[0]

    seg_path = seg.write(reading, volume, tmp_path / "seg.dcm")

    assert complaints(seg_path) == []
    assert complaints(sr.write(reading, volume, tmp_path / "sr.dcm", seg_path)) == []


def test_a_real_compressed_series(tmp_path, complaints, shared_data):
    study = load(shared_data / "chest_ct_ricord")
    reading, volume = a_reading(study), study.volumes[0]

    seg_path = seg.write(reading, volume, tmp_path / "seg.dcm")

    assert complaints(seg_path) == []
    assert complaints(sr.write(reading, volume, tmp_path / "sr.dcm", seg_path)) == []
