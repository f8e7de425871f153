"""The client that hosts hold: polling, cancelling, surviving a dead worker."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.worker import WorkerClient

STUB = [sys.executable, str(Path(__file__).with_name("stubworker.py"))]


@pytest.fixture
def a_client():
    with WorkerClient(STUB) as client:
        yield client


def read_with(behaviour: str, out: Path) -> dict:
    options = {"behaviour": behaviour}
    return {"reader": "tiny", "study": "ct", "out": str(out), "options": options}


def poll_until(client: WorkerClient, wanted, seconds: float = 15.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for answer in client.poll(0.1):
            if wanted(answer):
                return answer
    raise AssertionError("the worker did not answer in time")


def test_a_blocking_run_reports_progress_and_returns_the_folder(a_client, tmp_path):
    heard = []
    result = a_client.run(
        "read", lambda stage, f: heard.append((stage, f)), **read_with("finish", tmp_path / "r")
    )
    assert result["folder"] == str(tmp_path / "r")
    assert ("halfway", 0.5) in heard
    assert a_client.versions["readingroom"]


def test_polling_never_waits_longer_than_asked(a_client, tmp_path):
    a_client.submit("read", **read_with("take_long", tmp_path / "r"))
    poll_until(a_client, lambda a: a.stage == "working")

    def seconds() -> float:
        started = time.monotonic()
        a_client.poll(0.0)
        return time.monotonic() - started

    # The best of several: other work may hold the machine for a while.
    assert min(seconds() for _ in range(5)) < 0.2


def test_the_worker_stays_warm_between_jobs(a_client, tmp_path):
    pids = {a_client.run("read", **read_with("finish", tmp_path / n))["pid"] for n in "ab"}
    assert len(pids) == 1


def test_errors_arrive_as_the_same_kind_that_was_raised(a_client, tmp_path):
    with pytest.raises(RefusedInput, match="NO_IMAGES"):
        a_client.run("read", **read_with("refuse", tmp_path / "r"))
    with pytest.raises(ReadingRoomError, match="DISK_FULL") as fault:
        a_client.run("read", **read_with("fill_the_disk", tmp_path / "r"))
    assert not isinstance(fault.value, RefusedInput)


def test_cancel_kills_the_whole_tree_and_removes_the_half_written_folder(a_client, tmp_path):
    out = tmp_path / "reading"
    a_client.submit("read", **read_with("take_long_with_a_child", out))
    poll_until(a_client, lambda a: a.stage == "child started")
    child, worker = int((tmp_path / "child.pid").read_text()), a_client.pid
    a_client.cancel()
    assert not _runs(child)
    assert not _runs(worker)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["child.pid"]
    answer = poll_until(a_client, lambda a: a.final)
    assert isinstance(answer.fault, Cancelled)
    assert not a_client.busy


def test_a_new_worker_starts_with_the_job_after_a_cancellation(a_client, tmp_path):
    before = a_client.run("read", **read_with("finish", tmp_path / "a"))["pid"]
    a_client.cancel()
    after = a_client.run("read", **read_with("finish", tmp_path / "b"))["pid"]
    assert before != after


def test_a_worker_that_crashes_mid_read_leaves_an_error_and_no_folder(a_client, tmp_path):
    with pytest.raises(ReadingRoomError, match="WORKER_DIED"):
        a_client.run("read", **read_with("crash", tmp_path / "reading"))
    assert list(tmp_path.iterdir()) == []
    assert a_client.run("read", **read_with("finish", tmp_path / "next"))["folder"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_worker_killed_by_the_system_fails_every_job_it_held(a_client, tmp_path):
    ids = [a_client.submit("read", **read_with("take_long", tmp_path / n)) for n in "ab"]
    poll_until(a_client, lambda a: a.stage == "working")
    os.kill(a_client.pid, signal.SIGKILL)
    ends = []
    while a_client.busy:
        ends += [answer for answer in a_client.poll(5.0) if answer.final]
    assert {a.id: a.fault.code for a in ends} == dict.fromkeys(ids, "WORKER_DIED")


def test_noise_before_the_first_answer_is_not_taken_for_one(tmp_path):
    with WorkerClient(STUB, {"STUB_STARTUP_NOISE": "1"}) as client:
        assert client.run("read", **read_with("finish", tmp_path / "r"))["folder"]


def test_a_command_that_cannot_be_started_says_so(tmp_path):
    with pytest.raises(ReadingRoomError, match="WORKER_NOT_STARTED"):
        WorkerClient([str(tmp_path / "no-such-python")]).start()


def test_a_worker_that_cannot_import_its_package_is_reported_not_waited_for(tmp_path):
    with (
        WorkerClient([sys.executable, "-c", "import no_such_package"]) as client,
        pytest.raises(ReadingRoomError, match="WORKER_DIED"),
    ):
        client.run("read", **read_with("finish", tmp_path / "r"))


def test_closing_ends_the_process(tmp_path):
    client = WorkerClient(STUB)
    client.run("read", **read_with("finish", tmp_path / "r"))
    pid = client.pid
    client.close()
    assert not _runs(pid)


def test_the_log_keeps_what_the_worker_wrote_to_standard_error(a_client, tmp_path):
    a_client.run("read", **read_with("print_something", tmp_path / "r"))
    assert "library chatter" in a_client.log_tail()


def _runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_the_real_worker_refuses_a_bad_study_and_answers_the_next_job(tmp_path):
    (tmp_path / "empty").mkdir()
    fields = {"reader": "cacs", "study": str(tmp_path / "empty"), "out": str(tmp_path / "r")}
    with WorkerClient() as client:
        for _ in range(2):
            with pytest.raises(RefusedInput, match="NO_IMAGES"):
                client.run("read", **fields)
        assert client.alive
        assert client.log_tail() == ""
