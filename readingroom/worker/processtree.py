"""End a process and everything it started."""

from __future__ import annotations

import contextlib
import os
import sys

import psutil

_GRACE_S = 3.0


def kill_tree(pid: int) -> None:
    """Kill the process `pid` with its descendants, and wait for the descendants to go.

    Killing the parent alone would leave data loaders and tools running. The process itself
    is left for its own parent to wait for, who thereby learns its exit code.

    Parameters
    ----------
    pid : int
        A process that has not been waited for yet; it may have ended.
    """
    try:
        parent = psutil.Process(pid)
        descendants = parent.children(recursive=True)
    except psutil.NoSuchProcess:
        return
    _kill_group(pid)
    for process in (*descendants, parent):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(descendants, timeout=_GRACE_S)


def _kill_group(pid: int) -> None:
    """Reach also the children that a crashed process has orphaned, if it led a group."""
    if sys.platform == "win32":
        return
    import signal

    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
