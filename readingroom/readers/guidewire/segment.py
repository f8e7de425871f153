"""What is wire and what is catheter in each frame: probability maps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from readingroom.inference.engine import Engine
from readingroom.reader import Progress
from readingroom.readers.guidewire.frames import Frames
from readingroom.readers.guidewire.ridge import probability, ridges

#: Names of the cards in use.
CARDS: tuple[str, ...] = ()


def segment(engine: Engine, frames: Frames, *, progress: Progress) -> npt.NDArray[np.uint8]:
    """Return probability maps ``[t, 2, row, col]`` (wire, catheter), 0…255."""
    del engine
    count, rows, columns = frames.array.shape
    maps = np.zeros((count, 2, rows, columns), np.uint8)
    for number, frame in enumerate(frames.array):
        progress("segmentation", number / count)
        maps[number, 0] = np.rint(255 * probability(ridges(frame), frames.field_mask))
    return maps
