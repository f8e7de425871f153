"""One card's network, warm, with a way out when memory is short."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from readingroom.errors import ReadingRoomError
from readingroom.inference.backends import Backend, FloatArray
from readingroom.inference.cards import Card
from readingroom.inference.hardware import available_bytes
from readingroom.inference.memory import estimate_bytes, is_out_of_memory
from readingroom.study import Note


class OutOfMemoryError(ReadingRoomError):
    """There is not enough memory for this run on the session's device."""

    def __init__(self, card: str) -> None:
        super().__init__(
            "OUT_OF_MEMORY",
            f"There is not enough memory to run the model '{card}'.",
            "Close other programs or use a machine with more memory.",
        )


class Session:
    """Maps a batch of patches to logits; made by `readingroom.inference.engine.Engine`.

    Parameters
    ----------
    card : Card
        The model.
    device : str
        Where it runs at first.
    open_backend : callable
        ``open_backend(card, device)`` loads the network there.
    notes : list of Note
        Gets a note where the session had to give way.
    """

    def __init__(
        self,
        card: Card,
        device: str,
        open_backend: Callable[[Card, str], Backend],
        notes: list[Note],
    ) -> None:
        self.card = card
        self.notes = notes
        self._open = open_backend
        self._backend = open_backend(card, device)

    @property
    def device(self) -> str:
        """Where the network is now."""
        return self._backend.device

    @property
    def precision(self) -> str:
        """The precision of its matrix products."""
        return self._backend.precision

    @property
    def backend(self) -> str:
        """``"torch"`` or ``"onnx"``."""
        return self._backend.name

    def __call__(self, *inputs: FloatArray) -> FloatArray:
        """Return the logits for a batch, by parts or on the CPU if memory is short.

        Parameters
        ----------
        *inputs : ndarray of float32, shape (n, c, ...)
            The network's inputs; the first axis is the batch.

        Raises
        ------
        OutOfMemoryError
            If there is not even enough for one element on the CPU.
        """
        try:
            return self.attempt(*inputs)
        except OutOfMemoryError:
            if len(inputs[0]) > 1:
                return self._by_halves(inputs)
            if not self.move_to_cpu():
                raise
            return self(*inputs)

    def attempt(self, *inputs: FloatArray) -> FloatArray:
        """Return the logits for a batch, or raise at once if memory is short.

        Raises
        ------
        OutOfMemoryError
            If the run fails for want of memory.
        """
        try:
            return self._backend.run(inputs)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        # Outside the handler: the error's frames hold the tensors that filled the memory.
        self._free()
        raise OutOfMemoryError(self.card.name)

    def fits(self, *shapes: tuple[int, ...]) -> bool:
        """Say whether a run on inputs of these shapes is expected to find its memory."""
        free = available_bytes(torch.device(self.device))
        return estimate_bytes(self.card, *shapes) <= free

    def move_to_cpu(self) -> bool:
        """Go on on the CPU; False if the session is there already."""
        if self.device == "cpu":
            return False
        self.notes.append(
            Note(
                "INFERENCE_ON_CPU",
                "info",
                f"The model '{self.card.name}' ran on the CPU for want of GPU memory.",
                f"GPU 内存不足，模型“{self.card.name}”改在 CPU 上运行。",
            )
        )
        self._backend = self._open(self.card, "cpu")
        self._free()
        return True

    def _by_halves(self, inputs: tuple[FloatArray, ...]) -> FloatArray:
        middle = len(inputs[0]) // 2
        first = self(*[value[:middle] for value in inputs])
        return np.concatenate([first, self(*[value[middle:] for value in inputs])])

    def _free(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
