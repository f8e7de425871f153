"""What the numbers rest on, as plots, and how they compare with an earlier reading."""

from __future__ import annotations

from trame.widgets import html

from readingroom.workbench.ui.parts import heading, nothing


def build() -> None:
    """Build the tab."""
    with html.Section(classes="rr-section"):
        with html.Div(classes="rr-line"):
            heading("probabilities")
            html.Span(
                "{{ page_selected_row.id }}",
                v_if="page_selected_row",
                classes="rr-chip",
                style=("{background: page_selected_row.color, color: page_selected_row.ink}",),
            )
        html.Div(v_html=("page_plot_probabilities",), classes="rr-plot", id="rr-plot-probabilities")
        nothing("no_probabilities", v_if="!page_plot_probabilities")
    with html.Section(classes="rr-section", v_if="page_plot_structures"):
        heading("by_structure")
        html.Div(v_html=("page_plot_structures",), classes="rr-plot", id="rr-plot-structures")
    with html.Section(classes="rr-section", id="rr-follow-up"):
        heading("follow_up")
        nothing("no_follow_up", v_if="!page_plot_follow_up")
        html.Div(v_html=("page_plot_follow_up",), classes="rr-plot")
        html.Div(
            "{{ text }}",
            v_for="(text, n) in page_follow_up_notes",
            key=("n",),
            classes="rr-note rr-note-warning",
        )
        with (
            html.Table(classes="rr-numbers", v_if="page_follow_up.length"),
            html.Tbody(),
            html.Tr(v_for="row in page_follow_up", key=("row.label",)),
        ):
            html.Td("{{ row.label }}")
            html.Td("{{ row.old }} → {{ row.new }}", classes="rr-right rr-number")
            html.Td("{{ row.percent }}", classes="rr-right rr-number")
            html.Td("{{ row.rate }}", classes="rr-right rr-number")
