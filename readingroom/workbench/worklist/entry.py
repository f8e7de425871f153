"""One line of the work list."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readingroom.report.phrases import Language, number, person

#: Where a case stands, in the order in which it wants attention.
STATES = ("unread", "proposed", "reviewed", "signed", "damaged")


@dataclass(frozen=True)
class Entry:
    """A study without a reading, or a reading.

    Attributes
    ----------
    key : str
        Short name for this line in the browser; says nothing about the patient.
    path : Path
        Reading folder; for an unread study its folder or file.
    source : str
        Where the images are, as in ``Study.source``.
    state : str
        Out of `STATES`.
    name : str
        The patient's name as in DICOM (``family^given=ideographic``).
    examined : str
        ISO 8601 date or date and time; empty where unknown.
    headline : float or None
        The reading's first number, with its unit in `unit`.
    """

    key: str
    path: Path
    source: str
    state: str
    reader: str = ""
    name: str = ""
    patient_id: str = ""
    study_uid: str = ""
    description: str = ""
    modality: str = ""
    examined: str = ""
    reviewer: str = ""
    revision: int = 0
    headline_name: str = ""
    headline: float | None = None
    unit: str = ""
    warnings: int = 0
    problem: str = ""

    def row(self, language: Language) -> dict[str, Any]:
        """Return what the browser's table shows."""
        return {
            "key": self.key,
            "patient": person(self.name, language),
            "patient_id": self.patient_id,
            "examined": self.examined[:16].replace("T", " "),
            "modality": self.modality,
            "description": self.description,
            "reader": self.reader,
            "headline": self.headline,
            "headline_text": _headline_text(self),
            "state": self.state,
            "order": STATES.index(self.state),
            "reviewer": person(self.reviewer, language),
            "revision": self.revision,
            "warnings": self.warnings,
            "problem": self.problem,
            "folder": self.path.name,
        }


def key_of(path: Path) -> str:
    """Return the short name of a place."""
    return hashlib.sha256(str(path).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _headline_text(entry: Entry) -> str:
    if not entry.reader or entry.state == "damaged":
        return ""
    unit = "" if entry.unit in ("", "1") else f" {entry.unit}"
    return f"{number(entry.headline)}{unit}"
