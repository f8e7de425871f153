"""A small 3-D network that describes one nodule: graded characteristics and classes.

The nodule fills the cube whatever its size, so that shape is seen at one resolution; size
and voxel size, which the cube no longer shows, come in as numbers beside it. Idea: multi-task
attributes of lung nodules (Shen et al., Expert Syst Appl 2019;128:84, "HSCNN").
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

#: Channels and cells per axis of the map that keeps its places.
_PLACES, _GRID = 8, 4


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv3d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm3d(width),
            nn.ReLU(),
            nn.Conv3d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm3d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))


def _down(inputs: int, outputs: int, stride: int = 2) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm3d(outputs),
        nn.ReLU(),
    )


class CharacterNet3d(nn.Module):
    """Map cubes ``(n, inputs, d, d, d)`` and numbers ``(n, numbers)`` to ``(n, outputs)``.

    Parameters
    ----------
    inputs, numbers, outputs : int
        Channels of a cube; numbers that come with it; numbers asked for.
    widths : sequence of int
        Channels per stage; each after the first halves the resolution.
    hidden : int
        Width of the layer before the outputs.
    """

    def __init__(
        self,
        inputs: int,
        numbers: int,
        outputs: int,
        widths: Sequence[int] = (8, 24, 48, 72),
        hidden: int = 96,
    ) -> None:
        super().__init__()
        stages = [_down(inputs, widths[0], stride=1)]
        # At half resolution a residual block would cost more than all the rest together.
        stages += [
            nn.Sequential(_down(a, b), *([_Residual(b)] if n else []))
            for n, (a, b) in enumerate(pairwise(widths))
        ]
        self.stages = nn.ModuleList(stages)
        # Mean and largest of the two last stages say what is there; that alone tells no shape
        # (a network without the rest did not learn roundness), so where it is comes on top.
        self.where = nn.Sequential(nn.Conv3d(widths[-1], _PLACES, 1), nn.AdaptiveAvgPool3d(_GRID))
        seen = 2 * (widths[-1] + widths[-2]) + numbers + _PLACES * _GRID**3
        self.head = nn.Sequential(
            nn.Linear(seen, hidden), nn.ReLU(), nn.Dropout(0.2), nn.Linear(hidden, outputs)
        )

    def forward(self, cubes: Tensor, numbers: Tensor) -> Tensor:
        """Return the numbers of each nodule."""
        x, finer = cubes, cubes
        for stage in self.stages:
            finer, x = x, stage(x)
        parts = [pooled for part in (finer, x) for pooled in (_mean(part), part.amax((2, 3, 4)))]
        found: Tensor = self.head(torch.cat([*parts, self.where(x).flatten(1), numbers], 1))
        return found


def _mean(x: Tensor) -> Tensor:
    return x.mean((2, 3, 4))
