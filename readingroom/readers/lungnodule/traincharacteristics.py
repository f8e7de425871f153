"""The recipe of the network that estimates characteristics (``lungnodule-characteristics``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from readingroom.inference.cards import Card
from readingroom.networks import build
from readingroom.readers.lungnodule import cards
from readingroom.readers.lungnodule.characterdata import (
    CALCIFICATION,
    GRADED,
    RATED,
    STORED_SIDE,
    STRUCTURE,
    Views,
    load_views,
)
from readingroom.readers.lungnodule.characternetwork import OUTPUTS, ratings_of
from readingroom.readers.lungnodule.characterpatches import NUMBERS, SIDE, channels, numbers
from readingroom.readers.lungnodule.patches import CHANNELS

Arrays = tuple[npt.NDArray[Any], ...]

#: Every so many-th case validates.
_HELD_OUT = 8
_CLASS_WEIGHT = 0.5
_SIZE_OFF = 0.04


class CharacterRecipe:
    """The network of characteristics, on cut-out nodules of `characterdata`.

    Parameters
    ----------
    folder : Path
        Cases of `characterdata.write_character_case`; every eighth validates.
    """

    name = cards.CHARACTERISTICS
    seed = 20261121
    steps = 300
    batch_size = 24
    learning_rate = 3e-3
    weight_decay = 2e-2
    ema_decay = 0.98
    inputs = 2
    gradient_clip = 2.0
    validate_every = 300
    architecture = "characternet3d"
    arguments: Mapping[str, Any] = {"inputs": CHANNELS, "numbers": NUMBERS, "outputs": OUTPUTS}

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.glob("*.npz"))
        self._views = load_views([f for n, f in enumerate(files) if n % _HELD_OUT])
        self._held_out = load_views(files[::_HELD_OUT])
        self._chance = _evened(self._views)

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.characteristics_card(self.arguments, self.seed, self.steps)

    def build_network(self) -> nn.Module:
        """Return the untrained network."""
        return build(self.architecture, **self.arguments)

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return one nodule's cube, turned and noisy, its numbers and ratings."""
        n = int(rng.choice(len(self._chance), p=self._chance))
        hu = _changed(rng, self._views.cubes[n])
        size = self._views.diameters_mm[n] * np.exp(rng.normal(0, _SIZE_OFF))
        beside = numbers([size], self._views.spacing_mm[n])[0]
        return channels(hu[None])[0], beside, self._views.ratings[n]

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the error of the graded ratings plus cross-entropy of the classes."""
        wanted = batch[2]
        graded = (wanted[:, : len(GRADED)] - 3) / 2
        first = len(GRADED) + len(CALCIFICATION)
        error = functional.smooth_l1_loss(output[:, : len(GRADED)], graded, beta=0.3)
        calcified = _class_error(output[:, len(GRADED) : first], wanted[:, -2], CALCIFICATION)
        filled = _class_error(output[:, first:], wanted[:, -1], STRUCTURE)
        return len(GRADED) * error + _CLASS_WEIGHT * (calcified + filled)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return rank correlation and mean error per characteristic on held-out nodules."""
        return agreement(predicted(network, self._held_out), self._held_out.ratings)


def _evened(views: Views) -> npt.NDArray[np.float64]:
    """Return the chance of each view: rare classes and rare marks more often."""
    weight = np.ones(len(views.ratings))
    for column in range(len(RATED)):
        grade = np.rint(views.ratings[:, column]).astype(int)
        weight *= np.maximum(np.bincount(grade)[grade], 1.0) ** -0.25
    return np.asarray(weight / weight.sum())


def _changed(rng: np.random.Generator, cube: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Return a stored cube moved by a voxel or two, turned, with other noise and density.

    Slices stay slices: only rows and columns change places.
    """
    room = STORED_SIDE - SIDE
    k, j, i = rng.integers(0, room + 1, 3)
    hu = cube[k : k + SIDE, j : j + SIDE, i : i + SIDE].astype(np.float32)
    if rng.random() < 0.5:
        hu = hu.transpose(0, 2, 1)
    hu = np.flip(hu, tuple(int(a) for a in np.flatnonzero(rng.random(3) < 0.5)))
    hu = (hu + 1000) * rng.uniform(0.96, 1.04) - 1000 + rng.normal(0, 10)
    noise = rng.uniform(0, 15) * rng.standard_normal(hu.shape, np.float32)
    return np.asarray(hu + noise, np.float32)


def _class_error(logits: Tensor, values: Tensor, known: tuple[int, ...]) -> Tensor:
    index = torch.stack([values == value for value in known], 1).float().argmax(1)
    return functional.cross_entropy(logits, index, label_smoothing=0.02)


def predicted(network: nn.Module, views: Views, batch: int = 32) -> npt.NDArray[np.float64]:
    """Return the network's ratings ``(n, len(RATED))`` of views cut to its cube."""
    room = (STORED_SIDE - SIDE) // 2
    inner = (slice(None), *(slice(room, room + SIDE),) * 3)
    beside = numbers(views.diameters_mm, views.spacing_mm)
    rows = []
    with torch.no_grad():
        for start in range(0, len(views.cubes), batch):
            part = slice(start, start + batch)
            cubes = torch.from_numpy(channels(views.cubes[part][inner]))
            rows.append(network(cubes, torch.from_numpy(beside[part])).numpy())
    said = [ratings_of(row) for row in np.concatenate(rows)]
    return np.array([[one[name] for name in RATED] for one in said])


def agreement(
    found: npt.NDArray[np.floating[Any]], wanted: npt.NDArray[np.floating[Any]]
) -> dict[str, float]:
    """Return Spearman's rho, mean absolute and RMS error per grade, accuracy per class.

    Parameters
    ----------
    found, wanted : ndarray, shape (n, len(RATED))
    """
    from scipy.stats import spearmanr

    numbers_of: dict[str, float] = {}
    for column, name in enumerate(RATED):
        a, b = found[:, column].astype(float), wanted[:, column].astype(float)
        if name not in GRADED:
            numbers_of[f"{name}_accuracy"] = float((np.rint(a) == b).mean())
            numbers_of[f"{name}_balanced_accuracy"] = _balanced(np.rint(a), b)
            continue
        numbers_of[f"{name}_rho"] = float(spearmanr(a, b).statistic) if np.ptp(a) > 0 else 0.0
        numbers_of[f"{name}_mae"] = float(np.abs(a - b).mean())
        numbers_of[f"{name}_rmse"] = float(np.sqrt(((a - b) ** 2).mean()))
    return numbers_of


def _balanced(found: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> float:
    """Return the mean over the classes that occur of the share told right."""
    return float(np.mean([(found[wanted == c] == c).mean() for c in np.unique(wanted)]))
