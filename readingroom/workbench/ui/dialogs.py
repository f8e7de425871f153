"""The dialogs; one is open at a time, named by ``page_dialog``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.reading.export import FORMATS
from readingroom.workbench.ui import runform
from readingroom.workbench.ui.parts import icon_button

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench

_CLOSE = "page_dialog = ''"


def build(app: Workbench) -> None:
    """Build all of them."""
    keeping = app.reading.keeping
    runform.build(app)
    _keys()
    _report(app)
    _export(app)
    _sign(app)
    with _dialog("name", "name_title", "26rem"):
        html.P("{{ page_t.name_help }}")
        _name_field(keeping.named)
        with _actions():
            _cancel()
            _primary("ok", keeping.named, disabled=("!(page_sign_name || '').trim()",))
    with _dialog("leave", "leave_title", "34rem"):
        html.P("{{ page_t.leave_text }}")
        with _actions():
            _cancel()
            _plain("discard", keeping.leave_discarding, color="error")
            _plain("keep_draft", keeping.leave_draft)
            _primary("save", keeping.leave_and_save)
    with _dialog("conflict", "conflict_title", "34rem"):
        html.P("{{ page_t.conflict_text }}")
        with _actions():
            _cancel()
            _plain("open_theirs", keeping.open_theirs)
            _primary("save_on_top", keeping.save_on_top)
    with _dialog("revert", "revert", "30rem"):
        html.P("{{ page_t.revert_ask }}")
        with _actions():
            _cancel()
            _primary("revert", keeping.revert)


@contextlib.contextmanager
def _dialog(name: str, title: str, width: str, **more: Any) -> Iterator[None]:
    """Build one dialog around what is added to it."""
    with (
        v3.VDialog(
            model_value=(f"page_dialog == '{name}'",),
            update_modelValue=(
                f"page_dialog = !$event && page_dialog == '{name}' ? '' : page_dialog"
            ),
            width=width,
            max_width="96vw",
            **more,
        ),
        v3.VCard(classes="rr-dialog", id=f"rr-dialog-{name}"),
    ):
        with html.Div(classes="rr-dialog-head"):
            html.H2(f"{{{{ page_t.{title} }}}}")
            icon_button("mdi-close", "close", _CLOSE)
        with html.Div(classes="rr-dialog-body"):
            yield


def _actions() -> Any:
    return html.Div(classes="rr-dialog-actions")


def _cancel() -> None:
    v3.VBtn("{{ page_t.cancel }}", click=_CLOSE)


def _plain(text: str, click: Any, **more: Any) -> None:
    v3.VBtn(f"{{{{ page_t.{text} }}}}", click=click, variant="tonal", **more)


def _primary(text: str, click: Any, **more: Any) -> None:
    v3.VBtn(
        f"{{{{ page_t.{text} }}}}",
        click=click,
        variant="flat",
        color="primary",
        id=f"rr-confirm-{text.replace('_', '-')}",
        **more,
    )


def _name_field(done: Any) -> None:
    v3.VTextField(
        v_model=("page_sign_name",),
        label=("page_t.sign_name",),
        autofocus=True,
        __events=[("enter", "keydown.enter")],
        enter=done,
        autocomplete="off",
        id="rr-name",
    )


def _keys() -> None:
    with _dialog("keys", "keys", "58rem"):
        with (
            html.Div(classes="rr-keys", id="rr-keys"),
            html.Section(v_for="group in page_keymap", key=("group.title",)),
        ):
            html.H3("{{ group.title }}", classes="rr-heading")
            with html.Div(v_for="k in group.keys", key=("k.title",), classes="rr-key"):
                with html.Span(classes="rr-key-names"):
                    html.Kbd("{{ name }}", v_for="name in k.keys", key=("name",))
                html.Span("{{ k.title }}")
        html.P("{{ page_t.research }}", classes="rr-small")


def _report(app: Workbench) -> None:
    with _dialog("report", "report_preview", "min(96vw, 72rem)"):
        with html.Div(classes="rr-report"):
            with html.Div(v_if="page_report.on", classes="rr-report-wait", role="status"):
                v3.VProgressCircular(indeterminate=True, color="primary")
                html.Span("{{ page_t.report_making }} {{ page_report.stage }}")
            html.Iframe(
                v_if="page_report.url",
                src=("page_report.url + '#view=FitH&navpanes=0'",),
                title=("page_t.report_preview",),
                id="rr-report-frame",
            )
        html.Div(
            "{{ text }}",
            v_for="(text, n) in page_report.notes",
            key=("n",),
            classes="rr-note rr-note-warning",
        )
        with _actions():
            v3.VBtn("{{ page_t.close }}", click=_CLOSE)
            _plain("export", app.reading.exports.offer)
            v3.VBtn(
                "{{ page_t.sign }}",
                click=app.reading.keeping.ask_to_sign,
                variant="flat",
                color="primary",
                v_if="!page_locked",
                id="rr-report-sign",
            )


def _export(app: Workbench) -> None:
    with _dialog("export", "export", "40rem"):
        html.Div("{{ page_t.export_formats }}", classes="rr-label")
        with html.Div(classes="rr-formats"):
            for name in FORMATS:
                v3.VCheckbox(
                    v_model=("page_export",),
                    value=name,
                    label=(f"page_t.format_{name}",),
                    density="compact",
                    hide_details=True,
                    disabled=("page_report.on",),
                    id=f"rr-format-{name}",
                )
        v3.VProgressLinear(
            v_if="page_report.on",
            model_value=("100 * (page_report.fraction || 0)",),
            color="primary",
            height=6,
        )
        html.Div("{{ page_report.stage }}", v_if="page_report.on", classes="rr-small")
        with html.Div(v_if="page_exported.files.length", id="rr-exported"):
            html.P("{{ page_t.export_done }}", classes="rr-small")
            html.Code("{{ page_exported.files.join('  ') }}", classes="rr-small")
        html.Div(
            "{{ text }}",
            v_for="(text, n) in page_exported.notes",
            key=("n",),
            classes="rr-note rr-note-warning",
        )
        with _actions():
            v3.VBtn("{{ page_t.close }}", click=_CLOSE)
            v3.VBtn(
                "{{ page_t.export_download }}",
                v_if="page_exported.url",
                href=("page_exported.url",),
                # Without it the browser begins to leave the page, which ends its connection.
                raw_attrs=["download"],
                variant="tonal",
                id="rr-download",
            )
            _primary(
                "export_run",
                app.reading.exports.start,
                disabled=("page_report.on || !page_export.length",),
            )


def _sign(app: Workbench) -> None:
    sign = app.reading.keeping.sign
    with _dialog("sign", "sign_title", "34rem"):
        with html.Div(classes="rr-sign-summary", v_if="page_headline"):
            html.Strong("{{ page_case.patient }}")
            html.Span(
                "{{ page_headline.label }}: {{ page_headline.reviewed }} {{ page_headline.unit }}"
            )
            html.Span("{{ page_headline.meaning }}", v_if="page_headline.meaning")
        html.Div(
            "{{ page_t.sign_open_findings.replace('{count}', page_sign_open) }}",
            v_if="page_sign_open",
            classes="rr-note rr-note-warning",
        )
        html.P("{{ page_t.sign_meaning }}")
        _name_field(sign)
        with _actions():
            _cancel()
            _primary("sign", sign, disabled=("!(page_sign_name || '').trim()",))
