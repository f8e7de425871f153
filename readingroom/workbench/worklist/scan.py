"""Everything below the given folders as one list."""

from __future__ import annotations

import os
from pathlib import Path

from readingroom.folder.content import READING
from readingroom.workbench.worklist.entry import Entry, key_of
from readingroom.workbench.worklist.readings import ReadingEntries
from readingroom.workbench.worklist.studies import StudyEntries, holds_dicom, places


class WorkList:
    """Studies and readings below some folders.

    Parameters
    ----------
    roots : list of Path
        Folders, reading folders, DICOM folders or volume files.
    """

    def __init__(self, roots: list[Path]) -> None:
        self.roots = [root.resolve() for root in roots]
        self._readings = ReadingEntries()
        self._studies = StudyEntries()
        self.entries: dict[str, Entry] = {}

    @property
    def home(self) -> Path:
        """Folder that takes uploads and new readings."""
        return home_of(self.roots)

    def scan(self) -> list[Entry]:
        """Look at the folders again and return the lines, those that want attention first."""
        found = places(self.roots)
        readings = [e for folder in found.readings if (e := self._readings.entry(folder))]
        unread = [e for e in self._studies.entries(found) if not _is_read(e, readings)]
        entries = sorted([*unread, *readings], key=_attention)
        self.entries = {entry.key: entry for entry in entries}
        return entries

    def following(self, key: str, *, step: int = 1) -> Entry | None:
        """Return the next reading that is not signed, counting round from `key`.

        Parameters
        ----------
        step : {1, -1}
            Forwards or backwards.
        """
        waiting = [e for e in self.entries.values() if e.state in ("proposed", "reviewed")]
        if not waiting:
            return None
        order = list(self.entries)
        here = order.index(key) if key in self.entries else -1
        ranked = sorted(
            waiting, key=lambda e: (step * (order.index(e.key) - here) - 1) % len(order)
        )
        return next((e for e in ranked if e.key != key), None)

    def earlier_of(self, entry: Entry) -> Entry | None:
        """Return the latest earlier reading of the same patient by the same reader."""
        earlier = [
            e
            for e in self.entries.values()
            if e.patient_id
            and (e.patient_id, e.reader) == (entry.patient_id, entry.reader)
            and e.key != entry.key
            and e.study_uid != entry.study_uid
            and e.state in ("proposed", "reviewed", "signed")
            and "" < e.examined < entry.examined
        ]
        return max(earlier, key=lambda e: e.examined, default=None)

    def entry_at(self, folder: Path) -> Entry | None:
        """Return the line of the reading folder `folder`."""
        return self.entries.get(key_of(folder.resolve()))


def home_of(roots: list[Path]) -> Path:
    """Return the first root that is a plain folder, or the folder around the first one."""
    first = roots[0]
    single = first.is_file() or (first / READING).is_file() or holds_dicom(first)
    return first.parent if single else first


def _is_read(study: Entry, readings: list[Entry]) -> bool:
    paths = set(study.source.split(os.pathsep))
    return any(
        (study.study_uid and study.study_uid == reading.study_uid)
        or (not study.study_uid and bool(paths & set(reading.source.split(os.pathsep))))
        for reading in readings
    )


def _attention(entry: Entry) -> tuple[int, str, str]:
    rank = {"proposed": 0, "reviewed": 0, "unread": 1, "signed": 2, "damaged": 3}
    return rank[entry.state], entry.name, str(entry.path)
