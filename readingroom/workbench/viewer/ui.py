"""The view area: tool rail, option strip, four views with what is written around them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trame.widgets import client, html

from readingroom.workbench.template import part
from readingroom.workbench.viewer import bars, cells, options

if TYPE_CHECKING:
    from readingroom.workbench.viewer.viewer import Viewer

_STYLE = Path(__file__).with_name("viewer.css")


def build(viewer: Viewer) -> None:
    """Build everything in the current context; it fills its parent."""
    client.Style(_STYLE.read_text("utf-8"))
    with html.Div(classes="rv"):
        with part(viewer.server, "rail", "rv-rail"):
            bars.rail(viewer)
        with html.Div(classes="rv-main"):
            with part(viewer.server, "strip", "rv-strip"):
                bars.strip(viewer)
            with part(viewer.server, "tool_options", "rv-strip rv-options"):
                options.build(viewer)
            with html.Div(classes="rv-grid", style=("view_grid",)):
                cells.all_views(viewer)
            with part(viewer.server, "timeline"):
                bars.timeline(viewer)
