"""Networks run by ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as native

from readingroom.errors import RefusedInput
from readingroom.inference.backends import FloatArray
from readingroom.inference.cards import Card

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_TENSORRT = "TensorrtExecutionProvider"


class OnnxBackend:
    """A card's ONNX graph; see `readingroom.inference.backends.Backend`.

    Parameters
    ----------
    device : str
        ``"cpu"``, ``"cuda"`` or ``"cuda:N"``.
    threads : int or None
        Threads within one operation; None leaves it to ONNX Runtime.
    tensorrt : bool
        Whether TensorRT compiles the graph (in fp16, on CUDA); what it cannot compile runs
        on CUDA. The first run on a new shape takes as long as the compilation.

    Raises
    ------
    RefusedInput
        ``BACKEND_MISSING``, if ONNX Runtime was built without the device or TensorRT.
    """

    def __init__(
        self,
        card: Card,
        device: str,
        threads: int | None,
        deterministic: bool,
        tensorrt: bool = False,
    ) -> None:
        self.name = "tensorrt" if tensorrt else "onnx"
        self.precision = "fp16" if tensorrt else "fp32"
        kind, _, index = device.partition(":")
        providers = _providers(kind, index or "0", tensorrt)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        # Threads that spin between two operators take the core from whatever else runs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.use_deterministic_compute = deterministic
        self._session = onnxruntime.InferenceSession(
            str(card.path(card.onnx_name)), options, providers=providers
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


def _providers(kind: str, index: str, tensorrt: bool) -> list[tuple[str, dict[str, str]]]:
    """Return ONNX Runtime's execution providers in order of preference."""
    there = onnxruntime.get_available_providers()
    if _PROVIDERS[kind] not in there:
        raise RefusedInput(
            "BACKEND_MISSING",
            f"This build of ONNX Runtime cannot compute on '{kind}'.",
            "Use the backend torch, or install onnxruntime-gpu.",
        )
    own = (_PROVIDERS[kind], {"device_id": index} if kind == "cuda" else {})
    if not tensorrt:
        return [own]
    if kind != "cuda" or _TENSORRT not in there:
        raise RefusedInput(
            "BACKEND_MISSING",
            "TensorRT is not there: it needs an NVIDIA GPU and ONNX Runtime built with it.",
            "Use the backend torch or onnx, or install onnxruntime-gpu and TensorRT.",
        )
    return [(_TENSORRT, {"device_id": index, "trt_fp16_enable": "True"}), own]
