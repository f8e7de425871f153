"""Which rectangles of a frame are segmented: few and small ones around the cells that count.

A wire runs across a frame: the rectangle around it is mostly empty. Two or three rectangles
along it have less than half of its area, which is what segmenting costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire.networkinput import CELL

Box = tuple[slice, slice]

#: Cells that a rectangle takes to all sides of what it is for: context for the network.
_MARGIN = 1
#: What every rectangle costs beside its area, cells (measured: about 1 ms).
_EACH = 8
#: A rectangle that covers more than this of the frame is the whole frame.
_NEARLY_ALL = 0.8
#: A smaller rectangle is not worth halving, px.
_WORTH_HALVING = 160 * 160


class _Part(NamedTuple):
    """The cells of rows ``top`` … and columns ``left`` …, the ends left out, none empty."""

    top: int
    left: int
    bottom: int
    right: int


def rectangles(cells: npt.NDArray[np.bool_]) -> list[Box]:
    """Return the rectangles of pixels to segment so that every cell is in one, with a margin.

    Parameters
    ----------
    cells : ndarray of bool, ``[row, column]``
        Squares of `CELL` pixels that hold something.

    Returns
    -------
    list of (slice, slice)
        Rows and columns in pixels. They may overlap. One that is nearly the whole frame is it.
    """
    shape = (cells.shape[0], cells.shape[1])
    rows = [int("".join("1" if one else "0" for one in row), 2) for row in cells[:, ::-1].tolist()]
    whole = _tight(rows, 0, shape[0], 0, shape[1])
    if whole is None:
        return []
    found = [_grown(part, shape) for part in _split(rows, whole, shape)[1]]
    if sum(_area(part) for part in found) > _NEARLY_ALL * shape[0] * shape[1]:
        found = [_Part(0, 0, *shape)]
    return [
        (
            slice(part.top * CELL, part.bottom * CELL),
            slice(part.left * CELL, part.right * CELL),
        )
        for part in found
    ]


def halved(boxes: list[Box]) -> list[Box]:
    """Return the rectangles with the largest one halved if it outweighs all others together.

    So two workers are done at about the same time. The halves overlap by a margin each.
    """
    sizes = [_pixels(box) for box in boxes]
    if not boxes or max(sizes) < _WORTH_HALVING or 2 * max(sizes) <= sum(sizes):
        return boxes
    largest = boxes[int(np.argmax(sizes))]
    long = max((0, 1), key=lambda axis: largest[axis].stop - largest[axis].start)
    side, margin = largest[long], _MARGIN * CELL
    middle = (side.start + side.stop) // (2 * CELL) * CELL
    ends = slice(side.start, middle + margin), slice(middle - margin, side.stop)
    halves = [(end, largest[1]) if long == 0 else (largest[0], end) for end in ends]
    return [*halves, *(box for box in boxes if box is not largest)]


def _pixels(box: Box) -> int:
    return int((box[0].stop - box[0].start) * (box[1].stop - box[1].start))


def _split(rows: list[int], part: _Part, shape: tuple[int, int]) -> tuple[int, list[_Part]]:
    """Return the least cost of covering a part's cells, and the parts that have it.

    Cut along a row or a column, and the halves again, as long as that saves something.
    """
    cost = _cost(part, shape)
    halves = min(_cuts(rows, part, shape), key=lambda pair: pair[0], default=None)
    if halves is None or halves[0] >= cost:
        return cost, [part]
    parts = [_split(rows, half, shape) for half in halves[1]]
    return sum(one for one, _ in parts), [half for _, some in parts for half in some]


def _cuts(
    rows: list[int], part: _Part, shape: tuple[int, int]
) -> Iterator[tuple[int, list[_Part]]]:
    """Yield the cost of the two halves for every cut, and the halves."""
    pairs = [
        ((part.top, at, part.left, part.right), (at, part.bottom, part.left, part.right))
        for at in range(part.top + 1, part.bottom)
    ]
    pairs += [
        ((part.top, part.bottom, part.left, at), (part.top, part.bottom, at, part.right))
        for at in range(part.left + 1, part.right)
    ]
    for pair in pairs:
        halves = [half for place in pair if (half := _tight(rows, *place)) is not None]
        yield sum(_cost(half, shape) for half in halves), halves


def _grown(part: _Part, shape: tuple[int, int]) -> _Part:
    return _Part(
        max(part.top - _MARGIN, 0),
        max(part.left - _MARGIN, 0),
        min(part.bottom + _MARGIN, shape[0]),
        min(part.right + _MARGIN, shape[1]),
    )


def _area(part: _Part) -> int:
    return (part.bottom - part.top) * (part.right - part.left)


def _cost(part: _Part, shape: tuple[int, int]) -> int:
    return _area(_grown(part, shape)) + _EACH


def _tight(rows: list[int], top: int, bottom: int, left: int, right: int) -> _Part | None:
    """Return the rows and columns from the first cell to the last in a range; None if empty."""
    window = ((1 << right) - 1) & ~((1 << left) - 1)
    filled = [number for number in range(top, bottom) if rows[number] & window]
    if not filled:
        return None
    columns = 0
    for number in filled:
        columns |= rows[number] & window
    lowest = (columns & -columns).bit_length() - 1
    return _Part(filled[0], lowest, filled[-1] + 1, columns.bit_length())
