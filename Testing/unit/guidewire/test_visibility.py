"""How well wires can be seen: the index against its formula, the parts, the numbers by class."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from readingroom.evaluation.pairs import parse_pairs
from readingroom.readers.guidewire.visibility import (
    SEGMENT_PX,
    Segment,
    parts_seen,
    recall,
    segments,
    unseen,
)

SIZE, ROW = 400, 100
WHOLE = np.ones((200, SIZE), bool)


def a_line(start=0, stop=SIZE, row=ROW):
    x = np.arange(start, stop, dtype=float)
    return np.column_stack([x, np.full_like(x, row)])


def a_frame(depth, noise=1.0, seed=0):
    """Return white noise with a dark line one pixel wide."""
    frame = np.random.default_rng(seed).normal(0, noise, (200, SIZE))
    frame[ROW] -= depth
    return frame


def expected_index(depth, noise=1.0):
    """Return what the smoothing kernel leaves of the line, over the deviation of a mean of 40."""
    kernel = ndimage.gaussian_filter1d(np.eye(41)[20], 0.7)
    weights = kernel - 0.5 * (np.roll(kernel, 5) + np.roll(kernel, -5))
    spread = noise * np.sqrt((weights**2).sum() / SEGMENT_PX)
    return depth * weights[20] / spread


@pytest.mark.parametrize("depth", [0.5, 1.0, 2.0])
def test_index_in_white_noise_is_contrast_over_deviation(depth):
    found = [
        one.index
        for seed in range(12)
        for one in segments(a_frame(depth, seed=seed), a_line(), WHOLE)
    ]
    assert len(found) == 120
    assert np.median(found) == pytest.approx(expected_index(depth), rel=0.12)


def test_where_there_is_no_line_the_index_is_about_nought():
    found = [
        one.index
        for seed in range(12)
        for one in segments(a_frame(0.0, seed=seed), a_line(), WHOLE)
    ]
    assert abs(np.median(found)) < 0.3 and np.percentile(found, 95) < 3


def test_scale_and_offset_of_the_frame_do_not_matter():
    frame = a_frame(1.0)
    plain, other = (segments(one, a_line(), WHOLE) for one in (frame, 0.01 * frame + 7))
    assert [one.index for one in plain] == pytest.approx([one.index for one in other])


def test_structure_along_the_wire_is_noise():
    quiet = segments(a_frame(1.0), a_line(), WHOLE)[0].index
    striped = a_frame(1.0) + 2.0 * np.random.default_rng(1).normal(0, 1, (200, 1))
    assert segments(striped, a_line(), WHOLE)[0].index < 0.5 * quiet


def test_segments_make_up_the_wire_and_the_last_ends_with_it():
    found = segments(a_frame(1.0), a_line(0, 130), WHOLE)
    assert [len(one.points) for one in found] == [40, 40, 50]
    assert [one.last for one in found] == [False, False, True]
    assert segments(a_frame(1.0), a_line(0, 2), WHOLE) == []


def test_outside_the_field_nothing_is_known():
    narrow = np.zeros_like(WHOLE)
    narrow[ROW - 9 : ROW + 10] = True
    assert all(np.isnan(one.index) for one in segments(a_frame(1.0), a_line(), narrow))


def three_segments(*indices):
    points = [a_line(40 * n, 40 * n + 40) for n in range(3)]
    return [Segment(p, i, n == 2) for n, (p, i) in enumerate(zip(points, indices, strict=True))]


def test_neighbours_that_can_be_seen_are_one_part():
    (part, last), *others = parts_seen(three_segments(9.0, 7.0, 2.0))
    assert len(part) == 80 and not last and not others
    assert [last for _, last in parts_seen(three_segments(9.0, np.nan, 8.0))] == [False, True]


def test_pixels_of_the_hidden_part_are_left_out_up_to_the_seen_one():
    hidden = unseen(three_segments(9.0, 2.0, 9.0), WHOLE.shape)
    assert hidden[ROW - 6 : ROW + 7, 60].all() and not hidden[ROW - 7, 60]
    assert not hidden[ROW, :40].any() and not hidden[ROW, 80:].any()
    assert not unseen(three_segments(9.0, 9.0, 9.0), WHOLE.shape).any()


def test_recall_of_a_segment():
    one = Segment(a_line(0, 40), 9.0, True)
    assert recall(one, []) == 0.0
    assert recall(one, [a_line(0, 20, ROW + 1)]) == pytest.approx(0.525, abs=0.03)


def test_numbers_by_class():
    frames = [[(1.0, 0.0), (7.0, 0.5)], [(8.0, 1.0), (20.0, 1.0)]]
    metrics = parse_pairs({"v": {"kind": "visibility", "frames": frames}})["v"].metrics()
    assert metrics["parts_under_2"].value == 1 and metrics["recall_under_2"].value == 0
    assert metrics["parts_6_to_10"].value == 2 and metrics["recall_6_to_10"].value == 0.75
    assert metrics["parts_from_10"].value == 1 and "recall_2_to_4" not in metrics
