"""Files that a browser hands in: names made safe, sizes limited, content looked at once."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import secrets
import shutil
import unicodedata
import zipfile
import zlib
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from readingroom.errors import ReadingRoomError, RefusedInput

STUDIES, INBOX = "studies", ".inbox"
#: One upload; a whole-body CT at 0.5 mm is about 2 GiB.
LIMIT_BYTES = 8 << 30
LIMIT_FILES = 20_000
_BLOCK = 1 << 20
_LONGEST_NAME = 120
_DEEPEST = 12
_UNSAFE = re.compile(r'[\x00-\x1f<>:"|?*\\]')


async def receive(request: web.Request, home: Path) -> web.Response:
    """Take an upload in and answer ``{"ok": true, "name", "purpose"}`` or the one error.

    A study lands in ``studies/<day>-<random>`` below `home` and is looked at; what cannot be
    read as a study is removed again. Masks wait in a hidden folder for their session.
    """
    place = home / STUDIES / _new_name()
    try:
        answer = await _taken(request, place, home)
    except ReadingRoomError as fault:
        return _refused(fault)
    except OSError as fault:
        return _refused(_disk_fault(fault))
    finally:
        shutil.rmtree(place.with_name(f".{place.name}"), ignore_errors=True)
    return web.json_response({"ok": True, **answer})


async def _taken(request: web.Request, place: Path, home: Path) -> dict[str, Any]:
    # Hidden until it is complete, so that no work list shows half a study.
    half = place.with_name(f".{place.name}")
    half.mkdir(parents=True)
    purpose = await _store(request, half)
    await asyncio.to_thread(unpack_archives, half)
    if purpose == "masks":
        target = home / INBOX / place.name
        target.parent.mkdir(parents=True, exist_ok=True)
    else:
        target = place
        await asyncio.to_thread(check_study, half)
    half.rename(target)
    return {"purpose": purpose, "name": target.name}


async def _store(request: web.Request, half: Path) -> str:
    purpose, files, size = "study", 0, 0
    try:
        reader = await request.multipart()
    except (ValueError, AssertionError):
        raise _nothing() from None
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "purpose":
            purpose = "masks" if (await part.text()) == "masks" else "study"
            continue
        files += 1
        if files > LIMIT_FILES:
            raise _too_large()
        size = await _store_part(part, half / safe_path(unquote(part.filename or "")), size)
    if not files:
        raise _nothing()
    return purpose


async def _store_part(part: BodyPartReader, path: Path, size: int) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        while block := await part.read_chunk(_BLOCK):
            size += len(block)
            if size > LIMIT_BYTES:
                raise _too_large()
            await asyncio.to_thread(file.write, block)
    return size


def safe_path(name: str) -> Path:
    """Return `name` as a relative path that stays where it is put, on every system.

    Parameters
    ----------
    name : str
        What the browser calls the file, with ``/`` between folders.

    Raises
    ------
    RefusedInput
        ``UPLOAD_NAME`` if nothing usable is left.
    """
    parts = [_safe_part(part) for part in PurePosixPath(name.replace("\\", "/")).parts]
    kept = [part for part in parts if part][-_DEEPEST:]
    if not kept:
        raise RefusedInput(
            "UPLOAD_NAME",
            "A file of the upload has no usable name.",
            "Rename it, then hand it in again.",
        )
    return Path(*kept)


def _safe_part(part: str) -> str:
    plain = _UNSAFE.sub("_", unicodedata.normalize("NFC", part)).strip(" .")
    return "" if part in ("/", ".", "..") else plain[-_LONGEST_NAME:]


def unpack_archives(folder: Path) -> None:
    """Replace every zip file below `folder` by what it holds.

    Raises
    ------
    RefusedInput
        ``ARCHIVE_DAMAGED``, or ``UPLOAD_TOO_LARGE`` if it would unfold beyond the limit.
    """
    for archive in [p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() == ".zip"]:
        target = archive.with_name(f"{archive.stem}-{secrets.token_hex(2)}")
        try:
            with zipfile.ZipFile(archive) as opened:
                _unpack(opened, target)
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
            EOFError,
            zlib.error,
        ):
            raise RefusedInput(
                "ARCHIVE_DAMAGED",
                "The zip file is damaged, or locked with a password.",
                "Unpack it yourself and hand in the folder.",
            ) from None
        archive.unlink()


def _unpack(archive: zipfile.ZipFile, target: Path) -> None:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > LIMIT_FILES:
        raise _too_large()
    left = LIMIT_BYTES
    for member in members:
        path = target / safe_path(member.filename)
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, path.open("wb") as sink:
            # Counted while unfolding: what the archive says of itself may be a lie.
            while block := source.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise _too_large()
                sink.write(block)


def check_study(folder: Path) -> None:
    """Load what was handed in far enough to know that it is a study.

    Raises
    ------
    RefusedInput
        As `readingroom.imaging.load`.
    """
    from readingroom import imaging

    study = imaging.load(folder)
    if not study.volumes and not study.cines:
        raise RefusedInput(
            "NO_IMAGES",
            "The upload holds no series of images.",
            "Hand in the folder of an image series.",
        )


def discard(path: Path) -> None:
    """Remove an upload that has been used."""
    with contextlib.suppress(OSError):
        shutil.rmtree(path)


def _new_name() -> str:
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def _refused(fault: ReadingRoomError) -> web.Response:
    """Answer with the error; 200, for the page shows it and it is no fault of the connection."""
    return web.json_response({"ok": False, "error": fault.as_dict()})


def _disk_fault(fault: OSError) -> ReadingRoomError:
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return ReadingRoomError(
            "DISK_FULL",
            "The disk is full; nothing of the upload was kept.",
            "Free some space, then hand it in again.",
        )
    return RefusedInput(
        "NOT_PERMITTED",
        "The folder of the work list may not be written.",
        "Start the workbench on a folder of your own.",
    )


def _nothing() -> RefusedInput:
    return RefusedInput(
        "NO_IMAGES", "The upload holds no file.", "Hand in the folder of an image series."
    )


def _too_large() -> RefusedInput:
    return RefusedInput(
        "UPLOAD_TOO_LARGE",
        "The upload is larger than 8 GiB or has more than 20 000 files.",
        "Hand in one examination at a time, or copy it into the folder of the work list.",
    )
