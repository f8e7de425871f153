"""Scores of centrelines against cases counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from readingroom.evaluation import topology


def a_line(x0: float, x1: float, y: float = 20.0) -> np.ndarray:
    return np.array([[x0, y], [x1, y]])


TRUE = a_line(10, 110)


def test_the_same_line_scores_one():
    score = topology.curve_score([TRUE], [TRUE], 2.0)
    assert (score.precision, score.recall, score.f1) == (1.0, 1.0, 1.0)


def test_half_of_a_line_has_full_precision_and_half_the_recall():
    score = topology.curve_score([a_line(10, 60)], [TRUE], 1e-6)
    assert score.precision == 1.0
    assert score.recall == pytest.approx(0.5, abs=0.005)
    assert score.f1 == pytest.approx(2 / 3, abs=0.005)


@pytest.mark.parametrize(("apart", "within"), [(1.9, 1.0), (2.1, 0.0)])
def test_the_tolerance_is_two_pixels(apart, within):
    assert topology.curve_score([a_line(10, 110, 20 + apart)], [TRUE], 2.0).f1 == within


def test_length_counts_and_not_the_number_of_points_given():
    dense = np.column_stack([np.linspace(10, 60, 999), np.full(999, 20.0)])
    far = a_line(60, 110, 40)
    assert topology.curve_score([dense, far], [TRUE], 2.0).precision == pytest.approx(0.5, abs=0.01)


def test_nothing_found_and_nothing_there_are_different_things():
    assert topology.curve_score([], [TRUE], 2.0).f1 == 0.0
    assert topology.curve_score([TRUE], [], 2.0).f1 == 0.0
    assert math.isnan(topology.curve_score([], [], 2.0).f1)


def test_two_pieces_are_one_break_and_three_are_two():
    pieces = [a_line(10, 40), a_line(45, 70), a_line(75, 110)]
    assert topology.breaks([TRUE], TRUE) == 0
    assert topology.breaks(pieces[:2], TRUE) == 1
    assert topology.breaks(pieces, TRUE) == 2


def test_a_gap_of_one_pixel_is_a_break_though_overlap_hardly_changes():
    assert topology.breaks([a_line(10, 60), a_line(61, 110)], TRUE) == 1
    mask = topology.drawn([TRUE], (40, 120), 1.0)
    assert topology.breaks_in_mask(mask, TRUE) == 0
    mask[:, 60] = False
    assert topology.breaks_in_mask(mask, TRUE) == 1


def test_a_curve_elsewhere_or_a_missed_wire_is_no_break():
    assert topology.breaks([TRUE, a_line(10, 110, 35)], TRUE) == 0
    assert topology.breaks([], TRUE) == 0


def test_the_tip_is_the_last_point():
    assert topology.tip_error([a_line(10, 107)], TRUE) == pytest.approx(3.0)
    assert topology.tip_error([], TRUE) == math.inf


def test_hausdorff_leaves_out_the_farthest_twentieth():
    # A tenth of the truth is not reached: of its length the 95th percentile is 5 px away.
    assert topology.hausdorff_95([a_line(10, 100)], [TRUE]) == pytest.approx(5.0, abs=0.3)
    assert topology.hausdorff_95([], [TRUE]) == math.inf
    assert math.isnan(topology.hausdorff_95([], []))


def test_cl_dice_of_a_half_covered_skeleton():
    truth = topology.drawn([TRUE], (40, 120), 1.0)
    half = truth.copy()
    half[:, 61:] = False
    # All of the half's skeleton is in the truth, half of the truth's in it: 2 * 1 * .5 / 1.5.
    assert topology.cl_dice(half, truth) == pytest.approx(2 / 3, abs=0.02)
    assert topology.cl_dice(truth, truth) == 1.0
    assert topology.cl_dice(np.zeros_like(truth), truth) == 0.0
    assert math.isnan(topology.cl_dice(np.zeros_like(truth), np.zeros_like(truth)))


def test_a_frame_is_scored_in_one_go():
    score = topology.score_frame([a_line(10, 60), a_line(62, 108), a_line(10, 60, 35)], [TRUE])
    assert score.f1_2px.recall == 1.0
    assert score.breaks == 1
    assert score.tip_errors_px == pytest.approx((2.0,))
    assert score.false_length_px == pytest.approx(50.0, abs=1.0)
