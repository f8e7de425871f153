"""A differentiable multi-scale Hessian layer for two-dimensional images.

Source: Frangi et al., "Multiscale vessel enhancement filtering", MICCAI 1998, for the
eigenvalues of the scale-normalised Hessian (Lindeberg, IJCV 1998, gamma = 1); as the first
layer of a network, as HessianNet does for guidewires.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Taps reach this many standard deviations to each side.
_REACH = 3.0
#: Keeps the root's gradient finite where both eigenvalues are equal.
_TINY = 1e-8


class HessianLayer(nn.Module):
    """Map ``(n, 1, h, w)`` to ridge strengths ``(n, 2 * len(scales), h / stride, w / stride)``.

    For each scale the larger and the smaller eigenvalue of the Hessian of the image blurred
    by a Gaussian, times the scale squared: a dark line one scale wide has a large positive
    first and a second near 0. All larger eigenvalues come first. Beyond its border the image
    is 0, its mean if it was normalised.

    Parameters
    ----------
    scales : sequence of float
        Standard deviations of the Gaussians, pixels of the input.
    stride : int
        1, or an even number: then samples lie between pixels, in the middle of each cell of
        ``stride`` × ``stride`` pixels.
    """

    kernels: Tensor

    def __init__(self, scales: Sequence[float] = (1.0, 2.0), stride: int = 1) -> None:
        super().__init__()
        self.scales = tuple(scales)
        self.stride = stride
        count = len(self.scales)
        # ONNX Runtime is 5 ms faster where the channels are a multiple of 8.
        self._parts = [count, count, count, -3 * count % 8]
        # Not part of the weights: it follows from the arguments.
        self.register_buffer("kernels", hessian_kernels(self.scales, stride), persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return the eigenvalues."""
        padding = (self.kernels.shape[-1] - self.stride + 1) // 2
        second = functional.conv2d(image, self.kernels, stride=self.stride, padding=padding)
        across, down, mixed, _ = torch.split(second, self._parts, dim=1)
        mean = (across + down) / 2
        radius = torch.sqrt(((across - down) / 2) ** 2 + mixed**2 + _TINY)
        return torch.cat([mean + radius, mean - radius], dim=1)


def hessian_kernels(scales: Sequence[float], stride: int = 1) -> Tensor:
    """Return correlation kernels ``(c, 1, k, k)``: all xx, all yy, all xy, then zeros.

    The zeros fill the channels c up to a multiple of 8.
    """
    even = stride % 2 == 0
    half = math.ceil(_REACH * max(scales))
    count = 2 * half if even else 2 * half + 1
    taps = torch.arange(count, dtype=torch.float64) - (count - 1) / 2
    rows = [_derivatives(taps, scale) for scale in scales]
    across = [torch.outer(g, second) for g, _, second in rows]
    down = [torch.outer(second, g) for g, _, second in rows]
    mixed = [torch.outer(first, first) for _, first, _ in rows]
    scale2 = torch.tensor([s * s for s in (*scales, *scales, *scales)], dtype=torch.float64)
    kernels = torch.stack([*across, *down, *mixed]) * scale2[:, None, None]
    filled = functional.pad(kernels, (0, 0, 0, 0, 0, -len(kernels) % 8))
    return filled[:, None].float()


def _derivatives(taps: Tensor, scale: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return a sampled Gaussian and its derivatives, exact on polynomials to degree two.

    Sampling alone would leave a constant image with a second derivative.
    """
    g = torch.exp(-(taps**2) / (2 * scale**2))
    g = g / g.sum()
    first = taps * g
    first = first / (taps * first).sum()
    second = (taps**2 / scale**2 - 1) * g
    second = second - g * second.sum()
    second = second / ((taps**2 * second).sum() / 2)
    return g, first, second
