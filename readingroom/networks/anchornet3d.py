"""An anchor detector: a 3-D region proposal network on a small residual backbone.

Region proposals: Ren et al., NeurIPS 2015; in 3-D with cubic anchors for nodules: Liao et
al., IEEE Trans Neural Netw Learn Syst 2019;30:3484.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from readingroom.networks.foldedunet3d import folded


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm3d(outputs),
        nn.ReLU(),
    )


class AnchorNet3d(nn.Module):
    """Map images ``(n, inputs, k, j, i)`` to proposals ``(n, anchors * 7, k/4, j/4, i/4)``.

    Per anchor: the logit of "a nodule", the box's centre relative to the anchor's in units
    of its size, and the logarithm of the box's size relative to the anchor's, ``(k, j, i)``
    each.

    Parameters
    ----------
    inputs : int
        Channels of an image; its extents are multiples of 16.
    anchors : int
        Anchors per place; their sizes are the caller's.
    widths : sequence of int
        Channels at full, 1/2, 1/4, 1/8 and 1/16 resolution.
    fold : bool
        Whether voxels are folded into channels at half the resolution instead of a first
        layer at the full one, which has no width then; half the time.
    """

    stride = 4
    per_anchor = 7

    def __init__(
        self,
        inputs: int = 1,
        anchors: int = 3,
        widths: Sequence[int] = (8, 16, 32, 48, 64),
        *,
        fold: bool = False,
    ) -> None:
        super().__init__()
        first, *others = widths
        self.fold = fold
        self.stem = nn.Identity() if fold else _convolution(inputs, first)
        pairs = zip([8 * inputs if fold else first, *others], others, strict=False)
        self.down = nn.ModuleList(
            nn.Sequential(_convolution(a, b, 1 if fold and not n else 2), _convolution(b, b))
            for n, (a, b) in enumerate(pairs)
        )
        # Top-down path to 1/4: what is far decides whether a bright spot is a vessel.
        quarter, eighth, sixteenth = others[1:]
        self.lateral = nn.Conv3d(eighth, sixteenth, 1)
        self.merge = _convolution(sixteenth, quarter)
        self.joined = _convolution(quarter, quarter)
        self.proposals = nn.Conv3d(quarter, anchors * self.per_anchor, 1)
        # At first every anchor says "no nodule" (Lin et al., ICCV 2017: focal loss).
        nn.init.constant_(self.proposals.bias[:: self.per_anchor], -4.6)  # type: ignore[index]

    def forward(self, image: Tensor) -> Tensor:
        """Return the proposals of every anchor."""
        seen = [self.stem(folded(image) if self.fold else image)]
        for stage in self.down:
            seen.append(stage(seen[-1]))
        quarter, eighth, sixteenth = seen[2:]
        above = self.lateral(eighth) + functional.interpolate(sixteenth, scale_factor=2.0)
        context = functional.interpolate(self.merge(above), scale_factor=2.0)
        found: Tensor = self.proposals(self.joined(torch.relu(quarter + context)))
        return found
