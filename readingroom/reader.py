"""The contract of a reader, and what a host hands to it while it works."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from readingroom.errors import Cancelled, RefusedInput
from readingroom.options import ReaderOptions
from readingroom.reading import Finding, Masks, Reading
from readingroom.study import Note, Study

OptionsT = TypeVar("OptionsT", bound=ReaderOptions)
Index = tuple[int, int, int]


@dataclass(frozen=True)
class FindingClass:
    """One class that a person may give to a finding.

    Attributes
    ----------
    label : str
        The finding's label, which is also the name of its mask segment.
    title : dict of str to str
        Language code to the name shown to people.
    color : tuple of float
        Red, green, blue in 0…1: the colour of the mask segment.
    shortcut : str
        A single key, unique per reader; empty for none.
    """

    label: str
    title: dict[str, str]
    color: tuple[float, float, float]
    shortcut: str = ""


@dataclass(frozen=True)
class WindowPreset:
    """A grey-value window: `center` and `width` in the image's own unit (HU for CT)."""

    name: str
    title: dict[str, str]
    center: float
    width: float


@dataclass(frozen=True)
class Growth:
    """What one click on something missed would mark.

    Attributes
    ----------
    layer : int
        The layer of the masks.
    start : tuple of int
        First ``(k, j, i)`` of the box on the volume's own grid.
    voxels : ndarray of unsigned int, ``[k, j, i]``
        The box of that layer as it shall be.
    label : str
        The class that was asked for.
    """

    layer: int
    start: Index
    voxels: npt.NDArray[np.unsignedinteger[Any]]
    label: str


@dataclass(frozen=True)
class MaskChange:
    """A box of a mask layer that has changed, with what was there before.

    Attributes
    ----------
    layer : int
    start : tuple of int
        First ``(k, j, i)`` of the box.
    before : ndarray of unsigned int, ``[k, j, i]``
        The box of the layer before the change.
    """

    layer: int
    start: Index
    before: npt.NDArray[np.unsignedinteger[Any]]

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Index that cuts the box out of its layer."""
        k, j, i = (slice(a, a + n) for a, n in zip(self.start, self.before.shape, strict=True))
        return k, j, i


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
    #: Classes that a person may give to a finding.
    finding_classes: ClassVar[tuple[FindingClass, ...]] = ()
    #: The first is the one to begin with.
    window_presets: ClassVar[tuple[WindowPreset, ...]] = ()
    #: Arrangement of the views to begin with.
    default_layout: ClassVar[str] = "four_up"

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

    def remeasure_part(
        self, reading: Reading, study: Study, masks: Masks, changes: Sequence[MaskChange]
    ) -> Reading:
        """Return what `remeasure` would, knowing that only `changes` lie between.

        Parameters
        ----------
        reading : Reading
            Measured on the masks as they were before `changes`; its own ``masks`` are not
            looked at.
        masks : Masks
            As they are now.
        changes : sequence of MaskChange
            Empty where only states of findings differ.

        Notes
        -----
        This is what runs after every stroke; a reader that can measure a part alone
        overrides it.
        """
        del changes
        return self.remeasure(reading, study, masks)

    def voxels_of(
        self, reading: Reading, study: Study, masks: Masks, finding: Finding
    ) -> tuple[Index, npt.NDArray[np.bool_]]:
        """Return the finding's own voxels: first ``(k, j, i)`` and a box ``[k, j, i]``.

        They move when the finding gets another class. Empty if it has no mask.
        """
        from readingroom.maskregion import component_at

        del reading, study
        found = next((s for s in masks.segments if s.name == finding.mask_segment), None)
        if found is None:
            return (0, 0, 0), np.zeros((0, 0, 0), np.bool_)
        place = np.linalg.solve(masks.ijk_to_lps, [*finding.position_lps_mm, 1.0])
        k, j, i = (int(x) for x in np.rint(place[2::-1]))
        return component_at(masks.layers[found.layer], found.value, (k, j, i))

    def grow(
        self,
        reading: Reading,
        study: Study,
        masks: Masks,
        position_lps_mm: tuple[float, float, float],
        label: str,
    ) -> Growth:
        """Return what a click on something missed would mark; runs no network.

        Raises
        ------
        RefusedInput
            ``NOTHING_TO_GROW`` if nothing is there, ``GROWTH_LEAKS`` if it has no end.
        """
        raise RefusedInput(
            "NOTHING_TO_GROW",
            f"The reader '{self.name}' does not outline by a click.",
            "Paint it.",
        )

    def paint_threshold(self, reading: Reading, study: Study) -> float | None:
        """Return where a threshold brush begins, in the image's own unit; None for nowhere."""
        del reading, study
        return None

    def measurement_rows(self, reading: Reading) -> list[str]:
        """Return the names of the reading's measurements as a clinician wants to see them."""
        return list(reading.measurements)

    def headline(self, reading: Reading) -> list[str]:
        """Return the names of the few measurements that an audit entry quotes."""
        return self.measurement_rows(reading)[:3]
