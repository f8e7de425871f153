"""The images of the reading page: views, masks, 3D, tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from readingroom.errors import ReadingRoomError
from readingroom.review.mrml import Presented, StrokeWatcher, present, present_volume, update
from readingroom.workbench.viewer import segmentlist
from readingroom.workbench.viewer.annotations import Annotations
from readingroom.workbench.viewer.defaults import first_state
from readingroom.workbench.viewer.header import header_of
from readingroom.workbench.viewer.layouts import LAYOUTS, SLICES
from readingroom.workbench.viewer.maskview import MaskView
from readingroom.workbench.viewer.models import Models
from readingroom.workbench.viewer.navigation import Navigator
from readingroom.workbench.viewer.stage import Stage

Position = tuple[float, float, float]


class Viewer:
    """Shows a reading under review, and takes strokes and clicks.

    Positions are LPS, mm.

    Parameters
    ----------
    server : trame server

    Attributes
    ----------
    on_pick : callable
        Receives position and tool of a click with the tools ``classify`` and ``grow``.
    on_refused : callable
        Receives the error of an edit that the session does not take.

    Raises
    ------
    ReadingRoomError
        ``RENDERING_UNAVAILABLE`` if this machine cannot draw.
    """

    def __init__(self, server: Any) -> None:
        self.server, self.state = server, server.state
        self.stage = Stage()
        self.navigator = Navigator(self.stage)
        self.annotations = Annotations(self.stage, self.navigator)
        self.masks = MaskView([self.stage.views[name] for name in SLICES])
        self.models = Models(self.stage)
        self.session: Any = None
        self.presented: Presented | None = None
        self.watcher: StrokeWatcher | None = None
        self.on_pick: Callable[[Position, str], None] = lambda position, tool: None
        self.on_refused: Callable[[ReadingRoomError], None] = lambda error: None
        self._unsubscribe: Callable[[], None] = lambda: None
        self.state.update(first_state(self.stage.has_card))
        self.set_layout("four_up")
        self.stage.queue.after_frame.append(self.annotate)

    def ui(self) -> None:
        """Build the tool bar and the views in the current trame context; fills its parent."""
        from readingroom.workbench.viewer import ui

        ui.build(self)

    # A reading

    def show(self, session: Any) -> None:
        """Show a reading under review."""
        self.clear()
        self.session = session
        volume = present_volume(session.volume, self.stage.scene)
        self.presented = present(session.reading, self.stage.scene, volume)
        self._hide_what_is_drawn_here()
        self.watcher = StrokeWatcher(self.presented, session, later=_soon, refused=self._refused)
        self._unsubscribe = session.subscribe(self._on_change)
        self.navigator.show(volume)
        self.masks.show(self.presented, session)
        with self.state:
            self.state.view_header = header_of(session)
            self.state.view_presets = segmentlist.presets(session.reader)
            self._choose_defaults()
        self.models.show(session)

    def clear(self) -> None:
        """Show nothing."""
        if self.presented is None:
            return
        self._unsubscribe()
        if self.watcher is not None:
            self.watcher.stop()
        self.masks.clear()
        self.models.clear()
        self.navigator.clear()
        self.annotations.marked = None
        self.presented.remove()
        _remove_volume(self.presented.volume)
        self.session = self.presented = self.watcher = None

    def flush(self) -> None:
        """Hand a stroke that is under way to the session."""
        if self.watcher is not None:
            self.watcher.flush()

    # Looking

    def jump(self, position_lps_mm: Position) -> None:
        """Centre all views on a point; whole images are zoomed in to where it can be seen."""
        x, y, z = position_lps_mm
        self.navigator.jump((-x, -y, z))

    def highlight(self, finding_id: str | None) -> None:
        """Let a finding stand out in every view; None for none."""
        self.masks.highlight(finding_id)
        voxels, start = self.masks.highlighted()
        self.annotations.marked = self.masks.corners()
        self.models.highlight(voxels, start)
        self.annotate()

    def set_layout(self, name: str) -> None:
        """Arrange the views as ``readingroom.review.layouts`` names it."""
        self.stage.arrange(name)
        with self.state:
            self.state.view_layout = name
            self.state.view_shown = LAYOUTS[name].views
            self.state.view_grid = LAYOUTS[name].style

    def set_window(self, center: float, width: float) -> None:
        """Set the grey-value window, HU."""
        self.navigator.set_window(center, width)
        self._tell_window()

    def set_slab(self, mm: float, mode: str = "max") -> None:
        """Project a slab `mm` thick (0: one slice) by ``max``, ``mean`` or ``min``."""
        self.navigator.set_slab(mm, mode)
        with self.state:
            self.state.view_slab_mm, self.state.view_slab_mode = mm, mode

    def set_crosshair(self, shown: bool) -> None:
        """Show or hide where the other slices cut each slice."""
        self.annotations.show_crosshair = shown
        with self.state:
            self.state.view_crosshair = shown
        self.annotate()

    def fit(self) -> None:
        """Show the whole image in every view."""
        self.navigator.fit()
        self.models.fit()

    def set_segment_visible(self, name: str, visible: bool) -> None:
        """Show or hide a segment, in slices and in 3D."""
        self.set_segment_in_slices(name, visible)
        self.set_segment_in_3d(name, visible)

    def set_segment_in_slices(self, name: str, visible: bool) -> None:
        """Show or hide a segment in the slices."""
        (self.masks.style.hidden.discard if visible else self.masks.style.hidden.add)(name)
        self.masks.changed()
        self._tell_segments()

    def set_segment_in_3d(self, name: str, visible: bool) -> None:
        """Show or hide a segment's surface."""
        self.models.set_visible(name, visible)
        self._tell_segments()

    def set_opacity(self, opacity: float) -> None:
        """Set the opacity of the masks in slices, 0…1."""
        self.masks.style.opacity = min(max(float(opacity), 0.0), 1.0)
        self.masks.changed()
        with self.state:
            self.state.view_opacity = self.masks.style.opacity

    def screenshot(self, view: str) -> bytes:
        """Return what a view shows now as PNG, without what the page writes around it."""
        import io

        from PIL import Image

        pixels, _, _ = self.stage.views[view].draw()
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, "png")
        return out.getvalue()

    def annotate(self) -> None:
        """Bring the texts, lines and markers of the views up to date."""
        if self.session is None:
            return
        with self.state:
            for name in self.state.view_shown:
                key = f"view_info_{name}"
                found = (
                    self.annotations.of_three_d()
                    if name == "three_d"
                    else self.annotations.of_slice(name)
                )
                if self.state[key] != found:
                    self.state[key] = found
            self._tell_window()

    # Inside

    def _on_change(self, change: Any) -> None:
        assert self.presented is not None
        update(self.presented, self.session, change)
        if change.kind in ("mask", "all"):
            self.models.later(change.layer)
        if change.kind in ("finding", "mask", "all") and self.masks.finding is not None:
            self.highlight(self.masks.finding if self._is_there(self.masks.finding) else None)

    def _is_there(self, finding_id: str) -> bool:
        return any(f.id == finding_id for f in self.session.reading.findings)

    def _refused(self, error: ReadingRoomError) -> None:
        self.masks.changed()
        self.on_refused(error)

    def _hide_what_is_drawn_here(self) -> None:
        """Leave masks to the overlay and the models, findings to the marker."""
        assert self.presented is not None
        if self.presented.segmentation is not None:
            self.presented.segmentation.GetDisplayNode().SetVisibility(False)
        for node in [*self.presented.findings.values(), self.presented.landmarks]:
            node.SetDisplayVisibility(False)

    def _choose_defaults(self) -> None:
        classes = {one.label for one in self.session.reader.finding_classes}
        names = self.session.masks.names()
        self.masks.style.hidden = {name for name in names if name not in classes}
        presets = self.session.reader.window_presets
        if presets:
            self.set_window(presets[0].center, presets[0].width)
        self._tell_segments()

    def _tell_segments(self) -> None:
        if self.session is not None:
            with self.state:
                self.state.view_segments = segmentlist.rows(
                    self.session, self.masks.style, self.models.surfaces.visible
                )

    def _tell_window(self) -> None:
        center, width = (round(x) for x in self.navigator.window())
        named = self.session.reader.window_presets if self.session else ()
        name = next((p.name for p in named if (p.center, p.width) == (center, width)), "")
        with self.state:
            self.state.view_center, self.state.view_width = center, width
            self.state.view_window = name


def _soon(callback: Callable[[], None]) -> None:
    """Run a function when the event loop is idle; now where there is none."""
    try:
        asyncio.get_running_loop().call_soon(callback)
    except RuntimeError:
        callback()


def _remove_volume(node: Any) -> None:
    scene = node.GetScene()
    scene.RemoveNode(node.GetDisplayNode())
    scene.RemoveNode(node)
