"""A small 3-D network that describes one nodule: graded characteristics and classes.

The nodule fills the cube whatever its size, so that shape is seen at one resolution; size
and voxel size, which the cube no longer shows, come in as numbers beside it. Learned and
plain channels are pooled over shells about the middle, and the shape of what is brighter
than a few levels by its second moments: none of it changes when the nodule is turned. A
network of strided convolutions did not learn roundness from some hundred nodules.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Shells about the middle, and what is told of each: mean, spread, skew.
_SHELLS = 12
#: Brightness (first channel) above which the shape is measured, softly.
_LEVELS, _SOFT = (-0.4, 0.2, 0.8), 0.1
#: What lies beyond this share of the half side is not the nodule's; numbers per level.
_OWN, _PER_LEVEL = 0.75, 3


class CharacterNet3d(nn.Module):
    """Map cubes ``(n, inputs, d, d, d)`` and numbers ``(n, numbers)`` to ``(n, outputs)``.

    Parameters
    ----------
    inputs, numbers, outputs : int
        Channels of a cube; numbers that come with it; numbers asked for.
    channels : int
        Learned channels that are pooled beside the cube's own.
    hidden : int
        Width of the layer before the outputs.
    side : int
        Voxels ``d`` along each side.
    """

    distance: Tensor
    shells: Tensor
    axes: Tensor

    def __init__(
        self,
        inputs: int,
        numbers: int,
        outputs: int,
        channels: int = 8,
        hidden: int = 64,
        side: int = 28,
    ) -> None:
        super().__init__()
        self.local = nn.Sequential(
            nn.Conv3d(inputs, channels, 3, padding=1, bias=False),
            nn.BatchNorm3d(channels),
            nn.ReLU(),
        )
        seen = 3 * _SHELLS * (inputs + channels) + _PER_LEVEL * len(_LEVELS) + numbers
        self.head = nn.Sequential(
            nn.BatchNorm1d(seen),
            nn.Dropout(0.2),
            nn.Linear(seen, hidden),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(hidden, outputs),
        )
        line = (torch.arange(side) - (side - 1) / 2) / (side / 2)
        axes = torch.stack(torch.meshgrid(line, line, line, indexing="ij")).flatten(1)
        distance = axes.norm(dim=0)
        number = (distance * _SHELLS).long()
        shells = torch.stack([(number == n).float() for n in range(_SHELLS)])
        # They follow from `side`: not part of the weights.
        self.register_buffer("axes", axes, persistent=False)
        self.register_buffer("distance", distance, persistent=False)
        self.register_buffer("shells", shells / shells.sum(1, keepdim=True), persistent=False)

    def forward(self, cubes: Tensor, numbers: Tensor) -> Tensor:
        """Return the numbers of each nodule."""
        found: Tensor = self.head(self.features(cubes, numbers))
        return found

    def features(self, cubes: Tensor, numbers: Tensor) -> Tensor:
        """Return what the last layers see ``(n, features)``."""
        local = self.local(cubes)
        # Spreads are differences of sums: half precision would leave nothing of them.
        with torch.autocast(cubes.device.type, enabled=False):
            plain = cubes.float()
            pooled = self._pooled(torch.cat([plain, local.float()], 1).flatten(2))
            shape = self._shape(plain[:, 0].flatten(1))
            return torch.cat([pooled, shape, numbers.float()], 1)

    def _pooled(self, x: Tensor) -> Tensor:
        """Return mean, spread and skew per channel and shell of ``(n, c, voxels)``."""
        first, second, third = (x**power @ self.shells.T for power in (1, 2, 3))
        spread = (second - first**2).clamp(min=1e-6).sqrt()
        skew = third - 3 * first * second + 2 * first**3
        skew = skew.sign() * (skew.abs() + 1e-9) ** (1 / 3)
        return torch.cat([first, spread, skew], 2).flatten(1)

    def _shape(self, x: Tensor) -> Tensor:
        """Return size and axis ratios of what is brighter than each level, ``(n, 9)``."""
        own = torch.sigmoid((_OWN - self.distance) / 0.05)
        rows = []
        for level in _LEVELS:
            mass = torch.sigmoid((x - level) / _SOFT) * own + 1e-6
            whole = mass.sum(1, keepdim=True)
            centre = mass @ self.axes.T / whole
            pairs = (self.axes[:, None] * self.axes[None]).flatten(0, 1)
            spread = (mass @ pairs.T / whole).reshape(-1, 3, 3)
            spread = spread - centre[:, :, None] * centre[:, None, :]
            lengths = torch.linalg.eigvalsh(spread).clamp(min=1e-5).sqrt()
            rows += [
                lengths[:, 0] / lengths[:, 2],
                lengths[:, 1] / lengths[:, 2],
                whole[:, 0].log(),
            ]
        return torch.stack(rows, 1)
