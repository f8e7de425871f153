"""Confusion, ROC and calibration against brute force and hand-worked numbers."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.evaluation.classification import (
    accuracy,
    auc,
    balanced_accuracy,
    brier,
    calibration_error,
    confusion_matrix,
    roc_curve,
    sensitivity,
    specificity,
)
from readingroom.evaluation.metric import bootstrap, wilson

TRUTH = ["LAD", "LAD", "LAD", "LAD", "RCA", "RCA", "NOISE"]
FOUND = ["LAD", "LAD", "LAD", "RCA", "RCA", "NOISE", "NOISE"]
CLASSES = ["LAD", "RCA", "NOISE", "BONE"]


def test_confusion_by_hand():
    table = confusion_matrix(TRUTH, FOUND, CLASSES)
    assert table.tolist() == [[3, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert accuracy(table).value == pytest.approx(5 / 7)
    assert balanced_accuracy(table) == pytest.approx((3 / 4 + 1 / 2 + 1) / 3)
    assert sensitivity(table, 0).value == pytest.approx(3 / 4)
    assert specificity(table, 1).value == pytest.approx(4 / 5)
    assert np.isnan(sensitivity(table, 3).value)


def test_wilson_interval_of_the_literature():
    # Newcombe, Stat Med 1998;17:857, table I, method 3: 81/263 and 15/148.
    assert (wilson(81, 263).low, wilson(81, 263).high) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert (wilson(15, 148).low, wilson(15, 148).high) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 20).low == 0 and wilson(0, 20).high == pytest.approx(0.1611, abs=1e-4)


@pytest.fixture
def scored():
    rng = np.random.default_rng(1)
    truth = rng.random(150) < 0.4
    return truth, np.round(truth + rng.normal(0, 1, 150), 1)  # rounded: ties


def test_auc_counts_the_pairs_in_the_right_order(scored):
    truth, scores = scored
    high, low = scores[truth], scores[~truth]
    pairs = (high[:, None] > low).mean() + 0.5 * (high[:, None] == low).mean()
    assert auc(truth, scores).value == pytest.approx(pairs)


def test_auc_is_the_area_under_the_curve(scored):
    curve = roc_curve(*scored)
    area = np.trapezoid(curve.sensitivity, curve.false_positive_rate)
    assert auc(*scored).value == pytest.approx(area)
    assert (curve.false_positive_rate[0], curve.sensitivity[0]) == (0, 0)
    assert (curve.false_positive_rate[-1], curve.sensitivity[-1]) == (1, 1)


def test_points_of_the_curve_are_those_of_their_thresholds(scored):
    truth, scores = scored
    curve = roc_curve(truth, scores)
    for place in (3, 10, 20):
        positive = scores >= curve.thresholds[place]
        assert curve.sensitivity[place] == pytest.approx(positive[truth].mean())
        assert curve.false_positive_rate[place] == pytest.approx(positive[~truth].mean())


def test_delong_interval_is_as_wide_as_resampling_says(scored):
    truth, scores = scored

    def area(drawn):
        return auc(truth[drawn], scores[drawn]).value

    resampled, found = bootstrap(area, len(truth)), auc(truth, scores)
    assert (found.low, found.high) == pytest.approx((resampled.low, resampled.high), abs=0.015)


def test_perfect_ranking_and_its_reverse():
    assert auc([0, 0, 1, 1], [1, 2, 3, 4]).value == 1
    assert auc([1, 1, 0, 0], [1, 2, 3, 4]).value == 0
    assert auc([0, 1, 0, 1], [5, 5, 5, 5]).value == 0.5


@pytest.mark.parametrize("truth", [[1, 1], [0, 0], [0, 1, 1]])
def test_roc_without_both_classes_is_refused(truth):
    with pytest.raises(ValueError, match="positives, negatives"):
        roc_curve(truth, [0.1, 0.2])


def test_calibration_by_hand():
    truth = [0, 1, 1, 1]
    given = [0.1, 0.2, 0.9, 1.0]
    assert brier(truth, given) == pytest.approx((0.01 + 0.64 + 0.01 + 0) / 4)
    # Bins of 0.2: {0.1}, {0.2}, {0.9, 1.0}.
    wanted = (0.1 + 0.8 + abs(1.9 - 2)) / 4
    assert calibration_error(truth, given, bins=5) == pytest.approx(wanted)


def test_probabilities_that_tell_the_truth_are_calibrated():
    rng = np.random.default_rng(0)
    given = rng.random(20000)
    assert calibration_error(rng.random(20000) < given, given) < 0.02
    assert calibration_error(rng.random(20000) < given**2, given) > 0.1
