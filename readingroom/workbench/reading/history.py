"""The audit trail and the revisions as rows for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from readingroom.errors import ReadingRoomError
from readingroom.reading import Reading
from readingroom.report.phrases import Language, person
from readingroom.review.texts import EDITS
from readingroom.workbench.reading import labels
from readingroom.workbench.texts import STATES_TEXT
from readingroom.workbench.worklist.header import read_header

_REVISIONS = "revisions"


def audit_rows(reading: Reading, language: Language) -> list[dict[str, Any]]:
    """Return the audit trail, the latest entry first: when, who, what, before, after."""
    return [_audit_row(entry, reading.reader, language) for entry in reversed(reading.audit)]


def _audit_row(entry: dict[str, Any], reader: str, language: Language) -> dict[str, Any]:
    before, after = entry.get("before") or {}, entry.get("after") or {}
    return {
        "when": str(entry.get("when", ""))[:19].replace("T", " "),
        "who": person(str(entry.get("who") or ""), language) or "–",
        "what": edit_text(str(entry.get("what", "")), language),
        "findings": ", ".join(entry.get("finding_ids") or []),
        "changes": [
            *_findings(before, after, language),
            *_numbers(before, after, reader, language),
        ],
    }


def edit_text(code: str, language: Language) -> str:
    """Return an edit's code as words."""
    known = EDITS.get(code)
    return known[language] if known else code


def _findings(before: dict[str, Any], after: dict[str, Any], language: Language) -> list[str]:
    old, new = before.get("findings") or {}, after.get("findings") or {}
    texts = []
    for name in {**old, **new}:
        one, other = _said(old.get(name), language), _said(new.get(name), language)
        if one != other:
            texts.append(f"{name}: {one} → {other}")
    return texts


def _said(finding: dict[str, Any] | None, language: Language) -> str:
    if finding is None:
        return "–"
    state = STATES_TEXT.get(finding["state"], {}).get(language, finding["state"])
    return f"{labels.class_title(finding['label'], (), language)}, {state}"


def _numbers(
    before: dict[str, Any], after: dict[str, Any], reader: str, language: Language
) -> list[str]:
    old, new = before.get("measurements") or {}, after.get("measurements") or {}
    texts = []
    for name in {**old, **new}:
        one, other = labels.value(old.get(name), ""), labels.value(new.get(name), "")
        if one != other:
            texts.append(f"{labels.measurement(reader, name, language)}: {one} → {other}")
    return texts


def revision_rows(directory: Path, reading: Reading, language: Language) -> list[dict[str, Any]]:
    """Return the saved revisions, the newest first."""
    newest = {
        "number": reading.revision,
        "status": reading.status,
        "reviewer": person(reading.reviewer or "", language),
        "current": True,
    }
    return [newest, *_earlier(directory, language)]


def _earlier(directory: Path, language: Language) -> list[dict[str, Any]]:
    rows = []
    for place in sorted((directory / _REVISIONS).glob("[0-9]*"), reverse=True):
        try:
            header = read_header(place)
        except (ReadingRoomError, OSError):
            continue
        rows.append(
            {
                "number": int(header.get("revision", 0)),
                "status": str(header.get("status", "")),
                "reviewer": person(str(header.get("reviewer") or ""), language),
                "current": False,
            }
        )
    return rows
