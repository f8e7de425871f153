"""The numbers as widgets: what the machine measured, what it is after review."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.ui import prior
from readingroom.workbench.ui.parts import heading, nothing

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench


def build(app: Workbench) -> None:
    """Build the tab."""
    _headline()
    prior.build(app)
    _structures()
    _selected()
    _categories()
    _notes()
    _everything()


def _headline() -> None:
    with html.Section(classes="rr-headline", v_if="page_headline", id="rr-headline"):
        html.Div("{{ page_headline.label }}", classes="rr-label")
        with html.Div(classes="rr-headline-line"):
            html.Span(
                "{{ page_headline.reviewed }}",
                classes=("['rr-headline-value', page_headline.changed ? 'rr-changed' : '']",),
                id="rr-headline-value",
            )
            html.Span("{{ page_headline.unit }}", v_if="page_headline.unit")
            with html.Span(classes="rr-machine", v_if="page_headline.changed"):
                html.Span(
                    "{{ page_t.machine }} {{ page_headline.machine }}", id="rr-headline-machine"
                )
        html.Div(
            "{{ page_headline.meaning }}",
            classes=("['rr-meaning', page_headline.warn ? 'rr-warn' : '']",),
        )


def _categories() -> None:
    with html.Section(classes="rr-section"):
        heading("categories")
        nothing("no_categories", v_if="!page_categories.length")
        with html.Div(
            v_for="c in page_categories",
            key=("c.label",),
            classes="rr-category",
            title=("page_t.source + ': ' + c.source",),
        ):
            with html.Span():
                html.Span("{{ c.label }}: ", classes="rr-label")
                html.Span("{{ c.meaning }}", classes="rr-meaning")
            with html.Span(classes="rr-category-value"):
                html.Span("{{ c.machine }} → ", v_if="c.changed", classes="rr-machine")
                html.Strong("{{ c.reviewed }}", classes=("c.changed ? 'rr-changed' : ''",))
            html.Small("{{ c.source }}", classes="rr-source")


def _structures() -> None:
    with (
        html.Section(classes="rr-section", v_if="page_structures.rows.length"),
        html.Table(classes="rr-numbers", id="rr-structures"),
    ):
        with html.Thead(), html.Tr():
            html.Th("{{ page_structures.header[0] }}")
            html.Th("{{ page_t.machine }}", classes="rr-right")
            html.Th("{{ page_t.now }}", classes="rr-right")
            html.Th(
                "{{ title }}",
                v_for="title in page_structures.header.slice(1)",
                key=("title",),
                classes="rr-right",
            )
        with (
            html.Tbody(),
            html.Template(v_for="(row, n) in page_structures.rows", key=("row.label",)),
        ):
            with html.Tr(
                v_if="row.group == 'beside' && page_structures.rows[n - 1].group != 'beside'",
                classes="rr-group",
            ):
                html.Td("{{ page_t.not_in_total }}", colspan="5")
            with html.Tr(classes=("'rr-' + row.group",)):
                html.Td("{{ row.label }}")
                html.Td("{{ row.machine }}", classes="rr-right rr-number rr-machine")
                html.Td(
                    "{{ row.reviewed }}",
                    classes=("['rr-right', 'rr-number', row.changed ? 'rr-changed' : '']",),
                )
                html.Td(
                    "{{ value }}",
                    v_for="(value, m) in row.others",
                    key=("m",),
                    classes="rr-right rr-number",
                )


def _selected() -> None:
    with html.Section(classes="rr-section", v_if="page_selected_row"):
        with html.Div(classes="rr-line"):
            heading("finding_details")
            html.Span(
                "{{ page_selected_row.title }}",
                classes="rr-chip",
                style=("{background: page_selected_row.color, color: page_selected_row.ink}",),
            )
            html.Small("{{ page_selected_row.id }}")
        with (
            html.Div(classes="rr-pairs"),
            html.Template(v_for="d in page_details", key=("d.label",)),
        ):
            html.Span("{{ d.label }}", title=("d.method",))
            html.Span("{{ d.value }}", classes="rr-number rr-right")


def _notes() -> None:
    with html.Section(classes="rr-section", v_if="page_notes.length"):
        heading("notes")
        with html.Div(
            v_for="note in page_notes",
            key=("note.code",),
            classes=("'rr-note rr-note-' + note.severity",),
        ):
            v3.VIcon(
                icon=("note.severity == 'info' ? 'mdi-information-outline' : 'mdi-alert-outline'",),
                size="small",
            )
            html.Span("{{ note.text }}")


def _everything() -> None:
    with html.Details(classes="rr-section"):
        html.Summary("{{ page_t.all_measurements }}", classes="rr-heading")
        with html.Table(classes="rr-numbers", id="rr-everything"):
            with html.Thead(), html.Tr():
                html.Th("{{ page_t.measurement }}")
                html.Th("{{ page_t.machine }}", classes="rr-right")
                html.Th("{{ page_t.now }}", classes="rr-right")
                html.Th("")
            with (
                html.Tbody(),
                html.Tr(v_for="m in page_everything", key=("m.name",), title=("m.method",)),
            ):
                html.Td("{{ m.label }}")
                html.Td("{{ m.machine }}", classes="rr-right rr-number rr-machine")
                html.Td(
                    "{{ m.reviewed }}",
                    classes=("['rr-right', 'rr-number', m.changed ? 'rr-changed' : '']",),
                )
                html.Td("{{ m.unit }}")
