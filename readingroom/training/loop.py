"""The training loop that every reader shares."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.inference.cards import Card
from readingroom.inference.hardware import Precision, autocast, choose_device, choose_precision
from readingroom.reader import Progress
from readingroom.training import checkpoint
from readingroom.training.average import WeightAverage
from readingroom.training.log import TrainingLog
from readingroom.training.prefetch import prefetched
from readingroom.training.recipe import Batch, Recipe, Settings, to_device


@dataclass(frozen=True)
class TrainingResult:
    """What a call of `train` reached.

    Attributes
    ----------
    network : nn.Module
        The averaged weights in evaluation mode, on the CPU.
    step : int
        Optimiser steps done, of all calls together.
    finished : bool
        Whether all steps of the recipe are done.
    seconds : float
        Wall time of all calls together.
    metrics : dict of str to float
        The last validation; empty if there was none.
    """

    network: nn.Module = field(repr=False)
    step: int
    finished: bool
    seconds: float
    metrics: dict[str, float]


def train(
    recipe: Recipe,
    directory: str | Path,
    *,
    resume: bool = True,
    start_from: Card | None = None,
    budget_s: float | None = None,
    device: str = "auto",
    precision: str = "auto",
    workers: int = 1,
    checkpoint_every_s: float = 120.0,
    progress: Progress | None = None,
) -> TrainingResult:
    """Train the network of `recipe`, or go on where an earlier call stopped.

    AdamW with linear warm-up and cosine fall, gradient clipping, mixed precision and an
    exponential moving average of the weights. On one machine in fp32 a run that was
    stopped and resumed gives the same weights as one that was not.

    Parameters
    ----------
    recipe : Recipe
        See `readingroom.training.recipe.Recipe`.
    directory : path
        Gets ``checkpoint.pt``, ``log.csv`` and ``validation.csv``.
    resume : bool
        Whether to go on from the checkpoint in `directory`, if there is one.
    start_from : Card, optional
        A trained network of the same shape whose weights are the first ones (fine-tuning);
        without meaning once there is a checkpoint.
    budget_s : float, optional
        Stop after this wall time, with a checkpoint; at least one step is done.
    device, precision : str
        See `readingroom.inference.hardware`.
    workers : int
        Background processes that make examples; 0 for a thread of this process.
    checkpoint_every_s : float
        Seconds between checkpoints.
    progress : Progress, optional
        Told after every step; cancelling it writes a checkpoint and raises.

    Raises
    ------
    RefusedInput
        If the checkpoint in `directory` belongs to other settings, or `start_from` to
        another network.
    ReadingRoomError
        If the loss is no longer a number.
    Cancelled
        If `progress` was cancelled.
    """
    started = time.monotonic()
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    run = _Run(recipe, choose_device(device), precision)
    if resume and (saved := checkpoint.load(folder, run.settings.as_dict())) is not None:
        run.restore(saved)
    elif start_from is not None:
        run.begin_with(start_from)
    earlier = run.seconds

    def tick() -> float:
        run.seconds = earlier + time.monotonic() - started
        return run.seconds

    with TrainingLog(folder, run.step) as log:
        stop = _Stop(tick, None if budget_s is None else earlier + budget_s)
        _loop(run, log, folder, workers, checkpoint_every_s, stop, progress or Progress())
    return run.result()


@dataclass
class _Stop:
    """The run's clock and the time at which it stops, seconds of all calls together."""

    seconds: Callable[[], float]
    at: float | None

    def due(self) -> bool:
        return self.at is not None and self.seconds() >= self.at


def _loop(
    run: _Run,
    log: TrainingLog,
    folder: Path,
    workers: int,
    checkpoint_every_s: float,
    stop: _Stop,
    progress: Progress,
) -> None:
    saved_at = stop.seconds()
    with prefetched(run.recipe, run.settings, run.step, workers) as batches:
        for arrays in batches:
            row = run.advance(to_device(arrays, run.device))
            log.step(run.step, *row, stop.seconds())
            if run.validation_due():
                log.validation(run.step, run.validate())
            if stop.seconds() - saved_at >= checkpoint_every_s:
                checkpoint.save(folder, run.state())
                saved_at = stop.seconds()
            try:
                progress("training", run.step / run.settings.steps)
            except Cancelled:
                checkpoint.save(folder, run.state())
                raise
            if stop.due():
                break
    stop.seconds()
    checkpoint.save(folder, run.state())


