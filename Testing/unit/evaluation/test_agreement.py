"""Agreement against published tables and second implementations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from readingroom.evaluation.agreement import bland_altman, icc_2_1, kappa, pearson, spearman

# Shrout and Fleiss 1979, table 2: six targets, four judges.
SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]
# Bland and Altman, Lancet 1986: peak flow (l/min), Wright and mini Wright, first readings.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_icc_of_shrout_and_fleiss():
    icc = icc_2_1(SHROUT_FLEISS)
    assert icc.value == pytest.approx(0.29, abs=0.005)
    assert (icc.low, icc.high) == pytest.approx((0.019, 0.761), abs=0.001)


def test_icc_interval_covers_the_truth_as_often_as_it_says():
    # Variances 4 (subjects), 0 (raters), 1 (error): ICC = 0.8.
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        table = rng.normal(0, 2, (30, 1)) + rng.normal(0, 1, (30, 2))
        icc = icc_2_1(table)
        covered += icc.low <= 0.8 <= icc.high
    assert 0.92 <= covered / 400 <= 0.98


def test_icc_sees_a_bias_that_correlation_does_not():
    truth = np.arange(20.0)
    assert icc_2_1(np.column_stack([truth, truth + 10])).value < 0.5
    assert pearson(truth, truth + 10).value == pytest.approx(1)


def test_icc_of_perfect_agreement_and_of_no_variance():
    same = icc_2_1([[1, 1], [5, 5], [9, 9]])
    assert (same.value, same.low, same.high) == (1, 1, 1)
    assert np.isnan(icc_2_1([[3, 3], [3, 3]]).value)


@pytest.mark.parametrize("bad", [[[1, 2]], [1, 2, 3], [[1, 2], [np.nan, 4]]])
def test_what_cannot_be_rated_is_refused(bad):
    with pytest.raises(ValueError, match="two subjects"):
        icc_2_1(bad)


def test_bland_altman_of_the_lancet_paper():
    agreement = bland_altman(WRIGHT, MINI)
    assert agreement.bias.value == pytest.approx(-2.1, abs=0.05)
    assert agreement.sd == pytest.approx(38.8, abs=0.05)
    # The paper takes ±2 SD: -79.7 and 75.5.
    assert agreement.bias.value - 2 * agreement.sd == pytest.approx(-79.7, abs=0.1)
    # Its intervals: bias -22.0 to 17.8, t = 2.12 with 16 degrees of freedom.
    assert (agreement.bias.low, agreement.bias.high) == pytest.approx((-22.0, 17.8), abs=0.1)
    # The limits' standard error is near sqrt(3 s² / n) = 16.3 there.
    error = (agreement.upper.high - agreement.upper.value) / stats.t.ppf(0.975, 16)
    assert error == pytest.approx(np.sqrt(3 * 38.8**2 / 17), rel=0.03)


def test_kappa_of_fleiss():
    # Fleiss, Statistical Methods for Rates and Proportions, 1981, table 13.1.
    assert kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]]).value == pytest.approx(0.676, abs=0.001)
    assert kappa([[20, 5], [10, 15]]).value == pytest.approx(0.4)


def kappa_by_pairs(table, power):
    """A second implementation: disagreement of all pairs of subjects by brute force."""
    first, second = [], []
    for (i, j), count in np.ndenumerate(np.asarray(table)):
        first += [i] * count
        second += [j] * count
    first, second = np.array(first), np.array(second)

    def cost(a, b):
        return (a != b).astype(float) if power == 0 else np.abs(a - b).astype(float) ** power

    return 1 - cost(first, second).mean() / cost(first[:, None], second[None]).mean()


@pytest.mark.parametrize(("weights", "power"), [("plain", 0), ("linear", 1), ("quadratic", 2)])
def test_weighted_kappa_by_brute_force(weights, power):
    table = np.random.default_rng(2).integers(0, 9, (4, 4)) + 5 * np.eye(4, dtype=int)
    assert kappa(table, weights).value == pytest.approx(kappa_by_pairs(table, power))


@pytest.mark.parametrize("weights", ["plain", "linear", "quadratic"])
def test_kappa_interval_is_as_wide_as_resampling_says(weights):
    rng = np.random.default_rng(3)
    table = np.array([[60, 10, 2], [8, 40, 9], [1, 7, 63]])
    draws = rng.multinomial(table.sum(), (table / table.sum()).ravel(), 2000).reshape(-1, 3, 3)
    spread = np.std([kappa(draw, weights).value for draw in draws])
    found = kappa(table, weights)
    assert (found.high - found.low) / (2 * 1.96) == pytest.approx(spread, rel=0.06)


def test_kappa_where_chance_alone_agrees_is_undefined():
    assert np.isnan(kappa([[30, 0], [0, 0]]).value)


def test_correlations_against_scipy():
    rng = np.random.default_rng(4)
    a = rng.integers(0, 12, 60).astype(float)  # many ties
    b = a + rng.normal(0, 4, 60)
    wanted = stats.pearsonr(a, b)
    found = pearson(a, b)
    assert found.value == pytest.approx(wanted.statistic)
    assert (found.low, found.high) == pytest.approx(tuple(wanted.confidence_interval()))
    assert spearman(a, b).value == pytest.approx(stats.spearmanr(a, b).statistic)


def test_rank_correlation_of_any_rising_curve_is_one():
    a = np.linspace(1, 5, 30)
    assert spearman(a, np.exp(a)).value == pytest.approx(1)
    assert np.isnan(pearson(a, np.ones(30)).value)
