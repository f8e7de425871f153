"""How well findings are detected: matching to truth, FROC, sensitivity at false positives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readingroom.evaluation.metric import Metric, bootstrap

FloatArray = npt.NDArray[np.float64]

#: False positives per case at which LUNA16 averages the sensitivity.
LUNA_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Case:
    """One case's findings and truth.

    Attributes
    ----------
    positions : ndarray, shape (findings, 3)
        LPS mm.
    confidences : ndarray, shape (findings,)
    truths : ndarray, shape (truths, 3)
        LPS mm.
    radii : ndarray, shape (truths,)
        A finding nearer than this to a truth hits it, mm.
    """

    positions: FloatArray
    confidences: FloatArray
    truths: FloatArray
    radii: FloatArray

    @classmethod
    def of(
        cls,
        findings: Sequence[Sequence[float]],
        truths: Sequence[Sequence[float]],
    ) -> Case:
        """Return a case from rows ``[x, y, z, confidence]`` and ``[x, y, z, radius]``."""
        found = np.asarray(findings, dtype=np.float64).reshape(-1, 4)
        wanted = np.asarray(truths, dtype=np.float64).reshape(-1, 4)
        return cls(found[:, :3], found[:, 3], wanted[:, :3], wanted[:, 3])


@dataclass(frozen=True)
class Match:
    """What became of one case.

    Attributes
    ----------
    found_at : ndarray, shape (truths,)
        Highest confidence of a finding that hits each truth; -inf where none does.
    false_positives : ndarray
        Confidences of the findings that hit no truth.
    """

    found_at: FloatArray
    false_positives: FloatArray


def match(case: Case) -> Match:
    """Match findings to truth, as LUNA16 does.

    A finding belongs to the nearest truth within that truth's radius. Several findings on
    one truth are one hit and no false positive (Setio et al., Med Image Anal 2017;42:1).
    """
    found_at = np.full(len(case.truths), -np.inf)
    if not len(case.truths) or not len(case.positions):
        return Match(found_at, case.confidences)
    distance = np.linalg.norm(case.positions[:, None] - case.truths[None], axis=2)
    distance[distance > case.radii] = np.inf
    nearest, hit = distance.argmin(axis=1), np.isfinite(distance).any(axis=1)
    np.maximum.at(found_at, nearest[hit], case.confidences[hit])
    return Match(found_at, case.confidences[~hit])


def sensitivity(matches: Sequence[Match], threshold: float = -math.inf) -> float:
    """Return the share of truths hit by a finding of at least this confidence.

    A truth that no finding hits is missed at any threshold; NaN without truths.
    """
    found_at = np.concatenate([m.found_at for m in matches])
    if not found_at.size:
        return math.nan
    return float(((found_at >= threshold) & (found_at > -math.inf)).mean())


def false_positives_per_case(matches: Sequence[Match], threshold: float = -math.inf) -> float:
    """Return the mean number of findings of at least this confidence that hit nothing."""
    return sum(int((m.false_positives >= threshold).sum()) for m in matches) / len(matches)


@dataclass(frozen=True)
class Froc:
    """Sensitivity against false positives per case, both rising as the threshold falls."""

    false_positives: FloatArray
    sensitivity: FloatArray
    thresholds: FloatArray

    def at(self, rate: float) -> float:
        """Return the best sensitivity with at most `rate` false positives per case."""
        allowed = self.sensitivity[self.false_positives <= rate]
        return float(allowed.max()) if allowed.size else 0.0


def froc(matches: Sequence[Match]) -> Froc:
    """Return the free-response ROC curve, from "no finding counts" on.

    Source: Bunch et al., J Appl Photogr Eng 1978;4:166.
    """
    found_at = np.sort(np.concatenate([m.found_at for m in matches]))
    false = np.sort(np.concatenate([m.false_positives for m in matches]))
    finite = found_at[np.isfinite(found_at)]
    thresholds = np.concatenate([[np.inf], np.unique(np.concatenate([finite, false]))[::-1]])
    # searchsorted counts what lies below each threshold; the rest is at or above it.
    false_counts = len(false) - np.searchsorted(false, thresholds, side="left")
    hits = len(found_at) - np.searchsorted(found_at, thresholds, side="left")
    share = hits / len(found_at) if len(found_at) else np.full(len(hits), math.nan)
    return Froc(false_counts / len(matches), share, thresholds)


def sensitivity_at(matches: Sequence[Match], rate: float, repeats: int = 1000) -> Metric:
    """Return the sensitivity at `rate` false positives per case, cases bootstrapped."""
    return bootstrap(
        lambda drawn: froc(_drawn(matches, drawn)).at(rate), len(matches), repeats=repeats
    )


def competition_metric(matches: Sequence[Match], repeats: int = 1000) -> Metric:
    """Return the mean sensitivity over `LUNA_RATES`, cases bootstrapped."""

    def mean(drawn: npt.NDArray[np.intp]) -> float:
        curve = froc(_drawn(matches, drawn))
        return float(np.mean([curve.at(rate) for rate in LUNA_RATES]))

    return bootstrap(mean, len(matches), repeats=repeats)


def overall_sensitivity(
    matches: Sequence[Match], threshold: float = -math.inf, repeats: int = 1000
) -> Metric:
    """Return `sensitivity` with an interval from bootstrapped cases."""
    return bootstrap(
        lambda drawn: sensitivity(_drawn(matches, drawn), threshold), len(matches), repeats=repeats
    )


def _drawn(matches: Sequence[Match], indices: npt.NDArray[np.intp]) -> list[Match]:
    return [matches[index] for index in indices]
