"""Where readings made in the desktop are kept, and how a volume remembers its own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from readingroom.slicerdesktop.host import Host

_READING = "reading"


def new_place(host: Host, chosen: str, reader: str) -> Path:
    """Return a folder, not there yet, for one reading and the copy of its volume.

    The name holds no patient data: reader, date and time.

    Parameters
    ----------
    chosen : str
        The folder a person chose; empty takes the temporary folder of the application.
    """
    root = Path(chosen) if chosen.strip() else host.temporary_folder() / "ReadingRoom"
    name = f"{reader}-{datetime.now():%Y%m%d-%H%M%S}"
    names = [name, *(f"{name}-{number}" for number in range(2, 1000))]
    return next(root / n for n in names if not (root / n).exists())


def reading_folder(place: Path) -> Path:
    """Return the reading folder of a place."""
    return place / _READING


def remember(node: Any, reader: str, folder: Path | None) -> None:
    """Note at a volume node where its reading is; None forgets it."""
    if folder is None:
        node.RemoveAttribute(_attribute(reader))
    else:
        node.SetAttribute(_attribute(reader), str(folder))


def remembered(node: Any, reader: str) -> Path | None:
    """Return where the reading of a volume node is, if it is still there."""
    noted = None if node is None else node.GetAttribute(_attribute(reader))
    return Path(noted) if noted and (Path(noted) / "reading.json").is_file() else None


def _attribute(reader: str) -> str:
    return f"ReadingRoom.{reader}.folder"
