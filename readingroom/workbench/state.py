"""The pages' state as it begins: every name that the browser reads is here."""

from __future__ import annotations

from typing import Any

from readingroom.report.phrases import Language
from readingroom.workbench.faults import nothing
from readingroom.workbench.memory import Memory
from readingroom.workbench.texts import texts

#: Formats ticked when the export opens.
EXPORTS = ("seg", "sr", "pdf", "csv")

_PAGE: dict[str, Any] = {
    "page_name": "list",
    "page_dialog": "",
    "page_busy": "",
    "page_upload": None,
    "page_keys": [],
    "page_keymap": [],
    "page_readers": [],
    "page_panel_left": True,
    "page_panel_right": True,
    "page_tab": "numbers",
    "page_case": {},
    "page_dirty": False,
    "page_locked": False,
    "page_autosave_failed": False,
    "page_can_undo": False,
    "page_can_redo": False,
    "page_undo_text": "",
    "page_redo_text": "",
}
_FINDINGS: dict[str, Any] = {
    "page_findings": [],
    "page_finding_columns": [],
    "page_finding_counts": {},
    "page_filter": "all",
    "page_selected": "",
    "page_selected_row": None,
    "page_details": [],
    "page_classes": [],
    "page_landmarks": [],
}
_NUMBERS: dict[str, Any] = {
    "page_headline": None,
    "page_structures": {"header": [], "rows": []},
    "page_everything": [],
    "page_categories": [],
    "page_notes": [],
    "page_prior": None,
    "page_plot_probabilities": "",
    "page_plot_structures": "",
    "page_plot_follow_up": "",
    "page_follow_up": [],
    "page_follow_up_notes": [],
    "page_audit": [],
    "page_revisions": [],
}
_WORK: dict[str, Any] = {
    "page_run": {"on": False, "stage": "", "fraction": 0.0},
    "page_run_target": {},
    "page_run_reader": "",
    "page_option_fields": [],
    "page_options": {},
    "page_options_more": False,
    "page_report": {"on": False, "url": "", "notes": []},
    "page_export": list(EXPORTS),
    "page_exported": {"files": [], "notes": [], "url": ""},
    "page_sign_name": "",
    "page_sign_open": 0,
    "page_name_for": "",
}
_LIST: dict[str, Any] = {
    "list_rows": [],
    "list_counts": {},
    "list_search": "",
    "list_state": "all",
    "list_sort": [],
    "list_busy": True,
}


def first_state(language: Language, memory: Memory) -> dict[str, Any]:
    """Return the state of a session that has just begun."""
    return {
        **_PAGE,
        **_FINDINGS,
        **_NUMBERS,
        **_WORK,
        **_LIST,
        "page_lang": language,
        "page_t": texts(language),
        "page_dark": memory.dark,
        "page_reviewer": memory.reviewer,
        "page_message": nothing(),
        "trame__title": "ReadingRoom",
    }
