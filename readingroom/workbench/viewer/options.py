"""Options of the tool in the hand, shown only while it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

if TYPE_CHECKING:
    from readingroom.workbench.viewer.viewer import Viewer

#: Islands of findings are findings already: there a click divides one.
_SPLITS_SEGMENTS = (
    "(view_islands_mode !== 'split' ||"
    " !(view_segments.find((s) => s.name === view_segment) || {}).finding)"
)
_BRUSHES = "['paint', 'erase', 'threshold_brush'].includes(view_tool)"
_MARKING = "!['none', 'classify', 'curve'].includes(view_tool)"
_PAINTING = "['paint', 'threshold_brush', 'draw', 'scissors', 'smoothing'].includes(view_tool)"


def build(viewer: Viewer) -> None:
    """Build the options in the current context."""
    html.Span("{{ page_t['view_tool_' + view_tool] }}", classes="rv-hint", v_if=(f"!{_BRUSHES}",))
    _segment(viewer)
    _brush(viewer)
    _scissors(viewer)
    _islands(viewer)
    _smoothing(viewer)
    _curve(viewer)
    with html.Label(
        classes="rv-check",
        v_if=(f"{_PAINTING} || view_tool === 'erase'",),
        title=("page_t.view_overwrite_help",),
    ):
        html.Input(
            type="checkbox",
            checked=("view_overwrite",),
            change=(viewer.set_option, "['view_overwrite', $event.target.checked]"),
        )
        html.Span("{{ page_t.view_overwrite }}")


def _segment(viewer: Viewer) -> None:
    with html.Span(classes="rv-check", v_if=(_MARKING,), title=("page_t.view_class",)):
        html.Span(
            classes="rv-dot",
            style=(
                "{background: (view_segments.find((s) => s.name === view_segment) || {}).color}",
            ),
        )
        with html.Select(
            classes="rv-select",
            change=(viewer.set_active_segment, "[$event.target.value]"),
        ):
            html.Option(
                "{{ s.short[page_lang] || s.short.en }}",
                v_for="s in view_segments",
                key=("s.name",),
                value=("s.name",),
                raw_attrs=[':selected="s.name === view_segment"'],
            )


def _brush(viewer: Viewer) -> None:
    with html.Span(classes="rv-check", v_if=(_BRUSHES,)):
        html.Span("{{ page_t.view_brush }}", classes="rv-label")
        html.Input(
            classes="rv-range",
            type="range",
            min=0.5,
            max=30,
            step=0.5,
            value=("view_brush_mm",),
            input=(viewer.set_option, "['view_brush_mm', $event.target.value]"),
        )
        html.Span("{{ view_brush_mm }}")
    with html.Label(classes="rv-check", v_if=(_BRUSHES,), title=("page_t.view_sphere_help",)):
        html.Input(
            type="checkbox",
            checked=("view_sphere",),
            change=(viewer.set_option, "['view_sphere', $event.target.checked]"),
        )
        html.Span("{{ page_t.view_sphere }}")
    with html.Span(classes="rv-check", v_if=("view_tool === 'threshold_brush'",)):
        html.Span("{{ page_t.view_threshold }}", classes="rv-label")
        _number(viewer, "view_threshold", step=10)


def _scissors(viewer: Viewer) -> None:
    with html.Span(classes="rv-check", v_if=("view_tool === 'scissors'",)):
        _choice(
            viewer,
            "view_scissors_mode",
            {
                mode: f"view_scissors_{mode}"
                for mode in ("erase_inside", "erase_outside", "fill_inside")
            },
        )
        with html.Label(classes="rv-check"):
            html.Input(
                type="checkbox",
                checked=("view_scissors_all",),
                change=(viewer.set_option, "['view_scissors_all', $event.target.checked]"),
            )
            html.Span("{{ page_t.view_scissors_all_slices }}")


def _islands(viewer: Viewer) -> None:
    modes = ("keep_largest", "remove_small", "keep_clicked", "remove_clicked", "split")
    with html.Span(classes="rv-check", v_if=("view_tool === 'islands'",)):
        _choice(viewer, "view_islands_mode", {mode: f"view_islands_{mode}" for mode in modes})
        with html.Span(classes="rv-check", v_if=("view_islands_mode === 'remove_small'",)):
            html.Span("{{ page_t.view_smallest }}", classes="rv-label")
            _number(viewer, "view_smallest", step=1)
        html.Span(
            "{{ page_t.view_split_help }}",
            v_if=("view_islands_mode === 'split'",),
            classes="rv-hint",
        )
        _apply(viewer, f"!view_islands_mode.endsWith('clicked') && {_SPLITS_SEGMENTS}")


def _smoothing(viewer: Viewer) -> None:
    methods = ("median", "opening", "closing", "gaussian")
    with html.Span(classes="rv-check", v_if=("view_tool === 'smoothing'",)):
        _choice(viewer, "view_smoothing", {one: f"view_smoothing_{one}" for one in methods})
        html.Span("{{ page_t.view_kernel }}", classes="rv-label")
        _number(viewer, "view_kernel_mm", step=0.5)
        _apply(viewer, "true")


def _curve(viewer: Viewer) -> None:
    with html.Span(classes="rv-check", v_if=("view_tool === 'curve'",)):
        with html.Label(classes="rv-check", title=("page_t.view_curve_cling_help",)):
            html.Input(
                type="checkbox",
                checked=("view_curve_cling",),
                change=(viewer.set_option, "['view_curve_cling', $event.target.checked]"),
            )
            html.Span("{{ page_t.view_curve_cling }}")
        html.Span("{{ page_t.view_curve_reach }}", classes="rv-label")
        _number(viewer, "view_curve_reach", step=1)
        v3.VBtn(
            "{{ page_t.view_curve_carry }}",
            size="small",
            variant="tonal",
            density="comfortable",
            classes="rv-apply rv-carry",
            disabled=("!(view_info_axial || {}).curve",),
            click=(viewer.carry, "[]"),
        )


def _choice(viewer: Viewer, name: str, texts: dict[str, str]) -> None:
    with html.Select(
        classes="rv-select",
        change=(viewer.set_option, f"['{name}', $event.target.value]"),
    ):
        for value, text in texts.items():
            chosen = f":selected=\"{name} === '{value}'\""
            html.Option(f"{{{{ page_t.{text} }}}}", value=value, raw_attrs=[chosen])


def _number(viewer: Viewer, name: str, step: Any) -> None:
    html.Input(
        classes="rv-number",
        type="number",
        step=step,
        value=(name,),
        change=(viewer.set_option, f"['{name}', $event.target.value]"),
    )


def _apply(viewer: Viewer, shown: str) -> None:
    v3.VBtn(
        "{{ page_t.view_apply }}",
        v_if=(shown,),
        size="small",
        variant="tonal",
        density="comfortable",
        classes="rv-apply",
        click=(viewer.apply, "[]"),
    )
