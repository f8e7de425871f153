"""The views in the page, with patient, letters, ruler, crosshair and marker on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import html
from trame_client.widgets.core import AbstractElement
from trame_rca.widgets.rca import RemoteControlledArea

from readingroom.workbench.template import part
from readingroom.workbench.viewer import cine
from readingroom.workbench.viewer.layouts import PRIORS, SLICES, VIEWS

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
    viewer.server.enable_module({"vue_use": ["ReadingRoomPictures"]})
    for name in (*VIEWS, *PRIORS):
        _cell(viewer, name)


def _cell(viewer: Viewer, name: str) -> None:
    with html.Div(
        classes="rv-cell rv-cell-prior" if name in PRIORS else "rv-cell",
        style=f"grid-area:{name}",
        v_show=(f"view_shown.includes('{name}')",),
        dblclick=(viewer.toggle_alone, f"['{name}']"),
        raw_attrs=[f'data-view="{name}"', "@contextmenu.prevent"],
    ):
        area = RemoteControlledArea(
            name=name,
            display="none",  # static/pictures.js does it
            classes="rv-image",
            send_mouse_move=True,
            event_throttle_ms=(_THROTTLE_MS,),
        )
        with area:
            AbstractElement("rv-picture", raw_attrs=[f'name="{name}"'])
        views = viewer.prior.views if name in PRIORS else viewer.stage.views
        area.add_view_handler(views[name].adapter)
        with (
            part(viewer.server, f"over_{name}", "rv-over"),
            html.Template(v_if=("view_header.left",)),
        ):
            _marker(name)
            if name == cine.VIEW:
                _curve(f"view_info_{name}.curve")
            if name in SLICES:
                _slice(name)
            elif name in PRIORS:
                _prior(name)
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
    _ruler_and_letters(info)


def _ruler_and_letters(info: str) -> None:
    with html.Div(classes="rv-corner rv-br", v_if=(f"{info}.ruler",)):
        html.Span(f"{{{{ {info}.ruler.mm }}}} mm")
    html.Div(
        classes="rv-ruler",
        v_if=(f"{info}.ruler",),
        style=(f"{{width: {info}.ruler.percent + '%'}}",),
    )
    for side in ("left", "right", "top", "bottom"):
        html.Span(f"{{{{ {info}.{side} }}}}", classes=f"rv-letter rv-{side}")


def _curve(curve: str) -> None:
    """Draw the centreline that is in the hand, and its points."""
    with html.Template(v_if=(curve,)):
        html.Svg(
            "".join(
                f'<polyline class="{look}" :points="{curve}.line"></polyline>'
                for look in ("rv-curve-under", "rv-curve-line")
            ),
            classes="rv-curve",
            raw_attrs=['viewBox="0 0 100 100"', 'preserveAspectRatio="none"'],
        )
        html.Div(
            v_for=f"(p, n) in {curve}.points",
            key=("n",),
            classes=(f"['rv-handle', n === {curve}.held ? 'rv-held' : '']",),
            style=("{left: p[0] + '%', top: p[1] + '%'}",),
        )


def _prior(name: str) -> None:
    """Build what is written around the prior scan: its date, its size then, how it is linked."""
    info, scan = f"view_info_{name}", "page_prior.scan"
    _lines(PRIORS[name], info)
    with html.Div(classes="rv-corner rv-tl", v_if=("page_prior && page_prior.scan",)):
        html.Span(f"{{{{ {scan}.title }}}} · {{{{ {scan}.date }}}}", classes="rv-name rv-then")
        html.Span(f"{{{{ {scan}.before }}}}", classes="rv-extra")
        html.Span(
            "{{ page_prior.matched.text }}",
            v_if=("page_prior.matched",),
            classes=("'rv-match rv-' + page_prior.matched.kind",),
        )
    with html.Div(classes="rv-corner rv-bl", v_if=("page_prior && page_prior.scan",)):
        html.Span(
            f"{{{{ {scan}.link }}}}",
            classes=(f"['rv-extra', {scan}.how === 'coordinates' ? 'rv-caution' : '']",),
        )
        html.Span(f"{{{{ {info}.place }}}} mm")
    _ruler_and_letters(info)


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
