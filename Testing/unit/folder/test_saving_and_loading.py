from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from readingroom import folder
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.folder import atomic, content
from readingroom.folder.schema import reading_schema
from readingroom.reading import Measurement


def contents(place: Path) -> dict[str, bytes]:
    return {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def score(reading) -> float:
    return reading.measurements["agatston_score"].value


def test_what_was_saved_comes_back(tmp_path, a_reading):
    saved = a_reading()
    assert folder.save(saved, tmp_path / "new" / "r") == tmp_path / "new" / "r"
    loaded = folder.load(tmp_path / "new" / "r")
    assert loaded.to_json() == saved.to_json()
    assert (loaded.landmarks, loaded.figures) == (saved.landmarks, saved.figures)
    assert loaded.masks.segments == saved.masks.segments
    for ours, theirs in zip(loaded.masks.layers, saved.masks.layers, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(loaded.masks.ijk_to_lps, saved.masks.ijk_to_lps, atol=1e-9)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["r"]


def test_the_tables_hold_the_numbers_with_their_units(tmp_path, a_reading):
    folder.save(a_reading(), tmp_path / "r")
    with (tmp_path / "r" / "tables" / "findings.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["id"], row["volume [mm3]"], row["y_lps_mm"]) == ("lesion-001", "3.5", "2.0")
    measurements = (tmp_path / "r" / "tables" / "measurements.csv").read_text()
    assert measurements.splitlines()[1] == "agatston_score,12.5,1,"


def test_each_save_keeps_the_earlier_revisions_and_the_reports(tmp_path, a_reading):
    place = tmp_path / "r"
    folder.save(a_reading(1), place)
    (place / "report").mkdir()
    (place / "report" / "signed.pdf").write_bytes(b"pdf")
    first_masks = (place / "masks.seg.nrrd").read_bytes()
    for value in (2, 3):
        reading = a_reading(value)
        reading.masks.layers[0][0, 0, value] = 1
        folder.save(reading, place)
    assert reading.revision == 3
    assert [score(folder.revision(place, n)) for n in (1, 2, 3)] == [1, 2, 3]
    assert (place / "revisions" / "0001" / "masks.seg.nrrd").read_bytes() == first_masks
    assert (place / "report" / "signed.pdf").read_bytes() == b"pdf"
    with pytest.raises(RefusedInput, match="REVISION_UNKNOWN"):
        folder.revision(place, 4)


def test_signing_a_reading_that_was_loaded_without_masks_keeps_its_masks(tmp_path, a_reading):
    place = tmp_path / "r"
    folder.save(a_reading(), place)
    reading = folder.load(place, masks=False)
    assert reading.masks is None
    reading.status = "signed"
    folder.save(reading, place)
    assert folder.load(place).masks.mask("LAD").sum() == 1
    # Overwritten in place, as by another program: the first revision must not change.
    with (place / "masks.seg.nrrd").open("r+b") as file:
        file.truncate(10)
    assert folder.revision(place, 1).masks.mask("LAD").sum() == 1


def test_foreign_folders_and_other_readings_are_not_touched(tmp_path, a_reading):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "beach.jpg").write_bytes(b"jpg")
    with pytest.raises(RefusedInput, match="OUTPUT_IN_USE"):
        folder.save(a_reading(), tmp_path / "holiday")
    folder.save(a_reading(), tmp_path / "r")
    before = contents(tmp_path)
    other = a_reading()
    other.study.study_uid = "9.9"
    with pytest.raises(RefusedInput, match="OUTPUT_IN_USE"):
        folder.save(other, tmp_path / "r")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "DISK_FULL"),
        (errno.EROFS, "OUTPUT_NOT_WRITABLE"),
        (errno.EACCES, "OUTPUT_NOT_WRITABLE"),
    ],
)
@pytest.mark.parametrize("earlier", [True, False])
def test_a_save_that_fails_changes_nothing(tmp_path, a_reading, monkeypatch, number, code, earlier):
    if earlier:
        folder.save(a_reading(1), tmp_path / "r")
    before = contents(tmp_path)

    def fail_at_the_last_file(path, data):
        if path.name == "reading.json":
            raise OSError(number, os.strerror(number))
        path.write_bytes(data)

    monkeypatch.setattr(content, "write_durably", fail_at_the_last_file)
    reading = a_reading(2)
    with pytest.raises(ReadingRoomError, match=code):
        folder.save(reading, tmp_path / "r")
    assert contents(tmp_path) == before
    assert reading.revision == 1
    assert len(list(tmp_path.iterdir())) == earlier


def test_the_old_reading_comes_back_if_the_new_cannot_take_its_place(
    tmp_path, a_reading, monkeypatch
):
    folder.save(a_reading(1), tmp_path / "r")
    rename = Path.rename

    def refuse_new(self, target):
        if self.name.endswith(".partial"):
            raise PermissionError(errno.EACCES, "refused")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_new)
    with pytest.raises(ReadingRoomError, match="OUTPUT_NOT_WRITABLE"):
        folder.save(a_reading(2), tmp_path / "r")
    assert [p.name for p in tmp_path.iterdir()] == ["r"]
    assert score(folder.load(tmp_path / "r")) == 1


def test_a_file_in_the_way_of_the_parent_folder(tmp_path, a_reading):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ReadingRoomError, match="OUTPUT_NOT_WRITABLE"):
        folder.save(a_reading(), tmp_path / "file" / "r")


