"""A reading process whose guidewire reader takes dark lines for wires: no network is run."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from scipy import ndimage

from readingroom.readers.guidewire import segment
from readingroom.worker.server import main


def dark_lines(engine: Any, frames: Any, **_: Any) -> np.ndarray:
    """Return probability maps ``[t, 2, row, column]``, 0…255."""
    wires = [frame < ndimage.uniform_filter(frame, 25) - 0.12 for frame in frames.array]
    maps = np.zeros((len(wires), 2, *frames.array.shape[1:]), np.uint8)
    maps[:, 0] = 255 * np.stack(wires)
    return maps


if __name__ == "__main__":
    segment.segment, segment.CARDS = dark_lines, ()
    sys.exit(main())
