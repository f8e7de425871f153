"""Bad input gets one clear message, the right exit code, and leaves no half-written folder."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.uid import generate_uid

from Testing.fixtures.dicom_phantom import write_ct_slices
from Testing.unit.cli.conftest import MARKED_ID, MARKED_NAME

pytestmark = pytest.mark.usefixtures("the_tiny_reader")

TINY = [sys.executable, "-m", "Testing.fixtures.tinyreader"]
SOFT_TISSUE = np.full((4, 16, 16), 40, np.int16)


def an_empty_folder(place: Path) -> Path:
    place.mkdir()
    return place


def a_folder_of_other_files(place: Path) -> Path:
    place.mkdir()
    (place / "report.txt").write_text("no images here")
    (place / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(500))
    return place


def a_path_that_is_not_there(place: Path) -> Path:
    return place


def a_truncated_file(place: Path) -> Path:
    path = write_ct_slices(place, SOFT_TISSUE[:1])[0]
    path.write_bytes(path.read_bytes()[:-300])
    return place


def truncated_slices(place: Path) -> Path:
    for path in write_ct_slices(place, SOFT_TISSUE):
        path.write_bytes(path.read_bytes()[:-300])
    return place


def two_patients(place: Path) -> Path:
    for name, identity in ((MARKED_NAME, MARKED_ID), ("OTHER^PERSON", "MRN-2")):

        def mark(dataset, k, name=name, identity=identity):
            dataset.PatientName, dataset.PatientID = name, identity

        uid = generate_uid()
        write_ct_slices(place, SOFT_TISSUE, change=mark, prefix=identity, study_uid=uid)
    return place


def an_mr(place: Path) -> Path:
    def to_mr(dataset, k):
        dataset.Modality = "MR"

    write_ct_slices(place, SOFT_TISSUE, change=to_mr)
    return place


def a_four_dimensional_file(place: Path) -> Path:
    path = place.with_suffix(".nii.gz")
    sitk.WriteImage(sitk.JoinSeries([sitk.Image(8, 8, 4, sitk.sitkInt16)] * 3), str(path))
    return path


def a_file_of_no_size(place: Path) -> Path:
    path = place.with_suffix(".nrrd")
    path.write_bytes(b"")
    return path


def a_file_with_undefined_values(place: Path) -> Path:
    voxels = SOFT_TISSUE.astype(np.float32)
    voxels[1, 2, 3] = np.nan
    path = place.with_suffix(".mha")
    sitk.WriteImage(sitk.GetImageFromArray(voxels), str(path))
    return path


def a_truncated_nifti(place: Path) -> Path:
    whole = place.with_suffix(".nii")
    sitk.WriteImage(sitk.GetImageFromArray(SOFT_TISSUE), str(whole))
    path = place.with_suffix(".nii.gz")
    path.write_bytes(gzip.compress(whole.read_bytes())[:-60])
    return path


REFUSED = [
    an_empty_folder,
    a_folder_of_other_files,
    a_path_that_is_not_there,
    a_truncated_file,
    truncated_slices,
    two_patients,
    an_mr,
    a_four_dimensional_file,
    a_file_of_no_size,
    a_file_with_undefined_values,
    a_truncated_nifti,
]


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_bad_input_is_refused_in_one_message(readingroom, tmp_path, make):
    study, out = make(tmp_path / "study"), tmp_path / "out" / "reading"
    spoken = readingroom("read", "tiny", study, "--out", out, "--json")
    assert spoken.code == 2, spoken.out + spoken.err
    error = spoken.data["error"]
    assert error["code"].isupper()
    assert error["what_happened"].endswith(".")
    assert error["what_to_do"].endswith(".")
    assert spoken.err == ""
    assert not out.parent.exists()
    for secret in (MARKED_NAME, MARKED_ID, "OTHER^PERSON"):
        assert secret not in spoken.out


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
def test_people_see_the_same_message_without_a_stack_trace(readingroom, tmp_path, make):
    spoken = readingroom("read", "tiny", make(tmp_path / "study"), "--out", tmp_path / "r")
    assert (spoken.code, spoken.out) == (2, "")
    assert spoken.err.count("What to do:") == 1
    assert "Traceback" not in spoken.err


def a_single_slice(place: Path) -> Path:
    write_ct_slices(place, SOFT_TISSUE[:1])
    return place


def values_that_are_not_hounsfield_units(place: Path) -> Path:
    """Stored values without a rescale: all positive, as a scanner stores them."""

    def forget_rescale(dataset, k):
        del dataset.RescaleSlope, dataset.RescaleIntercept

    stored = np.full((12, 32, 32), 1064, np.int16)
    stored[:, :6] = 24
    write_ct_slices(place, stored, change=forget_rescale)
    return place


def a_chest_without_a_heart(place: Path) -> Path:
    """Air around a cylinder of soft tissue: CT, but nothing that a heart is found in."""
    j, i = np.indices((64, 64))
    inside = np.hypot(j - 32, i - 32) < 25
    image = np.where(inside, 40, -1000).astype(np.int16)
    write_ct_slices(place, np.repeat(image[None], 20, 0), spacing=(4.0, 4.0))
    return place


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (an_mr, "MODALITY_UNSUITED"),
        (a_single_slice, "SINGLE_SLICE"),
        (values_that_are_not_hounsfield_units, "RESCALE_MISSING"),
        (a_chest_without_a_heart, "HEART_ABSENT"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_the_calcium_reader_refuses_what_it_cannot_score(readingroom, tmp_path, make, code):
    study, out = make(tmp_path / "study"), tmp_path / "reading"
    spoken = readingroom("read", "cacs", study, "--out", out, "--json")
    assert (spoken.code, spoken.data["error"]["code"]) == (2, code)
    assert not out.exists()


def test_a_read_only_output_is_refused_before_the_work(readingroom, a_ct, tmp_path, monkeypatch):
    # Not with chmod: tests may run as root, who may write everywhere.
    monkeypatch.setattr("readingroom.worker.output.os.access", lambda *a: False)
    out = tmp_path / "locked" / "reading"
    spoken = readingroom("read", "tiny", a_ct, "--out", out, "--json")
    assert spoken.code == 2
    assert spoken.data["error"]["code"] == "NOT_PERMITTED"
    assert not out.parent.exists()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system that is read-only")
def test_a_file_system_that_refuses_to_be_written(readingroom, a_ct):
    spoken = readingroom("read", "tiny", a_ct, "--out", "/proc/reading", "--json")
    assert spoken.code in (1, 2)
    assert spoken.data["error"]["what_to_do"]


def test_an_output_below_a_file_is_refused(readingroom, a_ct, tmp_path):
    (tmp_path / "file").write_text("")
    spoken = readingroom("read", "tiny", a_ct, "--out", tmp_path / "file" / "r", "--json")
    assert spoken.code == 2


def test_a_full_disk_is_a_fault_and_leaves_nothing(readingroom, a_ct, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    out = tmp_path / "out" / "reading"
    monkeypatch.setattr("os.fsync", full)
    spoken = readingroom("read", "tiny", a_ct, "--out", out, "--json")
    assert (spoken.code, spoken.data["error"]["code"]) == (1, "DISK_FULL")
    assert not out.exists()
    assert not [p for p in tmp_path.rglob("*") if "partial" in p.name]


def test_a_disk_that_fills_up_while_reading_is_a_fault(readingroom, a_ct, tmp_path):
    arguments = ["read", "tiny", a_ct, "--out", tmp_path / "r", "--behaviour", "disk_full"]
    spoken = readingroom(*arguments, "--json")
    assert (spoken.code, spoken.data["error"]["code"]) == (1, "DISK_FULL")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_in_the_middle_of_a_reading_leaves_nothing(a_ct, tmp_path):
    out = tmp_path / "reading"
    arguments = ["-v", "read", "tiny", str(a_ct), "--out", str(out), "--behaviour", "slow"]
    with subprocess.Popen(
        [*TINY, *arguments], stdout=-1, stderr=-1, text=True, preexec_fn=_hear_ctrl_c
    ) as process:
        _wait_until_it_reads(process)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert stderr.count("CANCELLED") == 1
    assert "Traceback" not in stdout + stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ct"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_reading_does_not_stand_in_the_way_of_the_next(readingroom, a_ct, tmp_path):
    out = tmp_path / "reading"
    arguments = ["-v", "read", "tiny", str(a_ct), "--out", str(out), "--behaviour", "slow"]
    with subprocess.Popen([*TINY, *arguments], stdout=-1, stderr=-1, text=True) as process:
        _wait_until_it_reads(process)
        os.kill(process.pid, signal.SIGKILL)
    assert not out.exists()
    assert readingroom("read", "tiny", a_ct, "--out", out).code == 0


def test_a_header_that_libraries_complain_about_is_not_quoted(tmp_path):
    secret = "ZEBEDEE" + "X" * 80  # too long for its value representation

    def mark(dataset, k):
        dataset.add_new(0x00100020, "LO", secret)
        dataset.add_new(0x00100030, "DA", "not-a-date-of-ZEBEDEE")

    write_ct_slices(tmp_path / "ct", SOFT_TISSUE, change=mark)
    arguments = ["-vv", "read", "tiny", str(tmp_path / "ct"), "--out", str(tmp_path / "r")]
    done = subprocess.run([*TINY, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ZEBEDEE" not in done.stdout + done.stderr


def _hear_ctrl_c() -> None:
    """Undo what a shell does to the jobs it starts in the background: they ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _wait_until_it_reads(process: subprocess.Popen[str]) -> None:
    """Wait for the log line that says that the reader is at work."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        line = process.stderr.readline()
        if "starts reading" in line:
            return
    raise AssertionError("the reading did not start")
