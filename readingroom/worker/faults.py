"""Turn whatever went wrong into the one error that every door shows."""

from __future__ import annotations

import errno
import os
import sys
import traceback

from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS}


def debugging() -> bool:
    """Whether stack traces are wanted (``READINGROOM_DEBUG=1``)."""
    return os.environ.get("READINGROOM_DEBUG", "") not in ("", "0")


def as_error(fault: BaseException) -> ReadingRoomError:
    """Return `fault` in three parts: code, what happened, what to do.

    An unforeseen fault keeps only the name of its type: its text may quote a header,
    and so a patient.
    """
    if isinstance(fault, ReadingRoomError):
        return fault
    if isinstance(fault, KeyboardInterrupt):
        return Cancelled()
    if isinstance(fault, MemoryError):
        return _memory()
    if isinstance(fault, OSError) and fault.errno in _DISK_FULL:
        return disk_full()
    if isinstance(fault, OSError) and fault.errno in _NOT_WRITABLE:
        return not_writable()
    return _unforeseen(fault)


def disk_full() -> ReadingRoomError:
    """Return the error for a disk without room."""
    return ReadingRoomError(
        "DISK_FULL",
        "The disk of the output folder is full; nothing was written.",
        "Free some space or choose another folder, then start again.",
    )


def not_writable() -> RefusedInput:
    """Return the error for a place that may not be written (or a file not read)."""
    return RefusedInput(
        "NOT_PERMITTED",
        "A file or folder may not be read or written with the present rights.",
        "Choose an output folder of your own and check that the input is readable.",
    )


def _memory() -> ReadingRoomError:
    return ReadingRoomError(
        "OUT_OF_MEMORY",
        "The machine ran out of memory.",
        "Close other programs, or read the study on a machine with more memory.",
    )


def _unforeseen(fault: BaseException) -> ReadingRoomError:
    if debugging():
        traceback.print_exception(fault, file=sys.stderr)
    return ReadingRoomError(
        "INTERNAL_ERROR",
        f"Something went wrong that was not foreseen ({type(fault).__name__}).",
        "Start again with READINGROOM_DEBUG=1 set and send what it prints to the project.",
    )
