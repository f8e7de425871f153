"""Save and load reading folders; every save is a new revision, all of it or nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.folder.atomic import only_writer, recover, replace_folder, temporary_sibling
from readingroom.folder.content import (
    FIGURES,
    LANDMARKS,
    MASKS,
    READING,
    TABLES,
    TRANSFORMS,
    read_content,
    read_record,
    write_content,
)
from readingroom.reading import Reading

REVISIONS = "revisions"

_REPLACED = {READING, MASKS, LANDMARKS, TABLES, FIGURES, TRANSFORMS}
_KEPT_OF_A_REVISION = (READING, MASKS, LANDMARKS, TRANSFORMS)
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_WRITABLE = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EBUSY,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
}
#: A folder that changes while it is read is read again.
_ATTEMPTS, _PAUSE_S = 5, 0.02


def save(reading: Reading, directory: str | Path, *, follows: int | None = None) -> Path:
    """Save `reading` as the folder `directory`.

    The folder is written beside its place and renamed at the end: whatever goes wrong,
    what was there stays as it was. If it holds a reading already, `reading` becomes its
    next revision; the earlier ``reading.json``, masks and landmarks go to
    ``revisions/NNNN``, and ``report`` and other files stay. A reading without masks
    (loaded with ``masks=False``) keeps the masks that are there.

    Parameters
    ----------
    reading : Reading
        Its ``revision`` is set to the number it was saved under.
    directory : path
        A new or empty folder, or the folder of this reader's reading of this study.
    follows : int, optional
        The revision that `reading` was made from; refused if that is not the newest.

    Returns
    -------
    Path
        `directory`.

    Raises
    ------
    RefusedInput
        ``OUTPUT_IN_USE`` if something else is there; ``READING_DAMAGED`` or
        ``SCHEMA_NEWER`` if the reading that is there cannot be continued;
        ``READING_CHANGED`` if it is not the revision that `reading` follows.
    ReadingRoomError
        ``DISK_FULL``, ``OUTPUT_NOT_WRITABLE``.
    """
    place = Path(directory).resolve()
    with told_plainly():
        place.parent.mkdir(parents=True, exist_ok=True)
        recover(place)
        with only_writer(place):
            _save(reading, place, follows)
    return Path(directory)


def load(directory: str | Path, *, masks: bool = True) -> Reading:
    """Load the newest revision of a reading folder.

    Parameters
    ----------
    masks : bool
        Whether to load the masks too, on the whole grid of the volume that was read.

    Raises
    ------
    RefusedInput
        ``NOT_A_READING``, ``SCHEMA_NEWER``, ``READING_DAMAGED``.
    """
    place = Path(directory).resolve()
    recover(place)
    for _ in range(_ATTEMPTS):
        before = _stamp(place)
        try:
            reading = read_content(place, masks=masks)
        except (ReadingRoomError, FileNotFoundError):
            if before is not None and _stamp(place) == before:
                raise
        else:
            if _stamp(place) == before:
                return reading
        time.sleep(_PAUSE_S)  # a save is between its two renames
    return read_content(place, masks=masks)


def revision(directory: str | Path, number: int, *, masks: bool = True) -> Reading:
    """Load revision `number`, 1-based; earlier ones have no figures.

    Raises
    ------
    RefusedInput
        ``REVISION_UNKNOWN``, and as `load`.
    """
    place = Path(directory).resolve()
    newest = load(place, masks=False).revision
    if number == newest:
        return load(place, masks=masks)
    earlier = _revision_folder(place, number)
    if not earlier.is_dir():
        raise RefusedInput(
            "REVISION_UNKNOWN",
            f"The reading has no revision {number}.",
            f"Its newest revision is {newest}.",
        )
    return read_content(earlier, masks=masks)


def _save(reading: Reading, place: Path, follows: int | None) -> None:
    earlier = _reading_at(place, reading)
    if follows is not None and earlier is not None and earlier.revision != follows:
        raise _changed(earlier)
    number = reading.revision if earlier is None else earlier.revision + 1
    half = temporary_sibling(place)
    try:
        half.mkdir()
        if earlier is not None:
            _keep(place, half, earlier.revision)
            if reading.masks is None and (place / MASKS).is_file():
                # A copy: a program that overwrites the file in place must not reach the
                # earlier revision through a link.
                shutil.copy2(place / MASKS, half / MASKS)
        write_content(reading.model_copy(update={"revision": number}), half)
        replace_folder(half, place)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    reading.revision = number


def _reading_at(place: Path, reading: Reading) -> Reading | None:
    """Return what `reading` follows at `place`, None for a free place; refuse all else."""
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return None
    there = read_record(place) if (place / READING).is_file() else None
    if there is None or _subject(there) != _subject(reading):
        raise RefusedInput(
            "OUTPUT_IN_USE",
            f"The output folder '{place.name}' holds something else already.",
            "Choose a new folder, or the folder of an earlier revision of this reading.",
        )
    return there


def _subject(reading: Reading) -> tuple[str, str]:
    return reading.reader, reading.study.study_uid


def _keep(place: Path, half: Path, number: int) -> None:
    """Bring over what the new revision does not replace, and the old one as a revision."""
    for path in place.iterdir():
        if path.name not in _REPLACED:
            _link(path, half / path.name)
    kept = _revision_folder(half, number)
    kept.mkdir(parents=True, exist_ok=True)
    for name in _KEPT_OF_A_REVISION:
        if (place / name).exists():
            _link(place / name, kept / name)


def _link(source: Path, target: Path) -> None:
    """Link a file, or a folder's files, under a second name; copy where links are unknown."""
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, copy_function=_link_file)
    else:
        _link_file(source, target)


def _link_file(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _revision_folder(place: Path, number: int) -> Path:
    return place / REVISIONS / f"{number:04d}"


def _stamp(place: Path) -> tuple[int, int] | None:
    """Return what tells one version of a folder from the next."""
    try:
        facts = (place / READING).stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns


@contextlib.contextmanager
def told_plainly() -> Iterator[None]:
    """Turn a full disk or a folder that cannot be written into a clear message."""
    try:
        yield
    except OSError as fault:
        if fault.errno in _DISK_FULL:
            raise _disk_full() from fault
        if fault.errno in _NOT_WRITABLE:
            raise _not_writable() from fault
        raise


def _changed(there: Reading) -> RefusedInput:
    return RefusedInput(
        "READING_CHANGED",
        f"Revision {there.revision} of this reading was saved meanwhile by another session.",
        "Reload the reading to continue from that revision, or save on top of it: it stays "
        "among the earlier revisions.",
    )


def _disk_full() -> ReadingRoomError:
    return ReadingRoomError(
        "DISK_FULL",
        "The disk is full; the reading was not saved and nothing was changed.",
        "Free some space or choose another folder, then save again.",
    )


def _not_writable() -> ReadingRoomError:
    return ReadingRoomError(
        "OUTPUT_NOT_WRITABLE",
        "The output folder cannot be written; nothing was changed.",
        "Choose a folder inside a place of your own.",
    )
