"""What a reader's evaluation hands over: found and true values, by kind.

A reader returns plain data, since it may not import this package; `parse_pairs` turns it
into these records, each of which knows its metrics and its figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from readingroom.evaluation import (
    agreement,
    classification,
    detection,
    figures,
    topology,
    visibility,
)
from readingroom.evaluation.metric import Metric, bootstrap

Metrics = dict[str, Metric]
Figures = dict[str, bytes]


class _Pair(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _lengths_agree(self) -> Self:
        values = [getattr(self, name, None) for name in ("found", "truth", "probabilities")]
        if len({len(value) for value in values if value is not None}) > 1:
            raise ValueError("found and truth differ in length")
        return self


class Agreement(_Pair):
    """One number per case, found and true."""

    kind: Literal["agreement"]
    found: list[float]
    truth: list[float]
    unit: str = ""

    def metrics(self) -> Metrics:
        """Return ICC(2,1), bias, limits, Pearson, Spearman and mean absolute error."""
        limits = agreement.bland_altman(self.found, self.truth)
        error = np.abs(np.subtract(self.found, self.truth))
        return {
            "icc_2_1": agreement.icc_2_1(np.column_stack([self.found, self.truth])),
            "bias": limits.bias,
            "limit_lower": limits.lower,
            "limit_upper": limits.upper,
            "pearson": agreement.pearson(self.found, self.truth),
            "spearman": agreement.spearman(self.found, self.truth),
            "mean_absolute_error": bootstrap(lambda i: float(error[i].mean()), len(error)),
        }

    def figures(self, name: str) -> Figures:
        """Return a scatter plot and a Bland-Altman plot."""
        limits = agreement.bland_altman(self.found, self.truth)
        return {
            "scatter": figures.scatter(self.found, self.truth, name, self.unit),
            "bland_altman": figures.bland_altman_plot(
                self.found, self.truth, limits, name, self.unit
            ),
        }


class Classes(_Pair):
    """One class per case or finding, found and true; `ordinal` where the order counts."""

    kind: Literal["classes"]
    found: list[str]
    truth: list[str]
    classes: list[str]
    ordinal: bool = False

    @model_validator(mode="after")
    def _classes_are_known(self) -> Self:
        unknown = {*self.found, *self.truth} - {*self.classes}
        if unknown:
            raise ValueError(f"classes that are not listed: {', '.join(sorted(unknown))}")
        return self

    def metrics(self) -> Metrics:
        """Return accuracy, kappa (weighted too if ordinal), and sensitivity per class."""
        table = classification.confusion_matrix(self.truth, self.found, self.classes)
        found = {
            "accuracy": classification.accuracy(table),
            "balanced_accuracy": Metric(classification.balanced_accuracy(table)),
            "kappa": agreement.kappa(table),
        }
        if self.ordinal:
            found["kappa_linear"] = agreement.kappa(table, "linear")
            found["kappa_quadratic"] = agreement.kappa(table, "quadratic")
        for index, name in enumerate(self.classes):
            if table[index].any():
                found[f"sensitivity_{name}"] = classification.sensitivity(table, index)
        return found

    def figures(self, name: str) -> Figures:
        """Return the confusion matrix."""
        table = classification.confusion_matrix(self.truth, self.found, self.classes)
        return {"confusion": figures.confusion_plot(table, self.classes, name)}


class Probabilities(_Pair):
    """One probability per case or finding, and whether it is truly positive."""

    kind: Literal["probabilities"]
    probabilities: list[Annotated[float, Field(ge=0, le=1)]]
    truth: list[bool]

    def metrics(self) -> Metrics:
        """Return area under the ROC curve, Brier score and calibration error."""
        return {
            "auc": classification.auc(self.truth, self.probabilities),
            "brier": Metric(classification.brier(self.truth, self.probabilities)),
            "calibration_error": Metric(
                classification.calibration_error(self.truth, self.probabilities)
            ),
        }

    def figures(self, name: str) -> Figures:
        """Return the ROC curve."""
        curve = classification.roc_curve(self.truth, self.probabilities)
        area = classification.auc(self.truth, self.probabilities).value
        return {"roc": figures.roc_plot(curve, area, name)}


class DetectionCase(_Pair):
    """Rows ``[x, y, z, confidence]`` of findings and ``[x, y, z, radius]`` of truths, mm."""

    findings: list[tuple[float, float, float, float]]
    truths: list[tuple[float, float, float, float]]


class Detection(_Pair):
    """Findings and truths of each case."""

    kind: Literal["detection"]
    cases: list[DetectionCase] = Field(min_length=1)

    def metrics(self) -> Metrics:
        """Return sensitivity, false positives per case, and sensitivity at some rates."""
        matches = self._matches()
        false = np.array([len(m.false_positives) for m in matches])
        found = {
            "sensitivity": detection.overall_sensitivity(matches),
            "false_positives_per_case": bootstrap(lambda i: float(false[i].mean()), len(false)),
            "competition_metric": detection.competition_metric(matches),
        }
        for rate in (0.125, 0.5, 1.0, 4.0):
            found[f"sensitivity_at_{rate:g}"] = detection.sensitivity_at(matches, rate)
        return found

    def figures(self, name: str) -> Figures:
        """Return the FROC curve."""
        return {"froc": figures.froc_plot(detection.froc(self._matches()), name)}

    def _matches(self) -> list[detection.Match]:
        cases = [detection.Case.of(case.findings, case.truths) for case in self.cases]
        return [detection.match(case) for case in cases]


class Values(_Pair):
    """One number per case that needs no truth beside it: a Dice coefficient, seconds."""

    kind: Literal["values"]
    values: list[float] = Field(min_length=1)
    unit: str = ""

    def metrics(self) -> Metrics:
        """Return mean, median, smallest and largest."""
        values = np.asarray(self.values)
        return {
            "mean": bootstrap(lambda i: float(values[i].mean()), len(values)),
            "median": bootstrap(lambda i: float(np.median(values[i])), len(values)),
            "minimum": Metric(float(values.min())),
            "maximum": Metric(float(values.max())),
        }

    def figures(self, name: str) -> Figures:
        """Return nothing: the table says it all."""
        return {}


class CentrelineFrame(BaseModel):
    """Found and true centrelines of one frame, ``(n, 2)`` px, and the masks they lie in.

    Attributes
    ----------
    tips : list of bool
        Whether the last point of each true centreline is a tip.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    found: list[np.ndarray]
    truth: list[np.ndarray]
    tips: list[bool]
    found_mask: np.ndarray
    truth_mask: np.ndarray


