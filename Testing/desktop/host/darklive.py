"""A live reading process that takes a dark column for a wire: no network is run.

Light on purpose: each test starts one.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire import livepipe
from readingroom.worker.stdio import take_stdout

#: Pixels darker than this are a wire; a frame that is darker everywhere is refused.
_DARK = 60


def analyser() -> Any:
    """Return an analyser of one sequence; a wire that goes is expected where it was."""
    before: list[dict[str, Any]] = []

    def analyse(frame: np.ndarray) -> SimpleNamespace:
        nonlocal before
        dark = frame < _DARK
        if dark.all():
            raise RefusedInput("FRAME_SHAPE", "Everything is dark.", "Open the collimator.")
        rows, columns = np.nonzero(dark)
        line = [[float(columns.mean()), float(row)] for row in np.unique(rows)] if len(rows) else []
        wires = [_wire(line)] if line else [one | {"predicted": True} for one in before]
        before = wires or before
        return SimpleNamespace(wires=wires, ms=1.0)

    return analyse


def _wire(line: list[list[float]]) -> dict[str, Any]:
    middle = len(line) // 2
    return {
        "kind": "wire",
        "identity": 1,
        "centerline_xy_px": line,
        "tip_xy_px": line[-1],
        "inferred": [[middle, middle + 10]] if line[0][0] > 100 else [],
        "predicted": False,
        "confidence": 0.9,
    }


if __name__ == "__main__":
    if "die" in sys.argv:
        sys.exit(3)
    answers = take_stdout()
    livepipe.serve(sys.stdin.buffer, answers, analyser())
