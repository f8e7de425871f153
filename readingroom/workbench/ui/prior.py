"""What a finding was in the prior scan, beside what it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.ui.parts import heading

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench


def build(app: Workbench) -> None:
    """Build the section; nothing of it shows where there is no earlier reading."""
    with html.Section(classes="rr-section", v_if="view_has_prior", id="rr-prior"):
        with html.Div(classes="rr-line"):
            heading("prior")
            html.Span(
                "{{ page_prior.finding.status }}",
                v_if="page_prior && page_prior.finding && page_prior.finding.status",
                classes="rr-chip rr-prior-status",
            )
            v3.VSpacer()
            v3.VBtn(
                "{{ page_t.show_prior }}",
                v_if="!view_layout.startsWith('prior')",
                size="x-small",
                variant="tonal",
                prepend_icon="mdi-compare",
                click=(app.reading.prior.wanted, "[]"),
                id="rr-show-prior",
            )
        with html.Template(v_if="page_prior && page_prior.finding"):
            _table()
        html.Small(
            "{{ page_prior.scan.link }}",
            v_if="page_prior && page_prior.scan",
            classes=("['rr-link', page_prior.scan.how == 'coordinates' ? 'rr-warn' : '']",),
            id="rr-prior-link",
        )


def _table() -> None:
    with html.Table(classes="rr-numbers", id="rr-then-now"):
        with html.Thead(), html.Tr():
            html.Th("{{ page_prior.finding.ids }}")
            for text, date in (("then", "then"), ("today", "now")):
                with html.Th(classes="rr-right rr-time"):
                    html.Span(f"{{{{ page_t.{text} }}}}")
                    html.Span(f"{{{{ page_prior.finding.{date} }}}}")
            html.Th("")
        with (
            html.Tbody(),
            html.Tr(v_for="row in page_prior.finding.rows", key=("row.label",)),
        ):
            html.Td("{{ row.label }}")
            html.Td("{{ row.then }}", classes="rr-right rr-number rr-machine")
            html.Td("{{ row.now }}", classes="rr-right rr-number")
            html.Td("{{ row.change }}", classes="rr-right rr-number rr-changed")
    html.Small("{{ page_prior.finding.growth }}", v_if="page_prior.finding.growth")
