"""Lung nodule detection on 512 × 512 × 300: candidates, cubes, network; torch, ONNX, int8."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from readingroom.demo.data import fetch_organs
from readingroom.errors import RefusedInput
from readingroom.imaging import load
from readingroom.imaging.geometry import canonical
from readingroom.inference.cards import load_card
from readingroom.inference.engine import Engine
from readingroom.inference.publish import save_card
from readingroom.networks import build
from readingroom.readers.lungnodule import cards, detect
from readingroom.readers.lungnodule.candidates import find_candidates
from readingroom.readers.lungnodule.lungs import find_lungs
from readingroom.readers.lungnodule.patches import CHANNELS, SIDE, PatchCutter, network_input
from Testing.bench.skip import Skip

SLICES = 300
_BATCH = 64


def run() -> list[dict[str, Any]]:
    """Read the public scan, interpolated to 300 slices; each stage once warm."""
    try:
        card = load_card(cards.DETECT)
    except RefusedInput as refusal:
        raise Skip(str(refusal)) from refusal
    hu, spacing = _scan()
    lungs, seconds = _timed(lambda: find_lungs(hu, spacing))
    rows = [_row("lungnodule lungs", seconds)]
    anatomy = SimpleNamespace(lungs=lungs)
    found, seconds = _timed(lambda: find_candidates(hu, spacing, anatomy))
    rows.append(_row(f"lungnodule candidates ({len(found)})", seconds))
    cubes, seconds = _timed(lambda: PatchCutter(hu, spacing)([c.position_kji for c in found]))
    rows.append(_row("lungnodule cubes of all candidates", seconds))
    engine = Engine()
    engine.session(cards.DETECT)
    detections, seconds = _timed(lambda: detect.all_detections(engine, hu, spacing, anatomy))
    rows.append(_row(f"lungnodule detection, whole ({len(detections)} kept)", seconds))
    return rows + _backends(card, tuple(network_input(c[:_BATCH]) for c in cubes))


def _scan() -> tuple[np.ndarray, tuple[float, float, float]]:
    image = canonical(load(fetch_organs() / "cxr.nii.gz").volumes[0])
    at = np.linspace(0, image.array.shape[0] - 1, SLICES)
    low = np.minimum(at.astype(int), image.array.shape[0] - 2)
    voxels = np.empty((SLICES, *image.array.shape[1:]), np.int16)
    for n, k in enumerate(low):
        part = np.float32(at[n] - k)
        voxels[n] = np.rint(image.array[k] * (1 - part) + image.array[k + 1] * part)
    k, j, i = image.spacing_mm
    return voxels, (k * (image.array.shape[0] - 1) / (SLICES - 1), j, i)


def _backends(card: Any, inputs: tuple[np.ndarray, ...]) -> list[dict[str, Any]]:
    """Time a batch of candidates with each backend, and what int8 changes."""
    count = len(inputs[0])
    rows = []
    plain = None
    for precision in ("fp32", "bf16"):
        session = Engine(device="cpu", backend="torch", precision=precision).session(card)
        session(*inputs)
        logits, seconds = _timed(lambda s=session: s(*inputs))
        plain = logits if plain is None else plain
        rows.append(_row(f"{count} candidates, torch {precision}", seconds))
    with tempfile.TemporaryDirectory() as place:
        rows += _onnx(card, inputs, Path(place), plain)
    return rows


def _onnx(
    card: Any, inputs: tuple[np.ndarray, ...], folder: Path, plain: np.ndarray
) -> list[dict[str, Any]]:
    from safetensors.torch import load_file

    network = build(card.architecture, **card.arguments)
    network.load_state_dict(
        {
            k: v.float() if v.is_floating_point() else v
            for k, v in load_file(card.path(card.weights_name)).items()
        }
    )
    example = tuple(torch.zeros(2, CHANNELS, SIDE, SIDE, SIDE) for _ in inputs)
    exported = save_card(network, card, folder, onnx=True, half=True, example_inputs=example)
    session = Engine(device="cpu", backend="onnx").session(exported)
    session(*inputs)
    logits, seconds = _timed(lambda: session(*inputs))
    count = len(inputs[0])
    rows = [
        _row(f"{count} candidates, ONNX fp32", seconds),
        _difference("ONNX fp32", logits, plain),
    ]
    return rows + _int8(folder / exported.onnx_name, inputs, plain)


def _int8(path: Path, inputs: tuple[np.ndarray, ...], plain: np.ndarray) -> list[dict[str, Any]]:
    """Quantise weights and activations to int8, the latter on these very inputs."""
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    names = [node.name for node in onnxruntime.InferenceSession(str(path)).get_inputs()]

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._rows = iter([dict(zip(names, (x[:16] for x in inputs), strict=True))])

        def get_next(self) -> Any:
            return next(self._rows, None)

    target = path.with_name("int8.onnx")
    try:
        quantize_static(str(path), str(target), Reader(), quant_format=QuantFormat.QDQ)
        session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    except Exception as error:  # what ONNX Runtime cannot quantise, it says in many types
        print(f"  int8 not run: {type(error).__name__}")
        return []
    feeds = dict(zip(names, inputs, strict=True))
    session.run(None, feeds)
    (logits,), seconds = _timed(lambda: session.run(None, feeds))
    return [
        _row(f"{len(inputs[0])} candidates, ONNX int8 (static)", seconds),
        _difference("ONNX int8", logits, plain),
        {"name": "file of the int8 graph", "value": target.stat().st_size / 2**20, "unit": "MiB"},
    ]


def _difference(name: str, logits: np.ndarray, plain: np.ndarray) -> dict[str, Any]:
    odds = [detect.nodule_probabilities(rows) for rows in (logits, plain)]
    worst = float(np.abs(odds[0] - odds[1]).max())
    return {"name": f"{name}: largest change of a probability", "value": worst, "unit": "1"}


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.monotonic()
    result = work()
    return result, time.monotonic() - started


def _row(name: str, seconds: float) -> dict[str, Any]:
    return {"name": name, "value": seconds, "unit": "s"}
