"""What a browser session finds again after its process or the server was started anew."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass
class Memory:
    """The few choices that outlive a process.

    Attributes
    ----------
    open : str
        Reading folder that was open; empty for the work list.
    """

    open: str = ""
    language: str = ""
    dark: bool = True
    reviewer: str = ""

    @classmethod
    def load(cls, path: Path) -> Memory:
        """Return what `path` holds; the defaults if it holds nothing usable."""
        try:
            data = json.loads(path.read_bytes())
            known = {field.name: type(field.default) for field in fields(cls)}
            kept: dict[str, Any] = {k: v for k, v in data.items() if type(v) is known.get(k)}
            return cls(**kept)
        except (OSError, ValueError, TypeError, AttributeError):
            return cls()

    def store(self, path: Path) -> None:
        """Write it, all or nothing, readable by its owner only."""
        half = path.with_suffix(".new")
        try:
            handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(self), file)
            half.replace(path)
        except OSError:
            return  # a full disk costs a convenience, not the session
