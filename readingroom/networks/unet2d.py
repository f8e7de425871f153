"""The plain two-dimensional U-Net, the baseline that others are measured against.

Source: Ronneberger et al., "U-Net", MICCAI 2015, with batch normalisation and padded
convolutions, as usual since.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from readingroom.networks.wirenet import unit


def _double(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(unit(inputs, outputs), unit(outputs, outputs))


class UNet2d(nn.Module):
    """Map ``(n, frames, h, w)`` to logits ``(n, outputs, h, w)``.

    Parameters
    ----------
    frames, outputs : int
        Channels in and classes out.
    widths : sequence of int
        Channels per level, from full resolution; the source's are 64, 128, 256, 512, 1024.
        ``h`` and ``w`` must be multiples of ``2 ** (len(widths) - 1)``.
    """

    def __init__(
        self, frames: int = 2, outputs: int = 2, widths: Sequence[int] = (32, 64, 128, 256, 512)
    ) -> None:
        super().__init__()
        self.multiple = 2 ** (len(widths) - 1)
        self.encoder = nn.ModuleList(_double(a, b) for a, b in pairwise([frames, *widths]))
        lower = list(pairwise(widths))[::-1]
        self.reduce = nn.ModuleList(nn.Conv2d(deep, width, 1) for width, deep in lower)
        self.decoder = nn.ModuleList(_double(2 * width, width) for width, _ in lower)
        self.head = nn.Conv2d(widths[0], outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits at the input's resolution."""
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            x = block(functional.max_pool2d(x, 2) if level else x)
            skips.append(x)
        skips.pop()
        for reduce, block in zip(self.reduce, self.decoder, strict=True):
            x = functional.interpolate(reduce(x), scale_factor=2.0, mode="bilinear")
            x = block(torch.cat([skips.pop(), x], dim=1))
        logits: Tensor = self.head(x)
        return logits
