"""Pictures as the browser takes them: JPEG while things move, without loss once they rest."""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

#: Of the JPEG while things move. It costs 1 ms where the picture without loss costs 6
#: (640 x 640 grey), and half of its bytes.
_MOVING_QUALITY = 80
_PNG_EFFORT = 1


def encode(pixels: Pixels, *, still: bool) -> tuple[bytes, dict[str, Any]]:
    """Return a picture and what the page needs to know of it.

    Parameters
    ----------
    pixels : ndarray of uint8
        ``[row, column]`` grey or ``[row, column, rgb]``, the top row first.
    still : bool
        Without loss, as PNG, rather than as JPEG.
    """
    out = io.BytesIO()
    image = Image.fromarray(pixels)
    if still:
        image.save(out, "png", compress_level=_PNG_EFFORT)
    else:
        # A brush's stroke is three pixels wide: colours at half the resolution would wash it out.
        image.save(out, "jpeg", quality=_MOVING_QUALITY, subsampling=0)
    rows, columns = pixels.shape[:2]
    kind = "image/png" if still else "image/jpeg"
    meta = {"type": kind, "codec": "", "w": columns, "h": rows, "key": "key"}
    return out.getvalue(), {**meta, "st": time.time_ns() // 1_000_000}
