"""A small 3-D patch classifier that also takes a vector of measured features.

Source of the idea: de Vos et al., IEEE Trans Med Imaging 2019, 38:2127 (patch networks
for calcium), with the position in a heart-fixed frame as further input.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm3d(outputs),
        nn.ReLU(),
        nn.Conv3d(outputs, outputs, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm3d(outputs),
        nn.ReLU(),
    )


class LesionNet3d(nn.Module):
    """Map patches ``(n, inputs, d, h, w)`` and features ``(n, f)`` to logits ``(n, outputs)``.

    Parameters
    ----------
    inputs, features, outputs : int
        Channels of a patch, length of the feature vector, classes.
    widths : sequence of int
        Channels per stage; each stage halves the resolution.
    """

    def __init__(
        self, inputs: int, features: int, outputs: int, widths: Sequence[int] = (16, 32, 64, 96)
    ) -> None:
        super().__init__()
        channels = [inputs, *widths]
        self.stages = nn.Sequential(*(_stage(a, b) for a, b in pairwise(channels)))
        self.context = nn.Sequential(nn.BatchNorm1d(features), nn.Linear(features, 64), nn.ReLU())
        self.head = nn.Sequential(
            nn.Linear(2 * widths[-1] + 64, 96), nn.ReLU(), nn.Dropout(0.2), nn.Linear(96, outputs)
        )

    def pool(self, patches: Tensor) -> Tensor:
        """Return what the convolutions see in patches, ``(n, 2 * widths[-1])``."""
        seen = self.stages(patches)
        return torch.cat([seen.mean((2, 3, 4)), seen.amax((2, 3, 4))], 1)

    def forward(self, patches: Tensor, features: Tensor) -> Tensor:
        """Return logits; `patches` may be what `pool` made of them before."""
        pooled = patches if patches.ndim == 2 else self.pool(patches)
        logits: Tensor = self.head(torch.cat([pooled, self.context(features)], 1))
        return logits
