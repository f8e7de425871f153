"""The work list as widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trame.widgets import html
from trame.widgets import vuetify3 as v3

from readingroom.workbench.ui.parts import button, icon_button

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench

_STATES = ("all", "unread", "proposed", "reviewed", "signed")
_COLUMNS = (
    ("patient", "patient", "start"),
    ("patient_id", "patient_id", "start"),
    ("examined", "examined", "start"),
    ("description", "study", "start"),
    ("reader", "reader", "start"),
    ("headline", "result", "end"),
    ("order", "state", "start"),
    ("reviewer", "reviewer", "start"),
)
_HEADERS = (
    "["
    + ", ".join(
        f"{{title: page_t.{text}, key: '{key}', align: '{align}'}}" for key, text, align in _COLUMNS
    )
    + ", {title: '', key: 'actions', sortable: false, align: 'end'}]"
)
_ADD = {"folder": "mdi-folder-plus-outline", "files": "mdi-file-plus-outline"}
_ITEMS = "list_rows.filter(r => list_state == 'all' || r.state == list_state)"


def build(app: Workbench) -> None:
    """Build the page."""
    with html.Main(classes="rr-list"):
        _filters(app)
        with v3.VDataTableVirtual(
            items=(_ITEMS,),
            headers=(_HEADERS,),
            search=("list_search",),
            filter_keys=("['patient', 'patient_id', 'description', 'folder', 'reviewer']",),
            v_model_sort_by=("list_sort",),
            item_value="key",
            fixed_header=True,
            hover=True,
            density="comfortable",
            height="100%",
            loading=("list_busy",),
            classes="rr-table",
            id="rr-list",
        ):
            _row(app)
            with v3.Template(v_slot_no_data=True):
                html.Div(
                    "{{ list_rows.length ? page_t.list_none_match : page_t.list_empty }}",
                    classes="rr-nothing",
                    v_if="!list_busy",
                )


def _filters(app: Workbench) -> None:
    with html.Div(classes="rr-toolbar"):
        v3.VTextField(
            v_model=("list_search",),
            placeholder=("page_t.search",),
            aria_label=("page_t.search",),
            prepend_inner_icon="mdi-magnify",
            clearable=True,
            classes="rr-search",
            id="rr-search",
        )
        with v3.VBtnToggle(v_model=("list_state",), mandatory=True, density="compact"):
            for state in _STATES:
                v3.VBtn(
                    f"{{{{ page_t.{state} }}}} {{{{ list_counts.{state} || 0 }}}}",
                    value=state,
                    size="small",
                    id=f"rr-filter-{state}",
                )
        v3.VSpacer()
        for what, icon in (
            ("folder", "mdi-folder-plus-outline"),
            ("files", "mdi-file-plus-outline"),
        ):
            # What the browser itself must do is in static/upload.js.
            button(
                f"add_{what}",
                None,
                prepend_icon=icon,
                id=f"rr-add-{what}",
                raw_attrs=[f'data-upload="{what}"'],
            )
        icon_button("mdi-refresh", "refresh", app.list.refresh, id="rr-refresh")


def _row(app: Workbench) -> None:
    with (
        v3.Template(raw_attrs=['v-slot:item="{ item }"']),
        html.Tr(
            click=(app.list.choose, "[item.key]"),
            classes=("'rr-row rr-row-' + item.state",),
            tabindex="0",
            __events=[("enter", "keydown.enter")],
            enter=(app.list.choose, "[item.key]"),
            raw_attrs=[':data-key="item.key"'],
        ),
    ):
        html.Td("{{ item.patient || page_t.unknown }}", classes="rr-strong")
        html.Td("{{ item.patient_id || '–' }}")
        html.Td("{{ item.examined || '–' }}", classes="rr-number")
        html.Td(
            "{{ [item.modality, item.description].filter(Boolean).join(' · ') || item.folder }}"
        )
        html.Td("{{ item.reader ? (page_t['title_' + item.reader] || item.reader) : '–' }}")
        with html.Td(classes="rr-number rr-right rr-strong"):
            html.Span("{{ item.headline_text || '–' }}")
            v3.VIcon(
                "mdi-alert-outline",
                v_if="item.warnings",
                size="x-small",
                color="warning",
                classes="ml-1",
                title=("page_t.warnings + ': ' + item.warnings",),
            )
        with html.Td():
            html.Span("{{ page_t[item.state] }}", classes=("'rr-state rr-state-' + item.state",))
        html.Td("{{ item.reviewer || '–' }}")
        with html.Td(classes="rr-right"):
            v3.VBtn(
                "{{ item.state == 'unread' ? page_t.run : page_t.open }}",
                size="small",
                variant="tonal",
                click=(app.list.choose, "[item.key]"),
                disabled=("item.state == 'damaged' && !item.problem",),
            )
