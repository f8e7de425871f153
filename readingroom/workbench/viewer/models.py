"""When the surfaces of the 3D view are built: never while a slice waits to be drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from readingroom.workbench.viewer.stage import Stage
from readingroom.workbench.viewer.style import colors_of
from readingroom.workbench.viewer.surfaces import Surfaces

#: After the first slices are shown, and after the last stroke, s.
_FIRST_S, _AFTER_STROKE_S = 0.3, 0.6
_BREATH_S = 0.01
_RENDERING_PRESET = "CT-Cardiac3"


class Models:
    """Builds and shows surfaces piece by piece in the event loop."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.surfaces = Surfaces(stage.scene, stage.three_d.get_view_node_id())
        self._session: Any = None
        self._stale: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._work: Iterator[str] | None = None
        self._fitted = False

    def show(self, session: Any) -> None:
        """Build the surfaces of a reading soon."""
        self._session, self._fitted = session, False
        classes = {one.label for one in session.reader.finding_classes}
        self.surfaces.begin(session.masks, classes, colors_of(session))
        self._stale = set(range(len(session.masks.layers)))
        self._start(_FIRST_S)

    def clear(self) -> None:
        """Show nothing."""
        if self._timer is not None:
            self._timer.cancel()
        self._session, self._work, self._timer = None, None, None
        self._stale = set()
        self.surfaces.clear()

    def later(self, layer: int | None) -> None:
        """Build the surfaces of a layer, or of all, anew when strokes have paused."""
        every = range(len(self._session.masks.layers))
        self._stale |= set(every) if layer is None else {layer}
        self._start(_AFTER_STROKE_S)

    def finish(self) -> None:
        """Build all that is outstanding now."""
        while self._step():
            pass

    def set_visible(self, name: str, visible: bool) -> None:
        """Show or hide a surface."""
        if self._session is None:
            return
        self.surfaces.set_visible(name, visible)
        if visible and name not in self.surfaces.names():
            self.later(next(s.layer for s in self._session.masks.segments if s.name == name))

    def highlight(self, voxels: Any, start: tuple[int, int, int]) -> None:
        """Let one finding's voxels stand out; None for none."""
        if self._session is not None:
            self.surfaces.highlight(voxels, start, self._session.masks)

    def render_volume(self, volume_node: Any, shown: bool) -> None:
        """Show or hide the volume itself in 3D."""
        rendering = self._stage.app.volume_rendering
        display = rendering.get_vr_display_node(volume_node)
        if display is None and shown:
            display = rendering.create_display_node(volume_node, _RENDERING_PRESET)
            display.SetViewNodeIDs([self._stage.three_d.get_view_node_id()])
        if display is not None:
            display.SetVisibility(shown)
        self._stage.views["three_d"].request()

    def fit(self) -> None:
        """Show all that is visible from the front."""
        bounds = self.surfaces.bounds()
        if bounds is None:
            return
        view = self._stage.three_d
        view.renderer().ResetCamera(bounds)
        from trame_slicer.views.threed_view import ViewDirection

        view.rotate_to_view_direction(ViewDirection.ANTERIOR)
        view.renderer().ResetCamera(bounds)
        view.renderer().ResetCameraClippingRange()
        self._stage.views["three_d"].request()

    def _start(self, delay_s: float) -> None:
        self._work = None
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # without a loop whoever drives the viewer calls `finish`
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(delay_s, self._turn)

    def _turn(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        if not self._stage.queue.is_idle or self._step():
            self._timer = loop.call_later(_BREATH_S, self._turn)

    def _step(self) -> bool:
        """Do one piece of work; say whether there is more."""
        if self._session is None:
            return False
        if self._work is None:
            if not self._stale:
                return False
            self._work = self.surfaces.build(self._session.masks, self._stale.pop())
        if next(self._work, None) is None:
            self._work = None
            if not self._stale:
                self._finished()
        return self._work is not None or bool(self._stale)

    def _finished(self) -> None:
        if not self._fitted:
            self._fitted = True
            self.fit()
        self._stage.views["three_d"].request()
