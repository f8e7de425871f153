"""What browsers hand in."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from readingroom.errors import RefusedInput
from readingroom.workbench import upload
from Testing.fixtures.dicom_phantom import write_ct_slices
from Testing.workbench.host import FrontDesk, run


@pytest.fixture(scope="module")
def some_slices(tmp_path_factory) -> dict[str, bytes]:
    import numpy as np

    folder = tmp_path_factory.mktemp("slices")
    write_ct_slices(folder, np.zeros((3, 8, 8), np.int16))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def a_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def hand_in(folder: Path, files: dict[str, bytes], purpose: str = "study"):
    """Hand files in as the page does; return the answer and the home folder."""

    async def work():
        async with FrontDesk(folder) as desk:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("purpose", purpose)
            for name, data in files.items():
                form.add_field("file", data, filename=quote(name, safe=""))
            answer = await (await desk.browser()).post("/upload", data=form)
            return answer.status, await answer.json(), desk.home

    return run(work())


def kept(home: Path) -> list[str]:
    return sorted(p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file())


def test_a_dropped_folder_becomes_a_study(tmp_path, some_slices):
    files = {f"CT Müller/série 1/{name}": data for name, data in some_slices.items()}
    status, answer, home = hand_in(tmp_path, files)
    assert (status, answer["ok"], answer["purpose"]) == (200, True, "study")
    place = home / "studies" / answer["name"] / "CT Müller" / "série 1"
    assert {p.name: p.read_bytes() for p in place.iterdir()} == some_slices


def test_a_zip_of_dicom_becomes_a_study(tmp_path, some_slices):
    archive = a_zip({f"a/{name}": data for name, data in some_slices.items()})
    status, answer, home = hand_in(tmp_path, {"export.zip": archive})
    assert status == 200
    found = [p for p in (home / "studies" / answer["name"]).rglob("*") if p.is_file()]
    assert sorted(p.name for p in found) == sorted(some_slices)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"notes.txt": b"hello"}, "NOT_AN_IMAGE"),
        ({"empty.dcm": b""}, "NOT_AN_IMAGE"),
        ({"a.zip": b"PK\x03\x04 this is no archive"}, "ARCHIVE_DAMAGED"),
        ({"..": b"x"}, "UPLOAD_NAME"),
        ({}, "NO_IMAGES"),
    ],
)
def test_what_is_no_study_is_refused_once_and_leaves_nothing(tmp_path, files, code):
    status, answer, home = hand_in(tmp_path, files)
    assert (status, answer["ok"]) == (200, False)
    assert answer["error"]["code"] == code
    assert answer["error"]["what_to_do"]
    assert kept(home) == []


def test_truncated_dicom_is_refused_once(tmp_path, some_slices):
    cut = {name: data[:200] for name, data in some_slices.items()}
    status, answer, home = hand_in(tmp_path, cut)
    assert (status, answer["ok"]) == (200, False)
    assert answer["error"]["code"] in ("IMAGE_TRUNCATED", "NOT_AN_IMAGE")
    assert kept(home) == []


def test_masks_wait_hidden_for_their_session_and_need_be_no_study(tmp_path):
    _, answer, home = hand_in(tmp_path, {"heart.seg.nrrd": b"NRRD0004"}, purpose="masks")
    assert answer["purpose"] == "masks"
    assert kept(home) == [f".inbox/{answer['name']}/heart.seg.nrrd"]


def test_too_much_is_refused_while_it_arrives(tmp_path, monkeypatch, some_slices):
    monkeypatch.setattr(upload, "LIMIT_BYTES", 1000)
    _, answer, home = hand_in(tmp_path, some_slices)
    assert (answer["ok"], answer["error"]["code"]) == (False, "UPLOAD_TOO_LARGE")
    assert kept(home) == []


def test_a_zip_that_unfolds_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(upload, "LIMIT_BYTES", 100_000)
    (tmp_path / "bomb.zip").write_bytes(a_zip({}))
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dcm", b"\0" * 200_000)
    with pytest.raises(RefusedInput, match="UPLOAD_TOO_LARGE"):
        upload.unpack_archives(tmp_path)


def test_too_many_files_are_refused(tmp_path, monkeypatch, some_slices):
    monkeypatch.setattr(upload, "LIMIT_FILES", 2)
    _, answer, _ = hand_in(tmp_path, some_slices)
    assert (answer["ok"], answer["error"]["code"]) == (False, "UPLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.dcm", "a.dcm"),
        ("CT/1/a.dcm", "CT/1/a.dcm"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\scans\\a.dcm", "C_/scans/a.dcm"),
        ("..\\..\\a.dcm", "a.dcm"),
        ("a\x00b\n.dcm", "a_b_.dcm"),
        ("con?<|>.dcm", "con____.dcm"),
        ("trailing. /a", "trailing/a"),
        ("/".join("abcdefghijklmnop"), "e/f/g/h/i/j/k/l/m/n/o/p"),
        ("x" * 300 + ".dcm", "x" * 116 + ".dcm"),
    ],
)
def test_names_stay_where_they_are_put(name, safe):
    assert upload.safe_path(name).as_posix() == safe


@pytest.mark.parametrize("name", ["", "..", "/", "../..", ". .", "\\"])
def test_a_name_of_nothing_is_refused(name):
    with pytest.raises(RefusedInput, match="UPLOAD_NAME"):
        upload.safe_path(name)


def test_a_zip_cannot_write_outside(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "evil.zip").write_bytes(a_zip({"../../evil.txt": b"x", "/abs.txt": b"y"}))
    upload.unpack_archives(inside)
    names = sorted(p.name for p in inside.rglob("*") if p.is_file())
    assert names == ["abs.txt", "evil.txt"]
    assert not (tmp_path / "evil.txt").exists()
