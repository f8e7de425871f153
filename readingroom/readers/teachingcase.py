"""A case for teaching, as a reader's simulation gives it to the demonstration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TeachingCase:
    """A case for teaching: where its DICOM lies and what is true of it."""

    path: Path
    truth: dict[str, Any]
