"""From stored bytes to Hounsfield units: syntaxes, rescaling, padding, signs."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLosslessSV1

from readingroom import imaging
from readingroom.errors import RefusedInput
from Testing.fixtures.dicom_phantom import (
    a_ct_slice,
    an_angiogram,
    save,
    set_pixels,
    some_anatomy,
    write_ct_slices,
)
from Testing.fixtures.jpeg_lossless import encode

SYNTAXES = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": "1.2.840.10008.1.2.1",
    "deflated": "1.2.840.10008.1.2.1.99",
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
}


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_every_lossless_syntax_gives_the_same_hounsfield_units(tmp_path, syntax):
    voxels = some_anatomy(4, 64, 72)
    write_ct_slices(tmp_path, voxels, syntax=syntax)

    array = imaging.load(tmp_path).volumes[0].array

    assert array.dtype == np.int16
    np.testing.assert_array_equal(array, voxels)


def test_jpeg_lossless_gives_the_same_hounsfield_units(tmp_path):
    def compress(dataset, k):
        stored = np.frombuffer(dataset.PixelData, "<u2").reshape(24, 32)
        dataset.PixelData = encapsulate([encode(stored, precision=12)])
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        dataset.save_as(tmp_path / f"slice{k}", enforce_file_format=True)

    voxels = some_anatomy(4)
    for k, image in enumerate(voxels):
        dataset = a_ct_slice(image, (0, 0, 2.0 * k))
        dataset.SeriesInstanceUID = "1.2.3"
        compress(dataset, k)

    np.testing.assert_array_equal(imaging.load(tmp_path).volumes[0].array, voxels)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"])
def test_signed_values_of_twelve_bits_keep_their_sign(tmp_path, syntax):
    stored = np.random.default_rng(3).integers(-2048, 2047, (3, 24, 32), np.int16)

    def signed(dataset, k):
        set_pixels(dataset, stored[k], bits_stored=12, signed=True)
        dataset.RescaleIntercept = "0"

    write_ct_slices(tmp_path, stored, change=signed, syntax=syntax)

    np.testing.assert_array_equal(imaging.load(tmp_path).volumes[0].array, stored)


def test_overlay_bits_above_the_stored_ones_are_no_hounsfield_units(tmp_path):
    voxels = some_anatomy(3)

    def with_overlay(dataset, _k):
        values = np.frombuffer(dataset.PixelData, "<u2").copy()
        values[::3] |= 0x8000
        dataset.PixelData = values.tobytes()

    write_ct_slices(tmp_path, voxels, change=with_overlay)

    np.testing.assert_array_equal(imaging.load(tmp_path).volumes[0].array, voxels)


def test_each_slice_has_its_own_rescale_and_fractions_make_floats(tmp_path):
    def like_pet(dataset, k):
        dataset.Modality = "PT"
        dataset.RescaleSlope, dataset.RescaleIntercept = str(0.37 * (k + 1)), "0"

    voxels = some_anatomy(4)
    write_ct_slices(tmp_path, voxels, change=like_pet)

    array = imaging.load(tmp_path).volumes[0].array

    assert array.dtype == np.float32
    for k, image in enumerate(array):
        np.testing.assert_allclose(image, (voxels[k] + 1024.0) * 0.37 * (k + 1), rtol=1e-6)


def test_whole_slopes_of_each_slice_stay_whole(tmp_path):
    def scaled(dataset, k):
        dataset.RescaleSlope, dataset.RescaleIntercept = str(k + 1), str(-1024 * (k + 1))

    voxels = some_anatomy(4)
    write_ct_slices(tmp_path, voxels, change=scaled)

    array = imaging.load(tmp_path).volumes[0].array

    assert array.dtype == np.int16
    np.testing.assert_array_equal(array, voxels * np.arange(1, 5)[:, None, None])


def test_values_beyond_sixteen_bits_become_floats_not_wraps(tmp_path):
    def metal(dataset, k):
        stored = np.full((24, 32), 60000 if k == 1 else 5, np.int32)
        set_pixels(dataset, stored)

    write_ct_slices(tmp_path, some_anatomy(3), change=metal)

    array = imaging.load(tmp_path).volumes[0].array

    assert array.dtype == np.float32
    assert array.max() == 60000 - 1024
    assert array.min() == 5 - 1024


@pytest.mark.parametrize(
    ("padding", "limit"), [(63536, None), (-2000, None), (-2000, -1990)], ids=str
)
def test_padding_becomes_air_whatever_sign_its_value_was_written_with(tmp_path, padding, limit):
    voxels = some_anatomy(3)

    def padded(dataset, k):
        stored = voxels[k].astype(np.int32) + 1024
        stored[:5] = -2000 if limit is None else -1995
        set_pixels(dataset, stored, signed=True)
        dataset.add_new(0x00280120, "US" if padding > 0 else "SS", padding)
        if limit is not None:
            dataset.add_new(0x00280121, "SS", limit)

    write_ct_slices(tmp_path, voxels, change=padded)

    array = imaging.load(tmp_path).volumes[0].array

    assert array.dtype == np.int16
    assert (array[:, :5] == -1024).all()
    np.testing.assert_array_equal(array[:, 5:], voxels[:, 5:])


def test_padding_that_would_not_fit_does_not_force_floats(tmp_path):
    def padded(dataset, _k):
        stored = np.full((24, 32), 1000, np.int32)
        stored[0] = -32768
        set_pixels(dataset, stored, signed=True)
        dataset.add_new(0x00280120, "SS", -32768)

    write_ct_slices(tmp_path, some_anatomy(3), change=padded)

    array = imaging.load(tmp_path).volumes[0].array

    assert array.dtype == np.int16
    assert (array.min(), array.max()) == (-1024, -24)


def test_a_ct_without_rescale_is_noted_where_its_values_can_be_hounsfield_units(tmp_path):
    voxels = some_anatomy(3)

    def without(dataset, k):
        set_pixels(dataset, voxels[k], signed=True)
        del dataset.RescaleSlope
        del dataset.RescaleIntercept

    write_ct_slices(tmp_path, voxels, change=without)

    (volume,) = imaging.load(tmp_path).volumes

    assert [(n.code, n.severity) for n in volume.notes] == [("RESCALE_MISSING", "warning")]
    np.testing.assert_array_equal(volume.array, voxels)


def test_a_ct_without_rescale_is_refused_where_they_cannot(tmp_path):
    def without(dataset, _k):
        del dataset.RescaleSlope
        del dataset.RescaleIntercept

    write_ct_slices(tmp_path, some_anatomy(3), change=without)

    with pytest.raises(RefusedInput, match="RESCALE_MISSING"):
        imaging.load(tmp_path)


def test_monochrome1_changes_the_display_of_ct_and_not_its_units(tmp_path):
    voxels = some_anatomy(3)

    def inverted(dataset, _k):
        dataset.PhotometricInterpretation = "MONOCHROME1"

    write_ct_slices(tmp_path, voxels, change=inverted)

    np.testing.assert_array_equal(imaging.load(tmp_path).volumes[0].array, voxels)


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_cines_have_one_polarity_and_their_times(tmp_path, photometric):
    frames = np.random.default_rng(1).integers(0, 1024, (5, 20, 30))
    save(an_angiogram(frames, photometric=photometric), tmp_path / "xa")

    (cine,) = imaging.load(tmp_path).cines

    expected = frames if photometric == "MONOCHROME2" else 1023 - frames
    np.testing.assert_array_equal(cine.array, expected)
    assert cine.frame_times_ms == (0.0, 66.0, 132.0, 198.0, 264.0)
    assert cine.pixel_spacing_mm == (0.3, 0.3)


def test_voxels_cannot_be_changed_by_accident(tmp_path):
    write_ct_slices(tmp_path, some_anatomy(2))
    (volume,) = imaging.load(tmp_path).volumes

    with pytest.raises(ValueError, match="read-only"):
        volume.array[0, 0, 0] = 7


@pytest.mark.parametrize("shorter_by", [1, 700, 1600])
def test_a_truncated_slice_is_refused_from_the_header_scan(tmp_path, shorter_by):
    path = write_ct_slices(tmp_path, some_anatomy())[2]
    path.write_bytes(path.read_bytes()[:-shorter_by])

    with pytest.raises(RefusedInput) as refusal:
        imaging.load(tmp_path)

    assert refusal.value.code == "IMAGE_TRUNCATED"


@pytest.mark.parametrize("syntax", ["RLE", "JPEG-LS", "JPEG 2000"])
def test_a_truncated_compressed_slice_is_refused(tmp_path, syntax):
    path = write_ct_slices(tmp_path, some_anatomy(4, 64, 72), syntax=SYNTAXES[syntax])[2]
    path.write_bytes(path.read_bytes()[:-300])

    with pytest.raises(RefusedInput) as refusal:
        imaging.load(tmp_path)

    assert refusal.value.code == "IMAGE_TRUNCATED"


@pytest.mark.parametrize(("syntax", "kept_bytes"), [("deflated", 600), ("explicit", 500)])
def test_a_file_too_short_to_name_its_series_is_noted_and_its_place_filled(
    tmp_path, syntax, kept_bytes
):
    path = write_ct_slices(tmp_path, some_anatomy(), syntax=SYNTAXES[syntax])[2]
    path.write_bytes(path.read_bytes()[:kept_bytes])

    study = imaging.load(tmp_path)

    assert [note.code for note in study.notes] == ["FILES_DAMAGED"]
    assert [note.code for note in study.volumes[0].notes] == ["MISSING_SLICES"]


def test_damage_inside_compressed_pixels_is_refused_when_decoded(tmp_path):
    path = write_ct_slices(tmp_path, some_anatomy(4, 64, 72), syntax=SYNTAXES["JPEG 2000"])[1]
    dataset = pydicom.dcmread(path)
    dataset.PixelData = encapsulate([b"\xff\x4f\xff\x51" + bytes(400)])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    (volume,) = imaging.load(tmp_path).volumes

    with pytest.raises(RefusedInput) as refusal:
        _ = volume.array

    assert refusal.value.code == "IMAGE_UNDECODABLE"


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_implicit.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_padded.dcm",
        "J2K_pixelrep_mismatch.dcm",
        "693_J2KI.dcm",
    ],
)
def test_files_of_many_writers_agree_with_pydicom(name):
    path = get_testdata_file(name, download=False)
    dataset = pydicom.dcmread(path)

    study = imaging.load(path)

    array = study.volumes[0].array[0] if study.volumes else study.cines[0].array[0]
    slope = float(dataset.get("RescaleSlope", 1))
    intercept = float(dataset.get("RescaleIntercept", 0))
    padding = dataset.get("PixelPaddingValue")
    kept = dataset.pixel_array != padding if padding is not None else np.ones_like(array, bool)
    expected = dataset.pixel_array * slope + intercept
    np.testing.assert_allclose(np.asarray(array)[kept], expected[kept])
