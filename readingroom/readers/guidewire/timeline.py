"""Which sequence is read, and its grid in space and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.study import Cine, Note, Study

#: Modalities of projection sequences; videos and pictures carry none.
_MODALITIES = ("XA", "RF", "DX", "CR", "OT", "SC", "")


@dataclass(frozen=True)
class Timeline:
    """What turns pixels and frames into lengths and times.

    Attributes
    ----------
    shape : tuple of int
        Frames, rows, columns.
    spacing_mm : tuple of float or None
        Distance of rows and of columns at the device, mm; None where it is unknown.
    times_ms : tuple of float
        Time of each frame, ms; empty where it is unknown.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float] | None = None
    times_ms: tuple[float, ...] = ()

    @classmethod
    def of(cls, cine: Cine) -> Timeline:
        """Return the timeline of a sequence."""
        times = cine.frame_times_ms if len(cine.frame_times_ms) == cine.shape[0] else ()
        return cls(cine.shape, cine.pixel_spacing_mm, times)

    @property
    def unit(self) -> str:
        """UCUM unit of lengths."""
        return "mm" if self.spacing_mm else "{pixels}"

    def length(self, points: npt.NDArray[np.float64]) -> float:
        """Return the length of a polyline of ``(x, y)`` pixels, in `unit`."""
        row, column = self.spacing_mm or (1.0, 1.0)
        steps = np.diff(points, axis=0) * (column, row)
        return float(np.linalg.norm(steps, axis=1).sum())

    def seconds(self, frame: int) -> float | None:
        """Return the time of a frame since the sequence began, s; None if unknown."""
        return (self.times_ms[frame] - self.times_ms[0]) / 1000.0 if self.times_ms else None

    def position(self, frame: int, row: int, column: int) -> tuple[float, float, float]:
        """Return the place of a pixel as `readingroom.study.Cine.stack` has it."""
        height, width = self.spacing_mm or (1.0, 1.0)
        return float(column * width), float(row * height), float(frame)

    def pixel(self, position: tuple[float, float, float]) -> tuple[int, int, int]:
        """Return frame, row and column of a place."""
        height, width = self.spacing_mm or (1.0, 1.0)
        x, y, z = position
        return round(z), round(y / height), round(x / width)


def choose_cine(study: Study, series: str | None = None) -> tuple[Cine, Note]:
    """Pick the sequence to read and say why.

    Raises
    ------
    RefusedInput
        ``NO_CINE`` if there is none, ``NOT_FLUOROSCOPY`` if what there is comes from another
        modality, ``SERIES_UNKNOWN`` if the one asked for is not there.
    """
    if not study.cines:
        raise _no_cine(study)
    if series:
        return _asked_for(study, series)
    fitting = [cine for cine in study.cines if cine.acquisition.modality in _MODALITIES]
    if not fitting:
        raise _not_fluoroscopy(study.cines[0].acquisition.modality)
    cine = max(fitting, key=lambda one: one.shape[0])
    if len(study.cines) == 1:
        return cine, _chosen("the only sequence", "唯一的序列", cine)
    return cine, _chosen(f"the longest of {len(study.cines)}", "帧数最多者", cine)


def cine_read(study: Study, uid: str, shape: tuple[int, ...]) -> Cine:
    """Return the sequence that a reading was made from.

    Raises
    ------
    RefusedInput
        ``STUDY_DIFFERS`` if it is not in the study.
    """
    for cine in study.cines:
        if cine.series_uid == uid and cine.shape == shape:
            return cine
    raise RefusedInput(
        "STUDY_DIFFERS",
        "The study does not hold the sequence that was read.",
        "Give the study that this reading was made from.",
    )


def _asked_for(study: Study, series: str) -> tuple[Cine, Note]:
    numbered = series.isdigit() and 1 <= int(series) <= len(study.cines)
    found = [cine for cine in study.cines if series and cine.series_uid.startswith(series)]
    if numbered:
        found = [study.cines[int(series) - 1]]
    if len(found) != 1:
        raise RefusedInput(
            "SERIES_UNKNOWN",
            f"There is no sequence '{series}' in this study, or more than one.",
            f"Give its UID, or a number from 1 to {len(study.cines)}.",
        )
    if found[0].acquisition.modality not in _MODALITIES:
        raise _not_fluoroscopy(found[0].acquisition.modality)
    return found[0], _chosen("as asked", "按指定", found[0])


def _chosen(why: str, why_zh: str, cine: Cine) -> Note:
    frames, rows, columns = cine.shape
    return Note(
        "SERIES_CHOSEN",
        "info",
        f"Read is {why}: {frames} frames of {columns} × {rows} pixels.",
        f"所读为{why_zh}：{frames} 帧，{columns} × {rows} 像素。",
    )


def _no_cine(study: Study) -> RefusedInput:
    kinds = {volume.acquisition.modality for volume in study.volumes} - {""}
    what = f" ({', '.join(sorted(kinds))})" if kinds else ""
    return RefusedInput(
        "NO_CINE",
        f"The study holds no fluoroscopy, only cross-sections{what}."
        if study.volumes
        else "The study holds no sequence of frames.",
        "Give an XA or RF sequence, a video, or a folder of frames.",
    )


def _not_fluoroscopy(modality: str) -> RefusedInput:
    return RefusedInput(
        "NOT_FLUOROSCOPY",
        f"The sequence is {modality}, not fluoroscopy.",
        "Give an XA or RF sequence, a video, or a folder of frames.",
    )
