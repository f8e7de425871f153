"""Readings as lines of the work list, read from their headers and kept while unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from readingroom.errors import ReadingRoomError
from readingroom.folder.content import READING
from readingroom.workbench.worklist.entry import Entry, key_of
from readingroom.workbench.worklist.header import read_header

_Stamp = tuple[int, int]


class ReadingEntries:
    """Headers of readings, looked at again only after they have changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[_Stamp, Entry]] = {}

    def entry(self, folder: Path) -> Entry | None:
        """Return the line of the reading at `folder`; None if it has just gone."""
        try:
            facts = (folder / READING).stat()
        except OSError:
            return None
        stamp = (facts.st_mtime_ns, facts.st_ino)
        known = self._known.get(folder)
        if known is None or known[0] != stamp:
            known = (stamp, _entry(folder))
            self._known[folder] = known
        return known[1]


def _entry(folder: Path) -> Entry:
    try:
        return _from_header(folder, read_header(folder))
    except (ReadingRoomError, OSError, TypeError, AttributeError, KeyError, ValueError):
        return Entry(key_of(folder), folder, "", "damaged", problem="READING_DAMAGED")


def _from_header(folder: Path, header: dict[str, Any]) -> Entry:
    study = header.get("study") or {}
    patient = study.get("patient") or {}
    series = (study.get("series") or [{}])[0]
    newer = header["schema"] != "readingroom/1"
    name, measured = _headline(header)
    notes = header.get("notes") or []
    return Entry(
        key=key_of(folder),
        path=folder,
        source=str(study.get("source") or ""),
        state="damaged" if newer else str(header["status"]),
        reader=str(header["reader"]),
        name=str(patient.get("name") or ""),
        patient_id=str(patient.get("id") or ""),
        study_uid=str(study.get("study_uid") or ""),
        description=str(series.get("description") or ""),
        modality=str(series.get("modality") or ""),
        examined=str((series.get("acquisition") or {}).get("acquired_at") or ""),
        reviewer=str(header.get("reviewer") or ""),
        revision=int(header["revision"]),
        headline_name=name,
        headline=measured.get("value"),
        unit=str(measured.get("unit") or ""),
        warnings=sum(note.get("severity") != "info" for note in notes),
        problem="SCHEMA_NEWER" if newer else "",
    )


def _headline(header: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the first measurement, which readers put first because it is the answer."""
    measurements = header.get("measurements") or {}
    name = next(iter(measurements), "")
    return name, measurements.get(name) or {}
