"""What is refused, what is passed over, and how a series is asked for."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.fileset import FileSet
from pydicom.uid import generate_uid

from readingroom import imaging
from readingroom.errors import RefusedInput
from Testing.fixtures import dicom_phantom
from Testing.fixtures.dicom_phantom import (
    a_ct_slice,
    an_enhanced_ct,
    save,
    some_anatomy,
    write_ct_slices,
)


def refusal_of(*paths, **options) -> RefusedInput:
    with pytest.raises(RefusedInput) as refusal:
        imaging.load(paths[0] if len(paths) == 1 else paths, **options)
    assert refusal.value.exit_code == 2
    return refusal.value


def test_a_path_that_is_not_there(tmp_path):
    assert refusal_of(tmp_path / "nowhere").code == "PATH_NOT_FOUND"


def test_an_empty_folder(tmp_path):
    assert refusal_of(tmp_path).code == "NO_IMAGES"


@pytest.mark.parametrize("content", [b"hello, this is no image at all", b"\x89PNG\r\n", b""])
@pytest.mark.parametrize("as_folder", [True, False])
def test_files_that_are_no_images(tmp_path, content, as_folder):
    file = tmp_path / "picture"
    file.write_bytes(content)

    assert refusal_of(tmp_path if as_folder else file).code == "NOT_AN_IMAGE"


def test_a_dicom_prefix_and_rubbish(tmp_path):
    file = tmp_path / "x.dcm"
    file.write_bytes(bytes(128) + b"DICM" + bytes(range(256)) * 4)

    assert refusal_of(file).code in ("IMAGE_TRUNCATED", "NO_IMAGES")


@pytest.mark.parametrize("name", ["test-SR.dcm", "rtplan.dcm", "SC_rgb_rle.dcm", "rtdose.dcm"])
def test_dicom_without_a_readable_image(name):
    assert refusal_of(get_testdata_file(name, download=False)).code == "NO_IMAGES"


def test_an_image_without_a_place_in_the_patient():
    path = get_testdata_file("JPEG2000.dcm", download=False)

    assert refusal_of(path).code == "GEOMETRY_MISSING"


@pytest.mark.parametrize(
    "keyword", ["PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"]
)
def test_one_slice_without_geometry_is_not_guessed(tmp_path, keyword):
    def without(dataset, k):
        if k == 3:
            delattr(dataset, keyword)

    write_ct_slices(tmp_path, some_anatomy(), change=without)

    error = refusal_of(tmp_path)
    assert error.code == "GEOMETRY_MISSING"
    assert "1 of 6" in error.what_happened


def test_a_damaged_series_beside_a_good_one_is_left_out_with_a_note(tmp_path):
    write_ct_slices(tmp_path / "good", some_anatomy())
    bad = write_ct_slices(tmp_path / "bad", some_anatomy())
    bad[0].write_bytes(bad[0].read_bytes()[:-100])

    study = imaging.load(tmp_path)

    assert len(study.volumes) == 1
    (note,) = study.notes
    assert (note.code, note.severity) == ("SERIES_SKIPPED", "warning")
    assert "IMAGE_TRUNCATED" in note.message


def test_two_patients_are_refused_without_naming_them(tmp_path):
    def other(dataset, _k):
        dataset.PatientID, dataset.PatientName = "SECRET", "Secret^Name"

    write_ct_slices(tmp_path / "a", some_anatomy(2), series_uid="1.2.1")
    write_ct_slices(tmp_path / "b", some_anatomy(2), series_uid="1.2.2", change=other)

    error = refusal_of(tmp_path)

    assert error.code == "SEVERAL_PATIENTS"
    assert "SECRET" not in str(error).upper()
    assert imaging.load(tmp_path, series="1.2.2").patient.id == "SECRET"


def test_one_patient_whose_name_is_written_in_two_ways_is_one(tmp_path):
    def other(dataset, _k):
        dataset.PatientName = "PHANTOM^TEST^^"

    write_ct_slices(tmp_path / "a", some_anatomy(2))
    write_ct_slices(tmp_path / "b", some_anatomy(2), change=other)

    assert len(imaging.load(tmp_path).volumes) == 2


def test_two_examinations_are_refused_with_their_dates_unless_one_is_named(tmp_path):
    def later(dataset, _k):
        dataset.StudyDate = "20250607"

    write_ct_slices(tmp_path / "a", some_anatomy(2), series_uid="1.2.1")
    write_ct_slices(
        tmp_path / "b", some_anatomy(2), series_uid="1.2.2", study_uid="9.9", change=later
    )

    error = refusal_of(tmp_path)

    assert error.code == "SEVERAL_STUDIES"
    assert "2024-01-31, 2025-06-07" in error.what_happened
    assert imaging.load(tmp_path, series="1.2.2").study_uid == "9.9"


def test_a_series_is_found_by_uid_prefix_and_number(tmp_path):
    for number, uid in ((3, "1.2.55.1"), (14, "1.2.77.1")):

        def numbered(dataset, _k, number=number):
            dataset.SeriesNumber = number

        write_ct_slices(
            tmp_path, some_anatomy(2), series_uid=uid, prefix=f"s{number}", change=numbered
        )

    assert [v.series_number for v in imaging.load(tmp_path).volumes] == [3, 14]
    for asked in ("1.2.77.1", "1.2.7", "14"):
        (volume,) = imaging.load(tmp_path, series=asked).volumes
        assert volume.series_uid == "1.2.77.1"
    for asked in ("1.2", "4", "", "9.9"):
        error = refusal_of(tmp_path, series=asked)
        assert error.code == "SERIES_UNKNOWN"
        assert "1.2.55.1" in error.what_to_do
        assert "14 CT (2 images" in error.what_to_do


def test_series_whose_uids_were_removed_stay_apart(tmp_path):
    for number in (1, 2):

        def anonymised(dataset, _k, number=number):
            dataset.SeriesInstanceUID = dataset.StudyInstanceUID = dataset.SOPInstanceUID = ""
            dataset.PatientID = dataset.PatientName = ""
            dataset.SeriesNumber = number
            dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number}"

        write_ct_slices(tmp_path, some_anatomy(3), prefix=f"s{number}", change=anonymised)

    volumes = imaging.load(tmp_path).volumes

    assert [volume.shape for volume in volumes] == [(3, 24, 32)] * 2
    assert not volumes[0].is_dicom


def test_a_dicomdir_leads_to_its_files_and_misses_the_absent(tmp_path):
    voxels = some_anatomy()
    paths = write_ct_slices(tmp_path / "in", voxels)
    files = FileSet()
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.StudyID = "1"
        dataset.AccessionNumber = ""
        files.add(dataset)
    files.write(tmp_path / "disc")
    dicomdir = tmp_path / "disc" / "DICOMDIR"

    np.testing.assert_array_equal(imaging.load(dicomdir).volumes[0].array, voxels)
    np.testing.assert_array_equal(imaging.load(tmp_path / "disc").volumes[0].array, voxels)

    gone = next(p for p in (tmp_path / "disc").rglob("*") if p.is_file() and p != dicomdir)
    gone.unlink()
    assert [note.code for note in imaging.load(dicomdir).notes] == ["FILES_ABSENT"]


def test_files_can_be_listed_one_by_one(tmp_path):
    voxels = some_anatomy()
    paths = write_ct_slices(tmp_path, voxels)

    (volume,) = imaging.load([paths[3], *paths]).volumes

    np.testing.assert_array_equal(volume.array, voxels)


def test_files_without_preamble_are_read(tmp_path):
    paths = write_ct_slices(tmp_path, some_anatomy(3), syntax="1.2.840.10008.1.2")
    for path in paths:
        dataset = pydicom.dcmread(path)
        bare = pydicom.Dataset(dataset)
        pydicom.dcmwrite(path, bare, implicit_vr=True, little_endian=True)

    assert imaging.load(tmp_path).volumes[0].shape == (3, 24, 32)


def test_enhanced_ct_frames_are_ordered_rescaled_and_explained(tmp_path):
    voxels = some_anatomy(5)
    save(an_enhanced_ct(voxels, order=[3, 0, 4, 1, 2]), tmp_path / "enhanced.dcm")

    (volume,) = imaging.load(tmp_path / "enhanced.dcm").volumes

    np.testing.assert_array_equal(volume.array, voxels)
    np.testing.assert_allclose(volume.ijk_to_lps @ (0, 0, 0, 1), [-100, -80, 40, 1])
    assert volume.spacing_mm == pytest.approx((2.5, 0.7, 0.6))
    assert len(volume.instance_uids) == len(volume.files) == 1
    facts = volume.acquisition
    assert (facts.kvp, facts.kernel, facts.slice_thickness_mm) == (100.0, "Br36d", 2.5)
    assert (facts.tube_current_ma, facts.exposure_mas) == (321.0, 77.0)
    assert facts.gated is True
    assert facts.acquired_at == "2024-01-31T10:11:12"


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"])
def test_time_points_of_an_enhanced_ct_become_volumes(tmp_path, syntax):
    voxels = some_anatomy(12)
    enhanced = an_enhanced_ct(voxels, times=3, order=np.random.default_rng(5).permutation(12))
    save(enhanced, tmp_path / "enhanced.dcm", syntax)

    volumes = imaging.load(tmp_path).volumes

    assert len(volumes) == 3
    for time, volume in enumerate(volumes):
        np.testing.assert_array_equal(volume.array, voxels[4 * time : 4 * time + 4])


def test_a_multiframe_ct_without_functional_groups_has_no_geometry(tmp_path):
    dataset = a_ct_slice(some_anatomy(1)[0], (0, 0, 0))
    dataset.NumberOfFrames = 2
    dataset.PixelData = dataset.PixelData * 2
    save(dataset, tmp_path / "x")

    assert refusal_of(tmp_path).code == "GEOMETRY_MISSING"


@pytest.mark.parametrize("seed", range(40))
def test_damaged_headers_end_in_a_volume_or_in_a_refusal(tmp_path, monkeypatch, seed):
    random = np.random.default_rng(seed)
    # The same file in every run: UIDs of other lengths would put the damage elsewhere.
    numbers = itertools.count()
    monkeypatch.setattr(
        dicom_phantom, "generate_uid", lambda: generate_uid(entropy_srcs=[str(next(numbers))])
    )
    if seed % 2:
        save(an_enhanced_ct(some_anatomy(3)), tmp_path / "enhanced")
    else:
        write_ct_slices(tmp_path, some_anatomy(2))
    path = sorted(tmp_path.iterdir())[0]
    content = bytearray(path.read_bytes())
    for place in random.integers(132, 1200, 6):
        content[place] = random.integers(256)
    path.write_bytes(content)

    try:
        for volume in imaging.load(tmp_path).volumes:
            assert volume.array.shape == volume.shape
    except RefusedInput as refusal:
        assert refusal.what_to_do


def test_importing_the_package_costs_nothing():
    code = (
        "import sys, readingroom.imaging as package; package.load; "
        "print([m for m in ('torch', 'scipy', 'SimpleITK', 'pydicom', 'nibabel') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
