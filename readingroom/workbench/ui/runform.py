"""The form of a reader's options, with Run, progress and Cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.ui.parts import icon_button

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench

_CLOSE = "page_dialog = ''"
_SHOWN = "page_option_fields.filter(f => !f.advanced || page_options_more)"
_FLUSH = "flushState('page_options')"


def build(app: Workbench) -> None:
    """Build the dialog; while a reading is under way it can only be cancelled."""
    runs = app.reading.runs
    with (
        v3.VDialog(
            model_value=("page_dialog == 'run'",),
            update_modelValue=(
                "page_dialog = !$event && page_dialog == 'run' && !page_run.on ? '' : page_dialog"
            ),
            persistent=("page_run.on",),
            width="52rem",
            max_width="96vw",
            scrollable=True,
        ),
        v3.VCard(classes="rr-dialog", id="rr-dialog-run"),
    ):
        with html.Div(classes="rr-dialog-head"):
            html.H2("{{ page_name == 'reading' ? page_t.read_again : page_t.read_study }}")
            html.Span("{{ page_run_target.title }} · {{ page_run_target.more }}", classes="rr-clip")
            icon_button("mdi-close", "close", _CLOSE, disabled=("page_run.on",))
        with html.Div(classes="rr-dialog-body"):
            html.P(
                "{{ page_t.read_again_help }}", v_if="page_name == 'reading'", classes="rr-small"
            )
            v3.VSelect(
                model_value=("page_run_reader",),
                update_modelValue=(runs.choose_reader, "[$event]"),
                items=("page_readers",),
                label=("page_t.reader",),
                disabled=("page_run.on",),
                id="rr-run-reader",
            )
            _fields()
            v3.VBtn(
                "{{ page_options_more ? page_t.less : page_t.more }}",
                click="page_options_more = !page_options_more",
                size="small",
                append_icon=("page_options_more ? 'mdi-chevron-up' : 'mdi-chevron-down'",),
                id="rr-run-more",
            )
        _foot(app)


def _fields() -> None:
    with (
        html.Div(classes="rr-options"),
        html.Div(v_for="f in " + _SHOWN, key=("f.name",), title=("f.help",)),
    ):
        v3.VSelect(
            v_if="f.kind == 'choice'",
            v_model=("page_options[f.name]",),
            items=("f.items",),
            label=("f.label",),
            placeholder=("page_t.not_given",),
            persistent_placeholder=True,
            clearable=("f.optional",),
            update_modelValue=_FLUSH,
            disabled=("page_run.on",),
        )
        v3.VCheckbox(
            v_if="f.kind == 'bool'",
            v_model=("page_options[f.name]",),
            label=("f.label",),
            density="compact",
            hide_details=True,
            update_modelValue=_FLUSH,
            disabled=("page_run.on",),
        )
        v3.VTextField(
            v_if="f.kind == 'int' || f.kind == 'float' || f.kind == 'str'",
            v_model=("page_options[f.name]",),
            label=("f.label",),
            type=("f.kind == 'str' ? 'text' : 'number'",),
            min=("f.minimum",),
            max=("f.maximum",),
            step=("f.kind == 'float' ? 'any' : 1",),
            placeholder=("page_t.not_given",),
            persistent_placeholder=True,
            clearable=("f.optional",),
            update_modelValue=_FLUSH,
            disabled=("page_run.on",),
        )
        html.Small("{{ f.help }}", classes="rr-option-help")


def _foot(app: Workbench) -> None:
    with html.Div(classes="rr-dialog-actions"):
        with html.Div(
            v_if="page_run.on", classes="rr-progress", role="status", id="rr-run-progress"
        ):
            v3.VProgressLinear(
                model_value=("100 * page_run.fraction",), color="primary", height=8, rounded=True
            )
            html.Span("{{ page_run.stage }} · {{ Math.round(100 * page_run.fraction) }} %")
        v3.VBtn("{{ page_t.close }}", click=_CLOSE, v_if="!page_run.on")
        v3.VBtn(
            "{{ page_t.cancel }}",
            click=app.reading.runs.cancel,
            v_if="page_run.on",
            color="error",
            variant="flat",
            id="rr-run-cancel",
        )
        v3.VBtn(
            "{{ page_t.run }}",
            click=app.reading.runs.start,
            v_if="!page_run.on",
            color="primary",
            variant="flat",
            prepend_icon="mdi-play",
            id="rr-run-start",
        )
