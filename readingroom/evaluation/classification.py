"""How well classes and probabilities are told: confusion, ROC, calibration."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from readingroom.evaluation.metric import Metric, wilson

FloatArray = npt.NDArray[np.float64]


def confusion_matrix(
    truth: Sequence[Any], found: Sequence[Any], classes: Sequence[Any]
) -> npt.NDArray[np.int64]:
    """Return counts, row: true class, column: found class, in the order of `classes`."""
    place = {name: index for index, name in enumerate(classes)}
    table = np.zeros((len(classes), len(classes)), np.int64)
    for wanted, got in zip(truth, found, strict=True):
        table[place[wanted], place[got]] += 1
    return table


def accuracy(table: npt.NDArray[np.int64]) -> Metric:
    """Return the share of right answers of a confusion matrix, with Wilson's interval."""
    return wilson(int(np.trace(table)), int(table.sum()))


def balanced_accuracy(table: npt.NDArray[np.int64]) -> float:
    """Return the mean sensitivity over the classes that occur."""
    present = table.sum(axis=1) > 0
    return float((np.diag(table)[present] / table.sum(axis=1)[present]).mean())


def sensitivity(table: npt.NDArray[np.int64], index: int) -> Metric:
    """Return the share of class `index` that was found as such."""
    return wilson(int(table[index, index]), int(table[index].sum()))


def specificity(table: npt.NDArray[np.int64], index: int) -> Metric:
    """Return the share of the other classes that was not taken for class `index`."""
    others = int(table.sum() - table[index].sum())
    mistaken = int(table[:, index].sum() - table[index, index])
    return wilson(others - mistaken, others)


@dataclass(frozen=True)
class RocCurve:
    """One point per threshold, from "nothing is positive" to "everything is"."""

    false_positive_rate: FloatArray
    sensitivity: FloatArray
    thresholds: FloatArray


def roc_curve(truth: npt.ArrayLike, scores: npt.ArrayLike) -> RocCurve:
    """Return the ROC curve; equal scores share one point.

    Parameters
    ----------
    truth : array_like of bool, shape (n,)
        Both values must occur.
    scores : array_like of float, shape (n,)
        Larger means more likely positive.
    """
    positive, score = _binary(truth, scores)
    order = np.argsort(-score, kind="stable")
    score, hits = score[order], np.cumsum(positive[order])
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    found = np.concatenate([[0], hits[last]])
    false = np.concatenate([[0], last + 1 - hits[last]])
    thresholds = np.concatenate([[np.inf], score[last]])
    return RocCurve(false / false[-1], found / found[-1], thresholds)


def auc(truth: npt.ArrayLike, scores: npt.ArrayLike) -> Metric:
    """Return the area under the ROC curve with its interval.

    Variance: DeLong et al., Biometrics 1988;44:837, computed from mid-ranks after Sun and
    Xu, IEEE Signal Process Lett 2014;21:1389; the interval is that of the logit, which
    stays within 0…1.
    """
    positive, score = _binary(truth, scores)
    high, low = score[positive], score[~positive]
    m, n = len(high), len(low)
    together = stats.rankdata(np.concatenate([high, low]))
    area = float((together[:m].sum() / m - (m + 1) / 2) / n)
    if m < 2 or n < 2 or area in (0.0, 1.0):
        return Metric(area)
    of_high = (together[:m] - stats.rankdata(high)) / n
    of_low = 1 - (together[m:] - stats.rankdata(low)) / m
    error = math.sqrt(float(of_high.var(ddof=1) / m + of_low.var(ddof=1) / n))
    centre, half = math.log(area / (1 - area)), 1.959963984540054 * error / (area * (1 - area))
    return Metric(area, _logistic(centre - half), _logistic(centre + half))


def brier(truth: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Return the mean squared error of probabilities (Brier, Mon Weather Rev 1950;78:1)."""
    wanted = np.asarray(truth, dtype=bool).astype(np.float64)
    return float(((np.asarray(probabilities, dtype=np.float64) - wanted) ** 2).mean())


def calibration_error(truth: npt.ArrayLike, probabilities: npt.ArrayLike, bins: int = 10) -> float:
    """Return the expected calibration error over bins of equal width.

    The mean, weighted by the number in each bin, of the distance between mean
    probability and share of positives (Naeini et al., AAAI 2015).
    """
    wanted = np.asarray(truth, dtype=bool)
    given = np.asarray(probabilities, dtype=np.float64)
    place = np.minimum((given * bins).astype(np.intp), bins - 1)
    surplus = np.bincount(place, weights=given - wanted, minlength=bins)
    return float(np.abs(surplus).sum() / len(given))


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _binary(
    truth: npt.ArrayLike, scores: npt.ArrayLike
) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    positive = np.asarray(truth, dtype=bool)
    score = np.asarray(scores, dtype=np.float64)
    if positive.shape != score.shape or positive.all() or not positive.any():
        raise ValueError("a ROC curve needs positives, negatives and a score for each")
    return positive, score
