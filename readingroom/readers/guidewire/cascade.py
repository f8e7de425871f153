"""Locate, crop, segment: the two networks on a stream of frames.

After the published cascade of a spatio-temporal localiser and a segmentation network. The
localiser sees the whole frame and the one before it at a quarter of their resolution; only
rectangles around what it found, around what was there a frame ago, and around the part of the
frame whose turn it is are segmented. What the localiser misses is so found within as many frames
as a frame has parts.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.inference.engine import Engine
from readingroom.readers.guidewire.cards import LOCATE, SEGMENT
from readingroom.readers.guidewire.networkinput import (
    CELL,
    FloatArray,
    coarse,
    padded,
    standardised,
)
from readingroom.readers.guidewire.regions import Box, halved, rectangles

Bytes = npt.NDArray[np.uint8]

#: Cells at least this probable are looked at. At -2 that was 96 % of the area, at 0.5 it is 16 %,
#: and in 13 simulated frames nothing was lost of a wire that had been seen once.
_CELL_LOGIT = 0.5
#: Cells a side of the parts that are looked at in turn.
_PART = 4
#: Below this logit a probability is less than 8/255 and left at 0: computing the others
#: only saves 4 ms a frame.
_FAINT_LOGIT = -3.5
_SEEN = 128
#: Nothing is believed this close to the rim of the picture or of the collimator: both are edges
#: that look like wires, px.
_RIM_PX = 4


class Cascade:
    """Segments frames in their order, each with the help of the one before.

    Parameters
    ----------
    engine : Engine
        Keeps the networks.
    localise : bool
        Whether to look only where the localiser found something; otherwise everywhere.
    workers : int
        Rectangles that are segmented at a time. Two threads with a rectangle each wait less for
        one another than two within each operation of a small network.

    Attributes
    ----------
    boxes : list of (slice, slice)
        What was segmented of the last frame.
    """

    def __init__(self, engine: Engine, *, localise: bool = True, workers: int = 1) -> None:
        self._workers = ThreadPoolExecutor(workers, "guidewire") if workers > 1 else None
        self._locate = engine.session(LOCATE) if localise else None
        self._segment = engine.session(SEGMENT)
        self.reset()

    def reset(self) -> None:
        """Forget the frames before."""
        self.boxes: list[Box] = []
        self._before: FloatArray | None = None
        self._coarse_before: FloatArray | None = None
        self._cells_before: npt.NDArray[np.bool_] | None = None
        self._turn = 0

    def __call__(self, frame: FloatArray) -> Bytes:
        """Return the probabilities of wire and catheter, ``(2, row, col)``, 0…255.

        Parameters
        ----------
        frame : ndarray of float32, shape (row, col)
            Devices dark; any scale.
        """
        now = padded(standardised(frame))
        if self._before is None or self._before.shape != now.shape:
            self.reset()
        before = now if self._before is None else self._before
        self.boxes = self._regions(now)
        probability = np.zeros((2, *now.shape), np.uint8)
        crops = [np.stack([now[box], before[box]])[None] for box in self.boxes]
        for box, found in zip(self.boxes, self._all_segmented(crops), strict=True):
            place = probability[:, *box]
            np.maximum(place, found, out=place)
        self._remember(now, probability)
        return probability[:, : frame.shape[0], : frame.shape[1]]

    def _all_segmented(self, crops: list[FloatArray]) -> list[Bytes]:
        if self._workers is None:
            return [self._segmented(one) for one in crops]
        return list(self._workers.map(self._segmented, crops))

    def _segmented(self, crops: FloatArray) -> Bytes:
        return as_bytes(self._segment(crops)[0])

    def _regions(self, now: FloatArray) -> list[Box]:
        """Return the rectangles to segment: all of it in a first frame."""
        whole = (slice(0, now.shape[0]), slice(0, now.shape[1]))
        if self._locate is None:
            return [whole]
        small = coarse(now)
        before, self._coarse_before = self._coarse_before, small
        if before is None or self._cells_before is None:
            return [whole]
        cells = self._locate(np.stack([small, before])[None])[0, 0] > _CELL_LOGIT
        cells |= self._cells_before
        self._take_turn(cells)
        boxes = rectangles(cells)
        return boxes if self._workers is None else halved(boxes)

    def _take_turn(self, cells: npt.NDArray[np.bool_]) -> None:
        """Add the next part of the frame to the cells, in place."""
        down, across = (-(-n // _PART) for n in cells.shape)
        row, column = divmod(self._turn % (down * across), across)
        self._turn += 1
        cells[row * _PART : (row + 1) * _PART, column * _PART : (column + 1) * _PART] = True

    def _remember(self, now: FloatArray, probability: Bytes) -> None:
        self._before = now
        if self._locate is None:
            return
        rows, columns = (n // CELL for n in now.shape)
        # Only the cell's middle rows and columns are looked at: every line crosses some.
        seen = (probability[:, ::4, ::4] >= _SEEN).any(axis=0)
        blocks = seen.reshape(rows, CELL // 4, columns, CELL // 4)
        self._cells_before = np.asarray(blocks.any(axis=(1, 3)))


def inner(field: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the part of a field ``(row, col)`` in which devices are believed: less its rim."""
    square = np.ones((3, 3), bool)
    return np.asarray(ndimage.binary_erosion(field, square, iterations=_RIM_PX))


def as_bytes(packed: FloatArray) -> Bytes:
    """Return packed logits as probabilities 0…255 at full resolution, ``(classes, h, w)``."""
    parts, rows, columns = packed.shape
    result = np.zeros((parts // 4, rows, 2, columns, 2), np.uint8)
    flat = packed.reshape(-1)
    some = np.flatnonzero(flat > _FAINT_LOGIT)
    value = np.rint(255.0 / (1.0 + np.exp(-flat[some]))).astype(np.uint8)
    # Part 4 k + 2 i + j holds row i and column j of each 2 x 2 pixels of class k.
    part, row, column = np.unravel_index(some, packed.shape)
    result[part // 4, row, part // 2 % 2, column, part % 2] = value
    return result.reshape(parts // 4, 2 * rows, 2 * columns)
