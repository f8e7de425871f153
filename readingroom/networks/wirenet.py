"""A compact segmentation network for thin instruments: Hessian layer, dual attention.

After the two-stage design of HessianNet (Hessian features, encoder-decoder, dual
self-attention), reduced to what two CPU cores run in about 15 ms at 512 × 512: the finest
features lie at half resolution, and each of their pixels answers for four.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from readingroom.networks.attention2d import DualAttention
from readingroom.networks.hessianlayer import HessianLayer


def unit(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Return convolution, batch normalisation and ReLU."""
    padding = (kernel - stride + 1) // 2
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class Residual(nn.Module):
    """``x + unit(x)``: one convolution, since at fine resolution each costs 1-2 ms."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.unit = unit(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return a map like `x`."""
        added: Tensor = x + self.unit(x)
        return added


class WireNet(nn.Module):
    """Map ``(n, frames, h, w)`` to packed logits ``(n, 4 * outputs, h / 2, w / 2)``.

    The first frame is the one to segment, the others came before it. `unpack` lays the
    logits out at full resolution; leaving it out of the graph saves 3 ms a frame.

    Parameters
    ----------
    frames, outputs : int
        Frames in and classes out.
    widths : sequence of int
        Channels per level, from half resolution; ``h`` and ``w`` must be multiples of
        ``2 ** len(widths)``.
    depths : sequence of int
        Residual blocks of each level below the first.
    hessian_scales : sequence of float
        Scales of the Hessian layer on the first frame, pixels; empty for none.
    attention : bool
        Whether the coarsest level has dual self-attention.
    """

    def __init__(
        self,
        frames: int = 2,
        outputs: int = 2,
        widths: Sequence[int] = (16, 24, 40, 64, 96),
        depths: Sequence[int] = (1, 1, 2, 2),
        hessian_scales: Sequence[float] = (1.0, 1.6),
        attention: bool = True,
    ) -> None:
        super().__init__()
        self.multiple = 2 ** len(widths)
        ridges = 2 * len(hessian_scales)
        self.hessian = HessianLayer(hessian_scales, stride=2) if ridges else None
        self.stem = unit(frames, widths[0] - ridges, kernel=4, stride=2)
        self.down = nn.ModuleList(unit(a, b, stride=2) for a, b in pairwise(widths))
        self.encoder = nn.ModuleList(
            nn.Sequential(*(Residual(width) for _ in range(depth)))
            for width, depth in zip(widths[1:], depths, strict=True)
        )
        self.context = DualAttention(widths[-1]) if attention else nn.Identity()
        self.reduce = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.decoder = nn.ModuleList(Residual(width) for width in widths[:-1])
        self.head = nn.Conv2d(widths[0], 4 * outputs, 1)
        # Instruments cover about 1 % of a frame: start from there.
        nn.init.constant_(self.head.bias, -4.0)  # type: ignore[arg-type]

    def forward(self, frames: Tensor) -> Tensor:
        """Return packed logits."""
        x = self.stem(frames)
        if self.hessian is not None:
            x = torch.cat([x, self.hessian(frames[:, :1])], dim=1)
        skips = [x]
        for down, block in zip(self.down, self.encoder, strict=True):
            x = block(down(x))
            skips.append(x)
        x = self.context(skips.pop())
        for reduce, block in reversed(list(zip(self.reduce, self.decoder, strict=True))):
            x = functional.interpolate(reduce(x), scale_factor=2.0, mode="nearest")
            x = block(x + skips.pop())
        logits: Tensor = self.head(x)
        return logits


def unpack(logits: Tensor) -> Tensor:
    """Return ``(n, outputs, h, w)`` of packed logits ``(n, 4 * outputs, h / 2, w / 2)``."""
    return functional.pixel_shuffle(logits, 2)
