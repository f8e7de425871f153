"""The rectangles that are segmented: every cell in one, and few pixels in all."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.readers.guidewire.networkinput import CELL
from readingroom.readers.guidewire.regions import halved, rectangles


def cells_at(*places, shape=(16, 16)):
    cells = np.zeros(shape, bool)
    for row, column in places:
        cells[row, column] = True
    return cells


def covered(boxes, shape=(16, 16)):
    """Return the cells that lie in some rectangle, and the rectangles' area in cells."""
    inside = np.zeros(shape, bool)
    for rows, columns in boxes:
        inside[
            rows.start // CELL : rows.stop // CELL, columns.start // CELL : columns.stop // CELL
        ] = 1
    area = sum((r.stop - r.start) * (c.stop - c.start) for r, c in boxes) / CELL**2
    return inside, area


def test_nothing_needs_no_rectangle():
    assert rectangles(cells_at()) == []


def test_one_cell_has_its_neighbours_with_it():
    assert rectangles(cells_at((4, 7))) == [
        (slice(3 * CELL, 6 * CELL), slice(6 * CELL, 9 * CELL)),
    ]


def test_at_the_border_there_is_no_margin():
    assert rectangles(cells_at((0, 15))) == [(slice(0, 2 * CELL), slice(14 * CELL, 16 * CELL))]


def test_two_far_ones_are_two_rectangles_and_near_ones_one():
    assert len(rectangles(cells_at((2, 2), (13, 13)))) == 2
    assert len(rectangles(cells_at((6, 6), (8, 8)))) == 1


def test_a_wire_across_the_frame_takes_less_than_half_of_it():
    cells = cells_at(*((n, n) for n in range(1, 15)))
    inside, area = covered(rectangles(cells))
    assert inside[cells].all()
    assert area < 0.5 * cells.size


def test_what_is_nearly_everywhere_is_the_whole_frame():
    cells = np.zeros((8, 8), bool)
    cells[1:7, 1:7] = True
    assert rectangles(cells) == [(slice(0, 8 * CELL), slice(0, 8 * CELL))]


@pytest.mark.parametrize("seed", range(5))
def test_every_cell_and_its_neighbours_are_in_some_rectangle(seed):
    cells = np.random.default_rng(seed).random((12, 20)) < 0.04
    inside, area = covered(rectangles(cells), cells.shape)
    near = np.zeros((14, 22), bool)
    for row, column in np.argwhere(cells):
        near[row : row + 3, column : column + 3] = True
    assert inside[near[1:-1, 1:-1]].all()
    assert area <= cells.size


def test_the_largest_rectangle_is_halved_where_it_outweighs_the_others():
    large, small = (slice(0, 512), slice(0, 256)), (slice(0, 96), slice(320, 416))
    upper, lower, other = halved([large, small])
    assert upper == (slice(0, 256 + CELL), slice(0, 256))
    assert lower == (slice(256 - CELL, 512), slice(0, 256))
    assert other == small


def test_what_is_balanced_or_small_is_not_halved():
    one, other = (slice(0, 256), slice(0, 256)), (slice(0, 256), slice(256, 512))
    assert halved([one, other]) == [one, other]
    assert halved([(slice(0, 96), slice(0, 96))]) == [(slice(0, 96), slice(0, 96))]
    assert halved([]) == []
