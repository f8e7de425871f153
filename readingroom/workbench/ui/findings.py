"""The findings as widgets: the list, and what can be done with the selected one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.reading.findingrows import FILTERS
from readingroom.workbench.ui.parts import nothing

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench

_GRID = (
    "{gridTemplateColumns: 'minmax(0, 1fr) repeat(' + page_finding_columns.length +"
    " ', 2.9em) 2.9em 1.2em'}"
)
_STATE_ICON = (
    "{accepted: 'mdi-check-circle', rejected: 'mdi-close-circle', added: 'mdi-plus-circle',"
    " proposed: 'mdi-circle-outline'}[f.state]"
)
_STATE_COLOR = (
    "{accepted: 'success', rejected: 'error', added: 'primary', proposed: 'secondary'}[f.state]"
)


def build(app: Workbench) -> None:
    """Build the left panel below the notes."""
    _head(app)
    _list(app)
    _selected(app)


def _head(app: Workbench) -> None:
    with html.Div(classes="rr-findings-head"):
        html.H2("{{ page_t.findings }}", classes="rr-heading")
        with html.Div(classes="rr-filters"):
            for name in FILTERS:
                html.Button(
                    f"{{{{ page_t.filter_{name} }}}} {{{{ page_finding_counts.{name} || 0 }}}}",
                    classes=(f"['rr-filter', page_filter == '{name}' ? 'rr-on' : '']",),
                    click=(app.reading.commands.set_filter, f"['{name}']"),
                    id=f"rr-findings-{name}",
                )
        with html.Div(classes="rr-finding rr-finding-head", style=(_GRID,)):
            html.Span("{{ page_t.change_class }}")
            html.Span(
                "{{ column.title }}",
                v_for="column in page_finding_columns",
                key=("column.key",),
                classes="rr-right",
            )
            html.Span(
                "{{ page_t.confidence_short }}", classes="rr-right", title=("page_t.confidence",)
            )
            html.Span("")


def _list(app: Workbench) -> None:
    with html.Div(classes="rr-scroll rr-findings", id="rr-findings", role="listbox"):
        with html.Div(
            v_for="f in page_findings",
            key=("f.id",),
            classes=(
                "['rr-finding', 'rr-is-' + f.state, f.id == page_selected ? 'rr-selected' : '']",
            ),
            style=(_GRID,),
            click=(app.reading.commands.select, "[f.id]"),
            role="option",
            raw_attrs=[':data-id="f.id"', ':aria-selected="f.id == page_selected"'],
        ):
            with html.Span(classes="rr-finding-name"):
                html.Span(
                    "{{ f.title }}",
                    classes="rr-chip",
                    style=("{background: f.color, color: f.ink}",),
                    title=("f.title",),
                )
                html.Small("{{ f.id }}", v_if="!f.title.startsWith(f.id)")
            html.Span(
                "{{ value }}",
                v_for="(value, n) in f.values",
                key=("n",),
                classes="rr-number rr-right",
            )
            html.Span(
                "{{ f.confidence || '–' }}",
                classes=("['rr-number', 'rr-right', f.doubtful ? 'rr-doubtful' : '']",),
                title=("f.doubtful ? page_t.doubtful : page_t.confidence",),
            )
            v3.VIcon(icon=(_STATE_ICON,), size="small", color=(_STATE_COLOR,))
        nothing("no_findings", v_if="!page_findings.length && page_filter == 'all'")
        nothing("no_findings_filter", v_if="!page_findings.length && page_filter != 'all'")


def _selected(app: Workbench) -> None:
    """Build what a person does with the selected finding; always in the same place."""
    commands = app.reading.commands
    with html.Div(classes="rr-actions"):
        html.Div("{{ page_t.signed_locked }}", v_if="page_locked", classes="rr-note rr-note-info")
        with html.Div(classes="rr-line rr-judge"):
            _judge("accept", "A", "mdi-check", "success", (commands.judge, "['accept']"))
            _judge("reject", "X", "mdi-close", "error", (commands.judge, "['reject']"))
            _judge("restore", "U", "mdi-undo-variant", "", (commands.judge, "['restore']"))
            with html.Template(v_if="page_selected_row && page_selected_row.state == 'added'"):
                _judge("remove", "Del", "mdi-delete-outline", "", (commands.judge, "['remove']"))
        html.Div("{{ page_t.class_of }}", classes="rr-label")
        with (
            html.Div(classes="rr-classes", id="rr-classes"),
            html.Button(
                v_for="c in page_classes",
                key=("c.label",),
                classes=(
                    "['rr-class', page_selected_row && page_selected_row.label == c.label"
                    " ? 'rr-on' : '']",
                ),
                disabled=("!page_selected || page_locked",),
                click=(commands.reassign, "[c.label]"),
                raw_attrs=[':data-label="c.label"'],
            ),
        ):
            html.I(classes="rr-dot", style=("{background: c.color}",))
            html.Span("{{ c.title }}")
            html.Kbd("{{ c.key }}", v_if="c.key")
        v3.VBtn(
            "{{ page_t.add_missed }}",
            prepend_icon="mdi-plus",
            size="small",
            variant="tonal",
            click=(commands.tool, "['grow']"),
            disabled=("page_locked",),
            color=("view_tool == 'grow' ? 'primary' : undefined",),
            title=("page_t.add_missed_help",),
            id="rr-add",
        )


def _judge(text: str, key: str, icon: str, color: str, click: object) -> None:
    with v3.VBtn(
        size="small",
        variant="tonal",
        color=color or None,
        click=click,
        disabled=("!page_selected || page_locked",),
        id=f"rr-{text}",
    ):
        v3.VIcon(icon, start=True)
        html.Span(f"{{{{ page_t.{text} }}}}")
        html.Kbd(key)
