"""The live engine: a frame in; mask, centrelines, tips and confidence out, at once.

`LiveReader` reads one frame after the other. `LiveEngine` runs it in a thread of its own and
always takes the newest frame: when it falls behind it counts what it skipped, and never
queues.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.inference.engine import Engine
from readingroom.readers.guidewire import frames as grey
from readingroom.readers.guidewire.cascade import Cascade, inner
from readingroom.readers.guidewire.centerline import Wire, trace

Picture = npt.NDArray[np.generic]

#: Grey limits, polarity and collimator are looked at anew (50 ms) where the mean has moved by
#: this part of the range: another run, another dose, another window.
_MOVED = 0.15
_LARGEST_SIDE = 2048
_THRESHOLD = 128


@dataclass(frozen=True)
class LiveResult:
    """What was seen in one frame.

    Attributes
    ----------
    number : int
        The frame's number, as given or counted.
    mask : ndarray of uint8, shape (row, col)
        0 nothing, 1 wire, 2 catheter; a wire inside a catheter is 1.
    wires : tuple of Wire
        Wires, and catheters where they were asked for, by `kind`; the last point is the tip.
    confidence : float
        Mean confidence of the wires by length, 0…1; 0 if there is none.
    ms : dict of str to float
        Time of each stage, and ``total``.
    skipped : int
        Frames that came and were left out since the last result.
    """

    number: int
    mask: npt.NDArray[np.uint8]
    wires: tuple[Wire, ...]
    confidence: float
    ms: dict[str, float] = field(default_factory=dict)
    skipped: int = 0

    @property
    def centerlines(self) -> list[npt.NDArray[np.float64]]:
        """Centrelines of the wires (no catheters), ``(n, 2)`` in ``(x, y)`` pixels."""
        return [wire.points for wire in self.wires if wire.kind == "wire"]

    @property
    def tips(self) -> list[npt.NDArray[np.float64]]:
        """Tips of the wires, ``(x, y)`` pixels."""
        return [wire.tip for wire in self.wires if wire.kind == "wire"]


class LiveReader:
    """Reads the frames of one stream in their order.

    Parameters
    ----------
    engine : Engine
        Keeps the networks; may be shared by readers of one thread.
    polarity : {'auto', 'dark', 'bright'}
        How devices look in the frames.
    localise : bool
        See `Cascade`.
    catheters : bool
        Whether catheters get a centreline too, and not only a place in the mask; a wire that
        leaves one then starts there. About 15 ms a frame.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        polarity: str = "auto",
        localise: bool = True,
        catheters: bool = False,
    ) -> None:
        self._cascade = Cascade(engine, localise=localise)
        self._polarity = polarity
        self._catheters = catheters
        self._look: _Look | None = None
        self._count = 0

    def __call__(self, frame: Picture, number: int | None = None) -> LiveResult:
        """Return what is seen in `frame` ``(row, col)``, of any integer or float type.

        Raises
        ------
        RefusedInput
            ``FRAME_SHAPE`` if it is no grey picture of 32 to 2048 pixels a side,
            ``FRAME_SIZE_CHANGED`` if the ones before had another size.
        """
        clock = _Clock()
        self._check(frame)
        prepared = self._prepared(frame)
        clock.lap("prepare")
        if prepared is None:
            self._cascade.reset()
            probability, located = np.zeros((2, *frame.shape), np.uint8), False
        else:
            probability = self._cascade(prepared)
            probability *= self._look.inner  # type: ignore[union-attr]
            located = self._cascade.box is not None
        clock.lap("networks")
        # Nothing located: nothing to trace. The map is passed whole, since where a wire meets
        # the picture's border says which of its ends is the tip.
        catheter = probability[1] if self._catheters else None
        wires = tuple(trace(probability[0], catheter)) if located else ()
        clock.lap("centreline")
        mask = labelled(probability)
        clock.lap("mask")
        self._count += 1
        return LiveResult(
            self._count - 1 if number is None else number,
            mask,
            wires,
            confidence(wires),
            clock.total(),
        )

    def _check(self, frame: Picture) -> None:
        if frame.ndim != 2 or not all(32 <= n <= _LARGEST_SIDE for n in frame.shape):
            raise RefusedInput(
                "FRAME_SHAPE",
                f"A frame of the shape {frame.shape} came; grey pictures of 32 to "
                f"{_LARGEST_SIDE} pixels a side can be read.",
                "Send one grey channel.",
            )
        if self._look is not None and frame.shape != self._look.field.shape:
            was = self._look.field.shape
            raise RefusedInput(
                "FRAME_SIZE_CHANGED",
                f"The frames were {was[1]} x {was[0]} pixels and are now "
                f"{frame.shape[1]} x {frame.shape[0]}.",
                "Start a new stream for frames of another size.",
            )

    def _prepared(self, frame: Picture) -> npt.NDArray[np.float32] | None:
        """Return the frame in 0…1 with dark devices; None if it is blank."""
        some = frame[::8, ::8]
        if some.min() == some.max():
            return None
        if self._look is None or not self._look.fits(some):
            self._look = _Look.at(frame, self._polarity) or self._look
        return None if self._look is None else self._look.applied(frame)


