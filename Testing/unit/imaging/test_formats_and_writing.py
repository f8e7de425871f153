"""NIfTI, NRRD and MetaImage in and out, DICOM CT series out, checksums."""

from __future__ import annotations

import shutil
import subprocess

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK

from readingroom import imaging
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.imaging.write import SeriesIdentity, write_ct_series, write_volume
from readingroom.study import Acquisition, Patient
from Testing.fixtures.dicom_phantom import some_anatomy


def an_oblique_grid() -> np.ndarray:
    rotation, _ = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * (0.61, 0.73, 2.9)
    matrix[:3, 3] = (-123.4567, 77.8912, -1034.1234)
    return matrix


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.nhdr", "a.mha", "a.mhd"])
def test_every_format_keeps_voxels_and_places(tmp_path, name):
    voxels, matrix = some_anatomy(), an_oblique_grid()
    write_volume(voxels, matrix, tmp_path / name)

    (volume,) = imaging.load(tmp_path / name).volumes

    assert volume.array.dtype == np.int16
    np.testing.assert_array_equal(volume.array, voxels)
    corners = [[0, 0, 0], [5, 23, 31]]
    expected = [matrix[:3, 3], matrix[:3, :3] @ (31, 23, 5) + matrix[:3, 3]]
    np.testing.assert_allclose(volume.lps_from_kji(corners), expected, atol=1e-3)
    assert not volume.is_dicom
    assert volume.description == "a"


def test_a_nifti_affine_is_turned_from_ras_to_lps(tmp_path):
    affine = np.diag([-0.8, 0.9, 3.0, 1.0])
    affine[:3, 3] = (10, -20, 30)
    voxels = some_anatomy()
    nibabel.save(nibabel.Nifti1Image(voxels.T, affine), tmp_path / "x.nii.gz")

    (volume,) = imaging.load(tmp_path / "x.nii.gz").volumes

    np.testing.assert_array_equal(volume.array, voxels)
    np.testing.assert_allclose(volume.lps_from_kji([0, 0, 0]), [-10, 20, 30], atol=1e-5)
    np.testing.assert_allclose(volume.ijk_to_lps.diagonal()[:3], [0.8, -0.9, 3.0], atol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "scale", "expected"),
    [(np.float64, 1.0, np.int16), (np.float32, 0.25, np.float32), (np.uint16, 20, np.float32)],
)
def test_whole_values_that_fit_are_int16_and_others_float32(tmp_path, dtype, scale, expected):
    voxels = ((some_anatomy() + 1024) * scale).astype(dtype)
    write_volume(voxels, np.eye(4), tmp_path / "x.nrrd")

    array = imaging.load(tmp_path / "x.nrrd").volumes[0].array

    assert array.dtype == expected
    np.testing.assert_allclose(array, voxels)


def refusal_of(path) -> str:
    with pytest.raises(RefusedInput) as refusal:
        _ = imaging.load(path).volumes[0].array
    return refusal.value.code


def test_four_dimensions_are_refused_and_one_volume_in_four_is_not(tmp_path):
    voxels = some_anatomy().T[..., None]
    nibabel.save(nibabel.Nifti1Image(np.repeat(voxels, 3, axis=3), np.eye(4)), tmp_path / "4.nii")
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), tmp_path / "1.nii")

    assert refusal_of(tmp_path / "4.nii") == "IMAGE_4D"
    assert imaging.load(tmp_path / "1.nii").volumes[0].array.shape == (6, 24, 32)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path, bad):
    voxels = some_anatomy().astype(np.float32)
    voxels[2, 3, 4] = bad
    write_volume(voxels, np.eye(4), tmp_path / "x.nrrd")

    assert refusal_of(tmp_path / "x.nrrd") == "IMAGE_NOT_FINITE"


@pytest.mark.parametrize("name", ["x.nii.gz", "x.nii", "x.nrrd", "x.mha"])
def test_cut_off_empty_and_foreign_files_are_refused(tmp_path, name):
    path = write_volume(some_anatomy(20), np.eye(4), tmp_path / name)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refusal_of(path) in ("IMAGE_TRUNCATED", "NOT_AN_IMAGE")
    path.write_bytes(b"")
    assert refusal_of(path) == "NOT_AN_IMAGE"
    path.write_bytes(b"this is a letter to the radiologist" * 20)
    assert refusal_of(path) == "NOT_AN_IMAGE"


def test_colour_and_flat_pictures_are_refused(tmp_path):
    SimpleITK.WriteImage(
        SimpleITK.GetImageFromArray(np.zeros((3, 4, 5, 3), np.uint8), isVector=True),
        tmp_path / "rgb.mha",
    )
    SimpleITK.WriteImage(
        SimpleITK.GetImageFromArray(np.zeros((4, 5), np.uint8)), tmp_path / "flat.mha"
    )

    assert refusal_of(tmp_path / "rgb.mha") == "NOT_GREYSCALE"
    assert refusal_of(tmp_path / "flat.mha") == "GEOMETRY_MISSING"


