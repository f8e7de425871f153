"""Frames in through a pipe, wires out: for a host that cannot load the networks itself.

A frame is a header (number uint32, rows and columns uint16, bits uint8 of 8 or 16, three zeros;
little-endian) and its pixels row by row. Each is answered with one line of JSON before the next
is sent, so that nothing queues: ``{"frame", "ms", "wires"}``, or ``{"frame", "fault"}``. The first
line, ``{"ready": true}``, comes when the networks are loaded.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol, TextIO

import numpy as np
import numpy.typing as npt

from readingroom.errors import ReadingRoomError

_FRAME = struct.Struct("<IHHB3x")


class Analysis(Protocol):
    """What an analyser says of a frame; see `livesequence.Found`."""

    @property
    def wires(self) -> list[dict[str, Any]]:
        """The devices as plain data."""

    @property
    def ms(self) -> float:
        """Time it took."""


Analyser = Callable[[npt.NDArray[Any]], Analysis]


def packed(number: int, pixels: npt.NDArray[np.unsignedinteger[Any]]) -> bytes:
    """Return the bytes of a frame ``(row, col)`` of uint8 or uint16."""
    bits = 8 * pixels.dtype.itemsize
    little = pixels.astype("u1" if bits == 8 else "<u2", copy=False)
    return _FRAME.pack(number, *pixels.shape, bits) + np.ascontiguousarray(little).tobytes()


def read_frame(incoming: BinaryIO) -> tuple[int, npt.NDArray[np.unsignedinteger[Any]]] | None:
    """Return the next frame and its number; None at the end, also in the middle of a frame."""
    head = incoming.read(_FRAME.size)
    if len(head) < _FRAME.size:
        return None
    number, rows, columns, bits = _FRAME.unpack(head)
    size = rows * columns * bits // 8
    body = incoming.read(size)
    if len(body) < size:
        return None
    return number, np.frombuffer(body, "u1" if bits == 8 else "<u2").reshape(rows, columns)


def serve(incoming: BinaryIO, answers: TextIO, analyser: Analyser) -> None:
    """Answer frame after frame until there are no more."""
    _tell(answers, {"ready": True})
    while (taken := read_frame(incoming)) is not None:
        number, pixels = taken
        try:
            found = analyser(pixels)
        except ReadingRoomError as fault:
            _tell(answers, {"frame": number, "fault": fault.as_dict()})
            continue
        _tell(answers, {"frame": number, "ms": round(found.ms, 1), "wires": found.wires})


def _tell(answers: TextIO, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what, separators=(",", ":")) + "\n")
    answers.flush()
