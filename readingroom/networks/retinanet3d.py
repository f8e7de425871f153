"""The detector of MONAI's lung nodule bundle: a 3-D RetinaNet on a residual pyramid.

Its own implementation of a published layout, so that published weights load by their names:
residual bottlenecks (He et al., CVPR 2016), a feature pyramid (Lin et al., CVPR 2017), and
two heads shared by all its levels (Lin et al., ICCV 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

_EXPANSION = 4
_HEAD_LAYERS, _GROUPS = 4, 8
#: Numbers per anchor: the logit of "a nodule", shift and log size along three axes.
PER_ANCHOR = 7


class _Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int, bias: bool, change: bool) -> None:
        super().__init__()
        outputs = _EXPANSION * width
        self.conv1 = nn.Conv3d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(outputs)
        self.downsample = (
            nn.Sequential(
                nn.Conv3d(inputs, outputs, 1, stride=stride, bias=bias), nn.BatchNorm3d(outputs)
            )
            if change
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        out = torch.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


class _Body(nn.Module):
    """The residual network as far as the pyramid needs it; returns every layer's output."""

    def __init__(
        self,
        inputs: int,
        widths: Sequence[int],
        blocks: Sequence[int],
        kernel: Sequence[int],
        stride: Sequence[int],
        bias: bool,
    ) -> None:
        super().__init__()
        half = [k // 2 for k in kernel]
        size, step, pad = ((v[0], v[1], v[2]) for v in (kernel, stride, half))
        self.conv1 = nn.Conv3d(inputs, widths[0], size, stride=step, padding=pad, bias=False)
        self.bn1 = nn.BatchNorm3d(widths[0])
        before = widths[0]
        for number, (width, count) in enumerate(zip(widths, blocks, strict=True), 1):
            first = 1 if number == 1 else 2
            layer = [
                _Bottleneck(before, width, first, bias, first != 1 or before != _EXPANSION * width)
            ]
            before = _EXPANSION * width
            layer += [_Bottleneck(before, width, 1, bias, False) for _ in range(count - 1)]
            setattr(self, f"layer{number}", nn.Sequential(*layer))
        self._layers = len(widths)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = functional.max_pool3d(x, 3, stride=2, padding=1)
        found = []
        for number in range(1, self._layers + 1):
            x = getattr(self, f"layer{number}")(x)
            found.append(x)
        return found


class _Pyramid(nn.Module):
    def __init__(self, inputs: Sequence[int], width: int) -> None:
        super().__init__()
        self.inner_blocks = nn.ModuleList(nn.Conv3d(n, width, 1) for n in inputs)
        self.layer_blocks = nn.ModuleList(nn.Conv3d(width, width, 3, padding=1) for _ in inputs)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        last = self.inner_blocks[-1](maps[-1])
        found = [self.layer_blocks[-1](last)]
        for level in range(len(maps) - 2, -1, -1):
            side = self.inner_blocks[level](maps[level])
            last = side + functional.interpolate(last, size=side.shape[2:], mode="nearest")
            found.insert(0, self.layer_blocks[level](last))
        return [*found, found[-1][:, :, ::2, ::2, ::2]]


class _Extractor(nn.Module):
    def __init__(self, body: _Body, pyramid: _Pyramid) -> None:
        super().__init__()
        self.body, self.fpn = body, pyramid

    def forward(self, x: Tensor) -> list[Tensor]:
        found: list[Tensor] = self.fpn(self.body(x))
        return found


class _Head(nn.Module):
    """Four convolutions, then one whose name the published weights give."""

    def __init__(self, width: int, outputs: int, last: str) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(_HEAD_LAYERS):
            layers += [nn.Conv3d(width, width, 3, padding=1), nn.GroupNorm(_GROUPS, width)]
            layers.append(nn.ReLU())
        self.conv = nn.Sequential(*layers)
        self.add_module(last, nn.Conv3d(width, outputs, 3, padding=1))
        self._last = last

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = getattr(self, self._last)(self.conv(x))
        return found


class RetinaNet3d(nn.Module):
    """Map images ``(n, inputs, x, y, z)`` to ``(n, every anchor, 7)``, finest level first.

    Parameters
    ----------
    anchors : int
        Anchors per place. Within a level places run with z fastest, anchors faster still.
    widths, blocks : sequence of int
        Width and number of the bottlenecks of each residual layer; each is a level of the
        pyramid, and a coarser one is added.
    pyramid : int
        Channels of the pyramid, a multiple of 8.
    kernel, stride : sequence of 3 int
        Of the first convolution.
    bias : bool
        Whether the shortcuts' convolutions have a bias.
    """

    def __init__(
        self,
        inputs: int = 1,
        anchors: int = 3,
        widths: Sequence[int] = (64, 128),
        blocks: Sequence[int] = (3, 4),
        pyramid: int = 256,
        kernel: Sequence[int] = (7, 7, 7),
        stride: Sequence[int] = (2, 2, 1),
        bias: bool = True,
    ) -> None:
        super().__init__()
        self._anchors = anchors
        body = _Body(inputs, widths, blocks, kernel, stride, bias)
        self.feature_extractor = _Extractor(
            body, _Pyramid([_EXPANSION * w for w in widths], pyramid)
        )
        self.classification_head = _Head(pyramid, anchors, "cls_logits")
        self.regression_head = _Head(pyramid, 6 * anchors, "bbox_reg")

    def forward(self, image: Tensor) -> Tensor:
        """Return logit, shift and log size of every anchor of every level."""
        rows = []
        for level in self.feature_extractor(image):
            score = self._rows(self.classification_head(level), 1)
            rows.append(torch.cat([score, self._rows(self.regression_head(level), 6)], 2))
        return torch.cat(rows, 1)

    def _rows(self, found: Tensor, numbers: int) -> Tensor:
        """Return maps ``(n, anchors * numbers, x, y, z)`` as ``(n, x*y*z*anchors, numbers)``."""
        n = found.shape[0]
        split = found.reshape(n, self._anchors, numbers, -1)
        return split.permute(0, 3, 1, 2).reshape(n, -1, numbers)
