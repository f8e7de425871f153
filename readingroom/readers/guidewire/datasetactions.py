"""CathAction's table of what is done when."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from readingroom.readers.guidewire.datasetsample import damaged


@dataclass(frozen=True)
class Action:
    """A stretch of a CathAction video in which one thing is done, frames inclusive."""

    video: str
    first: int
    last: int
    label: str


def read_actions(file: Path) -> list[Action]:
    """Return the actions of a CathAction table; its columns are found by their names.

    Raises
    ------
    RefusedInput
        ``DATASET_DAMAGED`` where a column is missing or a number is none.
    """
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    columns = {name.lower().strip(): name for name in (rows[0] if rows else {})}

    def column(*words: str) -> str:
        for key, name in columns.items():
            if all(word in key for word in words):
                return name
        raise damaged(f"The table of actions has no column for {' '.join(words)}.")

    if not rows:
        return []
    video, first = column("video"), column("start", "frame")
    last = (
        column("stop", "frame") if any("stop" in key for key in columns) else column("end", "frame")
    )
    label = column("verb") if any("verb" in key for key in columns) else column("action")
    try:
        return [Action(r[video], int(float(r[first])), int(float(r[last])), r[label]) for r in rows]
    except (TypeError, ValueError):
        raise damaged("The table of actions holds a frame number that is none.") from None
