"""What a preprocessing step does for a wire: contrast-to-noise ratio, contrast improvement.

*CNR*: the mean grey value beside the centreline less that on it, over the standard
deviation beside it after its slow change along the wire is taken out. *CIR*, the contrast
improvement ratio: the local contrast after the step over that before, where local contrast
is the difference between beside and on over their sum (Michelson).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float32]
Lines = Sequence[npt.NDArray[np.float64]]

_BESIDE_PX = (4.0, 8.0)
_ALONG_PX = 15


@dataclass(frozen=True)
class Contrast:
    """How a device stands out in one frame.

    Attributes
    ----------
    cnr : float
        Contrast-to-noise ratio; positive for a dark device.
    michelson : float
        Local contrast, −1…1.
    """

    cnr: float
    michelson: float


def contrast(frame: FloatArray, lines: Lines, half_width_px: float = 1.0) -> Contrast | None:
    """Return how the devices along `lines` stand out; None where there is no line.

    Parameters
    ----------
    frame : ndarray of float32, shape (row, col)
    lines : sequence of ndarray (n, 2)
        Centrelines, ``(x, y)`` px about 1 px apart.
    half_width_px : float
        The device's radius: the bands beside it begin 4 px further out.
    """
    found = [_profile(frame, line, half_width_px) for line in lines if len(line) >= 12]
    if not found:
        return None
    on = np.concatenate([centre for centre, _ in found])
    beside = np.concatenate([band.mean(axis=1) for _, band in found])
    fine = np.concatenate([_detrended(band).ravel() for _, band in found])
    difference = float((beside - on).mean())
    total = float((beside + on).mean())
    return Contrast(difference / max(float(fine.std()), 1e-4), difference / max(total, 1e-6))


def _profile(
    frame: FloatArray, line: npt.NDArray[np.float64], half_width: float
) -> tuple[FloatArray, FloatArray]:
    """Return the grey values on the line, and in the bands on both sides ``(n, bands)``."""
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
    side = half_width + np.arange(_BESIDE_PX[0], _BESIDE_PX[1] + 0.5)
    offsets = np.concatenate([[0.0], side, -side])
    places = line[:, None] + offsets[:, None] * normal[:, None]
    values = ndimage.map_coordinates(
        frame, [places[..., 1], places[..., 0]], order=1, mode="nearest"
    )
    return values[:, 0], values[:, 1:]


def _detrended(band: FloatArray) -> FloatArray:
    slow = ndimage.uniform_filter1d(band, _ALONG_PX, axis=0, mode="nearest")
    return np.asarray(band - slow)


def contrast_improvement(before: Contrast, after: Contrast) -> float:
    """Return the contrast improvement ratio: local contrast after over before."""
    return after.michelson / before.michelson if abs(before.michelson) > 1e-6 else float("nan")
