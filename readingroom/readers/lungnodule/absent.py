"""Why a category or a probability could not be given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Absent:
    """A number that is not given, with the reason in both languages."""

    reason: str
    reason_zh: str