class LiveEngine:
    """A thread that reads the newest frame there is.

    Parameters
    ----------
    reader : callable
        ``reader(frame, number) -> LiveResult``; a `LiveReader`.
    on_result : callable
        Called in the thread with each `LiveResult`, and with a `ReadingRoomError` where a
        frame was refused.

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
        self._reader = reader
        self._on_result = on_result
        self._changed = threading.Condition()
        self._waiting: tuple[int, Picture] | None = None
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
            self._waiting = (number, frame)
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
        while (taken := self._take()) is not None:
            number, frame, skipped = taken
            try:
                result = self._reader(frame, number)
            except ReadingRoomError as error:
                self._on_result(error)
                continue
            self.read += 1
            self._on_result(replace(result, skipped=skipped))

    def _take(self) -> tuple[int, Picture, int] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._closed)
            if self._closed or self._waiting is None:
                return None
            (number, frame), self._waiting = self._waiting, None
            new = self.skipped - self._skipped_before
            self._skipped_before = self.skipped
            return number, frame, new


@dataclass(frozen=True)
class _Look:
    """Grey limits, polarity and field of a stream."""

    low: float
    high: float
    inverted: bool
    field: npt.NDArray[np.bool_]
    inner: npt.NDArray[np.bool_]
    mean: float

    @classmethod
    def at(cls, frame: Picture, polarity: str) -> _Look | None:
        """Return what `frame` shows; None if it is blank."""
        looked_at = frame.astype(np.float32)[None]
        seen = grey.find_field(looked_at)
        try:
            low, high = grey.limits(looked_at, seen)
        except RefusedInput:
            return None
        found = grey.find_polarity(looked_at, seen) if polarity == "auto" else polarity
        mean = float(frame[::8, ::8].mean())
        return cls(low, high, found == "bright", seen, inner(seen), mean)

    def fits(self, some: Picture) -> bool:
        """Say whether some pixels of a frame are about as bright as those looked at."""
        return abs(float(some.mean()) - self.mean) <= _MOVED * (self.high - self.low)

    def applied(self, frame: Picture) -> npt.NDArray[np.float32]:
        """Return the frame in 0…1, devices dark, 0 outside the field."""
        array = np.subtract(frame, np.float32(self.low), dtype=np.float32)
        array *= np.float32(1.0 / (self.high - self.low))
        if self.inverted:
            np.subtract(np.float32(1.0), array, out=array)
        np.clip(array, 0.0, 1.0, out=array)
        array *= self.field
        return array


class _Clock:
    """Milliseconds of each stage."""

    def __init__(self) -> None:
        self._started = self._last = time.perf_counter()
        self._ms: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._ms[stage] = 1000.0 * (now - self._last)
        self._last = now

    def total(self) -> dict[str, float]:
        return {**self._ms, "total": 1000.0 * (self._last - self._started)}


def labelled(probability: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the label map ``(row, col)`` of probabilities: 1 wire, 2 catheter."""
    wire, catheter = probability >= _THRESHOLD
    return np.where(wire, np.uint8(1), catheter.astype(np.uint8) * np.uint8(2))


def confidence(wires: tuple[Wire, ...]) -> float:
    """Return the mean confidence of the wires, weighed by length."""
    kept = [wire for wire in wires if wire.kind == "wire"]
    lengths = np.array([wire.length_px for wire in kept])
    if lengths.sum() == 0:
        return 0.0
    return float(np.average([wire.confidence for wire in kept], weights=lengths))
