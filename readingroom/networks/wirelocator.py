"""A localiser of instruments: two frames at a quarter of their resolution to a heat map.

The first stage of a detect-crop-segment cascade; a heat map instead of boxes, since a wire
is a line and several boxes would cover it badly.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from readingroom.networks.wirenet import Residual, unit


class WireLocator(nn.Module):
    """Map ``(n, frames, h, w)`` to logits ``(n, 1, h / 8, w / 8)`` of an instrument.

    Parameters
    ----------
    frames : int
        Frames in: this one and those before it.
    widths : sequence of int
        Channels of the three levels, each of half the resolution.
    """

    def __init__(self, frames: int = 2, widths: Sequence[int] = (16, 32, 48)) -> None:
        super().__init__()
        self.multiple = 2 ** len(widths)
        levels = [
            nn.Sequential(unit(a, b, stride=2), Residual(b)) for a, b in pairwise([frames, *widths])
        ]
        self.levels = nn.Sequential(*levels, Residual(widths[-1]))
        self.head = nn.Conv2d(widths[-1], 1, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Return the heat map's logits."""
        logits: Tensor = self.head(self.levels(frames))
        return logits
