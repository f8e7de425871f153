"""Drive a worker from a host: submit, poll, cancel. No thread, no image library."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.worker import protocol
from readingroom.worker.pipe import read_available
from readingroom.worker.processtree import kill_tree

_POLL_S = 0.2
_STOP_S = 5.0
_LOG_TAIL_BYTES = 8192


def not_started() -> ReadingRoomError:
    """Return the fault of a reading process that could not be started."""
    return ReadingRoomError(
        "WORKER_NOT_STARTED",
        "The reading process could not be started.",
        "Run 'readingroom doctor' to see whether the installation is complete.",
    )


@dataclass(frozen=True)
class Answer:
    """One line from the worker.

    Attributes
    ----------
    id : str
        The job's id; empty for ``ready``.
    event : {'ready', 'progress', 'done', 'error'}
    stage, fraction : str, float
        How far the job is; fraction in 0…1.
    result : dict
        What a ``done`` holds: ``folder``, ``seconds`` and the job's own fields.
    fault : ReadingRoomError or None
        Why an ``error`` ended the job.
    """

    id: str
    event: str
    stage: str = ""
    fraction: float = 0.0
    result: dict[str, Any] = field(default_factory=dict)
    fault: ReadingRoomError | None = None

    @property
    def final(self) -> bool:
        """Whether the job has ended with this answer."""
        return self.event in ("done", "error")


class WorkerClient:
    """A worker process and the jobs it has been given.

    The process starts with the first job, stays warm between jobs, and starts anew after
    a cancellation or a crash. Use it as a context manager, or call `close`.

    Parameters
    ----------
    command : sequence of str, optional
        How to start the worker; the present interpreter's own by default.
    environment : dict, optional
        Variables added to the worker's environment.
    """

    def __init__(
        self,
        command: Sequence[str] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._command = list(command or (sys.executable, "-m", "readingroom.worker"))
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._buffer = b""
        self._ids = itertools.count(1)
        self._pending: dict[str, dict[str, Any]] = {}
        self._owed: list[Answer] = []
        self.versions: dict[str, str] = {}

    def __enter__(self) -> WorkerClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the worker process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The worker's process id while it runs."""
        return self._process.pid if self._process is not None and self.alive else None

    @property
    def busy(self) -> bool:
        """Whether a job has been submitted that is not answered yet."""
        return bool(self._pending or self._owed)

    def start(self) -> None:
        """Start the worker unless it runs; a host may do so early to warm it.

        Raises
        ------
        ReadingRoomError
            ``WORKER_NOT_STARTED`` if the system cannot start the process.
        """
        if self.alive:
            return
        self._drop_process()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env={**os.environ, **self._environment},
                **_own_group(),
            )
        except OSError:
            raise not_started() from None

    def submit(self, job: str, **fields: Any) -> str:
        """Hand `job` to the worker and return its id.

        Parameters
        ----------
        job : {'read', 'remeasure', 'report'}
        **fields
            As in `readingroom.worker.protocol`.
        """
        self.start()
        job_id = str(next(self._ids))
        self._pending[job_id] = fields
        self._send({"id": job_id, "job": job, **fields})
        return job_id

    def poll(self, timeout: float = 0.0) -> list[Answer]:
        """Return the answers that came, waiting at most `timeout` seconds for the first.

        Meant for a timer of the host's event loop. A worker that died answers each of
        its jobs with ``WORKER_DIED``.
        """
        if self._owed:
            owed, self._owed = self._owed, []
            return owed
        if self._process is None or self._process.stdout is None:
            return []
        chunk = read_available(self._process.stdout.fileno(), timeout)
        if chunk is None:
            return self._buried()
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        return [self._taken(event) for line in lines if (event := _event(line))]

    def run(
        self,
        job: str,
        progress: Callable[[str, float], None] | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """Do `job`, wait for its end and return the result.

        Raises
        ------
        ReadingRoomError
            What the worker answered, or ``WORKER_DIED``.
        KeyboardInterrupt
            After the job has been cancelled and its traces removed.
        """
        job_id = self.submit(job, **fields)
        try:
            return self._awaited(job_id, progress)
        except KeyboardInterrupt:
            self.cancel()
            raise

    def cancel(self) -> None:
        """Stop everything at once: kill the process tree, leave no half-written folder.

        Every pending job is answered with ``CANCELLED`` at the next `poll`; the next
        job starts a new worker.
        """
        if self._process is not None:
            kill_tree(self._process.pid)
        self._drop_process()
        self._owed += self._fail_pending(Cancelled())

    def close(self) -> None:
        """Let the worker end; kill it if it does not within a few seconds."""
        if self.alive and not self._pending:
            self._send({"job": "shutdown"})
            self._await_exit()
        if self.alive:
            self.cancel()
        self._drop_process()

    def log_tail(self) -> str:
        """Return the last lines the worker wrote to its standard error."""
        if self._log is None:
            return ""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_TAIL_BYTES))
        return self._log.read().decode("utf-8", "replace")

    def _awaited(
        self, job_id: str, progress: Callable[[str, float], None] | None
    ) -> dict[str, Any]:
        while True:
            for answer in self.poll(_POLL_S):
                if answer.id != job_id:
                    continue
                if answer.fault is not None:
                    raise answer.fault
                if answer.final:
                    return answer.result
                if progress is not None:
                    progress(answer.stage, answer.fraction)

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(protocol.encode(message).encode("ascii"))
            self._process.stdin.flush()
        except OSError:
            return  # the worker is gone: `poll` finds its output closed and says so

    def _taken(self, data: dict[str, Any]) -> Answer:
        answer = _answer(data)
        if answer.event == "ready":
            self.versions = dict(data.get("versions", {}))
        if answer.final:
            self._pending.pop(answer.id, None)
        return answer

    def _buried(self) -> list[Answer]:
        """Clear up after a worker that ended without being asked."""
        assert self._process is not None
        kill_tree(self._process.pid)
        code = self._process.wait()
        self._close_pipes()
        self._process = None
        self._buffer = b""
        return self._fail_pending(_died(code))

    def _fail_pending(self, fault: ReadingRoomError) -> list[Answer]:
        from readingroom.folder import remove_leftovers

        pending, self._pending = self._pending, {}
        for fields in pending.values():
            remove_leftovers(Path(fields.get("out") or fields.get("folder") or "."))
        return [Answer(job_id, "error", fault=fault) for job_id in pending]

    def _await_exit(self) -> None:
        until = time.monotonic() + _STOP_S
        while self.alive and time.monotonic() < until:
            self.poll(_POLL_S)

    def _drop_process(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._close_pipes()
        if self._log is not None:
            self._log.close()
        self._process, self._log, self._buffer = None, None, b""

    def _close_pipes(self) -> None:
        assert self._process is not None
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close_quietly(pipe)


def _close_quietly(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:  # unsent bytes for a worker that is gone
        return


def _event(line: bytes) -> dict[str, Any]:
    """Return the object in `line`; nothing for what an interpreter's start-up printed."""
    try:
        data = json.loads(line)
    except ValueError:
        return {}
    return data if isinstance(data, dict) and "event" in data else {}


def _answer(data: dict[str, Any]) -> Answer:
    known = {"id", "event"}
    fault = _fault(data) if data["event"] == "error" else None
    return Answer(
        id=str(data.get("id") or ""),
        event=str(data["event"]),
        stage=str(data.get("stage", "")),
        fraction=float(data.get("fraction", 0.0)),
        result={k: v for k, v in data.items() if k not in known} if fault is None else {},
        fault=fault,
    )


def _fault(data: dict[str, Any]) -> ReadingRoomError:
    if data["code"] == "CANCELLED":
        return Cancelled()
    kind = RefusedInput if data.get("refused") else ReadingRoomError
    return kind(data["code"], data["what_happened"], data["what_to_do"])


def _died(code: int) -> ReadingRoomError:
    return ReadingRoomError(
        "WORKER_DIED",
        f"The reading process ended before the reading was finished (exit code {code}).",
        "Start the reading again; if it ends again, the machine may lack memory.",
    )


def _own_group() -> dict[str, Any]:
    """Keep the terminal's Ctrl-C with the host, which then ends the worker in order."""
    if sys.platform == "win32":
        # A host without a console must not open one for its worker.
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}
