"""What computes a network: torch or ONNX Runtime, behind one small protocol."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class Backend(Protocol):
    """A network ready to run on one device.

    Attributes
    ----------
    name : str
        ``"torch"`` or ``"onnx"``.
    device : str
        ``"cpu"``, ``"cuda:0"``…
    precision : str
        ``"fp32"``, ``"bf16"`` or ``"fp16"``.
    """

    name: str
    device: str
    precision: str

    def run(self, inputs: tuple[FloatArray, ...]) -> FloatArray:
        """Return the logits for a batch of `inputs`.

        Raises
        ------
        MemoryError, RuntimeError
            If there is not enough memory; see `readingroom.inference.memory`.
        """
        ...
