"""A moving average of a network's weights, which generalises better than the last ones."""

from __future__ import annotations

import copy

import torch
from torch import nn


class WeightAverage:
    """Exponential moving average of all weights, buffers copied.

    Source: Tarvainen and Valpola, "Mean teachers", NeurIPS 2017. The decay starts low and
    rises to `decay`, so that the initial weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the weights of `network` after `step` optimiser steps."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for mean, new in zip(self.network.parameters(), network.parameters(), strict=True):
            mean.lerp_(new, 1 - decay)
        for kept, new_buffer in zip(self.network.buffers(), network.buffers(), strict=True):
            kept.copy_(new_buffer)
