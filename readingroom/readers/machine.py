"""What every machine's reading needs besides its question: engine, seconds, provenance."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from readingroom import __version__
from readingroom.errors import RefusedInput
from readingroom.imaging import digest
from readingroom.options import ComputeOptions
from readingroom.reading import CardReference, Provenance
from readingroom.study import Note, Volume

if TYPE_CHECKING:
    from readingroom.inference.engine import Engine


class Engines:
    """Engines kept warm from one reading to the next, one for each way to compute."""

    def __init__(self) -> None:
        self._warm: dict[tuple[str, str, bool], Engine] = {}

    def of(self, options: ComputeOptions) -> Engine:
        """Return the engine that `options` ask for, without the notes of earlier readings."""
        from readingroom.inference.engine import Engine

        key = (options.device, options.precision, options.deterministic)
        if key not in self._warm:
            precision = {"float32": "fp32", "float16": "fp16"}.get(options.precision, "auto")
            self._warm[key] = Engine(
                device=options.device, precision=precision, deterministic=options.deterministic
            )
        engine = self._warm[key]
        engine.notes.clear()
        return engine


class Clock:
    """Seconds spent per stage of a reading."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, stage: str) -> None:
        """Book the time since the last lap to `stage`."""
        now = time.monotonic()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now


def refuse(note: Note | None) -> None:
    """Raise what a note of severity ``refusal`` says; nothing for None."""
    if note is not None:
        raise RefusedInput(note.code, note.message, "Choose another series or study.")


def provenance(engine: Engine, cards: Sequence[str], volume: Volume, clock: Clock) -> Provenance:
    """Return how a reading of `volume` came about.

    Parameters
    ----------
    cards : sequence of str
        Names of the cards that took part; they are warm by now.
    """
    used = [engine.session(name) for name in cards]
    return Provenance(
        cards=[CardReference(name=s.card.name, sha256=s.card.sha256) for s in used],
        device=engine.device,
        precision=used[0].precision if used else "",
        seconds=clock.seconds,
        package_version=__version__,
        input_sha256=digest(volume),
    )
