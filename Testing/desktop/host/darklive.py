"""A live reading process that takes dark lines for wires: no network is run."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire import livepipe
from readingroom.readers.guidewire.centerline import trace
from readingroom.readers.guidewire.livesequence import Found, plain
from readingroom.readers.guidewire.track import Tracker
from readingroom.worker.stdio import take_stdout

#: Pixels darker than this are a wire; a frame that is darker everywhere is refused.
_DARK = 60


def analyser() -> Any:
    """Return an analyser of one sequence."""
    tracker = Tracker()

    def analyse(frame: np.ndarray) -> Found:
        dark = frame < _DARK
        if dark.all():
            raise RefusedInput("FRAME_SHAPE", "Everything is dark.", "Open the collimator.")
        devices = tracker.update(tuple(trace(np.uint8(255) * dark, None)))
        return Found(dark, [plain(one) for one in devices], 1.0)

    return analyse


if __name__ == "__main__":
    if "die" in sys.argv:
        sys.exit(3)
    answers = take_stdout()
    livepipe.serve(sys.stdin.buffer, answers, analyser())
