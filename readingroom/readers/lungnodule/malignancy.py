"""How suspicious radiologists would find a nodule, from its characteristics, with reasons.

A logistic model of reader-style characteristics (`characteristics.SCALES`) and diameter,
fitted to the ratings of the LIDC readers (`trainmalignancy`). What it predicts is the
readers' suspicion (median rating above 3 of 5 against below 3), *not* pathology: the
probability is that of radiologists calling the nodule suspicious in that collection, where a
third of the decided nodules were.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from readingroom.inference.cards import Card, load_card
from readingroom.readers.lungnodule.characteristics import SCALES, missing

__all__ = ["CARD", "Assessment", "MalignancyModel", "Reason", "inputs", "load"]

FloatArray = npt.NDArray[np.float64]
Basis = Literal["image", "network", "readers"]

CARD = "lungnodule-malignancy"
#: Inputs of the model, in order; what each is computed from.
INPUTS: dict[str, str] = {
    "size": "diameter",
    "size_squared": "diameter",
    "sphericity": "sphericity",
    "margin": "margin",
    "lobulation": "lobulation",
    "spiculation": "spiculation",
    "solidity": "texture",
    "part_solidity": "texture",
    "calcified": "calcification",
}
_REFERENCE_MM = 8.0
_NORMAL_95 = 1.959964
#: Contributions below this (in the exponent) are no reason worth telling.
_NOTABLE = 0.1

_NAMES: dict[str, tuple[str, str]] = {
    "diameter": ("mean diameter", "平均直径"),
    "sphericity": ("sphericity", "球形度"),
    "margin": ("margin", "边缘清晰度"),
    "lobulation": ("lobulation", "分叶"),
    "spiculation": ("spiculation", "毛刺"),
    "texture": ("texture", "密度（实性程度）"),
    "calcification": ("calcification", "钙化"),
}
_BASIS: dict[str, tuple[str, str]] = {
    "image": (
        "characteristics measured in the image by classical descriptors, mapped to the "
        "readers' scales without a fit to readers; model fitted to the LIDC readers' "
        "ratings (readers' suspicion, not pathology)",
        "特征由图像经典描述量测得并映射至读片者量表（未经读片者拟合）；模型以 LIDC 读片者评分拟合"
        "（为读片者的可疑程度，非病理）",
    ),
    "network": (
        "characteristics estimated by a 3-D network trained on simulated nodules in the lungs "
        "of one scan (lungnodule-characteristics), no reader's rating among them; model fitted "
        "to the LIDC readers' ratings (readers' suspicion, not pathology)",
        "特征由三维网络估计（lungnodule-characteristics，以单例扫描肺内的模拟结节训练，未用读片者评分）；"
        "模型以 LIDC 读片者评分拟合（为读片者的可疑程度，非病理）",
    ),
    "readers": (
        "characteristics as rated by a reader; model fitted to the LIDC readers' ratings "
        "(readers' suspicion, not pathology)",
        "特征由读片者评定；模型以 LIDC 读片者评分拟合（为读片者的可疑程度，非病理）",
    ),
}


@dataclass(frozen=True)
class Reason:
    """What one characteristic adds to or takes from the suspicion.

    Attributes
    ----------
    name : str
        ``diameter`` or a name of `characteristics.SCALES`.
    value : float
        mm, or the rating.
    contribution : float
        Added to the exponent, against the average nodule of the collection.
    """

    name: str
    value: float
    contribution: float
    text: str
    text_zh: str


@dataclass(frozen=True)
class Assessment:
    """A probability with its 95 % interval, its reasons and where it comes from.

    Attributes
    ----------
    probability, low, high : float
        0…1. The interval holds the coefficients' uncertainty and, where the
        characteristics come from the image, a reader's scatter on each scale.
    reasons : tuple of Reason
        Largest first; together with the collection's average they make the probability.
    basis, basis_zh : str
        What was measured how and what the model was fitted to.
    """

    probability: float
    low: float
    high: float
    reasons: tuple[Reason, ...]
    basis: str
    basis_zh: str


def inputs(characteristics: Mapping[str, float], diameter_mm: float) -> FloatArray:
    """Return the model's inputs ``(len(INPUTS),)``.

    Raises
    ------
    KeyError
        If a characteristic is missing.
    """
    size = math.log2(max(diameter_mm, 1.0) / _REFERENCE_MM)
    solid = (characteristics["texture"] - 1) / 4
    return np.array(
        [
            size,
            size**2,
            *(characteristics[name] for name in ("sphericity", "margin")),
            *(characteristics[name] for name in ("lobulation", "spiculation")),
            solid,
            1 - abs(2 * solid - 1),
            min(max(6 - characteristics["calcification"], 0.0), 1.0),
        ]
    )


@dataclass(frozen=True)
class MalignancyModel:
    """A fitted model.

    Attributes
    ----------
    coefficients : ndarray, shape (len(INPUTS) + 1,)
        The last is the constant.
    covariance : ndarray, shape (n, n)
        Of the coefficients, from resampled patients.
    centre : ndarray, shape (len(INPUTS),)
        Mean of each input over the nodules it was fitted to.
    scatter : dict of str to float
        Standard deviation among readers of each characteristic, and of the logarithm (base
        2) of the diameter.
    """

    coefficients: FloatArray
    covariance: FloatArray
    centre: FloatArray
    scatter: dict[str, float]

    def assess(
        self,
        characteristics: Mapping[str, float],
        diameter_mm: float,
        *,
        basis: Basis = "image",
        errors: Mapping[str, float] | None = None,
    ) -> Assessment:
        """Assess one nodule.

        Parameters
        ----------
        characteristics : mapping
            All of `characteristics.SCALES`.
        diameter_mm : float
            Mean diameter, mm.
        basis : {'image', 'network', 'readers'}
            Who judged the characteristics.
        errors : mapping, optional
            Standard errors of the characteristics, which come on top of a reader's scatter.
        """
        absent = missing(characteristics)
        if absent:
            raise ValueError(f"not rated: {', '.join(absent)}")
        x = np.append(inputs(characteristics, diameter_mm), 1.0)
        exponent = float(x @ self.coefficients)
        variance = float(x @ self.covariance @ x)
        if basis != "readers":
            variance += self._scatter_variance(characteristics, diameter_mm, errors or {})
        half = _NORMAL_95 * math.sqrt(variance)
        return Assessment(
            logistic(exponent),
            logistic(exponent - half),
            logistic(exponent + half),
            self._reasons(characteristics, diameter_mm),
            *_BASIS[basis],
        )

    def _scatter_variance(
        self, values: Mapping[str, float], diameter_mm: float, errors: Mapping[str, float]
    ) -> float:
        """Return what scatter and error on each scale add to the exponent's variance."""
        middle = inputs(values, diameter_mm) @ self.coefficients[:-1]
        total = 0.0
        for name, among_readers in self.scatter.items():
            spread = math.hypot(among_readers, errors.get(name, 0.0))
            moved, diameter = dict(values), diameter_mm
            if name == "diameter":
                diameter = diameter_mm * 2**spread
            else:
                low, high = SCALES[name]
                step = spread if values[name] + spread <= high else -spread
                moved[name] = min(max(values[name] + step, low), high)
            total += float(inputs(moved, diameter) @ self.coefficients[:-1] - middle) ** 2
        return total

    def _reasons(self, values: Mapping[str, float], diameter_mm: float) -> tuple[Reason, ...]:
        parts = (inputs(values, diameter_mm) - self.centre) * self.coefficients[:-1]
        totals: dict[str, float] = dict.fromkeys(INPUTS.values(), 0.0)
        for source, part in zip(INPUTS.values(), parts, strict=True):
            totals[source] += float(part)
        ordered = sorted(totals.items(), key=lambda item: -abs(item[1]))
        return tuple(
            _reason(name, diameter_mm if name == "diameter" else values[name], part)
            for name, part in ordered
            if abs(part) >= _NOTABLE
        )

    @property
    def average(self) -> float:
        """Probability of the collection's average nodule, which the reasons start from."""
        return logistic(float(np.append(self.centre, 1.0) @ self.coefficients))


