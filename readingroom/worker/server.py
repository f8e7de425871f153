"""The worker process: jobs in, progress and finished reading folders out."""

from __future__ import annotations

import logging
import platform
import queue
import threading
from collections.abc import Iterable
from importlib import metadata
from typing import Any, TextIO

from readingroom import __version__
from readingroom.errors import ReadingRoomError
from readingroom.reader import Progress
from readingroom.worker import protocol
from readingroom.worker.faults import as_error
from readingroom.worker.jobs import Jobs
from readingroom.worker.logs import set_up
from readingroom.worker.protocol import Message
from readingroom.worker.stdio import lines, take_stdout

_log = logging.getLogger(__name__)
_PACKAGES = ("numpy", "torch", "onnxruntime", "pydicom")


class Worker:
    """Serve one job at a time; listen for cancellations meanwhile.

    The jobs run in the calling thread. A second thread does nothing but read lines, so
    that a ``cancel`` reaches the job that is under way.

    Parameters
    ----------
    answers : TextIO
        Where the JSON lines go.
    jobs : Jobs, optional
        What the worker can do.
    """

    def __init__(self, answers: TextIO, jobs: Jobs | None = None) -> None:
        self._answers = answers
        self._jobs = jobs or Jobs()
        self._waiting: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running: tuple[str, Progress] | None = None
        self._accepted: set[str] = set()
        self._cancelled: set[str] = set()
        self._stopping = False

    def serve(self, incoming: Iterable[str]) -> None:
        """Answer `incoming` lines until they end or one says ``shutdown``.

        Jobs accepted before the end of the input are finished; ``shutdown`` and a host
        that no longer listens stop the work at once.
        """
        self._answer(protocol.ready(versions()))
        threading.Thread(target=self._listen, args=(incoming,), daemon=True).start()
        while (message := self._waiting.get()) is not None:
            if not self._stopping:
                self._work(message)

    def _listen(self, incoming: Iterable[str]) -> None:
        try:
            for line in incoming:
                if self._stopping:
                    break
                if line.strip():
                    self._receive(line)
        finally:
            self._waiting.put(None)

    def _receive(self, line: str) -> None:
        try:
            message = protocol.parse(line)
        except ReadingRoomError as fault:
            self._answer(protocol.error(protocol.identity(line), fault))
            return
        if message.job == "shutdown":
            self._stop()
        elif message.job == "cancel":
            self._cancel(message.id)
        else:
            self._accept(message)

    def _accept(self, message: Message) -> None:
        with self._lock:
            self._accepted.add(message.id)
        self._waiting.put(message)

    def _stop(self) -> None:
        with self._lock:
            self._stopping = True
            if self._running is not None:
                self._running[1].cancel()
        self._waiting.put(None)

    def _cancel(self, job_id: str) -> None:
        with self._lock:
            if self._running is not None and self._running[0] == job_id:
                self._running[1].cancel()
            elif job_id in self._accepted:
                self._cancelled.add(job_id)

    def _work(self, message: Message) -> None:
        progress = Progress(lambda stage, f: self._answer(protocol.progress(message.id, stage, f)))
        with self._lock:
            self._running = (message.id, progress)
            self._accepted.discard(message.id)
            if message.id in self._cancelled:
                self._cancelled.discard(message.id)
                progress.cancel()
        answer = self._outcome(message, progress)
        with self._lock:
            self._running = None
        self._answer(answer)

    def _outcome(self, message: Message, progress: Progress) -> dict[str, Any]:
        try:
            progress("start", 0.0)
            return protocol.done(message.id, self._jobs.run(message.job, message.fields, progress))
        except Exception as fault:  # the worker outlives whatever a job does
            error = as_error(fault)
            _log.info("job %s ended with %s", message.job, error.code)
            return protocol.error(message.id, error)

    def _answer(self, event: dict[str, Any]) -> None:
        with self._lock:
            listening = self._write(protocol.encode(event))
        if not listening:
            self._stop()

    def _write(self, line: str) -> bool:
        """Write one line; False when the host is gone."""
        try:
            self._answers.write(line)
            self._answers.flush()
        except (BrokenPipeError, ValueError):
            return False
        return True


def versions() -> dict[str, str]:
    """Return the versions that shape a reading, without importing the packages."""
    installed = {"readingroom": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            installed[package] = ""
    return installed


def main() -> int:
    """Serve standard input until it ends; the exit code is always 0."""
    answers = take_stdout()
    set_up()
    Worker(answers).serve(lines())
    return 0
