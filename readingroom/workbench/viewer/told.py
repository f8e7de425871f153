"""What the page is told of the viewer through the shared state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from readingroom.workbench.viewer import cine, segmentlist
from readingroom.workbench.viewer.header import header_of
from readingroom.workbench.viewer.layouts import LAYOUTS

if TYPE_CHECKING:
    from readingroom.workbench.viewer.viewer import Viewer


class Told:
    """Brings the ``view_*`` variables up to date."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer, self._state = viewer, viewer.state
        self._state.setdefault("page_lang", "en")
        self._state.change("page_lang")(self.header)

    def annotations(self) -> None:
        """Tell the texts, lines and markers of the views that are shown."""
        if self._viewer.session is None:
            return
        with self._state:
            for name in self._state.view_shown:
                found = self._around(name)
                if self._state[f"view_info_{name}"] != found:
                    self._state[f"view_info_{name}"] = found
            self.window()

    def _around(self, name: str) -> dict[str, Any]:
        made, prior = self._viewer.annotations, self._viewer.prior
        if name in prior.views:
            return prior.views[name].annotation() if prior.shown else {}
        if name == "three_d":
            return made.of_three_d()
        curve = {"curve": self._viewer.curve.shown()} if name == cine.VIEW else {}
        return {**made.of_slice(name), **curve}

    def layout(self, name: str) -> None:
        """Tell the arrangement of the views."""
        with self._state:
            self._state.view_layout = name
            self._state.view_shown = LAYOUTS[name].views
            self._state.view_grid = LAYOUTS[name].style

    def window(self) -> None:
        """Tell the grey-value window, and the preset's name if it is one."""
        session = self._viewer.session
        center, width = (round(x) for x in self._viewer.navigator.window())
        named = session.reader.window_presets if session else ()
        name = next((p.name for p in named if (p.center, p.width) == (center, width)), "")
        with self._state:
            self._state.view_center, self._state.view_width = center, width
            self._state.view_window = name

    def header(self, **_: Any) -> None:
        """Tell patient and series in the language of the page."""
        session = self._viewer.session
        if session is not None:
            with self._state:
                self._state.view_header = header_of(session, self._state.page_lang)

    def presets(self) -> None:
        """Tell the reader's grey-value windows."""
        with self._state:
            self._state.view_presets = segmentlist.presets(self._viewer.session.reader)

    def history(self) -> None:
        """Tell what can be undone and redone."""
        session = self._viewer.session
        with self._state:
            self._state.view_can_undo = session.can_undo
            self._state.view_can_redo = session.can_redo

    def segments(self) -> None:
        """Tell the segments, and where they are shown."""
        viewer = self._viewer
        if viewer.session is not None:
            visible = viewer.models.surfaces.visible
            with self._state:
                self._state.view_segments = segmentlist.rows(
                    viewer.session, viewer.masks.style, visible
                )
