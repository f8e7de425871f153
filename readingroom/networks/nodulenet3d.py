"""A small 3-D network that tells nodules from vessels and scars, at two scales at once.

Idea: multi-level contextual 3-D networks for false-positive reduction (Dou et al., IEEE
Trans Biomed Eng 2017;64:1558): one branch sees the candidate closely, one its surroundings.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


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


def _branch(inputs: int, widths: Sequence[int], halved: bool) -> nn.Sequential:
    kernel, step = (4, 2) if halved else (3, 1)
    first = nn.Sequential(
        nn.Conv3d(inputs, widths[0], kernel, stride=step, padding=1, bias=False),
        nn.BatchNorm3d(widths[0]),
        nn.ReLU(),
    )
    stages = [
        nn.Sequential(
            nn.Conv3d(a, b, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm3d(b),
            nn.ReLU(),
            *([_Residual(b)] if n or halved else []),
        )
        for n, (a, b) in enumerate(pairwise(widths))
    ]
    return nn.Sequential(first, *stages)


class NoduleNet3d(nn.Module):
    """Map two cubes ``(n, inputs, d, d, d)`` to ``(n, outputs)``.

    Parameters
    ----------
    inputs, outputs : int
        Channels of a cube; numbers per candidate (logits, then what else is asked).
    widths : sequence of int
        Channels per stage of a branch; each after the first halves the resolution.
    hidden : int
        Width of the layer that joins the branches.
    halved : bool
        Whether the first stage halves the resolution, too: four times as fast.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        widths: Sequence[int] = (8, 20, 40, 64),
        hidden: int = 96,
        halved: bool = False,
    ) -> None:
        super().__init__()
        self.fine = _branch(inputs, widths, halved)
        self.wide = _branch(inputs, widths, halved)
        seen = 2 * (3 * widths[-1] + widths[-2])
        self.head = nn.Sequential(
            nn.Linear(seen, hidden), nn.ReLU(), nn.Dropout(0.2), nn.Linear(hidden, outputs)
        )

    def forward(self, fine: Tensor, wide: Tensor) -> Tensor:
        """Return the numbers of each candidate."""
        parts = [*_seen(self.fine, fine), *_seen(self.wide, wide)]
        found: Tensor = self.head(torch.cat(parts, 1))
        return found


def _seen(branch: nn.Sequential, cubes: Tensor) -> list[Tensor]:
    """Return what a branch sees at the cube's centre, where the candidate is, and around it.

    Without the centre, a small nodule cannot be told from the vessels beside it.
    """
    finer = branch[:-1](cubes)
    coarse = branch[-1](finer)
    everywhere = [coarse.mean((2, 3, 4)), coarse.amax((2, 3, 4))]
    return [_centre(finer), _centre(coarse), *everywhere]


def _centre(x: Tensor) -> Tensor:
    """Return the mean of the one or two middle cells along each axis."""
    k, j, i = (slice((n - 1) // 2, n // 2 + 1) for n in x.shape[2:])
    return x[:, :, k, j, i].mean((2, 3, 4))
