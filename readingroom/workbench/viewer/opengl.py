"""Whether this machine can render, asked before VTK does: VTK would end the process."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from functools import cache

from readingroom.errors import ReadingRoomError

_PLATFORM_SURFACELESS_MESA = 0x31DD
_PLATFORM_DEVICE_EXT = 0x313F
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swr", "software")


def prepare() -> None:
    """Choose how to render without a screen; call it before the first render window.

    Raises
    ------
    ReadingRoomError
        ``RENDERING_UNAVAILABLE`` if neither a screen, EGL nor OSMesa is there.
    """
    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY"):
        return
    if _egl_works():
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    elif _osmesa_is_there():
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkOSOpenGLRenderWindow")
    else:
        raise ReadingRoomError(
            "RENDERING_UNAVAILABLE",
            "This machine has no OpenGL to draw the images with (neither EGL nor OSMesa).",
            "Install the packages libegl1 and libgl1-mesa-dri (Debian, Ubuntu) or "
            "mesa-libEGL and mesa-dri-drivers (Fedora), then start again.",
        )


def is_graphics_card(capabilities: str) -> bool:
    """Say whether VTK's report of its OpenGL names a graphics card, not a CPU renderer."""
    renderer = next(
        (line for line in capabilities.splitlines() if line.startswith("OpenGL renderer")), ""
    ).lower()
    return bool(renderer) and not any(name in renderer for name in _SOFTWARE)


@cache
def _egl_works() -> bool:
    """Say whether an EGL display can be opened: the library alone, without a driver, cannot."""
    try:
        egl = ctypes.CDLL(ctypes.util.find_library("EGL") or "libEGL.so.1")
        display_of = egl.eglGetPlatformDisplay
        initialize = egl.eglInitialize
    except (OSError, AttributeError):
        return False
    display_of.restype = ctypes.c_void_p
    display_of.argtypes = [ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]
    initialize.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    for platform in (_PLATFORM_SURFACELESS_MESA, _PLATFORM_DEVICE_EXT):
        display = display_of(platform, None, None)
        if display and initialize(display, None, None):
            return True
    return False


def _osmesa_is_there() -> bool:
    return ctypes.util.find_library("OSMesa") is not None
