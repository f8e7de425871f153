"""What leaves the room of a sequence: SEG, SR, PDF, video, centrelines, training pairs."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess

import numpy as np
import pytest
from pydicom import dcmread

from readingroom import folder, imaging, report
from readingroom.study import Study
from Testing.fixtures.dicom_phantom import an_angiogram, save
from Testing.fixtures.guidewire_case import SHAPE, a_reading, a_study, frames


@pytest.fixture(scope="module")
def an_exported(tmp_path_factory):
    """The reports of a DICOM sequence, in Chinese where they speak."""
    place = tmp_path_factory.mktemp("cine")
    dataset = an_angiogram(frames().astype(np.uint16) * 4, frame_time_ms=100.0)
    del dataset.FrameOfReferenceUID
    save(dataset, place / "xa.dcm")
    study = imaging.load(place / "xa.dcm")
    reading = a_reading(study)
    reading.findings[0].attributes["inferred"] = [[10, 20]]
    reading.findings[5] = reading.findings[5].model_copy(update={"state": "rejected"})
    folder.save(reading, place / "reading")
    chosen = ["seg", "sr", "pdf", "csv", "fhir", "stl", "centerlines", "video", "nnunet"]
    result = report.write(place / "reading", chosen, study=study, language="zh")
    return place, reading, study, result


def test_everything_is_made_but_surfaces(an_exported):
    _, _, _, result = an_exported
    names = {file.name for file in result.files}
    assert {"seg.dcm", "sr.dcm", "report.pdf", "video.mp4", "centerlines.json"} <= names
    assert [note.code for note in result.notes] == ["NO_SURFACE"]
    assert all(note.message_zh for note in result.notes)


def test_the_seg_names_the_frames_that_its_frames_lie_on(an_exported):
    place, reading, _study, _ = an_exported
    dataset = dcmread(place / "reading" / "report" / "seg.dcm")
    source = dcmread(place / "xa.dcm")
    wires = reading.masks.mask("WIRE")
    assert int(dataset.NumberOfFrames) == SHAPE[0] - 1  # the rejected one is left out
    for group, pixels in zip(
        dataset.PerFrameFunctionalGroupsSequence, dataset.pixel_array, strict=True
    ):
        (image,) = group.DerivationImageSequence[0].SourceImageSequence
        assert image.ReferencedSOPClassUID == source.SOPClassUID
        assert image.ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert np.array_equal(pixels, wires[image.ReferencedFrameNumber - 1])
    assert "FrameOfReferenceUID" not in dataset


def test_the_sr_draws_the_curve_in_its_frame(an_exported):
    place, _reading, _, _ = an_exported
    text = str(dcmread(place / "reading" / "report" / "sr.dcm"))
    assert text.count("POLYLINE") == SHAPE[0] - 1
    assert text.count("Fluoroscopy") >= 1


@pytest.mark.parametrize("name", ["seg.dcm", "sr.dcm"])
def test_the_validator_finds_no_error(an_exported, name):
    validator = shutil.which("dciodvfy")
    if validator is None:
        pytest.fail("dciodvfy (Debian package dicom3tools) is not installed")
    file = an_exported[0] / "reading" / "report" / name
    said = subprocess.run([validator, file], capture_output=True, text=True, check=False)
    errors = [line for line in said.stderr.splitlines() if line.startswith("Error")]
    assert errors == []


def test_the_video_shows_every_frame_with_the_wire_in_it(an_exported):
    import av

    place = an_exported[0]
    with av.open(str(place / "reading" / "report" / "video.mp4")) as video:
        pictures = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(pictures) == SHAPE[0]
    scale = pictures[0].shape[1] // SHAPE[2]
    assert pictures[0].shape == (SHAPE[1] * scale, SHAPE[2] * scale, 3)

    def green(picture):
        red, greens, blue = np.moveaxis(picture.astype(int), -1, 0)
        return int(((greens - red > 60) & (greens - blue > 40)).sum())

    assert green(pictures[1]) > 200
    assert green(pictures[5]) < 20


def test_centrelines_come_point_by_point(an_exported):
    place, reading, _, _ = an_exported
    record = json.loads((place / "reading" / "report" / "centerlines.json").read_text())
    assert [one["frame"] for one in record["frames"]] == [0, 1, 2, 3, 4]
    first = record["frames"][0]["devices"][0]
    assert first["centerline_xy_px"] == reading.findings[0].attributes["centerline_xy_px"]
    with (place / "reading" / "report" / "centerlines.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["frame"] == "0"]
    assert len(rows) == len(first["centerline_xy_px"])
    assert sum(int(row["inferred"]) for row in rows) == 10


def test_a_training_pair_holds_frames_and_labels_alike(an_exported):
    from readingroom.imaging import load

    files = {file.parent.name: file for file in an_exported[3].files if "nii" in file.name}
    image, labels = (load(files[name]).volumes[0].array for name in ("imagesTr", "labelsTr"))
    assert image.shape == labels.shape == SHAPE
    assert int(labels.max()) == 1


def test_a_sequence_that_is_not_dicom_still_gives_the_rest(tmp_path):
    study = a_study()
    folder.save(a_reading(study), tmp_path / "r")
    plain = Study(cines=tuple(study.cines), study_uid=study.study_uid)
    result = report.write(tmp_path / "r", ["seg", "sr", "pdf", "video"], study=plain)
    assert {file.name for file in result.files} == {"report.pdf", "video.mp4"}
    assert [note.code for note in result.notes] == ["NO_DICOM_SOURCE"]
