"""Threads that read the newest frame of a stream.

The networks see a frame while the one before is traced. When frames come faster than they are
read, those left out are counted; none is queued.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from readingroom.errors import ReadingRoomError
from readingroom.readers.guidewire.live import LiveResult, Picture


class LiveEngine:
    """Threads that read the newest frame there is.

    Parameters
    ----------
    reader : callable
        ``reader(frame, number) -> LiveResult``. Of a `LiveReader`, the tracing of a frame runs
        beside the networks on the next.
    on_result : callable
        Called in order with each `LiveResult`, whose ``ms`` holds ``latency``, the time since
        the frame came; and with a `ReadingRoomError` where a frame was refused.

    Attributes
    ----------
    received, read, skipped : int
        Frames so far.
    """

    def __init__(
        self,
        reader: Callable[[Picture, int | None], LiveResult],
        on_result: Callable[[LiveResult | ReadingRoomError], None],
    ) -> None:
        self._look: Callable[[Picture, int | None], Any] = getattr(reader, "look", reader)
        self._finish: Callable[[Any], LiveResult] = getattr(reader, "finish", _as_is)
        self._on_result = on_result
        self._changed = threading.Condition()
        self._waiting: tuple[int, Picture, float] | None = None
        self._closed = False
        self._skipped_before = 0
        self.received = self.read = self.skipped = 0
        self._thread = threading.Thread(target=self._run, name="live-guidewire", daemon=True)
        self._thread.start()

    def put(self, frame: Picture) -> int:
        """Hand over a frame and return its number at once; it replaces one still waiting."""
        with self._changed:
            number = self.received
            self.received += 1
            self.skipped += self._waiting is not None
            self._waiting = (number, frame, time.perf_counter())
            self._changed.notify()
            return number

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop after the frame in hand."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def __enter__(self) -> LiveEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        before: Future[None] | None = None
        with ThreadPoolExecutor(1, "live-guidewire-centreline") as second:
            while (taken := self._take()) is not None:
                number, frame, came, skipped = taken
                looked: Any
                try:
                    looked = self._look(frame, number)
                except ReadingRoomError as error:
                    looked = error
                if before is not None:
                    before.result()
                before = second.submit(self._hand_over, looked, came, skipped)

    def _hand_over(self, looked: Any, came: float, skipped: int) -> None:
        if isinstance(looked, ReadingRoomError):
            self._on_result(looked)
            return
        result = self._finish(looked)
        ms = {**result.ms, "latency": 1000.0 * (time.perf_counter() - came)}
        self._on_result(replace(result, skipped=skipped, ms=ms))
        self.read += 1

    def _take(self) -> tuple[int, Picture, float, int] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._closed)
            if self._closed or self._waiting is None:
                return None
            (number, frame, came), self._waiting = self._waiting, None
            new = self.skipped - self._skipped_before
            self._skipped_before = self.skipped
            return number, frame, came, new


def _as_is(result: LiveResult) -> LiveResult:
    return result
