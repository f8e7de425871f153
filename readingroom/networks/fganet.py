"""A network after FGA-Net: two branches, bilateral fusion, light gated attention.

Sources: the focused gated attention network for guidewires in TACE (Quant Imaging Med Surg);
Yu et al., "BiSeNet V2", IJCV 2021, for the bilateral aggregation of a detailed and a semantic
branch. The published description gives the modules, not every width; the widths are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from readingroom.networks.attention2d import GatedAttention
from readingroom.networks.wirenet import Residual, unit


def _enlarged(x: Tensor, factor: int) -> Tensor:
    return functional.interpolate(x, scale_factor=float(factor), mode="bilinear")


class _Separable(nn.Sequential):
    """A depthwise and a pointwise convolution, each normalised."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )


class BilateralFusion(nn.Module):
    """Join a fine and a coarse map, each weighing the other, at both resolutions.

    Parameters
    ----------
    channels : int
        Of both maps.
    factor : int
        How many times finer the fine map is.
    """

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.fine_stays = _Separable(channels)
        self.fine_shrinks = nn.Sequential(unit(channels, channels), nn.AvgPool2d(factor))
        self.coarse_stays = _Separable(channels)
        self.coarse_grows = unit(channels, channels)
        self.join = unit(channels, channels)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """Return the joined map at the fine resolution."""
        guide = torch.sigmoid(_enlarged(self.coarse_grows(coarse), self.factor))
        detail = self.fine_stays(fine) * guide
        meaning = torch.sigmoid(self.coarse_stays(coarse)) * self.fine_shrinks(fine)
        joined: Tensor = self.join(detail + _enlarged(meaning, self.factor))
        return joined


class FgaNet(nn.Module):
    """Map ``(n, frames, h, w)`` to logits ``(n, outputs, h, w)``.

    Parameters
    ----------
    frames, outputs : int
        Frames in and classes out.
    widths : sequence of int
        Channels of the levels at 1/2, 1/4, 1/8 and 1/16; ``h`` and ``w`` must be multiples
        of 16.
    """

    def __init__(
        self, frames: int = 2, outputs: int = 2, widths: Sequence[int] = (16, 32, 64, 96)
    ) -> None:
        super().__init__()
        self.multiple = 16
        detail, quarter = widths[:2]
        self.stem = nn.Sequential(unit(frames, detail, stride=2), Residual(detail))
        self.fine = nn.Sequential(unit(detail, quarter, stride=2), Residual(quarter))
        deeper = pairwise(widths[1:])
        self.deep = nn.Sequential(
            *(nn.Sequential(unit(a, b, stride=2), Residual(b), Residual(b)) for a, b in deeper)
        )
        self.narrow = nn.Conv2d(widths[-1], quarter, 1)
        self.fusion = BilateralFusion(quarter, factor=4)
        self.gate = GatedAttention(detail, quarter)
        self.merge = unit(detail + quarter, detail)
        self.head = nn.Conv2d(detail, outputs, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Return logits at the input's resolution."""
        detail = self.stem(frames)
        fine = self.fine(detail)
        fused = _enlarged(self.fusion(fine, self.narrow(self.deep(fine))), 2)
        passed = self.gate(detail, fused)
        merged = self.merge(torch.cat([passed, fused], dim=1))
        return _enlarged(self.head(merged), 2)
