"""What is wire and what is catheter in each frame: probability maps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from readingroom.inference.engine import Engine
from readingroom.reader import Progress
from readingroom.readers.guidewire.cards import SEGMENT
from readingroom.readers.guidewire.cascade import Cascade, inner
from readingroom.readers.guidewire.frames import Frames

#: Names of the cards in use.
CARDS: tuple[str, ...] = (SEGMENT,)


def segment(engine: Engine, frames: Frames, *, progress: Progress) -> npt.NDArray[np.uint8]:
    """Return probability maps ``[t, 2, row, col]`` (wire, catheter), 0…255.

    Frames are segmented whole: only live frames cannot wait for that.

    Parameters
    ----------
    frames : Frames
        As `readingroom.readers.guidewire.frames.normalise` returns them, in order.

    Raises
    ------
    RefusedInput
        ``CARD_MISSING``.
    """
    cascade = Cascade(engine, localise=False)
    count, rows, columns = frames.array.shape
    field = inner(frames.field_mask)
    maps = np.zeros((count, 2, rows, columns), np.uint8)
    for number, frame in enumerate(frames.array):
        progress("segmentation", number / count)
        maps[number] = cascade(frame) * field
    return maps
