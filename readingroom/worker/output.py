"""Where a reading folder may be written."""

from __future__ import annotations

import os
from pathlib import Path

from readingroom.errors import RefusedInput
from readingroom.worker.faults import not_writable


def free_place(out: Path) -> Path:
    """Return `out` after making sure, before any work, that a reading can be saved there.

    Raises
    ------
    RefusedInput
        ``OUTPUT_EXISTS`` if something is there already, ``NOT_PERMITTED`` if the nearest
        existing parent may not be written.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise RefusedInput(
            "OUTPUT_EXISTS",
            f"The output folder '{out.name}' exists and is not empty.",
            "Choose a new folder: a reading is never overwritten.",
        )
    parent = next(p for p in (out, *out.absolute().parents) if p.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise not_writable()
    return out
