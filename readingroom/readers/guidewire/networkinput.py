"""What the guidewire networks are given: two standardised frames, whole or coarse."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float32]

#: The localiser looks at frames this many times smaller.
COARSE = 4
#: A side of one cell of the localiser's heat map, pixels of the frame.
CELL = 8 * COARSE
#: Both networks halve a frame five times.
MULTIPLE = 32
#: Blocks whose means make up the slow part of a frame, pixels.
_BLOCK = 16
#: The deviation is estimated from every fourth pixel of every fourth row.
_EVERY = 4


def standardised(frame: npt.NDArray[np.generic]) -> FloatArray:
    """Return a frame ``(row, col)`` as deviations from its surroundings, float32.

    What changes over 50 pixels and more is taken out, and the mean absolute deviation becomes
    about 0.8, as that of a normal distribution with standard deviation 1: else a faint wire on
    a steep slope would be lost. Scale and offset of the frame's values do not matter.
    """
    rows, columns = frame.shape
    result = padded(frame.astype(np.float32), MULTIPLE, mode="edge")
    result -= _surroundings(result)
    some = np.abs(result[:rows:_EVERY, :columns:_EVERY]).mean()
    result *= np.float32(0.8 / max(float(some), 1e-6))
    return result[:rows, :columns]


def _surroundings(frame: FloatArray) -> FloatArray:
    """Return the frame's slow part: block means, smoothed and interpolated linearly.

    0.6 ms at 512 × 512 where a Gaussian of this width takes 20.
    """
    blocks = frame.reshape(frame.shape[0] // _BLOCK, _BLOCK, frame.shape[1]).sum(axis=1)
    means = blocks.reshape(len(blocks), -1, _BLOCK).sum(axis=2) * np.float32(1 / _BLOCK**2)
    smooth = ndimage.uniform_filter(means, 3, mode="nearest")
    return _between_centres(np.ascontiguousarray(_between_centres(smooth.T).T))


def _between_centres(means: FloatArray) -> FloatArray:
    """Return rows of block means as rows of pixels, linear between block centres.

    Not as a matrix product: a threaded BLAS waits for its second thread, up to 10 ms where the
    cores are busy with the frame before.
    """
    padded_means = np.pad(means, ((0, 0), (1, 1)), mode="edge")
    share = np.arange(0.5, _BLOCK, dtype=np.float32) / np.float32(_BLOCK)
    steps = np.diff(padded_means, axis=1)[:, :, None] * share
    steps += padded_means[:, :-1, None]
    half = _BLOCK // 2
    return np.asarray(steps.reshape(len(means), -1)[:, half:-half])


def padded(
    frame: FloatArray, multiple: int = MULTIPLE, mode: Literal["constant", "edge"] = "constant"
) -> FloatArray:
    """Return a frame with zeros, or its edge, appended to multiples in both directions."""
    missing = [-n % multiple for n in frame.shape]
    if not any(missing):
        return frame
    return np.pad(frame, [(0, n) for n in missing], mode=mode)


def coarse(frame: FloatArray) -> FloatArray:
    """Return the mean of each 4 × 4 pixels of a padded frame."""
    rows, columns = (n // COARSE for n in frame.shape)
    # Rows first: these sums run along memory and are three times as fast as blocks.
    summed = frame.reshape(rows, COARSE, columns * COARSE).sum(axis=1)
    means = summed.reshape(rows, columns, COARSE).sum(axis=2)
    means *= np.float32(1.0 / COARSE**2)
    return np.asarray(means, dtype=np.float32)