def test_a_reading_set_aside_by_a_killed_process_is_found_again(tmp_path, a_reading):
    place = tmp_path / "r"
    folder.save(a_reading(7), place)
    dead = _pid_of_a_dead_process()
    place.rename(tmp_path / f".r.{dead}-0123abcd.previous")
    (tmp_path / f".r.{dead}-0123abce.partial").mkdir()
    (tmp_path / ".r.lock").touch()
    assert score(folder.load(place)) == 7
    folder.remove_leftovers(place)
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_leftovers_of_the_living_and_of_other_readings_stay(tmp_path):
    mine = folder.temporary_sibling(tmp_path / "r")
    other = tmp_path / f".r2.{_pid_of_a_dead_process()}-0123abcd.partial"
    mine.mkdir()
    other.mkdir()
    folder.remove_leftovers(tmp_path / "r")
    assert mine.is_dir()
    assert other.is_dir()


def _pid_of_a_dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_savers_and_readers_at_once_see_only_whole_readings(tmp_path, a_reading):
    place = tmp_path / "r"
    folder.save(a_reading(1), place)
    faults: list[BaseException] = []
    done = threading.Event()

    def save_some():
        try:
            for _ in range(6):
                folder.save(a_reading(), place)
        except BaseException as fault:  # shown by the assertion below
            faults.append(fault)

    def read_on():
        try:
            while not done.is_set():
                assert folder.load(place).masks.mask("LAD").sum() == 1
        except BaseException as fault:  # shown by the assertion below
            faults.append(fault)

    savers = [threading.Thread(target=save_some) for _ in range(3)]
    reader = threading.Thread(target=read_on)
    for thread in (*savers, reader):
        thread.start()
    for saver in savers:
        saver.join()
    done.set()
    reader.join()
    assert faults == []
    assert folder.load(place).revision == 19
    assert [folder.revision(place, n).revision for n in range(1, 20)] == list(range(1, 20))
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


def test_the_lock_ends_with_its_process(tmp_path, a_reading):
    holder = (
        "import sys, time; from pathlib import Path; from readingroom.folder import atomic\n"
        "with atomic.only_writer(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", holder, str(tmp_path.resolve() / "r")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout.readline().strip() == b"held"
    process.kill()
    process.wait()
    process.stdout.close()
    folder.save(a_reading(), tmp_path / "r")
    assert [p.name for p in tmp_path.iterdir()] == ["r"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"schema": "readingroom/2", "new": 1}', "SCHEMA_NEWER"),
        ('{"schema": "otherroom/1"}', "NOT_A_READING"),
        ("[]", "NOT_A_READING"),
        ('{"schema": "readingroom/1", "reader": "ca', "READING_DAMAGED"),
        ('{"schema": "readingroom/1", "reader": "cacs"}', "READING_DAMAGED"),
    ],
)
def test_what_is_no_reading_of_this_version(tmp_path, text, code):
    (tmp_path / "reading.json").write_text(text)
    with pytest.raises(ReadingRoomError, match=code):
        folder.load(tmp_path)


@pytest.mark.parametrize("name", ["masks.seg.nrrd", "landmarks.mrk.json"])
def test_a_file_that_was_cut_short(tmp_path, a_reading, name):
    folder.save(a_reading(), tmp_path / "r")
    path = tmp_path / "r" / name
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(RefusedInput, match="READING_DAMAGED"):
        folder.load(tmp_path / "r")


def test_a_place_where_nothing_is(tmp_path):
    with pytest.raises(RefusedInput, match="NOT_A_READING"):
        folder.load(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_reading_is_not_overwritten(tmp_path, a_reading):
    folder.save(a_reading(), tmp_path / "r")
    (tmp_path / "r" / "reading.json").write_text('{"schema": "readingroom/1", ')
    with pytest.raises(RefusedInput, match="READING_DAMAGED"):
        folder.save(a_reading(), tmp_path / "r")


def test_links_are_not_needed(tmp_path, a_reading, monkeypatch):
    def no_links(*_, **__):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    for value in (1, 2):
        folder.save(a_reading(value), tmp_path / "r")
    assert score(folder.revision(tmp_path / "r", 1)) == 1


def test_a_full_disk_while_an_old_revision_is_copied(tmp_path, a_reading, monkeypatch):
    folder.save(a_reading(1), tmp_path / "r")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(ReadingRoomError, match="DISK_FULL"):
        folder.save(a_reading(2), tmp_path / "r")
    assert score(folder.load(tmp_path / "r")) == 1


def test_figures_cannot_leave_the_folder(tmp_path, a_reading):
    reading = a_reading()
    reading.figures = {"../../outside": b"png"}
    with pytest.raises(ValueError, match="figure"):
        folder.save(reading, tmp_path / "r")
    assert list(tmp_path.iterdir()) == []


def test_what_is_saved_fits_the_schema(tmp_path, a_reading):
    folder.save(a_reading(), tmp_path / "r")
    record = json.loads((tmp_path / "r" / "reading.json").read_text())
    jsonschema.validate(record, reading_schema())
    for wrong in ({"status": "perhaps"}, {"masks": 1}, {"schema": "readingroom/2"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(record | wrong, reading_schema())


def test_a_number_that_is_not_known_survives(tmp_path, a_reading):
    reading = a_reading()
    reading.measurements = {"volume": Measurement(value=None, unit="mm3")}
    folder.save(reading, tmp_path / "r")
    assert folder.load(tmp_path / "r").measurements["volume"].value is None


def test_waiting_for_a_lock_whose_file_was_removed_takes_the_new_one(tmp_path):
    place = tmp_path / "r"
    order = []

    def hold(name):
        with atomic.only_writer(place):
            order.append(name)
            order.append(name)

    threads = [threading.Thread(target=hold, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order[0::2] == order[1::2]
    assert list(tmp_path.iterdir()) == []
