"""The worker process, spoken to in raw JSON lines as any host would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

STUB = [sys.executable, str(Path(__file__).with_name("stubworker.py"))]


class Conversation:
    """A running worker: `say` writes a line, `hear` reads one answer."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(STUB, stdin=pipe, stdout=pipe, stderr=pipe)
        assert self.hear()["event"] == "ready"

    def say(self, line: str | dict) -> None:
        text = line if isinstance(line, str) else json.dumps(line)
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict:
        return json.loads(self.process.stdout.readline())

    def hear_the_end_of(self, job_id: str) -> dict:
        while True:
            answer = self.hear()
            if answer["id"] == job_id and answer["event"] in ("done", "error"):
                return answer

    def hang_up(self) -> int:
        self.process.stdin.close()
        return self.process.wait(10)


@pytest.fixture
def a_worker():
    conversation = Conversation()
    yield conversation
    conversation.process.kill()
    conversation.process.wait()
    for pipe in (conversation.process.stdout, conversation.process.stderr):
        pipe.close()


def a_read(job_id: str, behaviour: str = "finish", out: str = "/nowhere/r") -> dict:
    options = {"behaviour": behaviour}
    fields = {"reader": "tiny", "study": "ct", "out": out, "options": options}
    return {"id": job_id, "job": "read", **fields}


def test_a_read_reports_progress_and_then_its_folder(a_worker):
    a_worker.say(a_read("7", out="/nowhere/seven"))
    stages = []
    while (answer := a_worker.hear())["event"] == "progress":
        stages.append((answer["stage"], answer["fraction"]))
    assert stages[-1] == ("halfway", 0.5)
    assert answer["event"] == "done"
    assert answer["id"] == "7"
    assert answer["folder"] == "/nowhere/seven"


def test_the_process_stays_the_same_between_jobs(a_worker):
    pids = []
    for job_id in ("1", "2"):
        a_worker.say(a_read(job_id))
        pids.append(a_worker.hear_the_end_of(job_id)["pid"])
    assert pids == [a_worker.process.pid] * 2


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[1, 2]",
        '{"id": "x", "job": "dance"}',
        '{"id": "x", "job": "read", "reader": "tiny"}',
        '{"job": "read", "reader": "tiny", "study": "a", "out": "b"}',
        '{"id": "x", "job": ["read"]}',
        "\x00\xff",
    ],
)
def test_a_malformed_line_is_answered_and_the_worker_lives(a_worker, line):
    a_worker.say(line)
    answer = a_worker.hear()
    assert (answer["event"], answer["code"]) == ("error", "MESSAGE_INVALID")
    assert answer["what_happened"]
    assert answer["what_to_do"]
    a_worker.say(a_read("after"))
    assert a_worker.hear_the_end_of("after")["event"] == "done"


def test_a_refused_job_keeps_its_id(a_worker):
    a_worker.say('{"id": "x", "job": "read"}')
    assert a_worker.hear()["id"] == "x"


def test_what_libraries_print_never_reaches_the_answers(a_worker):
    a_worker.say(a_read("1", "print_something"))
    assert a_worker.hear_the_end_of("1")["event"] == "done"
    a_worker.hang_up()
    chatter = a_worker.process.stderr.read().decode()
    for source in ("library chatter", "chatter below Python", "chatter of a child"):
        assert source in chatter


def test_a_refusal_and_a_fault_are_told_apart(a_worker):
    a_worker.say(a_read("1", "refuse"))
    refusal = a_worker.hear_the_end_of("1")
    assert (refusal["code"], refusal["refused"]) == ("NO_IMAGES", True)
    a_worker.say(a_read("2", "fill_the_disk"))
    fault = a_worker.hear_the_end_of("2")
    assert (fault["code"], fault["refused"]) == ("DISK_FULL", False)


def test_an_unforeseen_fault_says_its_kind_but_not_its_text(a_worker):
    a_worker.say(a_read("1", "stumble"))
    answer = a_worker.hear_the_end_of("1")
    assert answer["code"] == "INTERNAL_ERROR"
    assert "KeyError" in answer["what_happened"]
    a_worker.hang_up()
    assert "DOE" not in json.dumps(answer) + a_worker.process.stderr.read().decode()


def test_a_running_job_can_be_cancelled_and_the_next_one_runs(a_worker):
    a_worker.say(a_read("long", "take_long"))
    a_worker.say(a_read("next"))
    a_worker.say({"job": "cancel", "id": "long"})
    assert a_worker.hear_the_end_of("long")["code"] == "CANCELLED"
    assert a_worker.hear_the_end_of("next")["event"] == "done"


def test_a_waiting_job_can_be_cancelled_before_it_starts(a_worker):
    a_worker.say(a_read("long", "take_long"))
    a_worker.say(a_read("waiting"))
    a_worker.say({"job": "cancel", "id": "waiting"})
    a_worker.say({"job": "cancel", "id": "long"})
    assert a_worker.hear_the_end_of("waiting")["code"] == "CANCELLED"


def test_cancelling_a_finished_job_does_not_touch_a_later_one_of_that_name(a_worker):
    a_worker.say(a_read("1"))
    a_worker.hear_the_end_of("1")
    a_worker.say({"job": "cancel", "id": "1"})
    a_worker.say(a_read("1"))
    assert a_worker.hear_the_end_of("1")["event"] == "done"


def test_jobs_accepted_before_the_end_of_input_are_finished(a_worker):
    a_worker.say(a_read("1"))
    a_worker.process.stdin.write(json.dumps(a_read("2")).encode())  # no newline at the end
    assert a_worker.hang_up() == 0
    ends = [json.loads(line) for line in a_worker.process.stdout]
    assert [e["id"] for e in ends if e["event"] == "done"] == ["1", "2"]


def test_shutdown_stops_a_running_job_and_ends_cleanly(a_worker):
    a_worker.say(a_read("long", "take_long"))
    a_worker.hear()
    a_worker.say({"job": "shutdown"})
    assert a_worker.hear_the_end_of("long")["code"] == "CANCELLED"
    assert a_worker.process.wait(10) == 0


def test_a_worker_whose_host_vanished_stops_working(a_worker):
    a_worker.say(a_read("long", "take_long"))
    a_worker.hear()
    a_worker.process.stdout.close()
    assert a_worker.process.wait(10) is not None
    assert b"Fatal Python error" not in a_worker.process.stderr.read()
