"""Videos and folders of pictures as cines, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom import imaging
from readingroom.errors import RefusedInput
from readingroom.imaging import video
from Testing.fixtures.fluoroscopy import some_frames, write_picture, write_video


def refusal_of(path, *, decoded: bool = False) -> str:
    with pytest.raises(RefusedInput) as refusal:
        study = imaging.load(path)
        if decoded:
            _ = study.cines[0].array
    return refusal.value.code


@pytest.mark.parametrize(
    ("name", "codec"), [("run.mp4", "mpeg4"), ("run.avi", "mjpeg"), ("run.mkv", "libx264")]
)
def test_a_video_becomes_a_cine(tmp_path, name, codec):
    frames = some_frames(7)

    study = imaging.load(write_video(tmp_path / name, frames, codec=codec))

    (cine,) = study.cines
    assert cine.shape == (7, 128, 128)
    assert cine.array.dtype == np.uint8
    assert np.abs(cine.array.astype(int) - frames).mean() < 12
    assert cine.frame_times_ms == pytest.approx([1000 * t / 15 for t in range(7)], abs=1.0)
    assert cine.pixel_spacing_mm is None
    assert study.notes == ()


def test_a_lossless_video_is_read_to_the_grey_value(tmp_path):
    frames = some_frames(3)

    study = imaging.load(write_video(tmp_path / "run.avi", frames, codec="ffv1"))

    # Video's grey levels are 16…235 and back: one level of rounding.
    assert np.abs(study.cines[0].array.astype(int) - frames).max() <= 1


def test_colour_is_read_as_brightness_and_said(tmp_path):
    frames = np.repeat(some_frames(2)[..., None], 3, axis=3)
    frames[:, 40:80, 40:80] = (200, 30, 30)

    study = imaging.load(write_video(tmp_path / "run.avi", frames, codec="mjpeg"))

    assert [note.code for note in study.notes] == ["COLOUR_FRAMES"]
    assert study.notes[0].message_zh
    assert study.cines[0].array.ndim == 3


def test_a_folder_of_pictures_in_natural_order(tmp_path):
    frames = some_frames(12)
    for number, frame in enumerate(frames):
        write_picture(tmp_path / f"frame_{number}.png", frame)

    (cine,) = imaging.load(tmp_path).cines

    np.testing.assert_array_equal(cine.array, frames)
    assert [file.name for file in cine.files][-2:] == ["frame_10.png", "frame_11.png"]


def test_pictures_of_sixteen_bits_keep_them(tmp_path):
    frame = (some_frames(1)[0].astype(np.uint16) << 4) + 3

    cine = imaging.load(write_picture(tmp_path / "one.png", frame)).cines[0]

    np.testing.assert_array_equal(cine.array[0], frame)


def test_every_folder_of_pictures_is_a_sequence_of_its_own(tmp_path):
    for name in ("first", "second"):
        write_picture(tmp_path / name / "0.png", some_frames(1)[0])

    study = imaging.load(tmp_path)

    assert [cine.description for cine in study.cines] == ["0", "0"]
    assert len(study.stacks) == 2


def test_pictures_of_different_sizes(tmp_path):
    write_picture(tmp_path / "a.png", some_frames(1)[0])
    write_picture(tmp_path / "b.png", some_frames(1, 64)[0])

    assert refusal_of(tmp_path) == "MIXED_SIZES"


def test_a_video_that_was_cut_off(tmp_path):
    whole = write_video(tmp_path / "run.avi", some_frames(20), codec="mjpeg").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) // 2])

    assert refusal_of(tmp_path / "cut.avi", decoded=True) == "IMAGE_TRUNCATED"


def test_a_film_without_its_index(tmp_path):
    whole = write_video(tmp_path / "run.mp4", some_frames(20), codec="mpeg4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])

    assert refusal_of(tmp_path / "cut.mp4") == "VIDEO_UNREADABLE"


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "NOT_AN_IMAGE"), (b"RIFF no video" * 40, "VIDEO_UNREADABLE")]
)
def test_files_that_are_no_video(tmp_path, content, code):
    (tmp_path / "run.avi").write_bytes(content)

    assert refusal_of(tmp_path / "run.avi") == code


def test_a_video_without_a_frame(tmp_path):
    import av

    with av.open(str(tmp_path / "run.wav.mkv"), "w") as container:
        sound = container.add_stream("pcm_s16le", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        silence.sample_rate = 8000
        for packet in [*sound.encode(silence), *sound.encode()]:
            container.mux(packet)

    assert refusal_of(tmp_path / "run.wav.mkv") == "VIDEO_EMPTY"


def test_frames_whose_size_changes_on_the_way(tmp_path):
    parts = [some_frames(3, size) for size in (64, 128)]
    files = [
        write_video(tmp_path / f"{n}.mpg", part, rate=25, codec="mpeg1video")
        for n, part in enumerate(parts)
    ]
    # Programme streams may be put one after the other; each brings its own size.
    joined = tmp_path / "joined.mpg"
    joined.write_bytes(b"".join(file.read_bytes() for file in files))

    assert refusal_of(joined, decoded=True) == "FRAME_SIZE_CHANGES"


def test_more_frames_than_memory_is_meant_for(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "MOST_BYTES", 2 * 128 * 128)

    assert (
        refusal_of(write_video(tmp_path / "run.avi", some_frames(3), codec="mjpeg"))
        == "VIDEO_TOO_LONG"
    )


def test_video_and_dicom_together(tmp_path):
    file = write_video(tmp_path / "run.avi", some_frames(2), codec="mjpeg")
    other = tmp_path / "x.dcm"
    other.write_bytes(b"something")

    assert refusal_of([file, other]) == "MIXED_INPUT"


@pytest.mark.parametrize("start", [b"\x28\xb5\x2f\xfd", b"\x1f\x8b\x08", b"PK\x03\x04"])
def test_an_archive_is_called_one(tmp_path, start):
    (tmp_path / "xa.dcm").write_bytes(start + bytes(200))

    assert refusal_of(tmp_path) == "FILE_PACKED"
