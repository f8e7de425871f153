"""A reader's notes in both languages, before their numbers are known."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.study import Note, Severity


@dataclass(frozen=True)
class Text:
    """A note whose numbers are still to be filled in."""

    code: str
    severity: Severity
    english: str
    chinese: str

    def note(self, **values: object) -> Note:
        """Return the note with `values` filled in."""
        return Note(
            self.code, self.severity, self.english.format(**values), self.chinese.format(**values)
        )
