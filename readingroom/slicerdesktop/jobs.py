"""The reading process of one module, polled from the application's event loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.slicerdesktop.host import Host, Timer
from readingroom.slicerdesktop.unforeseen import as_told

if TYPE_CHECKING:
    from readingroom.errors import ReadingRoomError
    from readingroom.worker import Answer, WorkerClient

_POLL_MS = 100


@dataclass
class Job:
    """One job under way and whom to tell.

    Attributes
    ----------
    progress : Callable[[str, float], None]
        Receives the stage and the fraction done, 0…1.
    done : Callable[[dict], None]
    failed : Callable[[ReadingRoomError], None]
        Also for a cancelled job (code ``CANCELLED``), and if `done` fails.
    """

    progress: Callable[[str, float], None]
    done: Callable[[dict[str, Any]], None]
    failed: Callable[[ReadingRoomError], None]


class Jobs:
    """Hands jobs to a process of their own, one at a time; the process stays warm.

    Parameters
    ----------
    host : Host
    packages : Path
        The folder of packages that the process uses first.
    command : sequence of str, optional
        How to start the process; by default the application's Python with `startworker`.
    """

    def __init__(self, host: Host, packages: Path, command: Sequence[str] | None = None) -> None:
        self._host = host
        self._packages = packages
        self.command = command
        self._client: WorkerClient | None = None
        self._job: Job | None = None
        self._timer: Timer | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is under way."""
        return self._job is not None

    @property
    def pid(self) -> int | None:
        """The process id while the process runs."""
        return None if self._client is None else self._client.pid

    def submit(self, name: str, job: Job, **fields: Any) -> None:
        """Start a job; its callbacks are called from the event loop.

        Raises
        ------
        ReadingRoomError
            ``WORKER_NOT_STARTED``.
        """
        client = self._started()
        client.submit(name, **fields)
        self._job = job
        self._timer = self._host.every(_POLL_MS, self._poll)

    def cancel(self) -> None:
        """Kill the process tree; the job's `failed` is told at once."""
        if self._client is not None and self.busy:
            self._client.cancel()
            self._poll()

    def close(self) -> None:
        """Forget the job, tell nobody, and end the process."""
        self._stop()
        if self._client is not None:
            if self._client.busy:
                self._client.cancel()
            self._client.close()
            self._client = None

    def _started(self) -> WorkerClient:
        if self._client is None:
            from readingroom.worker import WorkerClient

            # A user's own packages must not come between the pinned ones.
            self._client = WorkerClient(self._command_line(), {"PYTHONNOUSERSITE": "1"})
        return self._client

    def _command_line(self) -> list[str]:
        from readingroom.slicerdesktop import startworker

        script = str(Path(startworker.__file__))
        return list(self.command or [self._host.python(), script, str(self._packages)])

    def _poll(self) -> None:
        if self._client is None:
            return
        for answer in self._client.poll():
            self._tell(answer)

    def _tell(self, answer: Answer) -> None:
        job = self._job
        if job is None:
            return
        if not answer.final:
            if answer.event == "progress":
                job.progress(answer.stage, answer.fraction)
            return
        self._stop()
        if answer.fault is not None:
            job.failed(answer.fault)
            return
        try:
            job.done(answer.result)
        except Exception as fault:  # a timer calls: nobody else would tell the person
            job.failed(as_told(fault))

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer, self._job = None, None
