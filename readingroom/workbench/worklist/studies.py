"""Image studies below a folder, found by looking at one file of each folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from readingroom.folder.content import READING
from readingroom.imaging.formats import is_volume_file
from readingroom.workbench.worklist.entry import Entry, key_of

_MAGIC_AT, _MAGIC = 128, b"DICM"
_LOOKED_AT = 5
_TAGS = [
    "PatientName",
    "PatientID",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "SeriesDescription",
    "Modality",
    "SOPClassUID",
]
#: Modalities that are results, not images to be read.
_RESULTS = {"SEG", "SR", "PR", "KO", "DOC", "RTSTRUCT"}


@dataclass(frozen=True)
class Places:
    """What lies below the roots: reading folders, folders with DICOM, single volume files."""

    readings: list[Path]
    dicom: list[Path]
    files: list[Path]


def places(roots: list[Path]) -> Places:
    """Walk the roots; nothing below a reading folder is looked at."""
    found = Places([], [], [])
    seen: set[Path] = set()
    for root in roots:
        if root.is_file():
            found.files.append(root)
            continue
        for folder, files in _walk(root):
            if folder in seen:
                continue
            seen.add(folder)
            if READING in files:
                found.readings.append(folder)
                continue
            volumes = [folder / f for f in files if is_volume_file(folder / f)]
            found.files.extend(volumes)
            if len(volumes) < len(files):
                found.dicom.append(folder)
    return found


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    for folder, folders, files in os.walk(root):
        if READING in files:
            folders.clear()
        else:
            folders[:] = sorted(f for f in folders if not f.startswith("."))
        kept = [f for f in files if not f.startswith(".")]
        if kept:
            yield Path(folder), sorted(kept)


class StudyEntries:
    """Unread studies, looked at again only after their folder has changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, Entry | None]] = {}

    def entries(self, found: Places) -> list[Entry]:
        """Return one entry per study; the series folders of one study are joined."""
        folders = [e for folder in found.dicom if (e := self._cached(folder))]
        files = [e for file in found.files if (e := self._cached(file))]
        return [*_joined(folders), *files]

    def _cached(self, path: Path) -> Entry | None:
        try:
            stamp = path.stat().st_mtime_ns
        except OSError:
            return None
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = (stamp, _file_entry(path) if path.is_file() else _dicom_entry(path))
            self._known[path] = known
        return known[1]


def _file_entry(path: Path) -> Entry:
    return Entry(key_of(path), path, str(path), "unread", description=path.name)


def _dicom_entry(folder: Path) -> Entry | None:
    """Return the study of the first DICOM image in `folder`; None where there is none."""
    entries = (_header_entry(path, folder) for path in _first_dicom(folder))
    return next((entry for entry in entries if entry is not None), None)


def holds_dicom(folder: Path) -> bool:
    """Whether DICOM files lie in `folder` itself, which then is one study."""
    return bool(_first_dicom(folder))


def _first_dicom(folder: Path) -> list[Path]:
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    return [path for path in files[:_LOOKED_AT] if _is_dicom(path)]


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(_MAGIC_AT + 4)[_MAGIC_AT:] == _MAGIC
    except OSError:
        return False


def _header_entry(path: Path, folder: Path) -> Entry | None:
    import pydicom

    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
    except Exception:  # a damaged header shows when the study is opened, not in the list
        return None
    values = {tag: str(header.get(tag) or "") for tag in _TAGS}
    if values["Modality"] in _RESULTS or not values["StudyInstanceUID"]:
        return None
    return Entry(
        key=key_of(folder),
        path=folder,
        source=str(folder),
        state="unread",
        name=values["PatientName"],
        patient_id=values["PatientID"],
        study_uid=values["StudyInstanceUID"],
        description=values["StudyDescription"] or values["SeriesDescription"],
        modality=values["Modality"],
        examined=_moment(values["StudyDate"], values["StudyTime"]),
    )


def _joined(entries: list[Entry]) -> list[Entry]:
    """Join folders of one study, one folder a series, into one line."""
    by_study: dict[str, list[Entry]] = {}
    for entry in entries:
        by_study.setdefault(entry.study_uid, []).append(entry)
    return [_one(parts) for parts in by_study.values()]


def _one(parts: list[Entry]) -> Entry:
    if len(parts) == 1:
        return parts[0]
    source = os.pathsep.join(str(part.path) for part in parts)
    return replace(parts[0], source=source)


def _moment(date: str, time: str) -> str:
    if len(date) != 8 or not date.isdigit():
        return ""
    day = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    clock = time.partition(".")[0]
    return f"{day}T{clock[:2]}:{clock[2:4]}" if len(clock) >= 4 and clock.isdigit() else day
