"""What survives a crash, a full disk and a second session on the same folder."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from readingroom import folder
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.reading import Masks, Segment
from readingroom.review import ReviewSession, journal
from Testing.unit.review.conftest import content, of, paint, value_of

#: Works on until it is killed; says after each edit how many there were.
_REVIEWER = """
import sys, time
import numpy as np
from readingroom.review import ReviewSession
session = ReviewSession.open(sys.argv[1], reviewer="Dr. Crash")
value = next(s.value for s in session.masks.segments if s.name == "LAD")
n = 0
while True:
    stroke = np.full((1, 1, 3), value * (n % 2 == 0), np.uint8)
    session.replace_voxels(0, (2, 10, 10), stroke, "stroke")
    n += 1
    print(n, flush=True)
    time.sleep(0.01)
"""


def crashed(session: ReviewSession) -> None:
    """End the session as a crash does: nothing is told, the lock goes with the process."""
    if session._journal and session._journal._handle is not None:
        os.close(session._journal._handle)
        session._journal._handle = None


def journals(place: Path) -> list[Path]:
    return sorted((place / ".review").glob("*.journal"))


def work(session: ReviewSession) -> None:
    """Make edits of every kind, with undo and redo between them."""
    session.reject(of(session, "LM")[0])
    paint(session, None, (10, 22, 14), (1, 3, 3), what="erase")
    session.reassign(of(session, "LCX")[0], "PERICARDIUM")
    session.move_landmark("APEX", (4.0, 5.0, 6.0))
    session.undo()
    session.undo()
    session.redo()
    layer = np.zeros(session.volume.shape, np.uint8)
    layer[2, 2, 2] = 1
    own = Segment("own", 0, 1, (1.0, 0.0, 0.0), "x")
    session.replace_masks(Masks([layer], session.masks.ijk_to_lps, [own]), "import")
    session.accept(of(session, "LAD")[0])
    session.undo()


def test_a_killed_process_loses_nothing_that_it_had_told(a_case):
    command = [sys.executable, "-c", _REVIEWER, str(a_case.folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    told = 0
    while told < 25:
        told = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = process.communicate()[0].split()
    told = int(rest[-1]) if rest else told
    session = ReviewSession.open(a_case.folder)
    assert session.recovered in (told, told + 1)  # killed between the edit and its print
    assert [e["who"] for e in session.reading.audit] == ["Dr. Crash"] * session.recovered
    assert session.dirty
    assert session.save("Dr. Crash") == 2
    assert ReviewSession.open(a_case.folder).recovered == 0


def test_after_a_crash_everything_is_there_and_can_be_undone(a_session, a_case):
    states = [content(a_session)]
    work(a_session)
    states.append(content(a_session))
    undo, redo, audit = a_session.undo_text, a_session.redo_text, a_session.reading.audit
    crashed(a_session)
    again = ReviewSession.open(a_case.folder, reviewer="Dr. Two")
    assert again.recovered == 10
    assert content(again) == states[1]
    assert again.reading.audit == audit
    assert (again.undo_text, again.redo_text) == (undo, redo)
    again.redo()
    again.undo()
    while again.can_undo:
        again.undo()
    assert content(again) == states[0]
    assert not again.dirty
    while again.can_redo:
        again.redo()
    assert again.reading.finding(of(again, "LAD")[0]).state == "accepted"
    again.discard()


def test_work_goes_on_in_the_same_journal_after_one_crash_and_the_next(a_session, a_case):
    a_session.reject(of(a_session, "LM")[0])
    crashed(a_session)
    second = ReviewSession.open(a_case.folder)
    second.reject(of(second, "LCX")[0])
    crashed(second)
    third = ReviewSession.open(a_case.folder)
    assert third.recovered == 2
    assert [e["what"] for e in third.reading.audit] == ["reject", "reject"]
    assert len(journals(a_case.folder)) == 1
    third.discard()


def test_undo_of_what_was_saved_survives_a_crash(a_session, a_case):
    lesion = of(a_session, "LCX")[0]
    paint(a_session, None, (10, 22, 14), (1, 3, 3), what="erase")
    a_session.reassign(lesion, "RCA")
    a_session.save("r")
    saved = content(a_session)
    a_session.undo()
    a_session.undo()
    undone = content(a_session)
    crashed(a_session)
    again = ReviewSession.open(a_case.folder)
    assert content(again) == undone
    assert again.redo_text == "erase"
    again.redo()
    again.redo()
    assert {**content(again), "status": ""} == {**saved, "status": ""}
    again.discard()


def test_redo_of_what_was_undone_before_a_save_survives_a_crash(a_session, a_case):
    lesion = of(a_session, "LCX")[0]
    a_session.reassign(lesion, "RCA")
    a_session.undo()
    a_session.save("r")
    saved = content(a_session)
    a_session.redo()
    redone = content(a_session)
    crashed(a_session)
    again = ReviewSession.open(a_case.folder)
    assert content(again) == redone
    again.undo()
    assert {**content(again), "status": ""} == {**saved, "status": ""}
    again.discard()


def test_a_reopened_reading_is_open_after_a_crash(a_session, a_case):
    a_session.sign("r")
    a_session.reopen("r")
    crashed(a_session)
    again = ReviewSession.open(a_case.folder)
    assert again.reading.status == "reviewed"
    assert again.dirty
    again.discard()


@pytest.mark.parametrize("torn", [1, 7, 40])
def test_a_torn_last_record_costs_that_edit_alone(a_session, a_case, torn):
    a_session.reject(of(a_session, "LM")[0])
    one = content(a_session)
    a_session.reject(of(a_session, "LCX")[0])
    crashed(a_session)
    (path,) = journals(a_case.folder)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - torn)
    again = ReviewSession.open(a_case.folder)
    assert again.recovered == 1
    assert content(again) == one
    again.accept(of(again, "LCX")[0])
    crashed(again)
    third = ReviewSession.open(a_case.folder)
    assert third.recovered == 2
    third.discard()


@pytest.mark.parametrize("bytes_", [b"", b"something else", b"readingroom-journal/1\n"])
def test_a_file_that_is_no_journal_is_left_alone(a_case, bytes_):
    (a_case.folder / ".review").mkdir()
    path = a_case.folder / ".review" / "x.journal"
    path.write_bytes(bytes_)
    assert ReviewSession.open(a_case.folder).recovered == 0
    assert path.read_bytes() == bytes_


def test_closing_keeps_unsaved_edits_and_discarding_forgets_them(a_session, a_case):
    a_session.reject(of(a_session, "LM")[0])
    a_session.close()
    second = ReviewSession.open(a_case.folder)
    assert second.recovered == 1
    second.discard()
    second.close()
    assert ReviewSession.open(a_case.folder).recovered == 0
    assert not (a_case.folder / ".review").exists()


def test_a_saved_session_leaves_no_journal(a_session, a_case):
    a_session.reject(of(a_session, "LM")[0])
    a_session.flush()
    assert journals(a_case.folder)
    a_session.save("r")
    assert journals(a_case.folder) == []


def test_a_crash_between_save_and_tidying_up_replays_nothing(a_session, a_case):
    a_session.reject(of(a_session, "LM")[0])
    (path,) = journals(a_case.folder)
    kept = path.read_bytes()
    a_session.save("r")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(kept)
    again = ReviewSession.open(a_case.folder)
    assert (again.recovered, again.stranded) == (0, 0)
    assert journals(a_case.folder) == []


def test_without_autosave_nothing_is_written_or_taken_over(a_session, a_case):
    a_session.reject(of(a_session, "LM")[0])
    crashed(a_session)
    quiet = ReviewSession.open(a_case.folder, autosave=False)
    assert quiet.recovered == 0
    quiet.reject(of(quiet, "LCX")[0])
    quiet.flush()
    quiet.close()
    quiet.discard()
    assert quiet.autosave_fault is None
    assert len(journals(a_case.folder)) == 1


# Two sessions on one folder


def test_two_sessions_do_not_see_each_others_edits(a_session, a_case):
    other = ReviewSession.open(a_case.folder, reviewer="Dr. Two")
    a_session.reject(of(a_session, "LM")[0])
    other.reject(of(other, "LCX")[0])
    late = ReviewSession.open(a_case.folder)
    assert (late.recovered, late.stranded) == (0, 0)
    assert a_session.reading.finding(of(a_session, "LCX")[0]).state == "proposed"
    assert len(journals(a_case.folder)) == 2
    other.discard()


def test_the_later_save_is_refused_and_loses_nothing(a_session, a_case):
    other = ReviewSession.open(a_case.folder, reviewer="Dr. Two")
    a_session.reject(of(a_session, "LM")[0])
    other.reject(of(other, "LCX")[0])
    mine = content(other)
    a_session.save("Dr. Who")
    with pytest.raises(RefusedInput) as refusal:
        other.save("Dr. Two")
    assert refusal.value.code == "READING_CHANGED"
    assert content(other) == mine
    assert other.dirty
    assert other.save("Dr. Two", on_top=True) == 3
    assert folder.revision(a_case.folder, 2).reviewer == "Dr. Who"
    assert folder.load(a_case.folder).reviewer == "Dr. Two"


def test_edits_on_an_earlier_revision_are_stranded_but_not_lost(a_session, a_case):
    other = ReviewSession.open(a_case.folder, reviewer="Dr. Two")
    other.reject(of(other, "LCX")[0])
    mine = content(other)
    crashed(other)
    a_session.reject(of(a_session, "LM")[0])
    a_session.save("Dr. Who")
    newest = ReviewSession.open(a_case.folder)
    assert (newest.recovered, newest.stranded) == (0, 1)
    newest.close()
    earlier = ReviewSession.open(a_case.folder, revision=1)
    assert earlier.recovered == 1
    assert content(earlier) == mine
    earlier.discard()


def test_of_two_crashed_sessions_the_later_is_taken_over_first(a_session, a_case):
    other = ReviewSession.open(a_case.folder)
    other.reject(of(other, "LCX")[0])
    a_session.reject(of(a_session, "LM")[0])
    late = a_session._journal.path
    os.utime(late, ns=(2**62, 2**62))
    crashed(a_session)
    crashed(other)
    again = ReviewSession.open(a_case.folder)
    assert (again.recovered, again.stranded) == (1, 1)
    assert again.undo_text == "reject"
    assert again.reading.finding(of(again, "LM")[0]).state == "rejected"
    again.discard()
    assert ReviewSession.open(a_case.folder, autosave=True).recovered == 1


def test_another_sessions_save_takes_the_journal_along(a_session, a_case, monkeypatch):
    """Even where the file system knows no links, and the journal is copied."""
    other = ReviewSession.open(a_case.folder, reviewer="Dr. Two")
    other.reject(of(other, "LCX")[0])
    monkeypatch.setattr("os.link", _no_links)
    a_session.reject(of(a_session, "LM")[0])
    a_session.save("Dr. Who")
    other.reject(of(other, "LM")[0])
    mine = content(other)
    crashed(other)
    earlier = ReviewSession.open(a_case.folder, revision=1)
    assert earlier.recovered == 2
    assert content(earlier) == mine
    earlier.discard()


def _no_links(*_args, **_more):
    raise OSError(errno.EPERM, "no links here")


# The disk


class _Disk:
    """A disk that is full when asked to be, and then takes only a part."""

    def __init__(self, monkeypatch) -> None:
        self.full = False
        self._write = os.write
        monkeypatch.setattr(journal.os, "write", self.write)

    def write(self, handle: int, data) -> int:
        if self.full:
            self._write(handle, bytes(data[:5]))
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(handle, data)


def test_a_full_disk_stops_the_autosave_but_no_edit(a_session, a_case, monkeypatch):
    disk = _Disk(monkeypatch)
    a_session.reject(of(a_session, "LM")[0])
    disk.full = True
    a_session.reject(of(a_session, "LCX")[0])
    assert a_session.autosave_fault.code == "DISK_FULL"
    with pytest.raises(ReadingRoomError, match=r"^DISK_FULL:"):
        a_session.flush()
    a_session.accept(of(a_session, "RCA")[0])
    disk.full = False
    a_session.flush()
    assert a_session.autosave_fault is None
    mine = content(a_session)
    crashed(a_session)
    again = ReviewSession.open(a_case.folder)
    assert again.recovered == 3
    assert content(again) == mine
    again.discard()


def test_a_full_disk_at_save_keeps_every_edit(a_session, a_case, monkeypatch):
    a_session.reject(of(a_session, "LM")[0])
    mine = content(a_session)

    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("readingroom.folder.content.write_durably", full)
        with pytest.raises(ReadingRoomError, match=r"^DISK_FULL:"):
            a_session.save("r")
    assert content(a_session) == mine
    assert a_session.dirty
    assert folder.load(a_case.folder).revision == 1
    assert journals(a_case.folder)
    assert a_session.save("r") == 2


def test_a_folder_that_is_gone_is_said_and_the_edits_stay(a_session, a_case):
    a_session.reject(of(a_session, "LM")[0])
    shutil.move(a_case.folder, a_case.folder.with_name("away"))
    a_session.reject(of(a_session, "LCX")[0])
    assert a_session.autosave_fault.code == "OUTPUT_NOT_WRITABLE"
    shutil.move(a_case.folder.with_name("away"), a_case.folder)
    a_session.flush()
    assert a_session.save("r") == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to mount")
def test_a_really_full_disk(a_case, tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this machine does not let tests mount")
    try:
        _fill_and_save(a_case, place)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _fill_and_save(a_case, place: Path) -> None:
    shutil.copytree(a_case.folder, place / "reading")
    session = ReviewSession.open(place / "reading", study=a_case.study)
    session.reject(of(session, "LM")[0])
    (place / "ballast").write_bytes(b"")
    with (place / "ballast").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError as fault:
            assert fault.errno == errno.ENOSPC
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 2, (20, 48, 48)).astype(np.uint8) * value_of(session, "NOISE")
    session.replace_voxels(0, (0, 0, 0), noise)
    mine = content(session)
    assert session.autosave_fault.code == "DISK_FULL"
    with pytest.raises(ReadingRoomError, match=r"^DISK_FULL:"):
        session.save("r")
    assert content(session) == mine
    (place / "ballast").unlink()
    session.flush()
    assert session.save("r") == 2
    session.close()
