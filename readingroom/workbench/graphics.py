"""Whether this machine can draw without a screen; VTK would end the process if it cannot."""

from __future__ import annotations

import ctypes.util
import os
import sys

from readingroom.errors import ReadingRoomError


def require_graphics() -> None:
    """Check for what drawing needs.

    Raises
    ------
    ReadingRoomError
        ``GRAPHICS_MISSING`` on a Linux machine with neither EGL, OSMesa nor a display.
    """
    if sys.platform != "linux" or os.environ.get("DISPLAY"):
        return
    if not any(ctypes.util.find_library(name) for name in ("EGL", "OSMesa")):
        raise ReadingRoomError(
            "GRAPHICS_MISSING",
            "This machine lacks the libraries for drawing without a screen.",
            "Install libegl1 and libgl1-mesa-dri (Debian, Ubuntu), then start again.",
        )
