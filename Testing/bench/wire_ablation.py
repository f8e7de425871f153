"""``python -m Testing.bench.wire_ablation``: one network, one loss after the other.

Trains the bundled guidewire network for a few hundred steps on small crops with each loss and
prints a Markdown table: quality on held-out crops and seconds a step. Too long for ``make
bench``; a table of 300 steps takes about ten minutes on one core.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from readingroom.evaluation.topology import cl_dice
from readingroom.losses.topology import HybridLoss
from readingroom.networks.wirenet import unpack
from readingroom.readers.guidewire.train import SegmentRecipe, centreline_counts, held_out
from readingroom.training.loop import train

LOSSES = {
    "BCE + Dice": None,
    "+ clDice": "cldice",
    "+ cbDice": "cbdice",
    "+ skeleton recall": "skeleton_recall",
}
SIZE, CASES = 128, 24


class _Variant(SegmentRecipe):
    validate_every = 10**9

    def __init__(self, steps: int, term: str | None) -> None:
        super().__init__(size=SIZE, cases=1, scenes=400)
        self.steps, self.name = steps, f"ablation-{term}"
        self._criterion = HybridLoss(term, weight=0.5, positive_weight=3.0)


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    steps = parser.parse_args().steps
    print("| loss | F1 at 2 px | clDice | pieces per wire | s a step |\n|---|--:|--:|--:|--:|")
    for name, term in LOSSES.items():
        with tempfile.TemporaryDirectory() as place:
            result = train(_Variant(steps, term), Path(place), device="cpu", precision="fp32")
        f1, topology, pieces = score(result.network)
        each = result.seconds / steps
        print(f"| {name} | {f1:.3f} | {topology:.3f} | {pieces:.2f} | {each:.2f} |", flush=True)


def score(network: nn.Module) -> tuple[float, float, float]:
    """Return F1 at 2 px, mean clDice, and found pieces by true wires, of held-out crops."""
    from scipy import ndimage

    counts, topology = np.zeros(4), []
    pieces = wires = 0
    for number in range(CASES):
        frames, target = held_out(number, SIZE)
        with torch.no_grad():
            found = unpack(network(torch.from_numpy(frames)[None]))[0, 0].numpy() > 0
        truth = target[0] > 0
        counts += centreline_counts(found, truth)
        topology.append(cl_dice(found, truth))
        near = ndimage.binary_dilation(truth, iterations=3)
        pieces += ndimage.label(found & near, np.ones((3, 3)))[1]
        wires += ndimage.label(truth, np.ones((3, 3)))[1]
    precision, recall = counts[0] / max(counts[1], 1), counts[2] / max(counts[3], 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    known = [value for value in topology if not math.isnan(value)]
    return f1, float(np.mean(known)), pieces / max(wires, 1)


if __name__ == "__main__":
    main()
