"""A compact 3-D U-Net with residual blocks and instance normalisation.

Source: Çiçek et al., "3D U-Net", MICCAI 2016, with the residual encoder of Isensee et
al., nnU-Net (Nat Methods 2021), reduced to what two CPU cores run in a second or two.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class _Block(nn.Module):
    """Two 3×3×3 convolutions with a residual connection."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv3d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.first_norm = nn.InstanceNorm3d(outputs, affine=True)
        self.second = nn.Conv3d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.InstanceNorm3d(outputs, affine=True)
        self.skip = (
            nn.Identity()
            if inputs == outputs and stride == 1
            else nn.Conv3d(inputs, outputs, 1, stride, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.leaky_relu(self.first_norm(self.first(x)), 0.01)
        return functional.leaky_relu(self.second_norm(self.second(y)) + self.skip(x), 0.01)


class UNet3d(nn.Module):
    """Map ``(n, inputs, d, h, w)`` to logits ``(n, outputs, d, h, w)``.

    Parameters
    ----------
    inputs, outputs : int
        Channels in and classes out.
    widths : sequence of int
        Channels per level; each level halves the resolution. ``d``, ``h`` and ``w``
        must be multiples of ``2 ** (len(widths) - 1)``.
    """

    def __init__(self, inputs: int, outputs: int, widths: Sequence[int] = (16, 32, 64, 96)) -> None:
        super().__init__()
        self.multiple = 2 ** (len(widths) - 1)
        self.encoder = nn.ModuleList(
            _Block(inputs if level == 0 else widths[level - 1], width, 1 if level == 0 else 2)
            for level, width in enumerate(widths)
        )
        lower = list(zip(widths[1:], widths[:-1], strict=True))[::-1]
        self.reduce = nn.ModuleList(nn.Conv3d(deep, width, 1, bias=False) for deep, width in lower)
        self.decoder = nn.ModuleList(_Block(2 * width, width) for _, width in lower)
        self.head = nn.Conv3d(widths[0], outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits at the input's resolution."""
        skips: list[Tensor] = []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
        skips.pop()
        for reduce, block in zip(self.reduce, self.decoder, strict=True):
            x = functional.interpolate(reduce(x), scale_factor=2.0, mode="trilinear")
            x = block(torch.cat([x, skips.pop()], dim=1))
        logits: Tensor = self.head(x)
        return logits
