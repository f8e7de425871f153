"""The open reading as state of the page: everything that the browser shows of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from readingroom.report.layouts import layout_of
from readingroom.report.phrases import Language, patient_facts, person
from readingroom.review import ReviewSession
from readingroom.workbench.reading import findingrows, history, labels, numbers
from readingroom.workbench.texts import say, texts

if TYPE_CHECKING:
    from readingroom.workbench.reading.page import ReadingPage

_SEVERITIES = {"refusal": 0, "warning": 1, "info": 2}


class Present:
    """Writes the page's state from the session.

    Parameters
    ----------
    page : ReadingPage
    """

    def __init__(self, page: ReadingPage) -> None:
        self._page = page
        self._state = page.state

    @property
    def _language(self) -> Language:
        return self._page.app.language

    @property
    def _session(self) -> ReviewSession:
        assert self._page.session is not None
        return self._page.session

    def begin(self) -> None:
        """Show what stays the same while a reading is open."""
        session, state = self._session, self._state
        entry = self._page.app.list.entry_for(session.directory)
        state.page_case = {
            **case(session, self._language),
            "key": entry.key if entry else "reading",
        }
        state.page_classes = [
            {
                "label": one.label,
                "title": labels.class_title(one.label, (one,), self._language),
                "color": labels.css(one.color),
                "ink": labels.ink(one.color),
                "key": key,
            }
            for one, key in zip(
                session.reader.finding_classes, self._class_keys(session), strict=True
            )
        ]

    def _class_keys(self, session: ReviewSession) -> list[str]:
        from readingroom.workbench.keymap import class_keys, shown

        by_label = {key.argument: key.keys[0] for key in class_keys(session.reader.finding_classes)}
        return [shown(by_label.get(one.label, "")) for one in session.reader.finding_classes]

    def all(self) -> None:
        """Show what edits change."""
        self._case_state()
        self.findings()
        self._numbers()
        self._history()

    def _case_state(self) -> None:
        session, state = self._session, self._state
        reading = session.reading
        state.page_case = {
            **state.page_case,
            "status": reading.status,
            "reviewer": person(reading.reviewer or "", self._language),
            "revision": reading.revision,
        }
        state.page_dirty = session.dirty
        state.page_locked = reading.status == "signed"
        state.page_autosave_failed = session.autosave_fault is not None
        state.page_can_undo = session.can_undo
        state.page_can_redo = session.can_redo
        state.page_undo_text = history.edit_text(session.undo_text, self._language)
        state.page_redo_text = history.edit_text(session.redo_text, self._language)
        state.page_notes = notes(session, self._language)

    def findings(self) -> None:
        """Show the findings under the filter, and the selected one in full."""
        session, state = self._session, self._state
        rows = findingrows.rows(session.reading, session.reader.finding_classes, self._language)
        shown = findingrows.visible(rows, state.page_filter)
        selected = next((row for row in rows if row["id"] == state.page_selected), None)
        state.page_findings = shown
        state.page_finding_columns = findingrows.columns(session.reading, self._language)
        state.page_finding_counts = {
            name: len(findingrows.visible(rows, name)) for name in findingrows.FILTERS
        }
        state.page_selected = selected["id"] if selected else ""
        state.page_selected_row = selected
        state.page_details = (
            findingrows.details(
                session.reading.finding(selected["id"]), self._language, layout_of(session.reading)
            )
            if selected
            else []
        )

    def _numbers(self) -> None:
        session, state = self._session, self._state
        pair = (session.machine, session.reading)
        state.page_headline = numbers.headline(*pair, self._language)
        state.page_structures = numbers.structures(*pair, self._language)
        state.page_everything = numbers.everything(*pair, session.reader, self._language)
        state.page_categories = numbers.categories(*pair, self._language)

    def _history(self) -> None:
        session, state = self._session, self._state
        reading = session.reading
        state.page_audit = history.audit_rows(reading, self._language)
        state.page_revisions = history.revision_rows(session.directory, reading, self._language)
        state.page_landmarks = [
            {"name": mark.name, "title": labels.landmark(mark.name, self._language)}
            for mark in reading.landmarks
        ]
        counts = Counter(finding.state for finding in reading.findings)
        state.page_sign_open = counts["proposed"]


def case(session: ReviewSession, language: Language) -> dict[str, Any]:
    """Return whose images these are and how they were acquired."""
    reading = session.reading
    patient = reading.study.patient
    facts = dict(patient_facts(reading, language))
    values = list(facts.values())
    return {
        "patient": person(str(patient.get("name") or ""), language) or say("unknown", language),
        "patient_id": str(patient.get("id") or ""),
        "sex_age": values[3],
        "examined": values[4],
        "series": values[5],
        "technique": values[7],
        "title": texts(language).get(f"title_{reading.reader}", reading.reader),
        "reader": reading.reader,
    }


def notes(session: ReviewSession, language: Language) -> list[dict[str, str]]:
    """Return the reading's notes, the severest first."""
    shown = sorted(session.reading.notes, key=lambda note: _SEVERITIES[note.severity])
    return [
        {
            "code": note.code,
            "severity": note.severity,
            "text": (note.message_zh if language == "zh" else "") or note.message,
        }
        for note in shown
    ]
