"""Matching findings to truth, and FROC, by cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.evaluation.detection import (
    Case,
    competition_metric,
    false_positives_per_case,
    froc,
    match,
    overall_sensitivity,
    sensitivity,
    sensitivity_at,
)

# Three cases: hit at 0.9 with a repeat at 0.5 and a false one at 0.7; a truth just out
# of reach; no truth and one false finding at 0.8.
CASES = [
    Case.of([[0, 0, 0, 0.9], [1, 0, 0, 0.5], [40, 0, 0, 0.7]], [[0, 0, 2, 5]]),
    Case.of([[10, 0, 0, 0.6], [30, 0, 0, 0.4]], [[10, 3, 0, 4], [30, 5.1, 0, 5]]),
    Case.of([[5, 5, 5, 0.8]], []),
]


@pytest.fixture
def matches():
    return [match(case) for case in CASES]


def test_matching_by_hand(matches):
    assert matches[0].found_at.tolist() == [0.9]
    assert matches[0].false_positives.tolist() == [0.7]
    assert matches[1].found_at.tolist() == [0.6, -np.inf]
    assert matches[1].false_positives.tolist() == [0.4]
    assert matches[2].found_at.size == 0 and matches[2].false_positives.tolist() == [0.8]


def test_finding_between_two_truths_belongs_to_the_nearer():
    found = match(Case.of([[4, 0, 0, 0.5]], [[0, 0, 0, 9], [6, 0, 0, 9]]))
    assert found.found_at.tolist() == [-np.inf, 0.5]


def test_finding_whose_nearest_truth_is_too_small_belongs_to_the_next():
    found = match(Case.of([[4, 0, 0, 0.5]], [[0, 0, 0, 9], [6, 0, 0, 1]]))
    assert found.found_at.tolist() == [0.5, -np.inf]
    assert found.false_positives.size == 0


def test_sensitivity_and_false_positives_by_hand(matches):
    assert sensitivity(matches) == pytest.approx(2 / 3)
    assert false_positives_per_case(matches) == pytest.approx(1)
    assert sensitivity(matches, 0.7) == pytest.approx(1 / 3)
    assert false_positives_per_case(matches, 0.7) == pytest.approx(2 / 3)


def test_froc_by_hand(matches):
    curve = froc(matches)
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.8, 0.7, 0.6, 0.4]
    assert curve.false_positives * 3 == pytest.approx([0, 0, 1, 2, 2, 3])
    assert curve.sensitivity * 3 == pytest.approx([0, 1, 1, 1, 2, 2])
    assert curve.at(0) == pytest.approx(1 / 3)
    assert curve.at(0.66) == pytest.approx(1 / 3)
    assert curve.at(0.67) == pytest.approx(2 / 3)


def test_froc_agrees_with_every_threshold_counted_anew():
    rng = np.random.default_rng(0)
    cases = [
        Case.of(
            np.column_stack([rng.uniform(0, 30, (8, 3)), np.round(rng.random(8), 1)]),
            np.column_stack([rng.uniform(0, 30, (4, 3)), rng.uniform(5, 12, 4)]),
        )
        for _ in range(12)
    ]
    matches = [match(case) for case in cases]
    curve = froc(matches)
    for index, threshold in enumerate(curve.thresholds):
        assert curve.sensitivity[index] == pytest.approx(sensitivity(matches, threshold))
        wanted = false_positives_per_case(matches, threshold)
        assert curve.false_positives[index] == pytest.approx(wanted)


def test_intervals_are_repeatable_and_hold_the_value(matches):
    many = matches * 10
    first, again = sensitivity_at(many, 0.7, repeats=200), sensitivity_at(many, 0.7, repeats=200)
    assert first == again
    assert first.low < first.value < first.high
    assert overall_sensitivity(many, repeats=200).value == pytest.approx(2 / 3)
    # At 1/8, 1/4 and 1/2 false positives one truth of three is found, above that two.
    wanted = (3 * 1 / 3 + 4 * 2 / 3) / 7
    assert competition_metric(many, repeats=20).value == pytest.approx(wanted)


def test_no_finding_anywhere():
    matches = [match(Case.of([], [[0, 0, 0, 5]]))]
    assert sensitivity(matches) == 0 and false_positives_per_case(matches) == 0
    assert froc(matches).at(8) == 0
    assert np.isnan(sensitivity([match(Case.of([], []))]))
