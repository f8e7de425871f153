"""Frames of a picture that changes in the scene to the live process, its wires back.

The picture may come by OpenIGTLink (extension SlicerOpenIGTLink) or change for any other reason.
The networks run in a process of their own. While a frame is read the newest of those that come
waits, and the others are counted as skipped: nothing queues.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.slicerdesktop.frames import as_unsigned
from readingroom.slicerdesktop.host import Host, Timer
from readingroom.slicerdesktop.livecurves import LiveCurves

_POLL_MS = 15
_CONNECTOR = "vtkMRMLIGTLConnectorNode"


def has_openigtlink() -> bool:
    """Whether this 3D Slicer knows OpenIGTLink connectors."""
    import slicer

    return hasattr(slicer, _CONNECTOR)


def incoming_image() -> Any | None:
    """Return the first picture that an OpenIGTLink connection delivers; None without one."""
    import slicer

    if not has_openigtlink():
        return None
    for connector in slicer.util.getNodesByClass(_CONNECTOR):
        for number in range(connector.GetNumberOfIncomingMRMLNodes()):
            node = connector.GetIncomingMRMLNode(number)
            if node is not None and node.IsA("vtkMRMLVolumeNode"):
                return node
    return None


def picture_of(node: Any) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Return a node's picture ``(row, col)``, 8 or 16 bits: one slice, colours averaged.

    Raises
    ------
    RefusedInput
        ``NOT_ONE_PICTURE`` if there is none, or a stack of several.
    """
    import slicer

    array = None if node.GetImageData() is None else np.asarray(slicer.util.arrayFromVolume(node))
    if array is None or len(array) != 1:
        raise RefusedInput(
            "NOT_ONE_PICTURE",
            "The chosen node does not hold one picture.",
            "Choose a picture of one slice that changes, such as one that comes by OpenIGTLink.",
        )
    grey = array[0] if array.ndim == 3 else array[0].mean(axis=-1).astype(array.dtype)
    return as_unsigned(grey)


class LiveFeed:
    """Follows one node.

    Parameters
    ----------
    host : Host
    packages : Path
        The folder of packages that the process uses first.
    told : callable
        Called with each answer of the process (see `readers.guidewire.livepipe`) once it is
        shown, and with a `ReadingRoomError` where a frame was refused or the feed ended.
    command : sequence of str, optional
        How to start the process; by default the application's Python with `startlive`.

    Attributes
    ----------
    received, read, skipped : int
        Frames since the start.
    """

    def __init__(
        self,
        host: Host,
        packages: Path,
        told: Callable[[dict[str, Any] | ReadingRoomError], None],
        command: Sequence[str] | None = None,
    ) -> None:
        self._host, self._packages, self._told = host, packages, told
        self.command = command
        self.node: Any | None = None
        self.received = self.read = self.skipped = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._timer: Timer | None = None
        self._tag = 0
        self._curves: LiveCurves | None = None
        self._free, self._waiting, self._rest = False, False, b""

    @property
    def running(self) -> bool:
        """Whether a node is followed."""
        return self.node is not None

    def start(self, node: Any) -> None:
        """Follow `node`, beginning with what it shows now.

        Raises
        ------
        RefusedInput
            As `picture_of`.
        ReadingRoomError
            ``WORKER_NOT_STARTED``.
        """
        import slicer

        self.stop()
        picture_of(node)
        self._process = self._started()
        self.node = node
        self.received = self.read = self.skipped = 0
        self._free, self._waiting, self._rest = False, False, b""
        self._curves = LiveCurves(node)
        self._tag = node.AddObserver(slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent, self._changed)
        self._timer = self._host.every(_POLL_MS, self._poll)
        self._changed()

    def stop(self) -> None:
        """Stop following; the curves leave the scene and the process ends."""
        if self._timer is not None:
            self._timer.stop()
        if self.node is not None:
            self.node.RemoveObserver(self._tag)
        if self._curves is not None:
            self._curves.remove()
        if self._process is not None:
            from readingroom.worker.processtree import kill_tree

            kill_tree(self._process.pid)
            self._process.communicate()
        self._timer = self.node = self._curves = self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        from readingroom.slicerdesktop import startlive
        from readingroom.worker.client import not_started

        own = [self._host.python(), str(Path(startlive.__file__)), str(self._packages)]
        try:
            return subprocess.Popen(
                list(self.command or own),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # On Windows a host without a console must not open one.
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError:
            raise not_started() from None

    def _changed(self, *_: Any) -> None:
        self.received += 1
        self.skipped += self._waiting
        self._waiting = True
        self._send()

    def _send(self) -> None:
        """Send the node's picture if the process is free and the picture is new."""
        from readingroom.readers.guidewire.livepipe import packed

        if not (self._free and self._waiting and self._process and self._process.stdin):
            return
        self._waiting = False
        try:
            self._process.stdin.write(packed(self.received, picture_of(self.node)))
            self._process.stdin.flush()
            self._free = False
        except RefusedInput as fault:
            self._told(fault)
        except OSError:
            return  # the process is gone: `_poll` finds its output closed and says so

    def _poll(self) -> None:
        from readingroom.worker.pipe import read_available

        assert self._process is not None and self._process.stdout is not None
        chunk = read_available(self._process.stdout.fileno(), 0.0)
        if chunk is None:
            self._ended()
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    def _take(self, answer: dict[str, Any]) -> None:
        self._free = True
        if "wires" in answer and self._curves is not None:
            self.read += 1
            self._curves.show(answer["wires"])
        fault = answer.get("fault")
        self._told(answer if fault is None else RefusedInput(**fault))
        self._send()

    def _ended(self) -> None:
        self.stop()
        self._told(
            ReadingRoomError(
                "LIVE_ENDED",
                "The live reading process ended.",
                "Start the live feed again; if it ends again, the machine may lack memory.",
            )
        )
