"""Real series beside the repository; skipped where they are absent."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from readingroom import imaging
from readingroom.errors import RefusedInput
from readingroom.imaging.quality import body_cut_fraction, noise_sd


def read_with_simpleitk(files) -> tuple[np.ndarray, np.ndarray]:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(file) for file in files])
    image = reader.Execute()
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image), matrix


def test_the_calcium_phantom_agrees_with_simpleitk(shared_data):
    folder = shared_data / "cac_qrm_phantom" / "dicom"
    (volume,) = imaging.load(folder).volumes
    voxels, matrix = read_with_simpleitk(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(folder))

    np.testing.assert_array_equal(volume.array, voxels)
    np.testing.assert_allclose(volume.ijk_to_lps, matrix, atol=1e-3)
    facts = volume.acquisition
    assert (facts.kvp, facts.kernel, facts.slice_increment_mm) == (120.0, "FC12", 3.0)


def test_the_jpeg_lossless_chest_agrees_with_simpleitk_but_for_its_padding(shared_data):
    (whole,) = imaging.load(shared_data / "chest_ct_ricord").volumes
    (volume,) = imaging.load(whole.files[80:100]).volumes
    voxels, matrix = read_with_simpleitk(volume.files)

    padded = voxels == -3024
    np.testing.assert_array_equal(volume.array[~padded], voxels[~padded])
    assert (volume.array[padded] == -1024).all()
    np.testing.assert_allclose(volume.ijk_to_lps, matrix, atol=1e-3)
    assert whole.shape == (185, 512, 512)
    assert volume.acquisition.gated is False
    assert 5 < noise_sd(volume.array, volume.spacing_mm) < 60
    assert 0 <= body_cut_fraction(volume.array) < 0.6


def test_the_anonymised_jpeg2000_abdomen_loads_without_uids(shared_data):
    folder = shared_data / "ct_abdomen_dicom"
    (volume,) = imaging.load(folder).volumes

    assert volume.shape == (20, 512, 512)
    assert volume.spacing_mm == pytest.approx((2.0, 0.9765625, 0.9765625))
    assert (volume.array.min(), volume.array.max()) == (-1024, 1839)
    assert volume.acquisition.contrast_agent == "APPLIED"
    assert not volume.is_dicom


def test_one_angiogram_in_six_syntaxes_is_one_picture(shared_data):
    files = sorted((shared_data / "xa_cine" / "codecs").glob("XA1_J[2LP]*[ILNR].dcm"))
    frames = {file.stem[4:]: imaging.load(file).cines[0].array[0] for file in files}

    rle = imaging.load(shared_data / "xa_cine" / "codecs" / "XA1_RLE.dcm").cines[0].array[0]
    for lossless in ("J2KR", "JLSL", "JPLL"):
        np.testing.assert_array_equal(frames[lossless], rle)
    for lossy in ("J2KI", "JLSN"):
        difference = frames[lossy].astype(int) - rle.astype(int)
        assert np.abs(difference).mean() < 6


def test_the_angiogram_is_a_cine_of_96_frames(shared_data):
    (cine,) = imaging.load(shared_data / "xa_cine" / "coronary_96_frames.dcm").cines

    assert cine.array.shape == cine.shape == (96, 512, 512)
    assert cine.frame_times_ms[1] == pytest.approx(33)


def test_the_folder_of_two_patients_is_refused(shared_data):
    with pytest.raises(RefusedInput, match="SEVERAL_PATIENTS"):
        imaging.load(shared_data / "xa_cine")


def test_segmentations_beside_the_images_are_passed_over(shared_data):
    study = imaging.load(shared_data / "dicom_seg_liver")

    assert [volume.shape for volume in study.volumes] == [(3, 512, 512)]
    assert [note.code for note in study.notes] == ["OBJECTS_SKIPPED"]
