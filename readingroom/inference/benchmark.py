"""How fast a card runs on this machine's CPU, by backend and precision."""

from __future__ import annotations

import time

import numpy as np

from readingroom.inference.backends import FloatArray
from readingroom.inference.cards import Card
from readingroom.inference.engine import Engine
from readingroom.inference.hardware import cpu_has_bf16
from readingroom.inference.session import Session


def benchmark(card: Card, *shapes: tuple[int, ...], repeats: int = 3) -> dict[str, float]:
    """Return the best wall time of one run by ``"backend precision"``, seconds.

    Parameters
    ----------
    *shapes : tuple of int
        Shape of each of the network's inputs, ``(n, channels, d, h, w)`` for an image.
    repeats : int
        Timed runs after one that warms up.
    """
    inputs = [np.random.default_rng(0).standard_normal(shape, np.float32) for shape in shapes]
    ways = [("torch", "fp32")]
    if cpu_has_bf16():
        ways.append(("torch", "bf16"))
    if card.has(card.onnx_name):
        ways.append(("onnx", "fp32"))
    found = {}
    for backend, precision in ways:
        session = Engine(device="cpu", precision=precision, backend=backend).session(card)
        session(*inputs)
        found[f"{backend} {precision}"] = min(_timed(session, inputs) for _ in range(repeats))
    return found


def _timed(session: Session, inputs: list[FloatArray]) -> float:
    started = time.perf_counter()
    session(*inputs)
    return time.perf_counter() - started
