"""The contract of a reader, and what a host hands to it while it works."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Generic, TypeVar

from readingroom.errors import Cancelled
from readingroom.options import ReaderOptions
from readingroom.reading import Masks, Reading
from readingroom.study import Note, Study

OptionsT = TypeVar("OptionsT", bound=ReaderOptions)


class Progress:
    """Stage reports from a reader to its host, and the host's wish to stop.

    Parameters
    ----------
    report : Callable[[str, float], None], optional
        Receives the stage's name and the fraction done of the whole reading, 0…1.
    """

    def __init__(self, report: Callable[[str, float], None] | None = None) -> None:
        self._report = report
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ask the reader to stop at its next report."""
        self._cancelled.set()

    def __call__(self, stage: str, fraction: float) -> None:
        """Report `stage` at `fraction` (0…1).

        Raises
        ------
        Cancelled
            If the host asked to stop.
        """
        if self._cancelled.is_set():
            raise Cancelled()
        if self._report is not None:
            self._report(stage, min(max(fraction, 0.0), 1.0))

    def part(self, start: float, end: float) -> Progress:
        """Return a progress whose 0…1 covers `start`…`end` of this one."""
        outer = self
        inner = Progress(lambda stage, f: outer(stage, start + f * (end - start)))
        inner._cancelled = self._cancelled
        return inner


class Reader(ABC, Generic[OptionsT]):
    """One clinical question put to a study.

    A reader holds no state between calls other than networks kept warm.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    title: ClassVar[dict[str, str]]  # language code -> title shown to people
    options_type: ClassVar[type[ReaderOptions]]

    @abstractmethod
    def check(self, study: Study, options: OptionsT) -> list[Note]:
        """Say what limits this study for the question, without decoding all of it.

        Returns
        -------
        list of Note
            A note of severity ``refusal`` means that `read` would refuse.
        """

    @abstractmethod
    def read(self, study: Study, options: OptionsT, progress: Progress) -> Reading:
        """Read the study: networks, findings, measurements, notes.

        Raises
        ------
        RefusedInput
            If `check` refuses or the images turn out not to show what is asked.
        Cancelled
            If the host asked to stop.
        """

    @abstractmethod
    def remeasure(self, reading: Reading, study: Study, masks: Masks) -> Reading:
        """Return the next revision's content for corrected `masks`.

        Runs no network. Findings keep their ids as far as their voxels remain.
        """
