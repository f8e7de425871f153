"""Buttons: tools at the side; layouts, window, slab, masks and the tool's options on top."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.viewer.layouts import LAYOUTS

if TYPE_CHECKING:
    from readingroom.workbench.viewer.viewer import Viewer

_TOOLS = (
    ("none", "mdi-cursor-default-outline"),
    ("classify", "mdi-tag-outline"),
    ("grow", "mdi-plus-circle-outline"),
    ("", ""),
    ("paint", "mdi-brush"),
    ("erase", "mdi-eraser"),
    ("threshold_brush", "mdi-brush-variant"),
    ("draw", "mdi-lasso"),
    ("scissors", "mdi-content-cut"),
    ("islands", "mdi-dots-hexagon"),
    ("smoothing", "mdi-blur"),
    ("curve", "mdi-vector-curve"),
)
#: Tools that only one kind of images has.
_ONLY_IF = {"curve": "view_frames > 0"}


def rail(viewer: Viewer) -> None:
    """Build the tools."""
    for name, icon in _TOOLS:
        if not name:
            html.Div(classes="rv-gap-h")
            continue
        with html.Template(v_if=(_ONLY_IF.get(name, "true"),)):
            _button(
                icon,
                f"view_tool_{name}",
                (viewer.set_tool, f"['{name}']"),
                active=f"view_tool === '{name}'",
                location="right",
            )


def strip(viewer: Viewer) -> None:
    """Build what concerns the views."""
    with html.Template(v_if=("!view_frames",)):
        for name, layout in LAYOUTS.items():
            if layout.icon:
                with html.Template(v_if=("view_has_prior" if layout.compares else "true",)):
                    _button(
                        layout.icon,
                        f"view_layout_{name}",
                        (viewer.set_layout, f"['{name}']"),
                        active=f"view_layout === '{name}'",
                    )
        html.Div(classes="rv-gap")
    _window(viewer)
    html.Div(classes="rv-gap")
    with html.Template(v_if=("!view_frames",)):
        _slab(viewer)
        _button(
            "mdi-crosshairs",
            "view_crosshair",
            (viewer.set_crosshair, "[!view_crosshair]"),
            active="view_crosshair",
        )
    _button("mdi-fit-to-page-outline", "view_fit", (viewer.fit, "[]"))
    html.Div(classes="rv-gap")
    _masks(viewer)
    _button(
        "mdi-map-marker-outline",
        "view_landmarks",
        (viewer.set_landmarks, "[!view_landmarks]"),
        active="view_landmarks",
    )


def timeline(viewer: Viewer) -> None:
    """Build what moves through the frames of a cine."""
    with html.Div(classes="rv-strip rv-time", v_if=("view_frames > 1",)):
        for playing, icon in ((False, "mdi-play"), (True, "mdi-pause")):
            with html.Template(v_if=(f"view_plays === {str(playing).lower()}",)):
                _button(
                    icon,
                    "view_pause" if playing else "view_play",
                    (viewer.toggle_play, "[]"),
                    location="top",
                )
        html.Input(
            type="range",
            min=1,
            max=("view_frames",),
            step=1,
            value=("(view_info_axial.frame || {}).number",),
            input=(viewer.set_frame, "[Number($event.target.value) - 1]"),
            raw_attrs=[':aria-label="page_t.view_frame"'],
        )


def _window(viewer: Viewer) -> None:
    with html.Select(
        classes="rv-select rv-presets",
        change=(viewer.set_preset, "[$event.target.value]"),
        title=("page_t.view_window",),
    ):
        html.Option("—", value="", v_if=("!view_window",), selected=True)
        html.Option(
            "{{ preset.title[page_lang] || preset.title.en }}",
            v_for="preset in view_presets",
            key=("preset.name",),
            value=("preset.name",),
            raw_attrs=[':selected="preset.name === view_window"'],
        )
    for which in ("center", "width"):
        html.Input(
            classes="rv-number",
            type="number",
            value=(f"view_{which}",),
            change=(viewer.set_window_part, f"['{which}', $event.target.value]"),
            title=("page_t.view_center_width",),
        )


def _slab(viewer: Viewer) -> None:
    with v3.VMenu(close_on_content_click=False):
        with v3.Template(v_slot_activator="{ props }"):
            _button(
                "mdi-layers-triple-outline",
                "view_slab",
                None,
                active="view_slab_mm > 0",
                bind="props",
            )
        with html.Div(classes="rv-menu"):
            with html.Div(classes="rv-row"):
                html.Span("{{ page_t.view_slab }}", classes="rv-grow")
                html.Span("{{ view_slab_mm }} mm")
            html.Input(
                type="range",
                min=0,
                max=50,
                step=1,
                style="width:100%",
                value=("view_slab_mm",),
                input=(viewer.set_slab, "[Number($event.target.value), view_slab_mode]"),
            )
            for mode in ("max", "mean", "min"):
                with html.Label(classes="rv-row rv-check"):
                    html.Input(
                        type="radio",
                        name="view_slab_mode",
                        checked=(f"view_slab_mode === '{mode}'",),
                        change=(viewer.set_slab, f"[view_slab_mm || 10, '{mode}']"),
                    )
                    html.Span(f"{{{{ page_t.view_slab_{mode} }}}}")


def _masks(viewer: Viewer) -> None:
    with v3.VMenu(close_on_content_click=False):
        with v3.Template(v_slot_activator="{ props }"):
            _button("mdi-shape-outline", "view_masks", None, bind="props")
        with html.Div(classes="rv-menu"):
            with html.Div(classes="rv-row"):
                html.Span("{{ page_t.view_opacity }}", classes="rv-grow")
                html.Input(
                    classes="rv-range",
                    type="range",
                    min=0,
                    max=1,
                    step=0.05,
                    value=("view_opacity",),
                    input=(viewer.set_opacity, "[Number($event.target.value)]"),
                )
            with (
                html.Div(classes="rv-row", v_if=("view_has_card",)),
                html.Label(classes="rv-check"),
            ):
                html.Input(
                    type="checkbox",
                    checked=("view_rendering",),
                    change=(viewer.set_volume_rendering, "[$event.target.checked]"),
                )
                html.Span("{{ page_t.view_volume_rendering }}")
            for finding in (True, False):
                group = "findings" if finding else "anatomy"
                rows = f"view_segments.filter((s) => s.finding === {str(finding).lower()})"
                html.Div(f"{{{{ page_t.view_{group}_group }}}}", classes="rv-heading")
                with html.Div(classes="rv-row", v_for=f"s in {rows}", key=("s.name",)):
                    html.Span(classes="rv-dot", style=("{background: s.color}",))
                    html.Span("{{ s.title[page_lang] || s.title.en }}", classes="rv-grow")
                    _eye(viewer.set_segment_in_slices, "slices", "mdi-eye", "view_in_slices")
                    _eye(viewer.set_segment_in_3d, "three_d", "mdi-cube", "view_in_3d")


def _eye(method: Any, which: str, icon: str, text: str) -> None:
    with v3.VBtn(
        icon=True,
        size="x-small",
        variant="text",
        click=(method, f"[s.name, !s.{which}]"),
        raw_attrs=[f':title="page_t.{text}"'],
        classes=(f"s.{which} ? 'rv-on' : 'rv-off'",),
    ):
        v3.VIcon(icon=(f"s.{which} ? '{icon}' : '{icon}-off-outline'",), size=17)


def _button(
    icon: str,
    text: str,
    click: Any,
    *,
    active: str = "false",
    location: str = "bottom",
    bind: str = "",
    disabled: str = "",
) -> None:
    extra: dict[str, Any] = {"v_bind": bind} if bind else {}
    if click is not None:
        extra["click"] = click
    if disabled:
        extra["disabled"] = (disabled,)
    # A tooltip would lie over the menu that its button opens.
    menu_title = [f':title="page_t.{text}"'] if bind else []
    with v3.VBtn(
        icon=True,
        size="small",
        variant="text",
        density="comfortable",
        rounded="lg",
        classes=(f"({active}) ? 'rv-on' : ''",),
        raw_attrs=[f':aria-label="page_t.{text}"', *menu_title],
        **extra,
    ):
        v3.VIcon(icon, size=20)
        if not bind:
            v3.VTooltip(
                text=(f"page_t.{text}",), activator="parent", location=location, open_delay=400
            )
