"""nnU-Net's networks, built from its plans, so that its published weights load by name.

Own implementation of the layouts of nnU-Net v2 (Isensee et al., Nat Methods 2021;18:203;
residual encoders: Isensee et al., MICCAI 2024): ``PlainConvUNet`` and ``ResidualEncoderUNet``
in three dimensions, with the CT normalisation of the plans inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

Triples = Sequence[Sequence[int]]


class _ConvNorm(nn.Module):
    """Convolution, instance norm and, mostly, a leaky rectifier."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Sequence[int],
        stride: Sequence[int] = (1, 1, 1),
        *,
        bias: bool = True,
        rectified: bool = True,
    ) -> None:
        super().__init__()
        size, step = (kernel[0], kernel[1], kernel[2]), (stride[0], stride[1], stride[2])
        pad = ((size[0] - 1) // 2, (size[1] - 1) // 2, (size[2] - 1) // 2)
        self.conv = nn.Conv3d(inputs, outputs, size, stride=step, padding=pad, bias=bias)
        self.norm = nn.InstanceNorm3d(outputs, eps=1e-5, affine=True)
        self._rectified = rectified

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        return functional.leaky_relu(x, 0.01) if self._rectified else x


class _Stack(nn.Module):
    """Convolutions one after the other, the first with a stride."""

    def __init__(
        self, count: int, inputs: int, outputs: int, kernel: Sequence[int], stride: Sequence[int]
    ) -> None:
        super().__init__()
        first = _ConvNorm(inputs, outputs, kernel, stride)
        more = [_ConvNorm(outputs, outputs, kernel) for _ in range(count - 1)]
        self.convs = nn.Sequential(first, *more)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.convs(x)
        return found


class _Residual(nn.Module):
    def __init__(
        self, inputs: int, outputs: int, kernel: Sequence[int], stride: Sequence[int]
    ) -> None:
        super().__init__()
        self.conv1 = _ConvNorm(inputs, outputs, kernel, stride)
        self.conv2 = _ConvNorm(outputs, outputs, kernel, rectified=False)
        step = (stride[0], stride[1], stride[2])
        parts: list[nn.Module] = [nn.AvgPool3d(step, step)] if max(step) > 1 else []
        if inputs != outputs:
            parts.append(_ConvNorm(inputs, outputs, (1, 1, 1), bias=False, rectified=False))
        self.skip = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(self.conv2(self.conv1(x)) + self.skip(x), 0.01)


class _Blocks(nn.Module):
    def __init__(
        self, count: int, inputs: int, outputs: int, kernel: Sequence[int], stride: Sequence[int]
    ) -> None:
        super().__init__()
        first = _Residual(inputs, outputs, kernel, stride)
        more = [_Residual(outputs, outputs, kernel, (1, 1, 1)) for _ in range(count - 1)]
        self.blocks = nn.Sequential(first, *more)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.blocks(x)
        return found


class _Encoder(nn.Module):
    """Stages from fine to coarse; plain ones are held in a list of one, as the names say."""

    def __init__(
        self,
        inputs: int,
        features: Sequence[int],
        counts: Sequence[int],
        kernels: Triples,
        strides: Triples,
        residual: bool,
    ) -> None:
        super().__init__()
        self.stem = _Stack(1, inputs, features[0], kernels[0], (1, 1, 1)) if residual else None
        before = features[0] if residual else inputs
        stages: list[nn.Module] = []
        for width, count, kernel, stride in zip(features, counts, kernels, strides, strict=True):
            parts = (count, before, width, kernel, stride)
            stages.append(_Blocks(*parts) if residual else nn.Sequential(_Stack(*parts)))
            before = width
        self.stages = nn.Sequential(*stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        found = []
        x = x if self.stem is None else self.stem(x)
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found


class _Decoder(nn.Module):
    def __init__(
        self,
        features: Sequence[int],
        counts: Sequence[int],
        kernels: Triples,
        strides: Triples,
        outputs: int,
    ) -> None:
        super().__init__()
        self.transpconvs, self.stages = nn.ModuleList(), nn.ModuleList()
        self.seg_layers = nn.ModuleList()
        for level in range(len(features) - 1, 0, -1):
            below, here = features[level], features[level - 1]
            step = (strides[level][0], strides[level][1], strides[level][2])
            self.transpconvs.append(nn.ConvTranspose3d(below, here, step, step))
            count = counts[len(features) - 1 - level]
            self.stages.append(_Stack(count, 2 * here, here, kernels[level - 1], (1, 1, 1)))
            # All but the last are for training's deep supervision; the weights name them.
            self.seg_layers.append(nn.Conv3d(here, outputs, 1))

    def forward(self, skips: list[Tensor]) -> Tensor:
        x = skips[-1]
        for up, stage, skip in zip(self.transpconvs, self.stages, skips[-2::-1], strict=True):
            x = stage(torch.cat([up(x), skip], 1))
        found: Tensor = self.seg_layers[-1](x)
        return found


class PlainConvUNet(nn.Module):
    """Map CT numbers ``(n, inputs, k, j, i)`` to class logits ``(n, outputs, k, j, i)``.

    Parameters
    ----------
    features, counts, decoder_counts : sequence of int
        Per stage of the encoder its width and number of convolutions (or residual
        blocks); per stage of the decoder, from coarse to fine, its convolutions.
    kernels, strides : sequence of 3 int each
        Per stage of the encoder.
    residual : bool
        Whether the encoder is a residual one.
    ct : sequence of 4 float
        Values are clipped to the first two, the third is taken off, and they are divided
        by the fourth.
    patch : sequence of 3 int
        Extents ``(k, j, i)`` that it was trained on, for whoever cuts tiles.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        features: Sequence[int],
        counts: Sequence[int],
        decoder_counts: Sequence[int],
        kernels: Triples,
        strides: Triples,
        residual: bool = False,
        ct: Sequence[float] = (-1024.0, 3071.0, 0.0, 1.0),
        patch: Sequence[int] = (128, 128, 128),
    ) -> None:
        super().__init__()
        self.patch = tuple(patch)
        self._low, self._high, self._mean, self._sd = (float(v) for v in ct)
        self.encoder = _Encoder(inputs, features, counts, kernels, strides, residual)
        self.decoder = _Decoder(features, decoder_counts, kernels, strides, outputs)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits."""
        x = (image.clamp(self._low, self._high) - self._mean) / self._sd
        found: Tensor = self.decoder(self.encoder(x))
        return found
