"""What the live page can play: simulated sequences, and the sequences of a folder."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import ReadingRoomError, RefusedInput

Pixels = npt.NDArray[np.uint8]

#: A video takes no more memory than this, in the server and in the browser; what is longer
#: is cut short, and the page says so.
LARGEST_BYTES = 128 << 20
#: Frames a second where a file does not say.
USUAL_RATE_HZ = 15.0
_SUFFIXES = {".dcm", ".mp4", ".avi", ".mov", ".mkv", ".m4v", ""}
#: Files of a folder that are listed.
_MOST_FILES = 200


@dataclass(frozen=True)
class Played:
    """A video as the page plays it.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (t, row, column)
    rate_hz : float
    frames_in_file : int
        More than there are here if the video was cut short.
    """

    pixels: Pixels
    rate_hz: float
    frames_in_file: int


@dataclass(frozen=True)
class Video:
    """An entry of the list; the frames are made or read when it is first played."""

    id: str
    title: dict[str, str]
    simulated: bool
    load: Callable[[], Played]

    def as_dict(self) -> dict[str, Any]:
        """Return what the list shows."""
        return {"id": self.id, "title": self.title, "simulated": self.simulated}


class Videos:
    """The list of videos; one is kept in memory at a time beside the one being played.

    Parameters
    ----------
    folder : Path or None
        The person's own folder: video files, DICOM files, folders of pictures.
    simulated : sequence of Video, optional
        What is there without any file; by default `simulated_videos`.
    """

    _KEPT = 3

    def __init__(self, folder: Path | None, simulated: Sequence[Video] | None = None) -> None:
        self._folder = folder
        self._simulated = list(simulated_videos() if simulated is None else simulated)
        self._kept: dict[str, Played] = {}
        self._lock = threading.Lock()

    def listed(self) -> list[Video]:
        """Return all videos: the simulated ones first."""
        return [*self._simulated, *(_of_folder(self._folder) if self._folder else [])]

    def played(self, video_id: str) -> Played:
        """Return a video's frames, loading them if they are not kept.

        Raises
        ------
        RefusedInput
            ``VIDEO_UNKNOWN``; and what loading refuses.
        """
        with self._lock:
            if video_id not in self._kept:
                video = next((one for one in self.listed() if one.id == video_id), None)
                if video is None:
                    raise RefusedInput(
                        "VIDEO_UNKNOWN", "This video is not in the list.", "Reload the page."
                    )
                self._kept[video_id] = video.load()
                while len(self._kept) > self._KEPT:
                    del self._kept[next(iter(self._kept))]
            self._kept[video_id] = self._kept.pop(video_id)
            return self._kept[video_id]


def simulated_videos() -> list[Video]:
    """Return the test videos that need no file; drawn anew from fixed seeds."""
    kinds: tuple[tuple[str, dict[str, str], int, dict[str, Any]], ...] = (
        ("one-wire", {"en": "One wire", "zh": "单根导丝"}, 11, {"distractors": ()}),
        ("low-dose", {"en": "Low dose", "zh": "低剂量"}, 12, {"dose": 0.25, "distractors": ()}),
        ("two-wires", {"en": "Two wires", "zh": "两根导丝"}, 13, {"wires": 2, "distractors": ()}),
        ("other-devices", {"en": "Among other devices", "zh": "含其他器械"}, 14, {}),
    )
    return [
        Video(f"simulated-{name}", title, True, _simulator(seed, settings))
        for name, title, seed, settings in kinds
    ]


def eight_bits(frames: npt.NDArray[np.generic]) -> Pixels:
    """Return frames as 8 bits between their 0.1st and 99.9th percentile; 8 bits stay."""
    if frames.dtype == np.uint8:
        return np.ascontiguousarray(frames)
    sample = np.asarray(frames[:: max(len(frames) // 8, 1)], np.float32)
    low, high = (float(value) for value in np.percentile(sample, (0.1, 99.9)))
    scaled = (frames.astype(np.float32) - low) * (255.0 / max(high - low, 1e-6))
    return np.asarray(np.clip(np.rint(scaled), 0, 255), np.uint8)


def _simulator(seed: int, settings: dict[str, Any]) -> Callable[[], Played]:
    def load() -> Played:
        from readingroom.readers.guidewire.simulatedsequence import simulate_sequence

        made = simulate_sequence(seed, frames=30, size=512, **settings)
        # Forth and back, so that the loop does not jump.
        frames = np.concatenate([made.frames, made.frames[-2:0:-1]])
        return Played(eight_bits(frames), USUAL_RATE_HZ, len(frames))

    return load


def _of_folder(folder: Path) -> list[Video]:
    found = []
    for path in sorted(folder.iterdir()):
        pictures = path.is_dir() and any(path.iterdir())
        if path.name.startswith(".") or not (pictures or path.suffix.lower() in _SUFFIXES):
            continue
        name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
        title = {"en": path.name, "zh": path.name}
        found.append(Video(f"file-{name}", title, False, _loader(path)))
    return found[:_MOST_FILES]


def _loader(path: Path) -> Callable[[], Played]:
    def load() -> Played:
        from readingroom import imaging

        try:
            study = imaging.load(path)
        except ReadingRoomError:
            raise
        except Exception as fault:
            raise RefusedInput(
                "NOT_AN_IMAGE",
                "This file cannot be read as a sequence.",
                "Choose a video, a DICOM file or a folder of pictures.",
            ) from fault
        if not study.cines:
            raise RefusedInput(
                "NO_CINE", "There is no sequence of frames in it.", "Choose another one."
            )
        cine = max(study.cines, key=lambda one: one.shape[0])
        _, rows, columns = cine.shape[:3]
        kept = max(LARGEST_BYTES // (rows * columns), 1)
        return Played(eight_bits(cine.array[:kept]), _rate(cine.frame_times_ms), cine.shape[0])

    return load


def _rate(times_ms: tuple[float, ...]) -> float:
    steps = np.diff(times_ms)
    usual = float(np.median(steps)) if len(steps) else 0.0
    return min(max(1000.0 / usual, 1.0), 60.0) if usual > 0 else USUAL_RATE_HZ
