"""What a reader says about the training of one network.

The protocol is structural: a reader writes a class with these names and imports nothing
from here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

Example = tuple[npt.NDArray[np.generic], ...]
Batch = tuple[Tensor, ...]


class Recipe(Protocol):
    """How one network is trained.

    Attributes
    ----------
    name : str
        Name of the model; checkpoints of another recipe are refused.
    seed : int
        Seeds the weights and every example: step and place in the batch give the rest.
    steps, batch_size : int
        Optimiser steps, and examples in each.
    learning_rate, weight_decay : float
        Peak learning rate, and decay of weights (not of biases and norms).

    A recipe may also have (see `Settings` for the defaults) ``inputs``, ``warmup_steps``,
    ``gradient_clip``, ``ema_decay``, ``validate_every``, a method
    ``validate(network) -> dict[str, float]``, called on the averaged weights in
    evaluation mode without gradients, and a method ``at_step(step)``, called before the loss
    of each step (from 0), for losses that change during training.
    """

    name: str
    seed: int
    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float

    def build_network(self) -> nn.Module:
        """Return the network with its initial weights."""
        ...

    def sample(self, rng: np.random.Generator) -> Example:
        """Return one training example: the network's inputs first, then the targets.

        Called in background processes. Arrays of one position have one shape, since a
        batch stacks them along a new first axis.
        """
        ...

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Return the scalar loss of the network's `output` (float32) for `batch`."""
        ...


@dataclass(frozen=True)
class Settings:
    """The numbers that define a training run; two runs with equal settings are equal.

    Attributes
    ----------
    inputs : int
        How many leading arrays of a batch the network takes (default 1).
    warmup_steps : int
        Steps of linear rise before the cosine fall (default a twentieth of the steps).
    gradient_clip : float
        Largest norm of the gradient (default 1).
    ema_decay : float
        Decay of the moving average of the weights (default 0.999).
    validate_every : int
        Steps between validations (default a twentieth of the steps).
    """

    name: str
    seed: int
    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    inputs: int
    warmup_steps: int
    gradient_clip: float
    ema_decay: float
    validate_every: int

    @classmethod
    def of(cls, recipe: Recipe) -> Settings:
        """Return the settings of `recipe`, its optional ones filled in."""
        twentieth = max(recipe.steps // 20, 1)
        defaults: dict[str, Any] = {
            "inputs": 1,
            "warmup_steps": twentieth,
            "gradient_clip": 1.0,
            "ema_decay": 0.999,
            "validate_every": twentieth,
        }
        names = cls.__dataclass_fields__
        values: dict[str, Any] = {n: getattr(recipe, n, defaults.get(n)) for n in names}
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return asdict(self)


def seeded_batch(recipe: Recipe, settings: Settings, step: int) -> Example:
    """Return the stacked examples of `step`, the same whoever makes them and when."""
    rows = [
        recipe.sample(np.random.default_rng([settings.seed, step, place]))
        for place in range(settings.batch_size)
    ]
    return tuple(np.stack(arrays) for arrays in zip(*rows, strict=True))


def to_device(example: Example, device: torch.device) -> Batch:
    """Return the arrays of a batch as tensors on `device`."""
    return tuple(torch.from_numpy(np.ascontiguousarray(a)).to(device) for a in example)
