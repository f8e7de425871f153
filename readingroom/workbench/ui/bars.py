"""What frames both pages: title bar, footer, messages, the place to drop files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.ui.parts import button, icon_button

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench


def top(app: Workbench) -> None:
    """Build the title bar."""
    with html.Header(classes="rr-bar"):
        with html.Div(classes="rr-bar-left"):
            html.Img(src="/static/icon.svg", classes="rr-logo", alt="ReadingRoom")
            with html.Template(v_if="page_name == 'list'"):
                html.Span("ReadingRoom", classes="rr-title")
                html.Span("{{ page_t.work_list }}", classes="rr-subtitle")
            with html.Template(v_if="page_name == 'reading'"):
                _case(app)
        with html.Div(classes="rr-bar-right"):
            with html.Template(v_if="page_name == 'reading'"):
                _case_actions(app)
            _always(app)


def _case(app: Workbench) -> None:
    icon_button("mdi-format-list-bulleted", "back", app.reading.keeping.to_list, id="rr-back")
    icon_button(
        "mdi-chevron-left", "previous_case", (app.reading.keeping.next_case, "[-1]"), id="rr-prev"
    )
    icon_button(
        "mdi-chevron-right", "next_case", (app.reading.keeping.next_case, "[1]"), id="rr-next"
    )
    with html.Div(classes="rr-patient"):
        html.Span("{{ page_case.patient }}", classes="rr-patient-name")
        html.Span(
            "{{ [page_case.patient_id, page_case.sex_age, page_case.examined, page_case.technique]"
            ".filter(t => t && t != '–').join(' · ') }}",
            classes="rr-patient-facts",
            title=("page_case.series + ' · ' + page_case.technique",),
        )
    html.Span(
        "{{ page_t[page_case.status] }}"
        "{{ page_case.status == 'signed' ? ' · ' + page_case.reviewer : '' }}",
        v_if="page_case.status",
        classes=("'rr-state rr-state-' + page_case.status",),
        id="rr-status",
    )


def _case_actions(app: Workbench) -> None:
    keeping, exports = app.reading.keeping, app.reading.exports
    with html.Span(classes="rr-saved", id="rr-saved"):
        v3.VIcon("mdi-alert", color="error", v_if="page_autosave_failed", size="small")
        v3.VIcon("mdi-circle-medium", color="warning", v_if="page_dirty", size="small")
        v3.VIcon("mdi-check", color="success", v_if="!page_dirty", size="small")
        html.Span(
            "{{ page_autosave_failed ? page_t.autosave_failed : page_dirty ? page_t.unsaved"
            " : page_t.saved + ' · ' + page_t.revision + ' ' + page_case.revision }}"
        )
    v3.VBtn(
        icon="mdi-undo",
        size="small",
        click=keeping.undo,
        disabled=("!page_can_undo",),
        title=("page_t.undo + ' (Ctrl+Z) ' + page_undo_text",),
        aria_label=("page_t.undo",),
        id="rr-undo",
    )
    v3.VBtn(
        icon="mdi-redo",
        size="small",
        click=keeping.redo,
        disabled=("!page_can_redo",),
        title=("page_t.redo + ' (Ctrl+Y) ' + page_redo_text",),
        aria_label=("page_t.redo",),
        id="rr-redo",
    )
    button("save", keeping.save, disabled=("!page_dirty || page_locked",), id="rr-save")
    button("report", exports.preview, id="rr-report")
    button("export", exports.offer, id="rr-export")
    button(
        "sign",
        keeping.ask_to_sign,
        v_if="!page_locked",
        variant="flat",
        color="primary",
        id="rr-sign",
    )
    button("reopen", keeping.reopen, v_if="page_locked", id="rr-reopen")


def _always(app: Workbench) -> None:
    v3.VBtn(
        "{{ page_t.language_other }}",
        size="small",
        click=app.switch_language,
        title=("page_t.language",),
        id="rr-language",
        classes="rr-language",
    )
    icon_button(
        ("page_dark ? 'mdi-weather-sunny' : 'mdi-weather-night'",),
        "theme",
        "page_dark = !page_dark",
        id="rr-theme",
    )
    icon_button("mdi-help-circle-outline", "help", "page_dialog = 'keys'", id="rr-help")


def bottom() -> None:
    """Build the footer: what this program is not."""
    with html.Footer(classes="rr-footer"):
        html.Span("{{ page_t.research }}", id="rr-research")


def busy() -> None:
    """Build the cover that says what is being waited for."""
    with html.Div(classes="rr-busy", v_if="page_busy || page_upload !== null", role="status"):
        html.Div(classes="rr-spinner", v_if="page_busy")
        html.Span("{{ page_t[page_busy] }}", v_if="page_busy")
        with html.Template(v_if="!page_busy && page_upload !== null"):
            html.Span("{{ page_t.uploading }}")
            v3.VProgressLinear(
                model_value=("100 * page_upload",), color="primary", height=6, style="width:18rem"
            )


def message(app: Workbench) -> None:
    """Build the one message: what happened, what to do."""
    with v3.VSnackbar(
        model_value=("page_message.open",),
        update_modelValue="page_message = {...page_message, open: $event}",
        # An error stays until it is read; the rest goes by itself.
        timeout=("{success: 3500, info: 6000, warning: 15000}[page_message.kind] || -1",),
        color="surface-variant",
        content_class=("'rr-snack rr-snack-' + page_message.kind",),
        location="bottom",
        z_index=9000,
        multi_line=True,
        id="rr-message",
    ):
        with html.Div(classes="rr-message", role="alert"):
            html.Strong("{{ page_message.text }}")
            html.Span(
                "{{ page_message.code ? page_t.what_to_do + ' ' : '' }}{{ page_message.todo }}",
                v_if="page_message.todo",
            )
            html.Code("{{ page_message.code }}", v_if="page_message.code")
        with v3.Template(v_slot_actions=True):
            v3.VBtn(
                "{{ page_t.close }}",
                variant="text",
                click="page_message = {...page_message, open: false}",
            )


def drop_zone() -> None:
    """Build what is seen while files are dragged over the page."""
    with html.Div(classes="rr-drop"):
        v3.VIcon("mdi-tray-arrow-down", size=64)
        html.Span("{{ page_name == 'reading' ? page_t.drop_masks : page_t.drop_study }}")
