"""Cards that come and go: import, export, and download with pinned checksums."""

from __future__ import annotations

import json
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.inference.cards import (
    Card,
    FileName,
    Sha256,
    file_sha256,
    load_card,
    read_card,
    user_folder,
)
from readingroom.reader import Progress
from readingroom.resources import resource_path

_TIMEOUT_S = 30
_BLOCK = 1 << 20


class RemoteFile(BaseModel):
    """One file of a model and what it must be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern="^(https|file)://")
    sha256: Sha256


class Source(BaseModel):
    """Where a model is published; ``sources.json`` maps names to these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    licence: str
    files: dict[FileName, RemoteFile]


def import_card(path: Path) -> Card:
    """Copy the card at `path` (its ``.json``) with its files into the user's folder.

    Raises
    ------
    RefusedInput
        If there is no such file or a file of the card is missing.
    ReadingRoomError
        If the card is invalid or a checksum is wrong; nothing is copied then.
    """
    if not path.is_file():
        raise RefusedInput(
            "CARD_MISSING", "There is no model card at that path.", "Give the card's .json file."
        )
    return _copy(read_card(path), user_folder())


def export_card(name: str, directory: Path) -> Path:
    """Copy the card called `name` with its files into `directory`; return its ``.json``.

    Raises
    ------
    RefusedInput, ReadingRoomError
        As `load_card`.
    """
    _copy(load_card(name), directory)
    return directory / f"{name}.json"


def _copy(card: Card, folder: Path) -> Card:
    paths = [card.path(name) for name in card.files]
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        if path.parent.resolve() != folder.resolve():
            shutil.copyfile(path, folder / path.name)
    # The card goes last: while it is missing, nothing points to half-copied files.
    (folder / f"{card.name}.json").write_text(card.to_json(), encoding="utf-8")
    return card.located_in(folder)


def sources(table: Path | None = None) -> dict[str, Source]:
    """Return the models that can be pulled, by name.

    Parameters
    ----------
    table : Path, optional
        Another table than the bundled ``Models/sources.json``.
    """
    path = table or resource_path("Models", "sources.json")
    if not path.is_file():
        return {}
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {name: Source.model_validate(entry) for name, entry in content.items()}
    except (ValidationError, ValueError) as error:
        raise ReadingRoomError(
            "SOURCES_INVALID",
            "The table of models that can be downloaded is damaged.",
            "Install ReadingRoom again.",
        ) from error


def pull(name: str, *, table: Path | None = None, progress: Progress | None = None) -> Card:
    """Download the model called `name` into the user's folder.

    Every file is verified against the pinned SHA-256 before any is put in place.

    Raises
    ------
    RefusedInput
        ``MODEL_UNKNOWN``, if the table has no such model.
    ReadingRoomError
        ``DOWNLOAD_FAILED`` or ``CARD_CHECKSUM``.
    Cancelled
        If `progress` was cancelled; nothing is left behind.
    """
    known = sources(table)
    if name not in known:
        raise RefusedInput(
            "MODEL_UNKNOWN",
            f"No model called '{name}' can be downloaded.",
            f"Models: {', '.join(known) or 'none'}.",
        )
    folder = user_folder()
    folder.mkdir(parents=True, exist_ok=True)
    progress = progress or Progress()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".pull-") as temporary:
        files = known[name].files
        for number, (file_name, remote) in enumerate(files.items()):
            part = progress.part(number / len(files), (number + 1) / len(files))
            _download(remote, Path(temporary) / file_name, part)
        return _copy(read_card(Path(temporary) / f"{name}.json"), folder)


def _download(remote: RemoteFile, target: Path, progress: Progress) -> None:
    try:
        with urllib.request.urlopen(remote.url, timeout=_TIMEOUT_S) as answer:
            expected = int(answer.headers.get("Content-Length") or 0)
            _receive(answer, target, expected, progress)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise ReadingRoomError(
            "DOWNLOAD_FAILED",
            f"The file '{target.name}' could not be downloaded ({type(error).__name__}).",
            "Check the network, or download it elsewhere and use 'readingroom models import'.",
        ) from error
    if file_sha256(target) != remote.sha256:
        raise ReadingRoomError(
            "CARD_CHECKSUM",
            f"The downloaded file '{target.name}' is not the one that was pinned.",
            "Try again; if it stays so, the publisher changed the file.",
        )


def _receive(answer: Any, target: Path, expected: int, progress: Progress) -> None:
    received = 0
    with target.open("wb") as stream:
        while block := answer.read(_BLOCK):
            stream.write(block)
            received += len(block)
            progress("download", received / expected if expected else 0.0)
