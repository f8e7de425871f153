"""Which device and which precision this machine offers."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

from readingroom.errors import RefusedInput

Precision = Literal["fp32", "bf16", "fp16"]

_DTYPES: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}


def choose_device(wanted: str = "auto") -> torch.device:
    """Return the device to compute on.

    Parameters
    ----------
    wanted : str
        ``"auto"`` (CUDA where there is one, otherwise the CPU), ``"cpu"``, ``"cuda"`` or
        ``"cuda:N"``.

    Raises
    ------
    RefusedInput
        If the device is unknown or not there.
    """
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if wanted == "cpu":
        return torch.device("cpu")
    kind, _, index = wanted.partition(":")
    number = int(index) if index.isdigit() else 0
    if kind != "cuda" or (index and not index.isdigit()):
        raise RefusedInput(
            "DEVICE_UNKNOWN",
            f"There is no device called '{wanted}'.",
            "Use auto, cpu, cuda or cuda:N.",
        )
    if not torch.cuda.is_available() or number >= torch.cuda.device_count():
        raise RefusedInput(
            "DEVICE_MISSING",
            f"This machine has no device '{wanted}'.",
            "Use --device auto or cpu, or install a CUDA build of torch and its driver.",
        )
    return torch.device("cuda", number)


def choose_precision(wanted: str, device: torch.device) -> Precision:
    """Return the precision of the matrix products on `device`.

    ``"auto"`` takes bf16 where the hardware multiplies it natively (CUDA from Ampere on,
    CPUs with AVX512-BF16 or AMX), fp16 on older CUDA devices and fp32 elsewhere.

    Raises
    ------
    RefusedInput
        If the precision is unknown, or fp16 is asked of a CPU.
    """
    if wanted == "auto":
        return _fastest_precision(device)
    if wanted == "fp32":
        return "fp32"
    if wanted == "bf16":
        return "bf16"
    if wanted == "fp16" and device.type == "cuda":
        return "fp16"
    raise RefusedInput(
        "PRECISION_UNKNOWN",
        f"The precision '{wanted}' is not available on the device '{device}'.",
        "Use auto, fp32 or bf16; fp16 needs a CUDA device.",
    )


def _fastest_precision(device: torch.device) -> Precision:
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return "bf16" if cpu_has_bf16() else "fp32"


def cpu_has_bf16() -> bool:
    """Say whether this CPU multiplies bfloat16 natively (AVX512-BF16 or AMX)."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """Return the context in which a network runs at `precision` on `device`."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=_DTYPES[precision])


def available_bytes(device: torch.device) -> int:
    """Return the memory that can still be taken on `device`, bytes."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return int(psutil.virtual_memory().available)
