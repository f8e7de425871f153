"""Recall of thin structures by how well each part can be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from readingroom.evaluation.metric import Metric, bootstrap

#: Bounds between the classes of the index (contrast in standard deviations of the noise).
BOUNDS = (2.0, 4.0, 6.0, 10.0)

#: Index and recall of each part of one frame.
Parts = Sequence[tuple[float, float]]


def by_class(frames: Sequence[Parts]) -> dict[str, Metric]:
    """Return, for each class of the index, how many parts there are and their mean recall.

    Intervals are those of frames drawn anew, since the parts of one frame go together.
    """
    edges = (-np.inf, *BOUNDS, np.inf)
    found: dict[str, Metric] = {}
    for low, high in pairwise(edges):
        rows = np.array([_counted(parts, low, high) for parts in frames]).reshape(-1, 2)
        name = _name(low, high)
        found[f"parts_{name}"] = Metric(float(rows[:, 0].sum()))
        if rows[:, 0].any():
            found[f"recall_{name}"] = bootstrap(_recall_of(rows), len(rows))
    return found


def _counted(parts: Parts, low: float, high: float) -> tuple[float, float]:
    """Return how many parts are of a class, and the sum of their recalls."""
    recalls = [recall for index, recall in parts if low <= index < high]
    return float(len(recalls)), float(sum(recalls))


def _recall_of(rows: npt.NDArray[np.float64]) -> Callable[[npt.NDArray[np.intp]], float]:
    """Return the mean recall as a function of the frames drawn."""

    def recall(drawn: npt.NDArray[np.intp]) -> float:
        count, total = rows[drawn].sum(axis=0)
        return float(total / count) if count else float("nan")

    return recall


def _name(low: float, high: float) -> str:
    if np.isinf(low):
        return f"under_{high:g}"
    return f"from_{low:g}" if np.isinf(high) else f"{low:g}_to_{high:g}"
