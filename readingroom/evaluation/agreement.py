"""Agreement of two measurements: ICC(2,1), Bland-Altman, Cohen's kappa, correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from readingroom.evaluation.metric import Metric

Numbers = Sequence[float] | npt.NDArray[Any]
KappaWeights = Literal["plain", "linear", "quadratic"]

_Z = 1.959963984540054


def icc_2_1(ratings: npt.ArrayLike) -> Metric:
    """Return ICC(2,1): absolute agreement of single measurements, two-way random effects.

    Definition: Shrout and Fleiss, Psychol Bull 1979;86:420. Interval: McGraw and Wong,
    Psychol Methods 1996;1:30, ICC(A,1).

    Parameters
    ----------
    ratings : array_like, shape (subjects, raters)
        At least two of each. NaN is returned where no variance is left to explain.
    """
    table = _table(ratings)
    n, k = table.shape
    rows, columns, error = _mean_squares(table)
    bottom = rows + (k - 1) * error + k * (columns - error) / n
    if bottom <= 0:
        return Metric(math.nan)
    icc = (rows - error) / bottom
    if error <= 1e-12 * rows and columns <= 1e-12 * rows:
        return Metric(float(icc), 1.0, 1.0)
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    freedom = (a * columns + b * error) ** 2 / (
        (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    )
    f_low = stats.f.ppf(0.975, n - 1, freedom)
    f_high = stats.f.ppf(0.975, freedom, n - 1)
    rest = k * columns + (k * n - k - n) * error
    low = n * (rows - f_low * error) / (f_low * rest + n * rows)
    high = n * (f_high * rows - error) / (rest + n * f_high * rows)
    return Metric(float(icc), float(low), float(high))


def _mean_squares(table: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the mean squares of subjects, raters and residual of a two-way table."""
    n, k = table.shape
    grand = table.mean()
    rows = k * ((table.mean(axis=1) - grand) ** 2).sum()
    columns = n * ((table.mean(axis=0) - grand) ** 2).sum()
    residual = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + grand
    error = (residual**2).sum()
    return rows / (n - 1), columns / (k - 1), error / ((n - 1) * (k - 1))


@dataclass(frozen=True)
class BlandAltman:
    """Bias and 95 % limits of agreement, each with its confidence interval."""

    bias: Metric
    lower: Metric
    upper: Metric
    sd: float


def bland_altman(found: Numbers, truth: Numbers) -> BlandAltman:
    """Return bias (found minus truth) and limits of agreement, bias ± 1.96 SD.

    Source: Bland and Altman, Stat Methods Med Res 1999;8:135, with their intervals (the
    variance of a limit is ``s² (1/n + 1.96² / (2 (n - 1)))``).
    """
    difference = _pair(found, truth) @ np.array([1.0, -1.0])
    n = len(difference)
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t = float(stats.t.ppf(0.975, n - 1))
    of_bias = t * sd / math.sqrt(n)
    of_limit = t * sd * math.sqrt(1 / n + _Z**2 / (2 * (n - 1)))
    ends = [bias - _Z * sd, bias + _Z * sd]
    lower, upper = (Metric(end, end - of_limit, end + of_limit) for end in ends)
    return BlandAltman(Metric(bias, bias - of_bias, bias + of_bias), lower, upper, sd)


def kappa(table: npt.ArrayLike, weights: KappaWeights = "plain") -> Metric:
    """Return Cohen's kappa of a square table of counts.

    Definition: Cohen, Educ Psychol Meas 1960;20:37 and Psychol Bull 1968;70:213 (weights
    ``1 - |i - j| / (classes - 1)`` or its square). Interval from the large-sample error
    of Fleiss, Cohen and Everitt, Psychol Bull 1969;72:323.

    Parameters
    ----------
    table : array_like, shape (classes, classes)
        Row: first rater's class, column: second's. NaN is returned where chance alone
        gives perfect agreement.
    """
    counts = np.asarray(table, dtype=np.float64)
    total = counts.sum()
    p = counts / total
    first, second = p.sum(axis=1), p.sum(axis=0)
    w = _agreement_weights(len(p), weights)
    observed, expected = float((w * p).sum()), float(first @ w @ second)
    if expected >= 1:
        return Metric(math.nan)
    value = (observed - expected) / (1 - expected)
    mean_weights = (w @ second)[:, None] + (first @ w)[None, :]
    spread = (p * (w - mean_weights * (1 - value)) ** 2).sum()
    variance = (spread - (value - expected * (1 - value)) ** 2) / (total * (1 - expected) ** 2)
    half = _Z * math.sqrt(max(float(variance), 0.0))
    return Metric(value, max(value - half, -1.0), min(value + half, 1.0))


def _agreement_weights(classes: int, weights: KappaWeights) -> npt.NDArray[np.float64]:
    if weights == "plain" or classes == 1:
        return np.eye(classes)
    index = np.arange(classes)
    distance = np.abs(index[:, None] - index) / (classes - 1)
    return np.asarray(1 - distance ** (1 if weights == "linear" else 2))


def pearson(found: Numbers, truth: Numbers) -> Metric:
    """Return the product-moment correlation with Fisher's z interval."""
    pair = _pair(found, truth)
    return _correlation(pair, lambda r: 1 / math.sqrt(len(pair) - 3))


def spearman(found: Numbers, truth: Numbers) -> Metric:
    """Return the rank correlation, ties at their mean rank.

    Interval: Bonett and Wright, Psychometrika 2000;65:23.
    """
    pair = stats.rankdata(_pair(found, truth), axis=0)
    return _correlation(pair, lambda r: math.sqrt((1 + r**2 / 2) / (len(pair) - 3)))


def _correlation(pair: npt.NDArray[np.float64], error: Any) -> Metric:
    if (np.ptp(pair, axis=0) == 0).any():
        return Metric(math.nan)
    r = float(np.clip(np.asarray(np.corrcoef(pair.T))[0, 1], -1, 1))
    if len(pair) < 4 or abs(r) > 1 - 1e-12:
        return Metric(r)
    z, half = math.atanh(r), _Z * error(r)
    return Metric(r, math.tanh(z - half), math.tanh(z + half))


def _pair(found: Numbers, truth: Numbers) -> npt.NDArray[np.float64]:
    return _table(np.column_stack([np.asarray(found, float), np.asarray(truth, float)]))


def _table(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise ValueError("agreement needs at least two subjects and two finite ratings of each")
    return table
