"""What each loss for thin structures adds to a training step of the guidewire network."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from readingroom.losses import topology
from readingroom.losses.topology import HybridLoss
from readingroom.networks import build
from readingroom.networks.wirenet import unpack
from readingroom.readers.guidewire.train import SegmentRecipe

BATCH, SIZE, REPEATS = 4, 192, 5


def run() -> list[dict[str, Any]]:
    """Time forward and backward passes with one loss after the other, one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _rows()
    finally:
        torch.set_num_threads(before)


def _rows() -> list[dict[str, Any]]:
    torch.manual_seed(0)
    network = build(SegmentRecipe.architecture, **SegmentRecipe.arguments)
    frames = torch.randn(BATCH, 2, SIZE, SIZE)
    target = topology.soft_dilate((torch.rand(BATCH, 2, SIZE, SIZE) > 0.998).float())
    skeleton = topology.tubed_skeleton(target)
    losses: dict[str, Callable[[Tensor], Tensor]] = {
        "BCE": lambda x: topology.balanced_entropy(x, target),
        "BCE + Dice": lambda x: HybridLoss(None)(x, target),
        "hybrid, skeleton recall (skeleton made with the example)": lambda x: HybridLoss(
            "skeleton_recall"
        )(x, target, 1.0, skeleton),
        "hybrid, clDice": lambda x: HybridLoss("cldice")(x, target),
        "hybrid, cbDice": lambda x: HybridLoss("cbdice")(x, target),
    }
    seconds = {name: _seconds(network, frames, loss) for name, loss in losses.items()}
    plain = seconds["BCE"]
    return [
        {
            "name": f"training step with {name}",
            "value": 1000 * s,
            "unit": "ms",
            "peer": "BCE",
            "ratio": plain / s,
        }
        for name, s in seconds.items()
    ]


def _seconds(network: torch.nn.Module, frames: Tensor, loss: Callable[[Tensor], Tensor]) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        loss(unpack(network(frames))).backward()  # type: ignore[no-untyped-call]
        times.append(time.perf_counter() - started)
    return min(times)
