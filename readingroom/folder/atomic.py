"""All or nothing: a folder is prepared beside its place and renamed into it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

_PARTIAL, _PREVIOUS = "partial", "previous"
#: File systems that know no locks are written without one.
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}


def temporary_sibling(directory: str | Path) -> Path:
    """Return a new hidden path beside `directory`, on the same file system; nothing is made.

    The name holds the id of this process, so that `remove_leftovers` can tell the work of
    a process that is gone from one that still writes.
    """
    return _sibling(Path(directory).resolve(), _PARTIAL)


def remove_leftovers(directory: str | Path) -> None:
    """Remove what killed processes left while they saved to `directory`.

    A reading that was being replaced is put back. What a living process is writing stays.
    """
    place = Path(directory).resolve()
    recover(place)
    for path, kind, process in _siblings(place):
        if not _runs(process) and (kind == _PARTIAL or place.exists()):
            shutil.rmtree(path, ignore_errors=True)
    _remove_stale_lock(place)


def recover(place: Path) -> None:
    """Put a reading back whose replacement was cut short between the two renames."""
    if place.exists() or not _previous(place):
        return
    with only_writer(place):
        previous = _previous(place)
        if previous and not place.exists():
            previous[-1].rename(place)


def replace_folder(new: Path, place: Path) -> None:
    """Rename `new` to `place`; what was at `place` comes back if that fails."""
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()
    if not place.exists():
        new.rename(place)
        return
    previous = _sibling(place, _PREVIOUS)
    place.rename(previous)
    try:
        new.rename(place)
    except OSError:
        previous.rename(place)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file and have it on the disk before the folder is renamed."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def only_writer(place: Path) -> Iterator[None]:
    """Hold the lock of `place`; wait for whoever holds it. It ends with its process."""
    path = place.with_name(f".{place.name}.lock")
    handle = _take_lock(path)
    try:
        yield
    finally:
        _give_lock_back(handle, path)


def _take_lock(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(handle)
        except BaseException:
            os.close(handle)
            raise
        if _is_at(handle, path):
            return handle
        os.close(handle)  # its last holder removed the file while we waited


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":

    def _lock(handle: int) -> None:
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)

    def _give_lock_back(handle: int, path: Path) -> None:
        os.close(handle)
        with contextlib.suppress(OSError):  # another holder has it open
            path.unlink()

else:

    def _lock(handle: int) -> None:
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as fault:
            if fault.errno not in _NO_LOCKS:
                raise

    def _give_lock_back(handle: int, path: Path) -> None:
        # Removed while still held, so that no one takes a lock on a file without a name.
        path.unlink(missing_ok=True)
        os.close(handle)


def _remove_stale_lock(place: Path) -> None:
    """Take and give back the lock, which removes its file, if there is one."""
    if place.with_name(f".{place.name}.lock").exists():
        with only_writer(place):
            pass


def _sibling(place: Path, kind: str) -> Path:
    return place.with_name(f".{place.name}.{os.getpid()}-{secrets.token_hex(4)}.{kind}")


def _siblings(place: Path) -> list[tuple[Path, str, int]]:
    """Return path, kind and process id of what saves to `place` left or are writing."""
    if not place.parent.is_dir():
        return []
    name = re.compile(rf"\.{re.escape(place.name)}\.(\d+)-[0-9a-f]{{8}}\.(partial|previous)")
    matches = [(path, name.fullmatch(path.name)) for path in place.parent.iterdir()]
    return [(path, m.group(2), int(m.group(1))) for path, m in matches if m]


def _previous(place: Path) -> list[Path]:
    return sorted(path for path, kind, _ in _siblings(place) if kind == _PREVIOUS)


def _runs(process: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(process))