class _Run:
    """The moving parts of one training run."""

    def __init__(self, recipe: Recipe, device: torch.device, precision: str) -> None:
        self.recipe = recipe
        self.settings = Settings.of(recipe)
        self.device = device
        self.precision: Precision = choose_precision(precision, device)
        torch.manual_seed(self.settings.seed)
        self.network = recipe.build_network().to(device).train()
        self.average = WeightAverage(self.network, self.settings.ema_decay)
        self.optimiser = _optimiser(self.network, self.settings)
        # fp16 gradients vanish without scaling; bf16 has the exponents of fp32.
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.precision == "fp16")
        self.step = 0
        self.seconds = 0.0
        self.metrics: dict[str, float] = {}

    def advance(self, batch: Batch) -> tuple[float, float, float]:
        """Do one optimiser step; return loss, learning rate and gradient norm."""
        rate = learning_rate(self.step, self.settings)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with autocast(self.device, self.precision):
            output = self.network(*batch[: self.settings.inputs])
        if hasattr(self.recipe, "at_step"):
            self.recipe.at_step(self.step)
        loss = self.recipe.loss(_as_float32(output), batch)
        value = loss.item()
        if not math.isfinite(value):
            raise ReadingRoomError(
                "TRAINING_DIVERGED",
                f"The loss is not a number at step {self.step + 1}.",
                "Lower the learning rate or check the examples; the last checkpoint is kept.",
            )
        norm = self._descend(loss)
        self.step += 1
        self.average.update(self.network, self.step)
        return value, rate, norm

    def _descend(self, loss: Tensor) -> float:
        self.optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.scaler.unscale_(self.optimiser)
        clip = self.settings.gradient_clip
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), clip)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        return float(norm)

    def validation_due(self) -> bool:
        """Whether the recipe validates, and does so after this step."""
        due = self.step % self.settings.validate_every == 0 or self.step == self.settings.steps
        return due and hasattr(self.recipe, "validate")

    def validate(self) -> dict[str, float]:
        """Let the recipe judge the averaged weights."""
        validate: Callable[[nn.Module], dict[str, float]] = getattr(self.recipe, "validate")  # noqa: B009
        state = checkpoint.random_state()
        with torch.no_grad(), autocast(self.device, self.precision):
            self.metrics = {k: float(v) for k, v in validate(self.average.network).items()}
        checkpoint.restore_random_state(state)
        return self.metrics

    def state(self) -> dict[str, Any]:
        """Return all that `restore` needs."""
        return {
            "settings": self.settings.as_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "metrics": self.metrics,
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "random": checkpoint.random_state(),
        }

    def begin_with(self, card: Card) -> None:
        """Take over the weights of a trained network."""
        from safetensors.torch import load_file

        weights = load_file(str(card.path(card.weights_name)))
        for network in (self.network, self.average.network):
            try:
                network.load_state_dict(weights)
            except RuntimeError as error:
                raise RefusedInput(
                    "WEIGHTS_DIFFER",
                    f"The weights of '{card.name}' are not those of a '{self.settings.name}'.",
                    "Start from a card that the same recipe made, or from none.",
                ) from error

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a saved state."""
        self.step, self.seconds = state["step"], state["seconds"]
        self.metrics = state["metrics"]
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        if state["scaler"]:
            self.scaler.load_state_dict(state["scaler"])
        checkpoint.restore_random_state(state["random"])

    def result(self) -> TrainingResult:
        """Return what was reached."""
        finished = self.step >= self.settings.steps
        network = self.average.network.cpu()
        return TrainingResult(network, self.step, finished, self.seconds, self.metrics)


def learning_rate(step: int, settings: Settings) -> float:
    """Return the learning rate of `step` (from 0): linear rise, then half a cosine to 0.

    Source of the fall: Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts.
    """
    warmup = min(settings.warmup_steps, settings.steps - 1)
    if step < warmup:
        return settings.learning_rate * (step + 1) / (warmup + 1)
    done = (step - warmup) / max(settings.steps - warmup, 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def _optimiser(network: nn.Module, settings: Settings) -> torch.optim.AdamW:
    weights = [p for p in network.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in weights if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in weights if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def _as_float32(output: Any) -> Any:
    if isinstance(output, Tensor):
        return output.float()
    if isinstance(output, dict):
        return {name: _as_float32(value) for name, value in output.items()}
    return type(output)(_as_float32(value) for value in output)
