"""The autosave journal: appended and flushed to the disk after every edit.

A file of its own per session in the reading folder, ``.review/<session>.journal``: two
sessions never write the same bytes. It is locked while its session lives, so that a later
session can tell the journal of a crash from that of a neighbour. A record is its length,
its CRC-32 and its bytes; a last record that was torn by a crash is left out.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from readingroom.errors import ReadingRoomError
from readingroom.folder.store import told_plainly
from readingroom.review.filelock import lock_now

FOLDER = ".review"
_SUFFIX = ".journal"
_MAGIC = b"readingroom-journal/1\n"
_FRAME = struct.Struct("<II")


@dataclass(frozen=True)
class Base:
    """What the edits of a journal were made on.

    Attributes
    ----------
    revision : int
    session : str
        Random; a save names it in the audit, so that a crash between the save and the
        end of the journal is not taken for lost edits.
    reviewer : str
    """

    revision: int
    session: str
    reviewer: str = ""


class Journal:
    """The journal of one session; its file appears with the first edit.

    Parameters
    ----------
    directory : Path
        The reading folder.
    """

    def __init__(self, directory: Path, base: Base) -> None:
        self.path = directory / FOLDER / f"{base.session}{_SUFFIX}"
        self.base = base
        self.fault: ReadingRoomError | None = None
        self._records = [_frame(json.dumps(asdict(base)).encode("utf-8"))]
        self._written = 0
        self._handle: int | None = None

    @classmethod
    def continued(cls, found: Found) -> Journal:
        """Return the journal that continues an abandoned one, in the same file."""
        journal = cls(found.path.parent.parent, found.base)
        journal._records += [_frame(record) for record in found.records]
        journal._written = len(journal._records)
        journal._handle = found.handle
        return journal

    def append(self, record: bytes) -> None:
        """Add a record; a disk that refuses is remembered in `fault`, never raised."""
        self._records.append(_frame(record))
        with contextlib.suppress(ReadingRoomError):
            self.flush()

    def flush(self) -> None:
        """Have every record on the disk.

        Raises
        ------
        ReadingRoomError
            ``DISK_FULL``, ``OUTPUT_NOT_WRITABLE``; what was not written is tried again at
            the next call.
        """
        if len(self._records) == 1:
            return
        try:
            with told_plainly():
                self._flush()
        except ReadingRoomError as fault:
            self.fault = fault
        except OSError:
            self.fault = _folder_gone()
        else:
            self.fault = None
        if self.fault:
            raise self.fault

    def close(self, *, remove: bool) -> None:
        """Give the file back; with `remove`, its edits are saved or not wanted."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        if remove:
            # While it is still locked: no other session may find it and replay it.
            self.path.unlink(missing_ok=True)
        os.close(handle)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()  # only if no other session has a journal there

    def _flush(self) -> None:
        handle = self._open()
        end = sum(map(len, self._records[: self._written]))
        if self._written < len(self._records):
            os.ftruncate(handle, end + (len(_MAGIC) if end else 0))  # a torn record, if any
            data = b"".join(self._records[self._written :])
            _write_all(handle, data if self._written else _MAGIC + data)
            os.fsync(handle)
            self._written = len(self._records)

    def _open(self) -> int:
        """Return the file's handle; a new file if a save by another process replaced it."""
        if self._handle is not None and _is_at(self._handle, self.path):
            return self._handle
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        self.path.parent.mkdir(exist_ok=True)
        self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        lock_now(self._handle)
        self._written = 0
        return self._handle


@dataclass
class Found:
    """A journal that no living session holds; locked until it is closed."""

    path: Path
    base: Base
    records: list[bytes]
    handle: int

    def close(self, *, remove: bool) -> None:
        """Unlock it; with `remove`, delete it."""
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self.handle)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()


def abandoned(directory: Path) -> list[Found]:
    """Return the journals that crashed sessions left in a reading folder, newest first."""
    found = []
    paths = [path for path in (directory / FOLDER).glob(f"*{_SUFFIX}") if path.is_file()]
    for path in sorted(paths, key=lambda path: -path.stat().st_mtime_ns):
        with contextlib.suppress(OSError):
            handle = os.open(path, os.O_RDWR | os.O_APPEND)
            one = _read(path, handle) if lock_now(handle) else None
            if one is None:
                os.close(handle)
            else:
                found.append(one)
    return found


def _read(path: Path, handle: int) -> Found | None:
    data = path.read_bytes()
    if not data.startswith(_MAGIC):
        return None
    records, at = [], len(_MAGIC)
    while at + _FRAME.size <= len(data):
        size, check = _FRAME.unpack_from(data, at)
        record = data[at + _FRAME.size : at + _FRAME.size + size]
        if len(record) < size or zlib.crc32(record) != check:
            break
        records.append(record)
        at += _FRAME.size + size
    if not records:
        return None
    return Found(path, Base(**json.loads(records[0])), records[1:], handle)


def _folder_gone() -> ReadingRoomError:
    return ReadingRoomError(
        "OUTPUT_NOT_WRITABLE",
        "The reading folder cannot be written any more; edits are not secured.",
        "Connect its drive again or put the folder back, then go on.",
    )


def _frame(record: bytes) -> bytes:
    return _FRAME.pack(len(record), zlib.crc32(record)) + record


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
