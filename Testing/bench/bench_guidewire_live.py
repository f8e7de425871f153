"""Live guidewire at 512 x 512 on two cores: latency end to end, beside the U-Net baseline."""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from matplotlib.figure import Figure
from PIL import Image

from readingroom import networks
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.inference.cards import load_card
from readingroom.inference.engine import Engine
from readingroom.readers.guidewire.cards import SEGMENT
from readingroom.readers.guidewire.live import LiveReader, LiveResult
from readingroom.readers.guidewire.liveengine import LiveEngine
from readingroom.readers.guidewire.networkinput import standardised
from readingroom.readers.guidewire.simulate import simulate_sequence
from Testing.bench.__main__ import PAGE
from Testing.bench.skip import Skip

SIZE, FRAMES, READ, THREADS = 512, 12, 240, 2
#: Frames read before the clock starts, and the pace of the camera, frames a second.
WARM, CAMERA = 20, 30
#: The engine stands still if nothing comes for as long.
WAIT_S = 30.0
#: Upper ends of the histogram's classes, ms.
CLASSES = (20, 30, 40, 50, 67, 100)
#: Where the histogram is drawn, and what the latency should stay under, ms.
FIGURE, GOAL_MS = PAGE.parent / "figures" / "live-latency.png", 50

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
    """Hand frames over as fast as they are taken, then at the pace of a camera."""
    encoded = [_jpeg(frame) for frame in frames]
    busy, seconds = _stream(encoded, None)
    paced, _ = _stream(encoded, 1.0 / CAMERA)
    latencies = [result.ms["latency"] for result in paced]
    _draw(latencies, FIGURE)
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    rate = len(busy) / seconds
    rows: list[dict[str, Any]] = [
        {
            "name": "frames a second, decode to centreline",
            "value": rate,
            "unit": "1/s",
            "peer": f"U-Net network alone, {1 / baseline:.3g}/s",
            "ratio": rate * baseline,
        },
        {"name": f"frames read of {CAMERA}/s", "value": 100 * len(paced) / READ, "unit": "%"},
        {"name": "latency, median", "value": p50, "unit": "ms"},
        {"name": "latency, 95th percentile", "value": p95, "unit": "ms"},
        {"name": "latency, 99th percentile", "value": p99, "unit": "ms"},
    ]
    rows += [
        {
            "name": f"stage {stage}, mean",
            "value": float(np.mean([result.ms[stage] for result in paced])),
            "unit": "ms",
        }
        for stage in paced[0].ms
        if stage not in ("total", "latency")
    ]
    return rows + _histogram(latencies)


def _stream(encoded: list[bytes], every_s: float | None) -> tuple[list[LiveResult], float]:
    """Return the results of `READ` frames, played to and fro, and the seconds they took.

    Latency begins when a frame's JPEG is there: its decoding is added to the engine's.
    """
    order = [*range(len(encoded)), *range(len(encoded) - 2, 0, -1)]
    results: list[LiveResult] = []
    decoding: dict[int, float] = {}

    def keep(result: LiveResult | ReadingRoomError) -> None:
        if isinstance(result, ReadingRoomError):
            raise result
        results.append(result)

    # As the live page does: a thread for each of two rectangles of the frame.
    reader = LiveReader(Engine("cpu", "fp32", threads=1), workers=THREADS)
    for n in range(WARM):
        reader(_decoded(encoded[n % len(encoded)]))
    with LiveEngine(reader, keep) as engine:
        began = time.perf_counter()
        for n in range(READ):
            if every_s is None:
                _until(lambda: engine.received - engine.read - engine.skipped < 2)
            else:
                time.sleep(max(began + n * every_s - time.perf_counter(), 0.0))
            started = time.perf_counter()
            picture = _decoded(encoded[order[n % len(order)]])
            spent = 1000.0 * (time.perf_counter() - started)
            decoding[engine.put(picture)] = spent
        _until(lambda: engine.read + engine.skipped == READ)
        seconds = time.perf_counter() - began
    return [_with_decoding(result, decoding[result.number]) for result in results], seconds


def _until(true: Callable[[], bool]) -> None:
    limit = time.perf_counter() + WAIT_S
    while not true():
        if time.perf_counter() > limit:
            raise TimeoutError("The live engine stands still.")
        time.sleep(0.0005)


def _with_decoding(result: LiveResult, ms: float) -> LiveResult:
    return replace(result, ms={"decode": ms, **result.ms, "latency": result.ms["latency"] + ms})


def _decoded(jpeg: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(jpeg)))


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


def _draw(latencies: list[float], path: Path) -> None:
    """Write the histogram of the latencies with the goal and the 95th percentile."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.add_subplot()
    axes.hist(latencies, bins=np.arange(0, max(120, max(latencies) + 4), 4), color="#1f5f8b")
    high = float(np.percentile(latencies, 95))
    axes.axvline(high, color="#b5482a", label=f"95th percentile, {high:.0f} ms")
    axes.axvline(GOAL_MS, color="0.4", linestyle="--", label=f"goal, {GOAL_MS} ms")
    axes.set_xlabel(f"latency of a frame at {CAMERA}/s, JPEG to centreline, ms")
    axes.set_ylabel("frames")
    axes.legend()
    figure.savefig(path, dpi=120, metadata={"Software": None})


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