def _reason(name: str, value: float, part: float) -> Reason:
    word, word_zh = _NAMES[name]
    if name == "diameter":
        shown = f"{value:.1f} mm"
    elif name == "calcification":
        shown = "absent" if value > 5.5 else "present"
    else:
        shown = f"{value:.1f} / {SCALES[name][1]}"
    shown_zh = {"absent": "无", "present": "有"}.get(shown, shown)
    raises, raises_zh = ("more", "升高") if part > 0 else ("less", "降低")
    odds = math.exp(abs(part))
    return Reason(
        name,
        value,
        part,
        f"{word} {shown}: {raises} suspicious (odds x {odds:.1f})"
        if part > 0
        else f"{word} {shown}: {raises} suspicious (odds / {odds:.1f})",
        f"{word_zh} {shown_zh}：可疑程度{raises_zh}（比值 {'×' if part > 0 else '÷'} {odds:.1f}）",
    )


def logistic(x: float) -> float:
    """Return ``1 / (1 + exp(-x))``."""
    return 1 / (1 + math.exp(-x)) if x > -500 else 0.0


@cache
def load() -> MalignancyModel:
    """Return the bundled model.

    Raises
    ------
    RefusedInput, ReadingRoomError
        As `load_card`.
    """
    return from_card(load_card(CARD))


def from_card(card: Card) -> MalignancyModel:
    """Return the model that a card holds."""
    from safetensors.numpy import load_file

    arrays: dict[str, Any] = load_file(card.path(card.weights_name))
    return MalignancyModel(
        arrays["coefficients"],
        arrays["covariance"],
        arrays["centre"],
        {name: float(value) for name, value in card.arguments["scatter"].items()},
    )
