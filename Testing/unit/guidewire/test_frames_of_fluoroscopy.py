"""Frames made alike: range, polarity, collimator; and the cine's scale and times."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.uid import JPEGExtended12Bit

from readingroom import imaging
from readingroom.errors import RefusedInput
from readingroom.readers.guidewire.frames import normalise
from Testing.fixtures.dicom_phantom import an_angiogram, save
from Testing.fixtures.fluoroscopy import a_curve, a_frame, some_frames


def on_the_wire(frame: np.ndarray) -> float:
    """Mean grey value on the wire less that five pixels beside it."""
    points = a_curve()[20:-20]
    x, y = np.rint(points.T).astype(int)
    return float(frame[y, x].mean() - frame[y + 5, x].mean())


@pytest.mark.parametrize(
    "given",
    [
        some_frames(),
        some_frames().astype(np.uint16) * 16 + 100,
        (some_frames().astype(np.int16) - 128) * 200,
        some_frames() / 255.0,
    ],
    ids=["8 bit", "12 bit", "signed 16 bit", "float"],
)
def test_every_depth_becomes_the_same(given):
    frames = normalise(given)

    assert frames.array.dtype == np.float32
    assert frames.array.shape == (6, 128, 128)
    assert frames.array.min() == 0 and frames.array.max() == pytest.approx(1)
    np.testing.assert_allclose(frames.array, normalise(some_frames()).array, atol=1e-3)
    assert frames.polarity == "dark" and frames.field_mask.all() and frames.notes == ()


def test_bright_devices_are_made_dark():
    frames = normalise(255 - some_frames())

    assert frames.polarity == "bright"
    assert [note.code for note in frames.notes] == ["FRAMES_INVERTED"]
    assert on_the_wire(frames.array[0]) < -0.1


def test_the_polarity_can_be_said():
    assert normalise(some_frames(), polarity="bright").polarity == "bright"
    assert on_the_wire(normalise(some_frames(), polarity="bright").array[0]) > 0.1


def test_one_frame_and_colour_are_read():
    assert normalise(a_frame()).array.shape == (1, 128, 128)

    coloured = normalise(np.repeat(some_frames()[..., None], 3, axis=3))

    assert [note.code for note in coloured.notes] == ["COLOUR_FRAMES"]
    np.testing.assert_allclose(coloured.array, normalise(some_frames()).array, atol=5e-3)


@pytest.mark.parametrize("shape", ["disc", "blades", "corner text"])
def test_the_collimator_is_found(shape):
    y, x = np.mgrid[:128, :128]
    field = np.hypot(x - 64, y - 64) < 62 if shape == "disc" else (x > 14) & (y < 110)
    given = np.where(field, np.maximum(some_frames(), 25), 0).astype(np.uint8)
    if shape == "corner text":
        given[:, 118:122, 60:90:2] = 255

    frames = normalise(given)

    wrong = frames.field_mask != field
    assert wrong.mean() < (0.03 if shape != "corner text" else 0.05)
    assert (frames.array[:, ~frames.field_mask] == 0).all()
    assert [note.code for note in frames.notes] == ["FIELD_COLLIMATED"]


def test_a_dark_spine_at_the_border_is_no_collimator():
    given = some_frames().astype(float)
    given[:, :, :30] *= 0.25

    assert normalise(given).field_mask.mean() > 0.99


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (np.zeros((3, 64, 64)), "FRAMES_BLANK"),
        (np.full((3, 64, 64), 7, np.uint8), "FRAMES_BLANK"),
        (np.full((3, 64, 64), np.nan), "FRAMES_NOT_FINITE"),
        (np.zeros((0, 64, 64)), "FRAMES_SHAPE"),
        (np.zeros((3, 8, 64)), "FRAMES_SHAPE"),
        (np.zeros(64), "FRAMES_SHAPE"),
    ],
)
def test_what_holds_no_picture_is_refused(frames, code):
    with pytest.raises(RefusedInput) as refusal:
        normalise(frames)
    assert refusal.value.code == code


def cine_with(tmp_path, **tags):
    dataset = an_angiogram(some_frames(4, 32).astype(np.uint16))
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    save(dataset, tmp_path / "xa.dcm")
    return imaging.load(tmp_path / "xa.dcm").cines[0]


def test_pixel_spacing_is_that_in_the_patient(tmp_path):
    by_distance = cine_with(tmp_path, DistanceSourceToDetector=1000, DistanceSourceToPatient=750)
    assert by_distance.pixel_spacing_mm == pytest.approx((0.225, 0.225))

    by_factor = cine_with(
        tmp_path,
        EstimatedRadiographicMagnificationFactor=1.5,
        DistanceSourceToDetector=1000,
        DistanceSourceToPatient=750,
    )
    assert by_factor.pixel_spacing_mm == pytest.approx((0.2, 0.2))


def test_a_calibration_is_believed_and_a_repetition_is_not(tmp_path):
    calibrated = cine_with(
        tmp_path, PixelSpacing=[0.19, 0.19], EstimatedRadiographicMagnificationFactor=1.5
    )
    assert calibrated.pixel_spacing_mm == pytest.approx((0.19, 0.19))

    repeated = cine_with(
        tmp_path, PixelSpacing=[0.3, 0.3], EstimatedRadiographicMagnificationFactor=1.5
    )
    assert repeated.pixel_spacing_mm == pytest.approx((0.2, 0.2))


def test_an_impossible_magnification_is_not_believed(tmp_path):
    cine = cine_with(tmp_path, EstimatedRadiographicMagnificationFactor=0.01)

    assert cine.pixel_spacing_mm == pytest.approx((0.3, 0.3))


def test_frame_times_that_differ(tmp_path):
    cine = cine_with(tmp_path, FrameTimeVector=[0, 30, 60, 30])

    assert cine.frame_times_ms == (0, 30, 90, 120)


def test_every_transfer_syntax_of_one_frame_is_the_same_picture(shared_data):
    folder = shared_data / "xa_cine" / "codecs"
    reference = imaging.load(folder / "XA1_JPLL.dcm").cines[0].array.astype(int)
    for name, tolerance in {
        "XA1_JLSL": 0, "XA1_J2KR": 0, "XA1_RLE": 0, "XA1_JLSN": 4, "XA1_J2KI": 12, "XA1_JPLY": 12
    }.items():  # fmt: skip
        frame = imaging.load(folder / f"{name}.dcm").cines[0].array
        assert frame.shape == (1, 1024, 1024), name
        assert np.percentile(np.abs(frame - reference), 99) <= tolerance, name


def test_jpeg_extended_that_breaks_the_standard_is_read(shared_data):
    from pydicom import dcmread

    file = shared_data / "xa_cine" / "codecs" / "XA1_JPLY.dcm"
    assert dcmread(file, stop_before_pixels=True).file_meta.TransferSyntaxUID == JPEGExtended12Bit
    assert imaging.load(file).cines[0].array.max() > 255


def test_the_angiogram_is_normalised(shared_data):
    frames = normalise(imaging.load(shared_data / "xa_cine" / "coronary_96_frames.dcm").cines[0])

    assert frames.polarity == "dark"
    assert 0.75 < frames.field_mask.mean() < 0.85
    assert not frames.field_mask[:20, :20].any() and not frames.field_mask[-20:, :20].any()
    assert frames.field_mask[200:300, 60:440].all()
