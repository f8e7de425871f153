"""Networks run by torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from readingroom import networks
from readingroom.inference.backends import FloatArray
from readingroom.inference.cards import Card
from readingroom.inference.hardware import Precision, autocast


class TorchBackend:
    """A card's network in torch; see `readingroom.inference.backends.Backend`.

    Parameters
    ----------
    deterministic : bool
        Whether to allow only operations whose result does not vary from run to run.
    threads : int or None
        CPU threads within one operation; None leaves it to torch.
    """

    name = "torch"

    def __init__(
        self,
        card: Card,
        device: torch.device,
        precision: Precision,
        deterministic: bool,
        threads: int | None,
    ) -> None:
        from safetensors.torch import load_file

        network = networks.build(card.architecture, **card.arguments)
        network.load_state_dict(load_file(card.path(card.weights_name)))
        self._network = network.float().to(device).eval()
        self._device = device
        self._precision: Precision = precision
        self._deterministic = deterministic
        self._threads = threads
        self.device = str(device)
        self.precision: str = precision

    def run(self, inputs: tuple[FloatArray, ...]) -> FloatArray:
        """Return the logits for a batch of `inputs`, float32."""
        with _threads(self._threads), _determinism(self._deterministic), torch.inference_mode():
            tensors = [torch.from_numpy(np.ascontiguousarray(a)).to(self._device) for a in inputs]
            with autocast(self._device, self._precision):
                logits = self._network(*tensors)
            array: FloatArray = logits.float().cpu().numpy()
        return array


@contextmanager
def _threads(wanted: int | None) -> Iterator[None]:
    """Set torch's threads for one run: OpenMP keeps their number per calling thread."""
    before = torch.get_num_threads()
    if wanted is not None:
        torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _determinism(wanted: bool) -> Iterator[None]:
    """Restrict torch to deterministic operations, and undo it: the switch is global."""
    if not wanted:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    benchmark = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        torch.backends.cudnn.benchmark = benchmark
