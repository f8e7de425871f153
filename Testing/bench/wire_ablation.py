"""``python -m Testing.bench.wire_ablation``: one network, one loss after the other.

Trains the bundled guidewire network from nothing for some hundred steps on small crops with
each loss, on the same crops in the same order from the same first weights, and prints a Markdown
table: quality on held-out crops, and the training process's processor time a step. Too long for
``make bench``: 900 steps take one minute on one core, and with clDice or cbDice five.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn

from readingroom.evaluation.topology import cl_dice
from readingroom.losses.topology import HybridLoss, balanced_entropy, soft_dice
from readingroom.networks.wirenet import unpack
from readingroom.readers.guidewire.train import (
    ROOM_PX,
    Arrays,
    Scenes,
    SegmentRecipe,
    centreline_counts,
    held_out,
)
from readingroom.training.loop import train

Loss = Callable[[Tensor, Tensor, float, Tensor], Tensor]
SIZE, CASES, SCENES = 128, 64, 400
_POSITIVE = 3.0
_CONSTANT = {"start": -1.0, "full": 0.0}


def _hybrid(term: str | None, **timing: float) -> Loss:
    return HybridLoss(term, weight=0.5, positive_weight=_POSITIVE, **timing)


LOSSES: dict[str, Loss] = {
    "Dice": lambda x, target, _, __: soft_dice(x.sigmoid(), target.to(x.dtype)),
    "BCE": lambda x, target, _, __: balanced_entropy(x, target.to(x.dtype), _POSITIVE),
    "BCE + Dice": _hybrid(None),
    "BCE + Dice + clDice": _hybrid("cldice", **_CONSTANT),
    "BCE + Dice + cbDice": _hybrid("cbdice", **_CONSTANT),
    "BCE + Dice + skeleton recall": _hybrid("skeleton_recall", **_CONSTANT),
    "BCE + Dice + skeleton recall, annealed (the recipe's)": _hybrid("skeleton_recall"),
}


class Score(NamedTuple):
    """Quality on the held-out crops.

    Attributes
    ----------
    f1, precision, recall : float
        Of skeleton pixels within 2 px, over all crops together.
    cl_dice : float
        Mean over crops in which it is defined.
    breaks : float
        Gaps between pieces of a wire, by wires of which something was found.
    """

    f1: float
    precision: float
    recall: float
    cl_dice: float
    breaks: float


class _Variant(SegmentRecipe):
    validate_every = 10**9

    def __init__(self, steps: int, name: str, loss: Loss) -> None:
        super().__init__(size=SIZE, cases=1, scenes=SCENES)
        self._scenes = _scenes()
        self.steps, self.name, self._loss = steps, f"ablation-{name}", loss

    def loss(self, output: Tensor, batch: tuple[Tensor, ...]) -> Tensor:
        """Return the variant's loss."""
        return self._loss(unpack(output), batch[1], self._fraction, batch[2])


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--losses", nargs="+", choices=list(LOSSES), default=list(LOSSES))
    asked = parser.parse_args()
    steps = asked.steps
    print("| loss | F1 at 2 px | precision | recall | clDice | breaks a wire | ms a step |")
    print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
    for name in asked.losses:
        with tempfile.TemporaryDirectory() as place:
            recipe = _Variant(steps, name, LOSSES[name])
            spent = time.process_time()
            result = train(recipe, Path(place), device="cpu", precision="fp32")
            spent = time.process_time() - spent
        numbers = " | ".join(f"{value:.3f}" for value in score(result.network))
        print(f"| {name} | {numbers} | {1000 * spent / steps:.0f} |", flush=True)


def score(network: nn.Module) -> Score:
    """Return how well a network does on the held-out crops."""
    counts, topology = np.zeros(4), []
    gaps = wires = 0
    for frames, target in _held_out():
        with torch.no_grad():
            found = unpack(network(torch.from_numpy(frames)[None]))[0, 0].numpy() > 0
        truth = target[0] > 0
        counts += centreline_counts(found, truth)
        topology.append(cl_dice(found, truth))
        pieces = [pieces_of(found, wire) for wire in _wires(truth)]
        gaps += sum(count - 1 for count in pieces if count)
        wires += sum(count > 0 for count in pieces)
    precision, recall = counts[0] / max(counts[1], 1), counts[2] / max(counts[3], 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    known = [value for value in topology if not math.isnan(value)]
    return Score(f1, precision, recall, float(np.mean(known)), gaps / max(wires, 1))


@cache
def _scenes() -> Scenes:
    """Return all scenes, made before the trainings' workers are forked, which share them."""
    scenes = Scenes(SegmentRecipe.seed, SIZE + ROOM_PX, SCENES)
    for number in range(SCENES):
        scenes[number]
    return scenes


@cache
def _held_out() -> list[Arrays]:
    return [held_out(number, SIZE) for number in range(CASES)]


def _wires(truth: np.ndarray) -> list[np.ndarray]:
    labels, count = ndimage.label(truth, np.ones((3, 3)))
    return [labels == number for number in range(1, count + 1)]


def pieces_of(found: np.ndarray, wire: np.ndarray) -> int:
    """Return in how many pieces a wire was found; pieces touch at corners too."""
    near = ndimage.binary_dilation(wire, iterations=3)
    return int(ndimage.label(found & near, np.ones((3, 3)))[1])


if __name__ == "__main__":
    main()
