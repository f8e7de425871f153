"""The first part of ``reading.json``: all that a work list shows, without the findings.

A reading of a hundred findings is a hundred kilobytes of text; the list needs the two that
come before them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from readingroom.errors import RefusedInput
from readingroom.folder.content import READING

_FINDINGS = b'\n "findings":'
_BLOCK = 1 << 14


def read_header(folder: Path) -> dict[str, Any]:
    """Return the fields of ``reading.json`` that stand before its findings.

    Parameters
    ----------
    folder : Path
        A reading folder.

    Raises
    ------
    RefusedInput
        ``READING_DAMAGED`` if it is no JSON object.
    """
    with (folder / READING).open("rb") as file:
        text = b""
        while block := file.read(_BLOCK):
            searched = max(0, len(text) - len(_FINDINGS))
            text += block
            cut = text.find(_FINDINGS, searched)
            if cut >= 0:
                return _parsed(text[:cut].rstrip().rstrip(b",") + b"}")
    return _parsed(text)


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise RefusedInput(
            "READING_DAMAGED",
            "The file reading.json of the reading is damaged.",
            "Restore it from a backup, or take an earlier revision from the folder 'revisions'.",
        )
    return data
