"""Frames in and results out, as binary WebSocket messages; little-endian.

A frame: ``RRF1``, frame number uint32, columns uint16, rows uint16, bits uint8 (8 or 16),
three bytes of zero, then the pixels row by row.

A result: ``RRR1``, length of the header uint32, the header as UTF-8 JSON, zeros up to a
multiple of four, then the mask as uint32 pairs: first pixel (row by row) and length of each
run. The header has ``frame``, ``columns``, ``rows``, ``ms``, ``skipped``, and ``wires``: a list
of ``kind``, ``identity``, ``centerline_xy_px``, ``tip_xy_px``, ``inferred``, ``confidence``.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput

_FRAME = struct.Struct("<4sIHHB3x")
_RESULT = struct.Struct("<4sI")
#: Smallest and largest side of a frame, px.
SIDES = (32, 2048)
#: Largest message that a browser may send, bytes: one frame of 2048 × 2048 at 16 bits.
MESSAGE_BYTES = _FRAME.size + 2 * SIDES[1] ** 2


@dataclass(frozen=True)
class Frame:
    """One frame of a browser: its number and its pixels ``[row, column]``."""

    number: int
    pixels: npt.NDArray[np.unsignedinteger[Any]]


def unpack_frame(message: bytes) -> Frame:
    """Return the frame that a message holds.

    Raises
    ------
    RefusedInput
        ``FRAME_MALFORMED`` with what is wrong.
    """
    if len(message) < _FRAME.size:
        raise _malformed("is too short")
    magic, number, columns, rows, bits = _FRAME.unpack_from(message)
    if magic != b"RRF1":
        raise _malformed("does not begin with RRF1")
    if bits not in (8, 16):
        raise _malformed(f"has {bits} bits a pixel, not 8 or 16")
    if not all(SIDES[0] <= side <= SIDES[1] for side in (columns, rows)):
        raise _malformed(f"has {columns} × {rows} pixels, not {SIDES[0]} to {SIDES[1]} a side")
    expected = _FRAME.size + rows * columns * bits // 8
    if len(message) != expected:
        raise _malformed(f"has {len(message)} bytes, not {expected}")
    kind = np.dtype("u1" if bits == 8 else "<u2")
    pixels = np.frombuffer(message, kind, offset=_FRAME.size).reshape(rows, columns)
    return Frame(number, pixels)


def pack_frame(number: int, pixels: npt.NDArray[np.unsignedinteger[Any]]) -> bytes:
    """Return the message of a frame, as the page makes it."""
    rows, columns = pixels.shape
    kind = "u1" if pixels.dtype.itemsize == 1 else "<u2"
    head = _FRAME.pack(b"RRF1", number, columns, rows, 8 * pixels.dtype.itemsize)
    return head + pixels.astype(kind).tobytes()


def pack_result(header: dict[str, Any], mask: npt.NDArray[np.bool_]) -> bytes:
    """Return the message of a result."""
    text = json.dumps(header, separators=(",", ":")).encode()
    padding = b"\0" * (-(_RESULT.size + len(text)) % 4)
    return _RESULT.pack(b"RRR1", len(text)) + text + padding + runs_of(mask).tobytes()


def unpack_result(message: bytes) -> tuple[dict[str, Any], npt.NDArray[np.bool_]]:
    """Return header and mask of a result, as the page reads it."""
    _, length = _RESULT.unpack_from(message)
    end = _RESULT.size + length
    header = json.loads(message[_RESULT.size : end])
    runs = np.frombuffer(message, "<u4", offset=end + -end % 4).reshape(-1, 2)
    mask = np.zeros(header["rows"] * header["columns"], bool)
    for first, count in runs:
        mask[first : first + count] = True
    return header, mask.reshape(header["rows"], header["columns"])


def runs_of(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint32]:
    """Return first pixel and length of the runs of True, row by row, ``[n, 2]``."""
    flat = np.concatenate([[False], mask.ravel(), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1]).reshape(-1, 2)
    return np.column_stack([edges[:, 0], edges[:, 1] - edges[:, 0]]).astype("<u4")


def _malformed(what: str) -> RefusedInput:
    return RefusedInput(
        "FRAME_MALFORMED",
        f"The message {what}.",
        "Send frames as Docs/userguide describes them.",
    )
