"""Who changed what and when, the revisions, the landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.ui.parts import button, heading, nothing

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench


def build(app: Workbench) -> None:
    """Build the tab."""
    _reviewer(app)
    _audit()
    _revisions(app)
    _landmarks(app)


def _reviewer(app: Workbench) -> None:
    with html.Section(classes="rr-section rr-line"):
        html.Span("{{ page_t.reviewer }}: {{ page_reviewer || '–' }}")
        v3.VBtn(
            icon="mdi-pencil",
            size="x-small",
            click=(app.reading.keeping.ask_name, "['']"),
            title=("page_t.name_title",),
            aria_label=("page_t.name_title",),
            id="rr-reviewer",
        )


def _audit() -> None:
    with html.Section(classes="rr-section"):
        heading("audit")
        nothing("no_audit", v_if="!page_audit.length")
        with (
            html.Ol(classes="rr-audit", id="rr-audit"),
            html.Li(v_for="(a, n) in page_audit", key=("page_audit.length - n",)),
        ):
            with html.Div(classes="rr-line"):
                html.Strong("{{ a.what }}")
                html.Span("{{ a.findings }}", classes="rr-clip")
            html.Small("{{ a.when }} · {{ a.who }}")
            html.Div("{{ c }}", v_for="(c, m) in a.changes", key=("m",), classes="rr-audit-change")


def _revisions(app: Workbench) -> None:
    with html.Section(classes="rr-section"):
        heading("revisions")
        with html.Div(
            v_for="r in page_revisions", key=("r.number",), classes="rr-line rr-revision"
        ):
            html.Strong("{{ r.number }}")
            html.Span("{{ r.number == 1 ? page_t.first_revision : page_t[r.status] }}")
            html.Span("{{ r.reviewer }}", classes="rr-clip")
            v3.VSpacer()
            html.Small("{{ page_t.revision_now }}", v_if="r.current")
            button(
                "show_revision",
                (app.reading.keeping.show_revision, "[r.number]"),
                v_if="!r.current",
                size="x-small",
            )
        button(
            "revert",
            "page_dialog = 'revert'",
            disabled=("page_locked",),
            prepend_icon="mdi-restore",
            classes="mt-2",
            id="rr-revert",
        )


def _landmarks(app: Workbench) -> None:
    with html.Section(classes="rr-section"):
        heading("landmarks")
        nothing("no_landmarks", v_if="!page_landmarks.length")
        with html.Button(
            v_for="mark in page_landmarks",
            key=("mark.name",),
            classes="rr-landmark",
            click=(app.reading.commands.go_to_landmark, "[mark.name]"),
        ):
            v3.VIcon("mdi-map-marker-outline", size="small")
            html.Span("{{ mark.title }}")
