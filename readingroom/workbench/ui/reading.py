"""The reading page as widgets: findings, views, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.template import part
from readingroom.workbench.ui import evidence, findings, history, numbers
from readingroom.workbench.ui.parts import icon_button

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench

_TABS = ("numbers", "evidence", "history")


def build(app: Workbench) -> None:
    """Build the page."""
    with html.Main(
        classes=(
            "['rr-reading', page_panel_left ? '' : 'rr-no-left',"
            " page_panel_right ? '' : 'rr-no-right']",
        )
    ):
        with (
            html.Aside(classes="rr-panel rr-left-panel", v_show="page_panel_left"),
            part(app.server, "findings"),
        ):
            _warnings()
            findings.build(app)
        with html.Section(classes="rr-views", id="rr-views"):
            app.viewer.ui()
        with (
            html.Aside(classes="rr-panel rr-right-panel", v_show="page_panel_right"),
            part(app.server, "numbers"),
        ):
            _tabs(app)


def _warnings() -> None:
    """Build the notes that a reader of the numbers must not miss; the others are below them."""
    with (
        html.Div(classes="rr-notes", v_if="page_notes.some(n => n.severity != 'info')"),
        html.Div(
            v_for="note in page_notes.filter(n => n.severity != 'info')",
            key=("note.code",),
            classes=("'rr-note rr-note-' + note.severity",),
            role="note",
        ),
    ):
        v3.VIcon("mdi-alert-outline", size="small")
        html.Span("{{ note.text }}")


def _tabs(app: Workbench) -> None:
    with html.Div(classes="rr-tabs"):
        for tab in _TABS:
            html.Button(
                f"{{{{ page_t.{tab} }}}}",
                classes=(f"['rr-tab', page_tab == '{tab}' ? 'rr-on' : '']",),
                click=f"page_tab = '{tab}'",
                role="tab",
                id=f"rr-tab-{tab}",
            )
        icon_button(
            "mdi-tune-variant", "read_again", app.reading.runs.offer_again, id="rr-run-again"
        )
    with html.Div(classes="rr-scroll"):
        with html.Div(v_if="page_tab == 'numbers'"):
            numbers.build(app)
        with html.Div(v_if="page_tab == 'evidence'"):
            evidence.build()
        with html.Div(v_if="page_tab == 'history'"):
            history.build(app)
