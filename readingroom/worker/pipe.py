"""Read what a pipe holds, waiting no longer than asked: no thread, on every system.

A host's event loop polls the worker from a timer. A reading thread would have to share
the interpreter with that loop, and stalls in hosts that hold it.
"""

from __future__ import annotations

import os
import sys
import time

_CHUNK = 65536
_WINDOWS_STEP_S = 0.01


def read_available(descriptor: int, timeout: float) -> bytes | None:
    """Return the bytes waiting in the pipe, or none within `timeout` seconds.

    Returns
    -------
    bytes or None
        ``b""`` if nothing came; ``None`` if the other end is closed.
    """
    if not _wait(descriptor, timeout):
        return b""
    return os.read(descriptor, _CHUNK) or None


if sys.platform == "win32":

    def _wait(descriptor: int, timeout: float) -> bool:
        import _winapi
        import msvcrt

        handle = msvcrt.get_osfhandle(descriptor)
        until = time.monotonic() + timeout
        while True:
            try:
                waiting = _winapi.PeekNamedPipe(handle, 0)[0]
            except BrokenPipeError:
                return True
            if waiting or time.monotonic() >= until:
                return bool(waiting)
            time.sleep(_WINDOWS_STEP_S)

else:

    def _wait(descriptor: int, timeout: float) -> bool:
        import select

        poller = select.poll()
        poller.register(descriptor, select.POLLIN | select.POLLHUP)
        return bool(poller.poll(max(timeout, 0.0) * 1000.0))
