"""The 2-D U-Net whose public weights are known as lungmask (R231, LTRCLobes).

Source: Hofmanninger et al., "Automatic lung segmentation in routine imaging is primarily a
data diversity problem, not a methodology problem", Eur Radiol Exp 4:50 (2020): five levels of
two 3×3 convolutions, each followed by ReLU and batch normalisation, average pooling,
bilinear upsampling. Parameter names follow the published files, so that they load as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class _Convolutions(nn.Module):
    """Twice 3×3 convolution, ReLU, batch normalisation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (inputs, outputs):
            layers += [nn.Conv2d(width, outputs, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(outputs)]
        self.block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.block(x)
        return y


class _Upwards(nn.Module):
    """Double the resolution, join the skip connection, convolve."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.up = nn.Sequential(
            nn.Upsample(mode="bilinear", scale_factor=2), nn.Conv2d(inputs, outputs, 1)
        )
        self.conv_block = _Convolutions(inputs, outputs)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        y: Tensor = self.conv_block(torch.cat([self.up(x), skip], dim=1))
        return y


class LungmaskUNet(nn.Module):
    """Map slices ``(n, 1, h, w)`` to logits ``(n, outputs, h, w)``.

    Parameters
    ----------
    outputs : int
        Classes: 3 for R231 (background, right lung, left lung), 6 for LTRCLobes.
    width : int
        Channels of the first level, 64 in the published files.
    depth : int
        Levels; ``h`` and ``w`` must be multiples of ``2 ** (depth - 1)``.
    """

    def __init__(self, outputs: int, width: int = 64, depth: int = 5) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(depth)]
        self.down_path = nn.ModuleList(
            _Convolutions(before, after)
            for before, after in zip([1, *widths[:-1]], widths, strict=True)
        )
        self.up_path = nn.ModuleList(_Upwards(2 * after, after) for after in reversed(widths[:-1]))
        self.last = nn.Conv2d(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits; the published network ends in their log-softmax, same argmax."""
        skips: list[Tensor] = []
        for level, block in enumerate(self.down_path):
            x = block(x if level == 0 else functional.avg_pool2d(x, 2))
            skips.append(x)
        x = skips.pop()
        for block in self.up_path:
            x = block(x, skips.pop())
        logits: Tensor = self.last(x)
        return logits
