"""A cine in the axial view: its frames played, named by number and time instead of place."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.study import Cine, Volume
from readingroom.workbench.viewer.navigation import Navigator
from readingroom.workbench.viewer.stage import Stage

VIEW = "axial"
#: Where the file does not say when its frames were taken.
_USUAL_FRAMES_PER_S = 15.0
#: No more pictures are drawn; a faster cine keeps its speed and leaves frames out.
_MOST_PICTURES_PER_S = 20.0
#: Grey values that the window leaves out at both ends: collimator edges, burnt-in text.
_OUTSIDE_PERCENT = 0.5
_FRAMES_LOOKED_AT = 8


class Player:
    """The frames of the cine that is shown, if it is one.

    Attributes
    ----------
    count : int
        Frames; 0 while a volume is shown.
    """

    def __init__(self, stage: Stage, navigator: Navigator) -> None:
        self._stage, self._navigator = stage, navigator
        self._times_s: npt.NDArray[np.float64] = np.zeros(0)
        self._task: asyncio.Task[None] | None = None
        self.count = 0
        self.has_millimetres = True

    def show(self, session: Any) -> None:
        """Show the frames of the session's volume if it is a cine's stack."""
        self.stop()
        volume = session.volume
        self.count = volume.shape[0] if volume.projection else 0
        cine = next((c for c in session.study.cines if c.stack is volume), None)
        self._times_s = _times_s(cine, self.count)
        self.has_millimetres = not self.count or bool(cine and cine.pixel_spacing_mm)

    def clear(self) -> None:
        """Show none."""
        self.stop()
        self.count, self.has_millimetres = 0, True

    @property
    def plays(self) -> bool:
        """Whether the frames run."""
        return self._task is not None and not self._task.done()

    def place(self) -> dict[str, Any]:
        """Return number (from 1), count and second of the frame that is shown."""
        frame = self._frame()
        return {
            "number": frame + 1,
            "count": self.count,
            "seconds": f"{self._times_s[frame]:.2f}",
        }

    def go(self, frame: int) -> None:
        """Show a frame, counted from 0."""
        if self.count:
            frame = min(max(frame, 0), self.count - 1)
            self._navigator.scroll(VIEW, frame - self._frame())

    def play(self) -> None:
        """Let the frames run from the one that is shown, over and over."""
        if self.count > 1 and not self.plays:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        """Stay at the frame that is shown."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        begun = time.monotonic() - self._times_s[self._frame()]
        lasts = self._times_s[-1] + self._times_s[-1] / (self.count - 1)
        while True:
            await asyncio.sleep(1 / _MOST_PICTURES_PER_S)
            if self._stage.queue.is_idle:
                now = (time.monotonic() - begun) % lasts
                self.go(int(np.searchsorted(self._times_s, now, side="right")) - 1)

    def _frame(self) -> int:
        low, _ = self._stage.slices[VIEW].get_slice_range()
        frame: float = self._stage.slices[VIEW].get_slice_value() - low
        return round(frame)


def window_of(volume: Volume) -> tuple[float, float]:
    """Return the centre and width that show the grey values of a cine, whatever its bits."""
    some = volume.array[:: max(volume.shape[0] // _FRAMES_LOOKED_AT, 1)]
    low, high = np.percentile(some.astype(np.float32), (_OUTSIDE_PERCENT, 100 - _OUTSIDE_PERCENT))
    return float(low + high) / 2, max(float(high - low), 1.0)


def _times_s(cine: Cine | None, count: int) -> npt.NDArray[np.float64]:
    """Return when each frame was taken, from the first on."""
    given = np.asarray(cine.frame_times_ms if cine else (), dtype=np.float64) / 1000
    if len(given) == count > 1 and (np.diff(given) > 0).all():
        return np.asarray(given - given[0])
    return np.arange(max(count, 1), dtype=np.float64) / _USUAL_FRAMES_PER_S
