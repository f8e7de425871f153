"""Weights that others published: read safely, told apart, verified.

Only tensors and plain numbers are read from a file; nothing in it is run.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from readingroom.errors import ReadingRoomError, RefusedInput


def unknown(why: str, wanted: str) -> RefusedInput:
    """Return the refusal of files that are not what they should be."""
    return RefusedInput("WEIGHTS_UNKNOWN", why, wanted)


def read_weights(path: Path, wanted: str) -> dict[str, Any]:
    """Return the mapping that a PyTorch file holds: tensors, numbers, texts, lists.

    Parameters
    ----------
    wanted : str
        What to give instead, for the refusal.

    Raises
    ------
    RefusedInput
        ``WEIGHTS_UNKNOWN``, if it holds anything else.
    """
    import pickle

    import torch

    try:
        with torch.serialization.safe_globals(_plain_numbers()):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        raise unknown(f"The file '{path.name}' holds no plain weights.", wanted) from error
    if not isinstance(state, dict):
        raise unknown(f"The file '{path.name}' holds no plain weights.", wanted)
    return state


def _plain_numbers() -> list[Any]:
    """Return what numpy's numbers are made of; training logs are full of them."""
    import numpy as np
    from numpy._core import multiarray

    kinds = [type(np.dtype(name)) for name in ("float64", "float32", "int64", "int32", "bool")]
    # Files written with numpy 1 call the same function by its old module's name.
    old = (multiarray.scalar, "numpy.core.multiarray.scalar")
    return [multiarray.scalar, old, np.dtype, *kinds]


def read_json(path: Path, wanted: str) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises
    ------
    RefusedInput
        ``WEIGHTS_UNKNOWN``, if it is not there or holds no object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise unknown(f"The file '{path.name}' is missing or damaged.", wanted) from error
    if not isinstance(content, dict):
        raise unknown(f"The file '{path.name}' is damaged.", wanted)
    return content


def verify_digest(path: Path, kind: str, expected: str) -> None:
    """Check a file against the checksum that its publisher gives.

    Raises
    ------
    ReadingRoomError
        ``CARD_CHECKSUM``, if it is another file.
    """
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, kind).hexdigest()
    if found != expected.strip().lower():
        raise ReadingRoomError(
            "CARD_CHECKSUM",
            f"The file '{path.name}' is not the one that was published.",
            "Download it again.",
        )


@contextlib.contextmanager
def as_folder(path: Path, wanted: str) -> Iterator[Path]:
    """Give a folder: the one at `path`, or what a ZIP file there holds.

    Raises
    ------
    RefusedInput
        ``WEIGHTS_UNKNOWN``, if it is neither.
    """
    if path.is_dir():
        yield path
        return
    if not zipfile.is_zipfile(path):
        raise unknown("That is neither a folder nor a ZIP file.", wanted)
    with tempfile.TemporaryDirectory() as temporary, zipfile.ZipFile(path) as archive:
        # `extractall` keeps members inside the folder whatever their names say.
        archive.extractall(temporary)
        yield Path(temporary)
