"""How much each pixel looks like the middle of a dark line; needs no network.

What one-click marking and the live-wire go by, so that correcting never waits for a network.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Image = npt.NDArray[np.float32]

#: Widths that are looked for, as standard deviations, px.
SCALES_PX = (1.0, 1.8, 3.0)


def ridges(frame: npt.NDArray[np.floating], scales_px: tuple[float, ...] = SCALES_PX) -> Image:
    """Return the strength of dark lines, >= 0, in the frame's unit per px2.

    The larger eigenvalue of the Hessian at several scales, each times the scale squared, less
    the size of the other one: lines, not blobs (Lindeberg, Int J Comput Vis 1998;30:117).

    Parameters
    ----------
    frame : ndarray of float, ``[row, column]``
        Devices dark.
    """
    image = np.asarray(frame, np.float32)
    return np.asarray(np.maximum.reduce([_at_scale(image, scale) for scale in scales_px]))


def _at_scale(image: Image, scale: float) -> Image:
    xx, yy, xy = (
        ndimage.gaussian_filter(image, scale, order=order, truncate=3.0)
        for order in ((0, 2), (2, 0), (1, 1))
    )
    mean = 0.5 * (xx + yy)
    root = np.sqrt(0.25 * (xx - yy) ** 2 + xy**2)
    large, small = mean + root, mean - root
    return np.asarray(np.maximum(scale**2 * (large - np.abs(small)), 0.0), np.float32)
