"""The views in the page, with patient, letters, ruler, crosshair and marker on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import html
from trame_rca.widgets.rca import RemoteControlledArea

from readingroom.workbench.template import part
from readingroom.workbench.viewer.layouts import SLICES, VIEWS

if TYPE_CHECKING:
    from readingroom.workbench.viewer.viewer import Viewer

#: Which slices cut a slice view as an upright and as a level line.
_CUTS = {
    "axial": ("sagittal", "coronal"),
    "coronal": ("sagittal", "axial"),
    "sagittal": ("coronal", "axial"),
}
#: The browser sends at most one movement of the mouse in this time, ms.
_THROTTLE_MS = 16


def all_views(viewer: Viewer) -> None:
    """Build the cells of all views."""
    for name in VIEWS:
        _cell(viewer, name)


def _cell(viewer: Viewer, name: str) -> None:
    with html.Div(
        classes="rv-cell",
        style=f"grid-area:{name}",
        v_show=(f"view_shown.includes('{name}')",),
        dblclick=(viewer.toggle_alone, f"['{name}']"),
        raw_attrs=[f'data-view="{name}"', "@contextmenu.prevent"],
    ):
        area = RemoteControlledArea(
            name=name,
            display="image",
            classes="rv-image",
            send_mouse_move=True,
            event_throttle_ms=(_THROTTLE_MS,),
        )
        area.add_view_handler(viewer.stage.views[name].adapter)
        with (
            part(viewer.server, f"over_{name}", "rv-over"),
            html.Template(v_if=("view_header.left",)),
        ):
            _marker(name)
            if name in SLICES:
                _slice(name)
            else:
                html.Span("{{ page_t.view_three_d }}", classes="rv-corner rv-tl rv-name")


def _slice(name: str) -> None:
    info = f"view_info_{name}"
    _lines(name, info)
    with html.Div(classes="rv-corner rv-tl"):
        html.Span(
            f"{{{{ page_t.view_{name} }}}}",
            classes=f"rv-name rv-title-{name}",
            v_if=("!view_frames",),
        )
        html.Span("{{ line }}", v_for="line in view_header.left", classes="rv-extra")
    with html.Div(classes="rv-corner rv-tr"):
        html.Span("{{ line }}", v_for="line in view_header.right", classes="rv-extra")
    with html.Div(classes="rv-corner rv-bl", v_if=(f"{info}.slice || {info}.frame",)):
        html.Span(
            "{{ page_t.view_slab }} {{ view_slab_mm }} mm "
            "({{ page_t['view_slab_' + view_slab_mode] }})",
            v_if=("view_slab_mm > 0",),
            classes="rv-name",
        )
        html.Span(
            f"{{{{ {info}.slice.number }}}} / {{{{ {info}.slice.count }}}}"
            f" · {{{{ {info}.slice.place }}}} mm",
            v_if=(f"{info}.slice",),
        )
        html.Span(
            f"{{{{ page_t.view_frame }}}} {{{{ {info}.frame.number }}}} / "
            f"{{{{ {info}.frame.count }}}} · {{{{ {info}.frame.seconds }}}} s",
            v_if=(f"{info}.frame",),
        )
        html.Span("{{ page_t.view_center_width }} {{ view_center }} / {{ view_width }}")
    with html.Div(classes="rv-corner rv-br", v_if=(f"{info}.ruler",)):
        html.Span(f"{{{{ {info}.ruler.mm }}}} mm")
    html.Div(
        classes="rv-ruler",
        v_if=(f"{info}.ruler",),
        style=(f"{{width: {info}.ruler.percent + '%'}}",),
    )
    for side in ("left", "right", "top", "bottom"):
        html.Span(f"{{{{ {info}.{side} }}}}", classes=f"rv-letter rv-{side}")


def _lines(name: str, info: str) -> None:
    """Draw where the other slices cut, open in the middle, where one looks."""
    upright, level = _CUTS[name]
    html.Div(
        classes=f"rv-line rv-upright rv-{upright}",
        v_if=(f"{info}.lines",),
        style=(f"{{left: {info}.lines.x + '%', '--at': {info}.lines.y + '%'}}",),
    )
    html.Div(
        classes=f"rv-line rv-level rv-{level}",
        v_if=(f"{info}.lines",),
        style=(f"{{top: {info}.lines.y + '%', '--at': {info}.lines.x + '%'}}",),
    )


def _marker(name: str) -> None:
    mark = f"view_info_{name}.marker"
    html.Div(
        classes=(f"['rv-mark', {{'rv-mark-away': !({mark} || {{}}).through}}]",),
        v_if=(mark,),
        style=(
            f"{{left: {mark}.x + '%', top: {mark}.y + '%',"
            f" width: {mark}.w + '%', height: {mark}.h + '%'}}",
        ),
    )
