"""Which view is rendered next, and what is sent to the browser of it.

One queue for all views of a session: they share one CPU. A view is rendered when something
in it changed, however often that was, and the view under the hand goes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from readingroom.workbench.viewer.encode import Pixels, encode

#: Rest after which the last picture is sent again without loss, s.
_REST_S = 0.25
#: Views that are not under the hand wait until it has paused this long, but not for ever, s.
_OTHERS_WAIT_S, _LONGEST_WAIT_S = 0.12, 0.4


class Drawn(Protocol):
    """A view that can be rendered and sent."""

    name: str

    def draw(self) -> Pixels:
        """Render, and return pixels ``[row, column]`` or ``[row, column, rgb]``."""

    def send(self, picture: bytes, meta: dict[str, Any]) -> None:
        """Send an encoded picture to the browser."""

    def is_congested(self) -> bool:
        """Say whether earlier pictures are still under way."""


class RenderQueue:
    """Renders views one at a time, coalescing requests."""

    def __init__(self) -> None:
        #: Views to render, and when they were asked for and are due at the latest, s.
        self._wanted: dict[str, tuple[Drawn, float, float]] = {}
        self._resting: dict[str, tuple[Drawn, Pixels]] = {}
        self._shown: dict[str, Pixels] = {}
        self.first = ""
        self._hand_moved = 0.0
        self._task: asyncio.Task[None] | None = None
        self._changed: asyncio.Event | None = None
        self.after_frame: list[Callable[[], None]] = []
        self.frames = 0

    def request(self, view: Drawn, *, anew: bool = False, soon: bool = False) -> None:
        """Have `view` rendered soon; sent if it looks different, or `anew` in any case.

        One that follows the view under the hand is wanted `soon`: it does not wait for rest.
        """
        if anew:
            self._shown.pop(view.name, None)
        now = time.monotonic()
        self._wanted.setdefault(view.name, (view, now, now + (0.0 if soon else _LONGEST_WAIT_S)))
        self._wake()

    def prefer(self, name: str) -> None:
        """Let the view called `name` go first: it is under the hand, which has just moved."""
        self.first, self._hand_moved = name, time.monotonic()

    def now(self) -> None:
        """Draw and send the view under the hand at once, if it waits to be drawn."""
        if self.first in self._wanted:
            self._draw(self._wanted[self.first][0])

    def show(self, views: Iterable[Drawn]) -> None:
        """Draw and send views at once, though they may look as before."""
        for view in views:
            self.request(view, anew=True)
            self._draw(view)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to be rendered."""
        return not self._wanted

    def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()

    def _wake(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # no loop yet: `start` renders what was asked for until then
        if self._task is None or self._task.done():
            self._changed = asyncio.Event()
            self._task = loop.create_task(self._run())
        assert self._changed is not None
        self._changed.set()

    def start(self) -> None:
        """Begin, from within the event loop."""
        self._wake()

    async def _run(self) -> None:
        assert self._changed is not None
        while True:
            view, wait_s = self._next()
            if view is None:
                await self._sleep(wait_s)
                continue
            if view.is_congested():
                await asyncio.sleep(0.005)
                continue
            await self._frame(view)

    def _next(self) -> tuple[Drawn | None, float | None]:
        """Return the view to render now, or how long to wait (None: until asked)."""
        if self.first in self._wanted:
            return self._wanted[self.first][0], 0.0
        if self._wanted:
            name = min(self._wanted, key=self._due)
            left = self._due(name) - time.monotonic()
            return (self._wanted[name][0], 0.0) if left <= 0 else (None, left)
        return None, _REST_S if self._resting else None

    def _due(self, name: str) -> float:
        """Return when a view that is not under the hand is to be drawn."""
        _, asked, latest = self._wanted[name]
        return min(latest, max(asked, self._hand_moved) + _OTHERS_WAIT_S)

    async def _sleep(self, seconds: float | None) -> None:
        assert self._changed is not None
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            if not self._wanted:
                await self._send_resting()

    async def _frame(self, view: Drawn) -> None:
        self._draw(view)
        if view.name == self.first or not self._wanted:
            for callback in self.after_frame:
                callback()
        await asyncio.sleep(0)

    def _draw(self, view: Drawn) -> None:
        del self._wanted[view.name]
        pixels = view.draw()
        self.frames += 1
        # Slicer asks for all views at any change of the scene, as for every surface in 3D.
        if view.name in self._shown and np.array_equal(pixels, self._shown[view.name]):
            return
        self._shown[view.name] = pixels
        self._resting[view.name] = (view, pixels)
        _push(view, pixels, still=False)

    async def _send_resting(self) -> None:
        while self._resting and not self._wanted:
            _, (view, pixels) = self._resting.popitem()
            _push(view, pixels, still=True)
            await asyncio.sleep(0)


def _push(view: Drawn, pixels: Pixels, *, still: bool) -> None:
    with contextlib.suppress(ConnectionError):
        view.send(*encode(pixels, still=still))
