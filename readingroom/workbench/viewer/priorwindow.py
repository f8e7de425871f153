"""What the mouse does over a prior view: it moves the current views, which the prior follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from readingroom.workbench.viewer.tools.gestures import HU_PER_PIXEL
from readingroom.workbench.viewer.tools.pipelines import CLICK_PIXELS

if TYPE_CHECKING:
    from readingroom.workbench.viewer.prior import PriorView
    from readingroom.workbench.viewer.viewer import Viewer


class PriorWindow:
    """Takes size and events of a prior view's area.

    A click links the views, a drag sets the grey-value window; other buttons and the wheel do
    to the current view what they would do over it. Nothing is painted on the prior scan.
    """

    def __init__(self, view: PriorView, viewer: Viewer) -> None:
        self._view, self._viewer = view, viewer
        self._pressed: tuple[float, float] | None = None
        self._dragged = False
        self._window = (0.0, 1.0)

    def process_resize_event(self, width: int, height: int) -> None:
        """Take the size of the area."""
        self._view.resize(width, height)

    def process_interaction_event(self, event: dict[str, Any]) -> None:
        """Take an event of the page."""
        kind = str(event.get("type", ""))
        if kind == "LeftButtonPress":
            self._pressed, self._dragged = _place(event), False
            self._window = self._viewer.navigator.window()
        elif self._pressed is not None and kind == "MouseMove":
            self._drag(*_place(event))
        elif kind == "LeftButtonRelease":
            pressed, self._pressed = self._pressed, None
            if pressed is not None and not self._dragged:
                self._view.look_at(*pressed)
        elif not kind.startswith("LeftButton"):
            self._viewer.stage.views[self._view.like].take(event)

    def _drag(self, x: float, y: float) -> None:
        assert self._pressed is not None
        right, up = x - self._pressed[0], y - self._pressed[1]
        self._dragged |= max(abs(right), abs(up)) > CLICK_PIXELS
        if self._dragged:
            step = HU_PER_PIXEL / self._view.scale
            center, width = self._window
            self._viewer.set_window(center + up * step, max(width + right * step, 1.0))


def _place(event: dict[str, Any]) -> tuple[float, float]:
    return float(event.get("x", 0.0)), float(event.get("y", 0.0))
