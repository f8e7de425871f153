"""The engine: networks kept warm on the device that is there."""

from __future__ import annotations

import os
from collections.abc import Callable

import torch

from readingroom.errors import RefusedInput
from readingroom.inference.backends import Backend
from readingroom.inference.cards import Card, load_card
from readingroom.inference.hardware import choose_device, choose_precision
from readingroom.inference.session import Session
from readingroom.study import Note

#: Opens a card's network on a device: ``open(card, device)``.
OpenBackend = Callable[[Card, str], Backend]

_BACKENDS = ("auto", "torch", "onnx", "tensorrt")


class Engine:
    """Runs networks; keeps each one loaded until the engine is closed.

    Parameters
    ----------
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
    precision : str
        ``"auto"``, ``"fp32"``, ``"bf16"`` or ``"fp16"``. ``"auto"`` is fp32 if
        `deterministic`, since the choice would otherwise depend on the machine.
    backend : str
        ``"auto"``, ``"torch"``, ``"onnx"`` or ``"tensorrt"`` (through ONNX Runtime, on
        CUDA only). ``"auto"`` is torch on CUDA and wherever bf16 is used; for fp32 on a CPU
        it is the one that the card found faster.
    deterministic : bool
        Whether two runs on one machine give the same bits.
    threads : int, optional
        CPU threads; with `deterministic` the number of physical cores by default, whatever
        the environment says, since sums depend on how they are split.
    open_backend : callable, optional
        Replaces the real backends; tests put in ones that run out of memory.

    Attributes
    ----------
    notes : list of Note
        What did not go as wished: a smaller tile, the CPU instead of the GPU.
    """

    def __init__(
        self,
        device: str = "auto",
        precision: str = "auto",
        backend: str = "auto",
        deterministic: bool = False,
        threads: int | None = None,
        *,
        open_backend: OpenBackend | None = None,
    ) -> None:
        if backend not in _BACKENDS:
            raise RefusedInput(
                "BACKEND_UNKNOWN",
                f"There is no backend called '{backend}'.",
                f"Use one of {', '.join(_BACKENDS)}.",
            )
        self.device = str(choose_device(device))
        self.deterministic = deterministic
        self.notes: list[Note] = []
        self._precision = "fp32" if deterministic and precision == "auto" else precision
        self._backend = backend
        self._threads = threads or (_physical_cores() if deterministic else None)
        self._open = open_backend or self._open_real
        self._sessions: dict[tuple[str, str], Session] = {}
        if deterministic:
            # cuBLAS wants this before its first use to be reproducible.
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

    def session(self, card: Card | str) -> Session:
        """Return the warm session of a card, loading it at the first call.

        Parameters
        ----------
        card : Card or str
            A card, or the name of one.

        Raises
        ------
        RefusedInput, ReadingRoomError
            As `readingroom.inference.cards.load_card`; ``BACKEND_MISSING``.
        """
        if isinstance(card, str):
            card = load_card(card)
        key = (card.name, card.sha256)
        if key not in self._sessions:
            self._sessions[key] = Session(card, self.device, self._open, self.notes)
        return self._sessions[key]

    def close(self) -> None:
        """Forget all networks, and give back the device's memory."""
        self._sessions.clear()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _open_real(self, card: Card, device: str) -> Backend:
        if self._wants_onnx(card, device):
            from readingroom.inference.backends.onnx_backend import OnnxBackend

            # A session that gave way to the CPU goes on there without TensorRT.
            tensorrt = self._backend == "tensorrt" and device == self.device
            return OnnxBackend(card, device, self._threads, self.deterministic, tensorrt)
        from readingroom.inference.backends.torch_backend import TorchBackend

        target = torch.device(device)
        precision = choose_precision(self._precision, target)
        return TorchBackend(card, target, precision, self.deterministic, self._threads)

    def _wants_onnx(self, card: Card, device: str) -> bool:
        if self._backend != "auto":
            return self._backend in ("onnx", "tensorrt")
        if device != "cpu" or card.cpu_backend != "onnx" or not card.has(card.onnx_name):
            return False
        # ONNX Runtime computes these graphs in fp32 only; torch in bf16 is faster still.
        return choose_precision(self._precision, torch.device(device)) == "fp32"


def _physical_cores() -> int:
    import psutil

    return psutil.cpu_count(logical=False) or 1