class Centrelines(_Pair):
    """Thin structures frame by frame; see `readingroom.evaluation.topology`."""

    kind: Literal["centrelines"]
    frames: list[CentrelineFrame] = Field(min_length=1)

    def metrics(self) -> Metrics:
        """Return F1 at 2 and 3 px, clDice, breaks, tip error, HD95, Dice, false length.

        Means over frames where they are defined, medians where a missed wire makes them
        infinite; lengths and distances in px.
        """
        rows = [topology.frame_numbers(**dict(frame)) for frame in self.frames]
        return {
            name: _summary([row[name] for row in rows], name in topology.MEDIANS)
            for name in rows[0]
        }

    def figures(self, name: str) -> Figures:
        """Return nothing: the reader writes overlays."""
        return {}


class Visibility(_Pair):
    """Index and recall of every part of thin structures, frame by frame.

    The index says how well a part can be seen, the recall how much of it was found.
    """

    kind: Literal["visibility"]
    frames: list[list[tuple[float, Annotated[float, Field(ge=0, le=1)]]]] = Field(min_length=1)

    def metrics(self) -> Metrics:
        """Return the number of parts and their recall, by class of the index."""
        return visibility.by_class(self.frames)

    def figures(self, name: str) -> Figures:
        """Return nothing: the table says it all."""
        return {}


def _summary(values: list[float], median: bool) -> Metric:
    kept = np.array([value for value in values if not np.isnan(value)])
    if not len(kept):
        return Metric(math.nan)
    if not np.isfinite(kept).all():
        return Metric(float(np.median(kept)))
    of = np.median if median else np.mean
    return bootstrap(lambda i: float(of(kept[i])), len(kept))


Pair = Agreement | Classes | Probabilities | Detection | Values | Centrelines | Visibility

_ADAPTER: TypeAdapter[dict[str, Pair]] = TypeAdapter(
    dict[str, Annotated[Pair, Field(discriminator="kind")]]
)


def parse_pairs(pairs: Mapping[str, Any]) -> dict[str, Pair]:
    """Return the records of plain data.

    Raises
    ------
    pydantic.ValidationError
        If a kind is unknown or found and truth do not fit each other.
    """
    return _ADAPTER.validate_python(dict(pairs))
