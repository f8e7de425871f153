"""Attention blocks for two-dimensional feature maps.

Sources: Fu et al., "Dual attention network", CVPR 2019 (position and channel); Oktay et
al., "Attention U-Net", MIDL 2018 (gates on skip connections).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PositionAttention(nn.Module):
    """Every place of ``(n, c, h, w)`` gathers from all places that look alike.

    Memory grows with ``(h w)²``: for coarse maps only.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(channels // 4, 8)
        self.scale = inner**-0.5
        self.query = nn.Conv2d(channels, inner, 1)
        self.key = nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        # From 0, so that an untrained block is the identity.
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the map with what was gathered added, ``(n, c, h, w)``."""
        query, key, value = (f(x).flatten(2) for f in (self.query, self.key, self.value))
        alike = torch.softmax(query.transpose(1, 2) @ key * self.scale, dim=-1)
        gathered = value @ alike.transpose(1, 2)
        attended: Tensor = x + self.weight * gathered.reshape(x.shape)
        return attended


class ChannelAttention(nn.Module):
    """Every channel of ``(n, c, h, w)`` gathers from the channels that vary with it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the map with what was gathered added, ``(n, c, h, w)``."""
        flat = x.flatten(2)
        alike = flat @ flat.transpose(1, 2) / flat.shape[-1]
        # Source: the least alike weigh most, which keeps channels from becoming equal.
        alike = torch.softmax(alike.amax(-1, keepdim=True) - alike, dim=-1)
        return x + self.weight * (alike @ flat).reshape(x.shape)


class DualAttention(nn.Module):
    """The sum of `PositionAttention` and `ChannelAttention`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.position = PositionAttention(channels)
        self.channel = ChannelAttention()

    def forward(self, x: Tensor) -> Tensor:
        """Return the attended map, ``(n, c, h, w)``."""
        attended: Tensor = (self.position(x) + self.channel(x)) / 2
        return attended


class GatedAttention(nn.Module):
    """A light gate: which places of fine features pass, decided by coarse ones.

    One 1×1 convolution on each side; the gate is one channel for all features.
    """

    def __init__(self, fine: int, coarse: int, inner: int = 8) -> None:
        super().__init__()
        self.of_fine = nn.Conv2d(fine, inner, 1, bias=False)
        self.of_coarse = nn.Conv2d(coarse, inner, 1)
        self.gate = nn.Conv2d(inner, 1, 1)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """Return `fine` weighed by the gate; both of one height and width."""
        seen = torch.relu(self.of_fine(fine) + self.of_coarse(coarse))
        return fine * torch.sigmoid(self.gate(seen))
