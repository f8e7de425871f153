"""A measured number with its confidence interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Metric:
    """A value and, where there is one, its 95 % confidence interval."""

    value: float
    low: float | None = None
    high: float | None = None

    def as_dict(self) -> dict[str, object]:
        """Return plain data; what is undefined becomes None."""
        ci = (
            None if self.low is None or self.high is None else [_plain(self.low), _plain(self.high)]
        )
        return {"value": _plain(self.value), "ci": ci}

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "undefined"
        text = f"{self.value:.4g}"
        return text if self.low is None else f"{text} ({self.low:.4g} to {self.high:.4g})"


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def bootstrap(
    statistic: Callable[[npt.NDArray[np.intp]], float],
    count: int,
    *,
    repeats: int = 1000,
    seed: int = 0,
) -> Metric:
    """Return a statistic with its percentile bootstrap interval.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Parameters
    ----------
    statistic : callable
        Takes the indices of the drawn cases, ``0…count - 1``, with repetition.
    count : int
        Number of cases.
    """
    rng = np.random.default_rng(seed)
    values = [statistic(rng.integers(0, count, count)) for _ in range(repeats)]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Metric(statistic(np.arange(count)), float(low), float(high))


def wilson(successes: int, trials: int) -> Metric:
    """Return a proportion with the score interval of Wilson (JASA 1927;22:209)."""
    if trials == 0:
        return Metric(math.nan)
    z = 1.959963984540054
    p = successes / trials
    centre = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * math.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    return Metric(p, max(centre - half, 0.0), min(centre + half, 1.0))
