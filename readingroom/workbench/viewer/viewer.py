"""The images of the reading page: views, masks, 3D, tools."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from readingroom.errors import ReadingRoomError
from readingroom.review.mrml import (
    LandmarkWatcher,
    Presented,
    StrokeWatcher,
    present,
    present_volume,
    update,
)
from readingroom.review.prior import Prior
from readingroom.workbench.viewer import cine
from readingroom.workbench.viewer.annotations import Annotations
from readingroom.workbench.viewer.cine import Player
from readingroom.workbench.viewer.curve import CurveEditor
from readingroom.workbench.viewer.defaults import first_state
from readingroom.workbench.viewer.layouts import LAYOUTS, PRIORS, SLICES
from readingroom.workbench.viewer.maskview import MaskView
from readingroom.workbench.viewer.models import Models
from readingroom.workbench.viewer.navigation import Navigator
from readingroom.workbench.viewer.prior import PriorViews
from readingroom.workbench.viewer.stage import Stage
from readingroom.workbench.viewer.style import colors_of
from readingroom.workbench.viewer.told import Told
from readingroom.workbench.viewer.tools.controller import Tools

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
    on_prior : callable
        Receives the name of a layout with the prior scan that cannot be shown yet.
    on_curve : callable
        Receives the id of the device whose centreline is taken into the hand.
    on_carry : callable
        Receives a device's id, and how many frames on each side its curve shall go to.

    Raises
    ------
    ReadingRoomError
        ``RENDERING_UNAVAILABLE`` if this machine cannot draw.
    """

    def __init__(self, server: Any) -> None:
        self.server, self.state = server, server.state
        self.stage = Stage()
        self.navigator = Navigator(self.stage)
        self.player = Player(self.stage, self.navigator)
        self.annotations = Annotations(self.stage, self.navigator, self.player)
        self.masks = MaskView([self.stage.views[name] for name in SLICES])
        self.models = Models(self.stage)
        self.state.update(first_state(self.stage.has_card))
        self.tools = Tools(self)
        self.prior = PriorViews(self)
        self.curve = CurveEditor(self)
        self.page = Told(self)
        self.session: Any = None
        self.presented: Presented | None = None
        self.watcher: StrokeWatcher | None = None
        self.on_pick: Callable[[Position, str], None] = lambda position, tool: None
        self.on_refused: Callable[[ReadingRoomError], None] = lambda error: None
        self.on_prior: Callable[[str], None] = lambda layout: None
        self.on_curve: Callable[[str], None] = lambda finding_id: None
        self.on_carry: Callable[[str, int], None] = lambda finding_id, reach: None
        self._points: LandmarkWatcher | None = None
        self._before_alone = "four_up"
        self._unsubscribe: Callable[[], None] = lambda: None
        self.state.setdefault("page_lang", "en")
        self.set_layout("four_up")
        self.stage.queue.after_frame.append(self.annotate)
        server.controller.trigger("view_scroll")(self.scroll)
        server.controller.on_client_connected.add(self._on_page)

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
        self._points = LandmarkWatcher(self.presented, session, later=_soon)
        self._unsubscribe = session.subscribe(self._on_change)
        self.navigator.show(volume)
        self.player.show(session)
        self.masks.show(self.presented, session)
        if not self.player.count:
            self.models.show(session)  # frames one behind the other have no surface
        with self.state:
            self.page.presets()
            self._choose_defaults()
            self.page.header()
        self.tools.show(self.presented.segmentation, volume)
        self.page.history()

    def send(self) -> None:
        """Have the slices drawn and on their way to the page at once."""
        shown = [name for name in SLICES if name in self.state.view_shown]
        self.stage.queue.show(self.stage.views[name] for name in shown)
        self.annotate()

    def clear(self) -> None:
        """Show nothing."""
        if self.presented is None:
            return
        self._unsubscribe()
        if self.watcher is not None:
            self.watcher.stop()
        if self._points is not None:
            self._points.stop()
        self.tools.clear()
        self.masks.clear()
        self.models.clear()
        self.navigator.clear()
        self.player.clear()
        self.prior.clear()
        self.curve.clear()
        self.annotations.marked = None
        self.presented.remove()
        _remove_volume(self.presented.volume)
        self.session = self.presented = self.watcher = self._points = None
        with self.state:
            self.state.view_header = {}  # no name beside the pictures of the next one

    def flush(self) -> None:
        """Hand a stroke that is under way to the session."""
        if self.watcher is not None and self._points is not None:
            self.tools.finish()
            self.watcher.flush()
            self._points.flush()

    # Looking

    def jump(self, position_lps_mm: Position) -> None:
        """Centre all views on a point; whole images are zoomed in to where it can be seen."""
        x, y, z = position_lps_mm
        if self.player.count:
            self.set_frame(round(z))  # whole, as it is: a frame is no place to zoom into
        else:
            self.navigator.jump((-x, -y, z))

    def scroll(self, name: str, steps: int) -> None:
        """Move a slice view by whole slices, as the wheel over it does."""
        self._play(False)
        name = PRIORS.get(name, name)
        self.stage.views[name].prefer()
        self.navigator.scroll(name, steps)

    def step(self, steps: int) -> None:
        """Move the slice view that was used last by whole slices, or go on by frames."""
        used = self.stage.queue.first
        shown = [name for name in self.state.view_shown if name in SLICES]
        if shown:
            self.scroll(used if used in shown else shown[0], steps)

    def highlight(self, finding_id: str | None) -> None:
        """Let a finding stand out in every view, and paint into its class; None for none."""
        self._let_stand_out(finding_id)
        if finding_id is not None and self.session is not None:
            self.set_active_segment(self.session.reading.finding(finding_id).label)

    def set_layout(self, name: str) -> None:
        """Arrange the views as ``readingroom.review.layouts`` names it."""
        if LAYOUTS[name].compares and self.prior.shown is None:
            return self.on_prior(name)
        self.stage.arrange(name)
        self.page.layout(name)
        self.prior.request()
        return None

    def show_prior(self, prior: Prior, layout: str = "prior") -> None:
        """Show an earlier scan of the patient beside the current one."""
        self.prior.show(prior)
        self.set_layout(layout)
        self._let_stand_out(self.masks.finding)

    def set_window(self, center: float, width: float) -> None:
        """Set the grey-value window, HU."""
        self.navigator.set_window(center, width)
        self.page.window()

    def set_slab(self, mm: float, mode: str = "max") -> None:
        """Project a slab `mm` thick (0: one slice) by ``max``, ``mean`` or ``min``."""
        self.navigator.set_slab(mm, mode)
        with self.state:
            self.state.view_slab_mm, self.state.view_slab_mode = mm, mode

    def set_frame(self, frame: int) -> None:
        """Show a frame of a cine, counted from 0, and stay there."""
        self._play(False)
        self.stage.views[cine.VIEW].prefer()
        self.player.go(int(frame))

    def toggle_play(self) -> None:
        """Let the frames of a cine run, or stop them."""
        self._play(bool(self.player.count) and not self.player.plays)

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

    def toggle_alone(self, name: str) -> None:
        """Show one view alone, or what was shown before."""
        if f"prior_{name}" in LAYOUTS and LAYOUTS[self.state.view_layout].compares:
            name = f"prior_{name}"  # the pair, not one half of it
        if self.state.view_layout == name:
            self.set_layout(self._before_alone)
        else:
            self._before_alone = self.state.view_layout
            self.set_layout(name)

    def set_preset(self, name: str) -> None:
        """Set the grey-value window called `name` in the reader's presets."""
        for preset in self.session.reader.window_presets if self.session else ():
            if preset.name == name:
                self.set_window(preset.center, preset.width)

    def set_window_part(self, which: str, value: Any) -> None:
        """Set ``center`` or ``width`` alone, as typed by a person."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            return self.page.window()
        center, width = self.navigator.window()
        self.set_window(*((number, width) if which == "center" else (center, number)))
        return None

    def set_tool(self, name: str) -> None:
        """Take up a tool.

        ``none``, ``classify``, ``grow``, ``paint``, ``erase``, ``threshold_brush``,
        ``draw``, ``scissors``, ``islands`` or ``smoothing``.
        """
        self.tools.take_up(name)
        self.annotate()

    def set_active_segment(self, name: str) -> None:
        """Choose the segment that tools change."""
        if self.session is not None:
            self.tools.set_segment(name)

    def set_option(self, name: str, value: Any) -> None:
        """Set an option of a tool: a ``view_*`` variable of the state."""
        self.tools.set_option(name, value)

    def apply(self) -> None:
        """Carry out the tool that works by its button."""
        with self.told():
            self.tools.apply()

    def carry(self) -> None:
        """Ask that the centreline in the hand be carried to the frames around it."""
        if self.curve.target:
            self.flush()
            self.on_carry(self.curve.target, max(int(self.state.view_curve_reach), 1))

    def change_brush(self, factor: float) -> None:
        """Make the brush larger or smaller by a factor."""
        self.set_option("view_brush_mm", round(self.state.view_brush_mm * factor, 1))

    def set_landmarks(self, shown: bool) -> None:
        """Show the landmarks, which can then be dragged, or hide them."""
        if self.presented is not None:
            self.presented.landmarks.SetDisplayVisibility(shown)
            self.masks.by_opengl = shown
            self.masks.changed()
            with self.state:
                self.state.view_landmarks = shown

    def set_volume_rendering(self, shown: bool) -> None:
        """Render the volume in 3D; only where a graphics card is."""
        if self.presented is not None and self.stage.has_card:
            self.models.render_volume(self.presented.volume, shown)
            with self.state:
                self.state.view_rendering = shown

    def undo(self) -> None:
        """Undo the last edit of the session."""
        self._step_history("undo")

    def redo(self) -> None:
        """Redo what was undone."""
        self._step_history("redo")

    def set_segment_visible(self, name: str, visible: bool) -> None:
        """Show or hide a segment, in slices and in 3D."""
        self.set_segment_in_slices(name, visible)
        self.set_segment_in_3d(name, visible)

    def set_segment_in_slices(self, name: str, visible: bool) -> None:
        """Show or hide a segment in the slices."""
        (self.masks.style.hidden.discard if visible else self.masks.style.hidden.add)(name)
        self.masks.changed()
        self.page.segments()

    def set_segment_in_3d(self, name: str, visible: bool) -> None:
        """Show or hide a segment's surface."""
        self.models.set_visible(name, visible)
        self.page.segments()

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

        out = io.BytesIO()
        Image.fromarray(self.stage.views[view].draw()).convert("RGB").save(out, "png")
        return out.getvalue()

    def annotate(self) -> None:
        """Bring the texts, lines and markers of the views up to date."""
        self.page.annotations()

    # Inside

    def _on_page(self) -> None:
        """Finish, now that a page is there anew, the stroke that its reload cut off."""
        with self.told():
            self.flush()

    def _on_change(self, change: Any) -> None:
        assert self.presented is not None
        update(self.presented, self.session, change)
        if change.kind == "all":  # segments may have come or gone
            self.masks.style.colors = colors_of(self.session)
            self.page.segments()
        if change.kind in ("mask", "all"):
            self.stage.queue.now()  # the stroke is seen before the numbers are written
            if not self.player.count:
                self.models.later(change.layer)
        if change.kind in ("finding", "mask", "all"):
            self._hide_findings()
            if self.masks.finding is not None:
                self._let_stand_out(self.masks.finding)
        self.page.history()

    def _let_stand_out(self, finding_id: str | None) -> None:
        there = {finding.id for finding in self.session.reading.findings} if self.session else ()
        self.masks.highlight(finding_id if finding_id in there else None)
        voxels, start = self.masks.highlighted()
        self.annotations.marked = self.masks.corners()
        chosen = self.masks.finding
        self.prior.highlight(self.session.reading.finding(chosen) if chosen else None)
        self.models.highlight(voxels, start)
        self.annotate()

    def _step_history(self, step: str) -> None:
        if self.session is None:
            return
        with self.told():
            self.flush()
            if getattr(self.session, f"can_{step}"):
                getattr(self.session, step)()

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Report an edit that the session refuses instead of raising it."""
        try:
            yield
        except ReadingRoomError as error:
            self._refused(error)

    def _refused(self, error: ReadingRoomError) -> None:
        self.masks.changed()
        self.on_refused(error)

    def _hide_what_is_drawn_here(self) -> None:
        """Leave masks to the overlay and the models, findings to the marker."""
        assert self.presented is not None
        if self.presented.segmentation is not None:
            self.presented.segmentation.GetDisplayNode().SetVisibility(False)
        self.presented.landmarks.SetDisplayVisibility(False)
        self.masks.by_opengl = False
        self._hide_findings()

    def _hide_findings(self) -> None:
        """Hide the findings' points; a class that is used anew has new ones."""
        assert self.presented is not None
        for node in self.presented.findings.values():
            node.SetDisplayVisibility(False)

    def _choose_defaults(self) -> None:
        classes = {one.label for one in self.session.reader.finding_classes}
        names = self.session.masks.names()
        organs = {name for name in names if name not in classes}
        self.masks.style.hidden, self.masks.style.light = set(organs), organs
        presets = self.session.reader.window_presets
        if self.player.count:
            self.set_window(*cine.window_of(self.session.volume))
            self.set_layout(cine.VIEW)
        else:
            if presets:
                self.set_window(presets[0].center, presets[0].width)
            if self.state.view_frames or LAYOUTS[self.state.view_layout].compares:
                self.set_layout("four_up")  # a cine or a prior scan was shown before
        self.state.view_frames = self.player.count
        self.page.segments()

    def _play(self, on: bool) -> None:
        if on:
            self.player.play()
        else:
            self.player.stop()
        if self.state.view_plays != on:
            with self.state:
                self.state.view_plays = on


def _soon(callback: Callable[[], None]) -> None:
    """Run a function when the event loop is idle; without a loop `Viewer.flush` does it."""
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop().call_soon(callback)


def _remove_volume(node: Any) -> None:
    scene = node.GetScene()
    scene.RemoveNode(node.GetDisplayNode())
    scene.RemoveNode(node)