def test_a_folder_with_one_volume_file_is_that_file_and_with_two_a_question(tmp_path):
    write_volume(some_anatomy(), np.eye(4), tmp_path / "one.nrrd")
    assert imaging.load(tmp_path).volumes[0].shape == (6, 24, 32)

    write_volume(some_anatomy(), np.eye(4), tmp_path / "two.nrrd")
    assert refusal_of(tmp_path) == "SEVERAL_FILES"
    both = imaging.load([tmp_path / "one.nrrd", tmp_path / "two.nrrd"])
    assert [volume.description for volume in both.volumes] == ["one", "two"]


def test_a_written_ct_series_comes_back_with_its_facts(tmp_path):
    voxels, matrix = some_anatomy(), an_oblique_grid()
    facts = Acquisition(
        modality="CT",
        kvp=100,
        kernel="Br36d\\3",
        slice_thickness_mm=3.0,
        gated=True,
        contrast_agent="Iohexol",
        manufacturer="SIEMENS",
        model="Force",
        body_part="HEART",
        tube_current_ma=300,
        exposure_mas=80,
        patient_position="FFS",
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
    )
    patient = Patient(id="T1", name="Muster^Frau^Ärztin", sex="F", age_years=58)
    identity = SeriesIdentity(patient=patient, description="Ca score", series_number=7)

    paths = write_ct_series(voxels, matrix, tmp_path, identity, facts)
    study = imaging.load(tmp_path)

    (volume,) = study.volumes
    np.testing.assert_array_equal(volume.array, voxels)
    corner = matrix[:3, :3] @ (31, 23, 5) + matrix[:3, 3]
    np.testing.assert_allclose(volume.lps_from_kji([5, 23, 31]), corner, atol=1e-3)
    assert list(volume.files) == paths
    assert (study.patient, volume.description, volume.series_number) == (patient, "Ca score", 7)
    kept = volume.acquisition
    assert kept.acquired_at == "2000-01-01T12:00:00"
    for name in vars(facts):
        if name not in ("slice_increment_mm", "acquired_at"):
            assert getattr(kept, name) == getattr(facts, name), name
    header = pydicom.dcmread(paths[0])
    assert header.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert header.SOPInstanceUID == header.file_meta.MediaStorageSOPInstanceUID


def test_a_written_ct_series_conforms(tmp_path):
    validator = shutil.which("dciodvfy")
    if validator is None:
        pytest.fail("dciodvfy (Debian package dicom3tools) is not installed")
    paths = write_ct_series(some_anatomy(2, 64, 64), an_oblique_grid(), tmp_path)

    done = subprocess.run([validator, str(paths[1])], capture_output=True, text=True, check=False)

    assert "Error" not in done.stdout + done.stderr


def test_values_that_do_not_fit_and_places_that_cannot_be_written_are_refused(tmp_path):
    with pytest.raises(RefusedInput, match="VALUES_OUT_OF_RANGE"):
        write_ct_series(np.full((1, 4, 4), 40000.0), np.eye(4), tmp_path)
    with pytest.raises(RefusedInput, match="FORMAT_UNKNOWN"):
        write_volume(some_anatomy(), np.eye(4), tmp_path / "x.jpg")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ReadingRoomError, match="WRITE_FAILED") as error:
        write_ct_series(some_anatomy(), np.eye(4), tmp_path / "file" / "below")
    assert error.value.exit_code == 1
    with pytest.raises(ReadingRoomError, match="WRITE_FAILED"):
        write_volume(some_anatomy(), np.eye(4), tmp_path / "file" / "x.nrrd")


def test_the_checksum_is_that_of_the_image_and_not_of_the_file(tmp_path):
    voxels, matrix = some_anatomy(), np.diag([0.7, 0.7, 2.5, 1.0])
    write_volume(voxels, matrix, tmp_path / "a.nrrd")
    write_volume(voxels, matrix, tmp_path / "b.mha")
    write_ct_series(voxels, matrix, tmp_path / "dicom")
    voxels[0, 0, 0] += 1
    write_volume(voxels, matrix, tmp_path / "other.nrrd")
    matrix[2, 3] += 0.01
    write_volume(voxels, matrix, tmp_path / "moved.nrrd")

    names = ("a.nrrd", "b.mha", "dicom", "other.nrrd", "moved.nrrd")
    sums = [imaging.digest(imaging.load(tmp_path / name).volumes[0]) for name in names]

    assert sums[0] == sums[1] == sums[2]
    assert len(set(sums)) == 3
    assert len(sums[0]) == 64
