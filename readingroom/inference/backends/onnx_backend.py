"""Networks run by ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as native

from readingroom.errors import RefusedInput
from readingroom.inference.backends import FloatArray
from readingroom.inference.cards import Card

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


class OnnxBackend:
    """A card's ONNX graph; see `readingroom.inference.backends.Backend`.

    Parameters
    ----------
    device : str
        ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
    threads : int or None
        Threads within one operation; None leaves it to ONNX Runtime.

    Raises
    ------
    RefusedInput
        If ONNX Runtime was built without the device.
    """

    name = "onnx"
    precision = "fp32"

    def __init__(self, card: Card, device: str, threads: int | None, deterministic: bool) -> None:
        kind, _, index = device.partition(":")
        if _PROVIDERS[kind] not in onnxruntime.get_available_providers():
            raise RefusedInput(
                "BACKEND_MISSING",
                f"This build of ONNX Runtime cannot compute on '{kind}'.",
                "Use the backend torch, or install onnxruntime-gpu.",
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.use_deterministic_compute = deterministic
        settings = {"device_id": index or "0"} if kind == "cuda" else {}
        self._session = onnxruntime.InferenceSession(
            str(card.path(card.onnx_name)), options, providers=[(_PROVIDERS[kind], settings)]
        )
        self._names = [node.name for node in self._session.get_inputs()]
        self.device = device

    def run(self, inputs: tuple[FloatArray, ...]) -> FloatArray:
        """Return the logits for a batch of `inputs`, float32."""
        feeds = {
            name: np.ascontiguousarray(array, dtype=np.float32)
            for name, array in zip(self._names, inputs, strict=True)
        }
        try:
            logits: FloatArray = self._session.run(None, feeds)[0]
        except (native.RuntimeException, native.Fail) as error:
            if "allocate memory" in str(error) or "bad allocation" in str(error):
                raise MemoryError("ONNX Runtime could not allocate memory") from error
            raise
        return logits
