"""The live engine: a frame in; mask, centrelines, tips and confidence out, at once.

`LiveReader` reads one frame after the other; `readingroom.readers.guidewire.liveengine` runs it
in threads of its own on the newest frame there is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.inference.engine import Engine
from readingroom.readers.guidewire import frames as grey
from readingroom.readers.guidewire.cascade import Cascade, inner
from readingroom.readers.guidewire.centerline import Wire, trace
from readingroom.readers.guidewire.plausible import plausible

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


@dataclass(frozen=True)
class Looked:
    """A frame after the networks: probabilities ``(2, row, col)``, and whether there is any."""

    number: int
    probability: npt.NDArray[np.uint8]
    located: bool
    ms: dict[str, float]


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
    workers : int
        See `Cascade`; with more than one, the engine's own threads are best 1.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        polarity: str = "auto",
        localise: bool = True,
        catheters: bool = False,
        workers: int = 1,
    ) -> None:
        self._cascade = Cascade(engine, localise=localise, workers=workers)
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
        return self.finish(self.look(frame, number))

    def look(self, frame: Picture, number: int | None = None) -> Looked:
        """Return what the networks see in a frame; frames come in their order."""
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
            located = bool(self._cascade.boxes)
        clock.lap("networks")
        self._count += 1
        return Looked(self._count - 1 if number is None else number, probability, located, clock.ms)

    def finish(self, looked: Looked) -> LiveResult:
        """Return what was seen; may run in another thread than `look`."""
        clock = _Clock()
        # Nothing located: nothing to trace. The map is passed whole, since where a wire meets
        # the picture's border says which of its ends is the tip.
        catheter = looked.probability[1] if self._catheters else None
        traced = trace(looked.probability[0], catheter) if looked.located else []
        wires = tuple(plausible(traced))
        clock.lap("centreline")
        mask = labelled(looked.probability)
        clock.lap("mask")
        ms = {**looked.ms, **clock.ms}
        return LiveResult(
            looked.number, mask, wires, confidence(wires), {**ms, "total": sum(ms.values())}
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
        self._last = time.perf_counter()
        self.ms: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.ms[stage] = 1000.0 * (now - self._last)
        self._last = now


def labelled(probability: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the label map ``(row, col)`` of probabilities: 1 wire, 2 catheter."""
    wire, catheter = (probability >= _THRESHOLD).view(np.uint8)
    return np.asarray(wire | (catheter << 1) & ~(wire << 1), np.uint8)


def confidence(wires: tuple[Wire, ...]) -> float:
    """Return the mean confidence of the wires, weighed by length."""
    kept = [wire for wire in wires if wire.kind == "wire"]
    lengths = np.array([wire.length_px for wire in kept])
    if lengths.sum() == 0:
        return 0.0
    return float(np.average([wire.confidence for wire in kept], weights=lengths))
