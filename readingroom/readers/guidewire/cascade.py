"""Locate, crop, segment: the two networks on a stream of frames.

After the published cascade of a spatio-temporal localiser and a segmentation network. The
localiser sees the whole frame and the one before it at a quarter of their resolution; only the
rectangle around what it found, and around what was there a frame ago, is segmented.
"""

from __future__ import annotations

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
    unpacked,
)

Box = tuple[slice, slice]
Bytes = npt.NDArray[np.uint8]

#: Cells at least this probable are looked at: a missed wire costs more than a larger crop.
_CELL_LOGIT = -2.0
#: A rectangle that covers more than this is not worth cutting out.
_WORTH_CUTTING = 0.8
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
    """

    def __init__(self, engine: Engine, *, localise: bool = True) -> None:
        self._locate = engine.session(LOCATE) if localise else None
        self._segment = engine.session(SEGMENT)
        self.reset()

    def reset(self) -> None:
        """Forget the frames before."""
        self.box: Box | None = None
        self._before: FloatArray | None = None
        self._coarse_before: FloatArray | None = None
        self._cells_before: npt.NDArray[np.bool_] | None = None

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
        self.box = self._region(now)
        probability = np.zeros((2, *now.shape), np.uint8)
        if self.box is not None:
            crops = np.stack([now[self.box], before[self.box]])[None]
            probability[:, *self.box] = as_bytes(self._segment(crops)[0])
        self._remember(now, probability)
        return probability[:, : frame.shape[0], : frame.shape[1]]

    def _region(self, now: FloatArray) -> Box | None:
        """Return the rectangle to segment; None where there is nothing to see."""
        whole = (slice(0, now.shape[0]), slice(0, now.shape[1]))
        if self._locate is None:
            return whole
        small = coarse(now)
        before = small if self._coarse_before is None else self._coarse_before
        self._coarse_before = small
        cells = self._locate(np.stack([small, before])[None])[0, 0] > _CELL_LOGIT
        if self._cells_before is not None:
            cells |= self._cells_before
        return around(cells, whole)

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


def around(cells: npt.NDArray[np.bool_], whole: Box) -> Box | None:
    """Return the rectangle of pixels around cells, one cell wider; `whole` if it is nearly that."""
    if not cells.any():
        return None
    (rows, columns) = ndimage.find_objects(cells.astype(np.uint8))[0]
    low = [max(part.start - 1, 0) * CELL for part in (rows, columns)]
    high = [
        min((part.stop + 1) * CELL, side.stop)
        for part, side in zip((rows, columns), whole, strict=True)
    ]
    covered = (high[0] - low[0]) * (high[1] - low[1]) / (whole[0].stop * whole[1].stop)
    if covered > _WORTH_CUTTING:
        return whole
    return slice(low[0], high[0]), slice(low[1], high[1])


def as_bytes(packed: FloatArray) -> Bytes:
    """Return packed logits as probabilities 0…255 at full resolution, ``(classes, h, w)``."""
    flat = packed.reshape(-1)
    result = np.zeros(flat.shape, np.uint8)
    some = np.flatnonzero(flat > _FAINT_LOGIT)
    result[some] = np.rint(255.0 / (1.0 + np.exp(-flat[some]))).astype(np.uint8)
    return np.asarray(unpacked(result.reshape(packed.shape)), dtype=np.uint8)
