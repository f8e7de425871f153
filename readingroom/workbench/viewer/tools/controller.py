"""Which tool is in the hand, what it works on, and its options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from readingroom.workbench.viewer.tools import gestures, parts
from readingroom.workbench.viewer.tools.painter import Painter
from readingroom.workbench.viewer.tools.pipelines import Gesture, ToolEffect

if TYPE_CHECKING:
    from readingroom.workbench.viewer.viewer import Viewer

#: Brush of a new session, mm: a small calcified lesion.
BRUSH_MM, THRESHOLD_HU = 3.0, 130.0
_SMALLEST_MM, _LARGEST_MM = 0.5, 60.0


def first_state() -> dict[str, Any]:
    """Return the tools' part of the shared state."""
    return {
        "view_tool": "none",
        "view_segment": "",
        "view_brush_mm": BRUSH_MM,
        "view_sphere": False,
        "view_threshold": THRESHOLD_HU,
        "view_overwrite": False,
        "view_islands_mode": "keep_largest",
        "view_smallest": 10,
        "view_scissors_mode": "erase_inside",
        "view_scissors_all": False,
        "view_smoothing": "median",
        "view_kernel_mm": 1.5,
        "view_curve_cling": False,
        "view_curve_reach": 5,
    }


class Tools:
    """The tools of one viewer, as effects of its segment editor.

    Parameters
    ----------
    viewer : Viewer
    """

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self._editor = viewer.stage.app.segmentation_editor
        made: dict[str, Any] = {
            "none": gestures.Navigate(self),
            "classify": gestures.Pick(self, "classify"),
            "grow": gestures.Pick(self, "grow"),
            "paint": gestures.Brush(self, "paint"),
            "erase": gestures.Brush(self, "erase"),
            "threshold_brush": gestures.Brush(self, "threshold_brush"),
            "draw": gestures.Draw(self, "draw"),
            "scissors": gestures.Scissors(self, "scissors"),
            "islands": gestures.Islands(self, "islands"),
            "smoothing": gestures.Still(self, "smoothing"),
            "curve": gestures.Curve(self),
        }
        self._effects = {name: _effect_type(name, tool.in_3d) for name, tool in made.items()}
        for name, kind in self._effects.items():
            self._editor.register_effect_type(kind)
            self._editor.get_effect(kind).tool = made[name]

    def show(self, segmentation: Any, volume: Any) -> None:
        """Work on a reading from now on."""
        self._editor.set_active_segmentation(segmentation, volume)
        reader, session = self.viewer.session.reader, self.viewer.session
        threshold = reader.paint_threshold(session.reading, session.study)
        with self.viewer.state as state:
            state.view_threshold = THRESHOLD_HU if threshold is None else round(threshold)
        classes = reader.finding_classes
        self.set_segment(classes[0].label if classes else (session.masks.names() or [""])[0])
        self.take_up("none")

    def clear(self) -> None:
        """Work on nothing."""
        self._editor.deactivate_effect()

    def finish(self) -> None:
        """Finish a stroke that is under way where it was left: the page was loaded anew."""
        effect = self._editor.active_effect
        for pipeline in [held() for held in effect.pipelines] if effect else []:
            if pipeline is not None:
                pipeline.LoseFocus(None)

    def take_up(self, name: str) -> None:
        """Take up a tool."""
        kind = self._effects[name]
        if self.viewer.session is not None:
            self._editor.set_active_effect_type(kind)
        with self.viewer.state as state:
            state.view_tool = name

    def set_segment(self, name: str) -> None:
        """Choose the segment that is edited."""
        if name in self.viewer.session.masks.names():
            self._editor.set_active_segment_id(name)
            with self.viewer.state as state:
                state.view_segment = name

    def set_option(self, name: str, value: Any) -> None:
        """Set an option of a tool, a ``view_*`` variable; what makes no sense is left out."""
        kind = type(first_state()[name])
        try:
            value = kind(value)
        except (TypeError, ValueError):
            value = self.viewer.state[name]
        if name == "view_brush_mm":
            value = min(max(value, _SMALLEST_MM), _LARGEST_MM)
        with self.viewer.state as state:
            state[name] = value
            state.dirty(name)

    def apply(self) -> None:
        """Carry out islands or smoothing on the active segment."""
        painter = self.painter()
        if painter is None:
            return
        tool = self.viewer.state.view_tool
        if tool == "islands":
            self._apply_islands(painter)
        elif tool == "smoothing":
            self._apply_smoothing(painter)

    def painter(self) -> Painter | None:
        """Return what edits the active segment."""
        session, name = self.viewer.session, self.viewer.state.view_segment
        if session is None or name not in session.masks.names():
            return None
        return Painter(session, name, bool(self.viewer.state.view_overwrite))

    def name_of(self, gesture: Gesture) -> str:
        """Return the name of the view of a gesture."""
        views = self.viewer.stage.views
        return next(name for name, view in views.items() if view.view is gesture.view)

    def scale_of(self, gesture: Gesture) -> float:
        """Return the pixels of the view per pixel of the page."""
        return self.viewer.stage.views[self.name_of(gesture)].scale

    def _apply_islands(self, painter: Painter) -> None:
        state = self.viewer.state
        box, own = painter.own()
        if not own.size:
            return
        if state.view_islands_mode == "keep_largest":
            painter.replace(box, parts.keep_largest(own), "islands")
        elif state.view_islands_mode == "remove_small":
            painter.replace(box, parts.remove_small(own, int(state.view_smallest)), "islands")
        elif state.view_islands_mode == "split":
            self.viewer.session.split_segment(state.view_segment)

    def _apply_smoothing(self, painter: Painter) -> None:
        state = self.viewer.state
        spacing, radius = self.viewer.session.volume.spacing_mm, float(state.view_kernel_mm)
        box, own = painter.own(margin=parts.margin(radius, spacing))
        if own.size:
            smooth = parts.smoothed(own, state.view_smoothing, radius, spacing)
            painter.replace(box, smooth, "smoothing")


def _effect_type(name: str, in_3d: bool) -> type[ToolEffect]:
    """Return an effect type of its own: the editor keeps one effect per type."""
    title = "".join(part.title() for part in name.split("_"))
    return type(f"{title}Effect", (ToolEffect,), {"in_3d": in_3d, "__module__": __name__})
