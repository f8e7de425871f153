"""Training recipes of the reader's two networks, on simulated frames made on the fly.

``readingroom train guidewire`` runs them through `readingroom.training.loop`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor, nn

from readingroom.inference.cards import Card
from readingroom.losses.topology import HybridLoss, balanced_entropy, soft_dice
from readingroom.networks import build
from readingroom.networks.wirenet import unpack
from readingroom.readers.guidewire import cards
from readingroom.readers.guidewire.networkinput import CELL, coarse, standardised
from readingroom.readers.guidewire.photometric import Photometric, turned
from readingroom.readers.guidewire.simulate import SimulatedPair, simulate_pair

Arrays = tuple[npt.NDArray[Any], ...]

#: How often the frame before is missing, as at the start of a sequence.
_FIRST_FRAME = 0.15
#: Half-ranges of log scale and shift after standardising: a crop's statistics differ from
#: those of the whole frame that the network meets later.
_SCALE, _SHIFT = 0.3, 0.1
_VALIDATION_SEED = 977
#: Distinct scenes; simulating one takes longer than changing one, so that each is shown
#: about six times, turned, cut and changed anew.
_SCENES = 2400
#: What is most often taken for a wire.
_CONFUSED = ("sternal_wires", "pacemaker_lead", "ecg_lead", "catheter", "vessels", "lone_catheter")
#: A scene is this much larger than the crops from it, pixels.
ROOM_PX = 32
_TOLERANCE_PX = 2.0


class SegmentRecipe:
    """The segmentation network: wire and catheter in crops, two classes that may overlap.

    Goes on from the bundled card 2 (``--start-from guidewire-segment``), which was made with seed
    20261126 in 8000 steps on scenes without `random_scene`'s certain ones.

    Parameters
    ----------
    size, cases, scenes : int
        Side of a crop, pixels, crops that validate, and scenes to train on.
    """

    name = "guidewire-segment"
    seed = 20261127
    steps = 2400
    warmup_steps = 210
    batch_size = 6
    learning_rate = 2e-3
    weight_decay = 1e-3
    ema_decay = 0.995
    gradient_clip = 5.0
    validate_every = 300
    architecture = "wirenet"
    arguments: Mapping[str, Any] = {
        "frames": 2,
        "outputs": 2,
        "widths": [16, 24, 40, 64, 96],
        "depths": [1, 1, 2, 2],
        "hessian_scales": [1.0, 1.6],
    }
    #: An example for the export to ONNX, which a CPU runs faster.
    example_shape = (2, 2, 128, 160)

    def __init__(self, size: int = 256, cases: int = 16, scenes: int = _SCENES) -> None:
        self.size = size
        self._scenes = Scenes(self.seed, size + ROOM_PX, scenes)
        self.cases = cases
        self._change = Photometric()
        self._criterion = HybridLoss("skeleton_recall", weight=0.5, positive_weight=3.0)
        self._fraction = 0.0
        self._held_out: list[Arrays] = []
        self._without: list[Arrays] = []

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.segment_card(self.arguments, self.seed, self.steps)

    def build_network(self) -> nn.Module:
        """Return the untrained network; channels last, in which a CPU is a fifth faster."""
        network = build(self.architecture, **self.arguments)
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return two frames ``(2, s, s)``, the classes and their skeletons, the same shape."""
        frames, target = random_crop(rng, self._scenes, self.size, self._change)
        skeletons = np.stack([tubed_skeleton(mask) for mask in target])
        return frames, target.astype(np.uint8), skeletons

    def at_step(self, step: int) -> None:
        """Take note of how far the training is."""
        self._fraction = step / self.steps

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the hybrid loss with annealed skeleton recall."""
        value: Tensor = self._criterion(unpack(output), batch[1], self._fraction, batch[2])
        return value

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return the wire's centreline F1 at 2 px on crops that are never trained on.

        And the skeleton pixels found in crops with contrast-filled arteries and no wire, in each.
        """
        if not self._held_out:
            self._held_out = [held_out(n, self.size) for n in range(self.cases)]
            self._without = [held_out_angiogram(n, self.size) for n in range(self.cases)]
        false = 0.0
        for frames, target in self._without:
            found = unpack(network(torch.from_numpy(frames)[None]))[0, 0].numpy() > 0
            false += float(centreline_counts(found, target[0] > 0)[1])
        counts = np.zeros(4)
        for frames, target in self._held_out:
            found = unpack(network(torch.from_numpy(frames)[None]))[0, 0].numpy() > 0
            counts += centreline_counts(found, target[0] > 0)
        precision, recall = counts[0] / max(counts[1], 1), counts[2] / max(counts[3], 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        return {
            "f1_2px": f1,
            "precision_2px": precision,
            "recall_2px": recall,
            "false_px_angiogram": false / max(len(self._without), 1),
        }


class LocateRecipe:
    """The localiser: which cells of 32 × 32 pixels hold an instrument."""

    name = "guidewire-locate"
    seed = 20261122
    steps = 600
    batch_size = 8
    learning_rate = 4e-3
    weight_decay = 1e-3
    ema_decay = 0.99
    gradient_clip = 5.0
    validate_every = 200
    architecture = "wirelocator"
    arguments: Mapping[str, Any] = {"frames": 2, "widths": [16, 32, 48]}
    example_shape = (2, 2, 64, 96)

    def __init__(self, size: int = 256, cases: int = 16, scenes: int = 600) -> None:
        self.size = size
        self._scenes = Scenes(self.seed, size + ROOM_PX, scenes)
        self.cases = cases
        self._change = Photometric()

    def card(self) -> Card:
        """Return the card of the trained network, without measured numbers."""
        return cards.locate_card(self.arguments, self.seed, self.steps)

    def build_network(self) -> nn.Module:
        """Return the untrained network."""
        return build(self.architecture, **self.arguments)

    def sample(self, rng: np.random.Generator) -> Arrays:
        """Return two coarse frames ``(2, s / 4, s / 4)`` and the cells ``(1, s / 32, s / 32)``."""
        frames, target = random_crop(rng, self._scenes, self.size, self._change)
        return np.stack([coarse(frame) for frame in frames]), _cells(target)

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return cross-entropy, a missed cell weighing more, plus Dice."""
        target = batch[1].to(output.dtype)
        return balanced_entropy(output, target, 3.0) + soft_dice(output.sigmoid(), target)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Return how many cells with an instrument are found, and how many without."""
        hit = wanted = false = empty = 0.0
        for n in range(self.cases):
            frames, target = held_out(n, self.size)
            small = torch.from_numpy(np.stack([coarse(frame) for frame in frames]))
            found = network(small[None])[0].sigmoid().numpy() > 0.2
            cells = _cells(target) > 0
            hit, wanted = hit + (found & cells).sum(), wanted + cells.sum()
            false, empty = false + (found & ~cells).sum(), empty + (~cells).sum()
        return {"cells_found": hit / max(wanted, 1), "cells_false": false / max(empty, 1)}


class Scenes:
    """Simulated scenes, each made when it is first asked for and kept.

    Scene n follows from the seed and n alone, so that it does not matter which process asks,
    or when.
    """

    def __init__(self, seed: int, size: int, count: int = _SCENES) -> None:
        self.seed, self.size, self.count = seed, size, count
        self._made: dict[int, Arrays] = {}

    def __getitem__(self, number: int) -> Arrays:
        """Return frames and classes, ``(2, s, s)`` each, float16 and uint8."""
        if number not in self._made:
            pair = random_scene(self.seed, number, self.size)
            frames = np.stack([pair.frame, pair.before]).astype(np.float16)
            self._made[number] = frames, np.stack([pair.wire, pair.catheter])
        return self._made[number]


def random_scene(seed: int, number: int, size: int) -> SimulatedPair:
    """Return a scene; four in twelve have for certain no wire, but what is taken for one.

    Of the others, most have what comes at random, one in six has for certain what is taken for
    a wire, and two in twelve show a wire in or beside arteries full of contrast.
    """
    every, kind = divmod(number, 12)
    rng = np.random.default_rng([seed, number])
    confused = tuple(_CONFUSED[(every + k) % len(_CONFUSED)] for k in (0, 1 + every % 3))
    if kind < 4:
        return simulate_pair(rng, size)
    if kind < 6:
        return simulate_pair(rng, size, always=confused[:1])
    if kind < 8:
        return simulate_pair(rng, size, always=("angiogram",), wires=0)
    if kind < 10:
        return simulate_pair(rng, size, always=confused, wires=0)
    always = ("angiogram",) if kind == 10 else ()
    return simulate_pair(rng, size, always=always, wires=1, in_vessel=kind == 11)


def random_crop(rng: np.random.Generator, scenes: Scenes, size: int, change: Photometric) -> Arrays:
    """Return two frames as the networks take them and the two classes, ``(2, s, s)`` each."""
    frames, target = scenes[int(rng.integers(scenes.count))]
    y, x = rng.integers(0, scenes.size - size + 1, 2)
    cut = np.s_[:, y : y + size, x : x + size]
    frames, target = turned(rng, change(rng, frames[cut].astype(np.float32)), target[cut])
    if rng.random() < _FIRST_FRAME:
        frames[1] = frames[0]
    frames = np.stack([standardised(frame) for frame in frames])
    frames *= np.float32(np.exp(rng.uniform(-_SCALE, _SCALE)))
    frames += np.float32(rng.normal(0, _SHIFT))
    return frames, target


def held_out(number: int, size: int) -> Arrays:
    """Return a crop that is never trained on, unchanged."""
    return _arrays(simulate_pair(np.random.default_rng([_VALIDATION_SEED, number]), size))


def held_out_angiogram(number: int, size: int) -> Arrays:
    """Return a crop with arteries full of contrast and no wire, never trained on."""
    rng = np.random.default_rng([_VALIDATION_SEED, 1, number])
    return _arrays(simulate_pair(rng, size, always=("angiogram",), wires=0))


def _arrays(pair: SimulatedPair) -> Arrays:
    frames = np.stack([standardised(frame) for frame in (pair.frame, pair.before)])
    return frames, np.stack([pair.wire, pair.catheter])


def tubed_skeleton(mask: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return the skeleton of a mask, widened by one pixel within it."""
    from skimage.morphology import skeletonize

    thin = skeletonize(mask > 0)  # type: ignore[no-untyped-call]
    wide = ndimage.binary_dilation(thin, np.ones((3, 3), bool), mask=mask > 0)
    return np.asarray(wide, dtype=np.uint8)


def centreline_counts(
    found: npt.NDArray[np.bool_],
    truth: npt.NDArray[np.bool_],
    tolerance_px: float = _TOLERANCE_PX,
) -> npt.NDArray[np.float64]:
    """Return skeleton pixels: found and near the truth, found; true and near, true."""
    from skimage.morphology import skeletonize

    lines = [skeletonize(mask) for mask in (found, truth)]  # type: ignore[no-untyped-call]
    counts = []
    for line, other in (lines, lines[::-1]):
        near = ndimage.distance_transform_edt(~other) <= tolerance_px if other.any() else other
        counts += [float((line & near).sum()), float(line.sum())]
    return np.array(counts)


def _cells(target: npt.NDArray[np.generic]) -> npt.NDArray[np.uint8]:
    rows, columns = (n // CELL for n in target.shape[1:])
    blocks = target.max(axis=0).reshape(rows, CELL, columns, CELL)
    return np.asarray(blocks.max(axis=(1, 3))[None], dtype=np.uint8)


def recipes(data: Path) -> Mapping[str, Any]:
    """Return the recipes by card name; `data` is not needed, since every frame is simulated."""
    return {recipe.name: recipe for recipe in (LocateRecipe(), SegmentRecipe())}
