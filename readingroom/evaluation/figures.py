"""Figures of an evaluation: the same numbers give the same PNG, byte for byte."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from readingroom.evaluation.agreement import BlandAltman, Numbers
from readingroom.evaluation.classification import RocCurve
from readingroom.evaluation.detection import Froc

_POINTS = "#1f5f8b"
_LINES = "#b5482a"


def scatter(found: Numbers, truth: Numbers, name: str, unit: str = "") -> bytes:
    """Return found against true values with the line of identity, as PNG."""
    figure, axes = _canvas(f"{name}: found against true")
    x, y = np.asarray(truth, float), np.asarray(found, float)
    ends = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
    axes.plot(ends, ends, color=_LINES, linewidth=1, label="identity")
    axes.plot(x, y, "o", color=_POINTS, markersize=4, alpha=0.7)
    _label(axes, f"true{_in(unit)}", f"found{_in(unit)}")
    axes.set_aspect("equal", adjustable="datalim")
    return _png(figure)


def bland_altman_plot(
    found: Numbers, truth: Numbers, agreement: BlandAltman, name: str, unit: str = ""
) -> bytes:
    """Return differences against means with bias and limits of agreement, as PNG."""
    figure, axes = _canvas(f"{name}: Bland-Altman")
    x, y = np.asarray(truth, float), np.asarray(found, float)
    axes.plot((x + y) / 2, y - x, "o", color=_POINTS, markersize=4, alpha=0.7)
    lines = (("bias", agreement.bias), ("-1.96 SD", agreement.lower), ("+1.96 SD", agreement.upper))
    for label, line in lines:
        style = "-" if label == "bias" else "--"
        text = f"{label}: {line.value:.4g}"
        axes.axhline(line.value, color=_LINES, linestyle=style, linewidth=1, label=text)
        axes.axhspan(line.low or 0.0, line.high or 0.0, color=_LINES, alpha=0.08, linewidth=0)
    _label(axes, f"mean of found and true{_in(unit)}", f"found minus true{_in(unit)}")
    return _png(figure)


def roc_plot(curve: RocCurve, area: float, name: str) -> bytes:
    """Return a ROC curve, as PNG."""
    figure, axes = _canvas(f"{name}: ROC")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    label = f"area {area:.3f}"
    axes.plot(curve.false_positive_rate, curve.sensitivity, color=_POINTS, label=label)
    _label(axes, "1 - specificity", "sensitivity")
    axes.set_aspect("equal")
    return _png(figure)


def froc_plot(curve: Froc, name: str) -> bytes:
    """Return a free-response ROC curve on a logarithmic axis, as PNG."""
    figure, axes = _canvas(f"{name}: FROC")
    axes.step(curve.false_positives, curve.sensitivity, color=_POINTS, where="post")
    # Linear below 1/8, so that the part without false positives has a place.
    axes.set_xscale("symlog", base=2, linthresh=0.125)
    axes.set_ylim(0, 1.02)
    _label(axes, "false positives per case", "sensitivity")
    return _png(figure)


def confusion_plot(table: npt.NDArray[Any], classes: Sequence[str], name: str) -> bytes:
    """Return a confusion matrix with counts, shaded by share of the true class, as PNG."""
    figure, axes = _canvas(f"{name}: confusion")
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(table):
        ink = "white" if share[row, column] > 0.6 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=ink, fontsize=7)
    places = range(len(classes))
    axes.set_xticks(places, classes, rotation=60, ha="right", fontsize=7)
    axes.set_yticks(places, classes, fontsize=7)
    _label(axes, "found", "true")
    axes.grid(visible=False)
    return _png(figure)


def _canvas(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.2, 4.6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=10)
    axes.grid(visible=True, color="0.92")
    axes.set_axisbelow(True)
    return figure, axes


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.tick_params(labelsize=8)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False)


def _in(unit: str) -> str:
    return f" [{unit}]" if unit not in ("", "1") else ""


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    # Without the software's name the bytes do not change with matplotlib's version string.
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
