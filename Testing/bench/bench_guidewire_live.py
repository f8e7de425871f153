"""Live guidewire at 512 x 512 on two cores: latency end to end, beside the U-Net baseline."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from PIL import Image

from readingroom import networks
from readingroom.errors import RefusedInput
from readingroom.inference.cards import load_card
from readingroom.inference.engine import Engine
from readingroom.readers.guidewire.cards import SEGMENT
from readingroom.readers.guidewire.live import LiveReader
from readingroom.readers.guidewire.networkinput import standardised
from readingroom.readers.guidewire.simulate import simulate_sequence
from Testing.bench.skip import Skip

SIZE, FRAMES, READ, THREADS = 512, 12, 240, 2
#: Upper ends of the histogram's classes, ms.
CLASSES = (15, 20, 25, 30, 40, 50)

Frames = npt.NDArray[np.float32]


def run() -> list[dict[str, Any]]:
    """Read a simulated sequence to and fro, each frame decoded from JPEG."""
    try:
        load_card(SEGMENT)
    except RefusedInput as missing:
        raise Skip(str(missing)) from missing
    frames = simulate_sequence(4711, frames=FRAMES, size=SIZE, collimator="none").frames
    with tempfile.TemporaryDirectory() as place:
        baseline = _seconds(_baseline(Path(place) / "unet.onnx"), frames)
        fp32, int8 = _precisions(frames, Path(place))
    rows = _live(frames, baseline)
    rows.append({"name": "segmentation network alone, fp32", "value": 1000 * fp32, "unit": "ms"})
    rows.append(
        {
            "name": "segmentation network alone, int8 (static QDQ)",
            "value": 1000 * int8,
            "unit": "ms",
            "peer": "fp32",
            "ratio": fp32 / int8,
        }
    )
    return rows


def _live(frames: Frames, baseline: float) -> list[dict[str, Any]]:
    reader = LiveReader(Engine("cpu", "fp32", threads=THREADS))
    encoded = [_jpeg(frame) for frame in frames]
    there_and_back = [*range(FRAMES), *range(FRAMES - 2, 0, -1)]
    stages: dict[str, list[float]] = {}
    totals = []
    for n in range(-20, READ):
        started = time.perf_counter()
        picture = np.asarray(
            Image.open(io.BytesIO(encoded[there_and_back[n % len(there_and_back)]]))
        )
        decoded = time.perf_counter()
        result = reader(picture)
        if n < 0:
            continue
        totals.append(1000 * (time.perf_counter() - started))
        for stage, ms in {"decode": 1000 * (decoded - started), **result.ms}.items():
            stages.setdefault(stage, []).append(ms)
    p50, p95, p99 = np.percentile(totals, [50, 95, 99])
    rate = 1000 * len(totals) / sum(totals)
    rows: list[dict[str, Any]] = [
        {
            "name": "frames a second, decode to centreline",
            "value": rate,
            "unit": "1/s",
            "peer": f"U-Net network alone, {1 / baseline:.3g}/s",
            "ratio": rate * baseline,
        },
        {"name": "latency, median", "value": p50, "unit": "ms"},
        {"name": "latency, 95th percentile", "value": p95, "unit": "ms"},
        {"name": "latency, 99th percentile", "value": p99, "unit": "ms"},
    ]
    stages.pop("total")
    rows += [
        {"name": f"stage {stage}, mean", "value": float(np.mean(ms)), "unit": "ms"}
        for stage, ms in stages.items()
    ]
    return rows + _histogram(totals)


def _histogram(totals: list[float]) -> list[dict[str, Any]]:
    edges = [0.0, *CLASSES, np.inf]
    counts, _ = np.histogram(totals, edges)
    names = [
        f"under {CLASSES[0]}",
        *(f"{a} to {b}" for a, b in pairwise(CLASSES)),
    ]
    names.append(f"over {CLASSES[-1]}")
    return [
        {"name": f"frames that took {name} ms", "value": 100 * count / len(totals), "unit": "%"}
        for name, count in zip(names, counts, strict=True)
    ]


def _jpeg(frame: Frames) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.rint(255 * frame).astype(np.uint8)).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def _baseline(path: Path) -> Callable[[Frames], Any]:
    """Return the plain U-Net (7.8 million weights, untrained: its speed is what counts)."""
    network = networks.build("unet2d").eval()
    example = torch.zeros(1, 2, SIZE, SIZE)
    torch.onnx.export(network, (example,), path, dynamo=True, external_data=False, verbose=False)
    return _session(path)


def _session(path: Path) -> Callable[[Frames], Any]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda pair: session.run(None, {name: pair})


def _seconds(compute: Callable[[Frames], Any], frames: Frames, repeats: int = 10) -> float:
    pair = _pairs(frames)[0]
    compute(pair)
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        compute(pair)
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def _pairs(frames: Frames) -> list[Frames]:
    whole = [standardised(frame) for frame in frames]
    return [np.stack([now, before])[None] for now, before in zip(whole[1:], whole, strict=False)]


def _precisions(frames: Frames, folder: Path) -> tuple[float, float]:
    """Return the seconds of the segmentation network in fp32 and in int8."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Pairs(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            self._left = iter([{name: pair} for pair in _pairs(frames)])

        def get_next(self) -> Any:
            return next(self._left, None)

    card = load_card(SEGMENT)
    whole = card.path(card.onnx_name)
    name = onnxruntime.InferenceSession(str(whole)).get_inputs()[0].name
    quantised = folder / "int8.onnx"
    quantize_static(
        str(whole),
        str(quantised),
        Pairs(name),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
    return _seconds(_session(whole), frames, 20), _seconds(_session(quantised), frames, 20)
