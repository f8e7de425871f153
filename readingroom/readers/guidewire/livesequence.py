"""One live sequence read frame after frame: network, centrelines, identities; as plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.guidewire import paint
from readingroom.readers.guidewire.findings import runs
from readingroom.readers.guidewire.track import Tracked, Tracker

if TYPE_CHECKING:
    from readingroom.inference.engine import Engine

#: Frames for which a hidden device is still shown.
_HIDDEN = 3
#: Rectangles of a frame that a processor segments at a time; a GPU is full with one.
_WORKERS = 2


@dataclass(frozen=True)
class Found:
    """What was seen in a frame.

    Attributes
    ----------
    mask : ndarray of bool, shape (row, col)
        Pixels of wires.
    wires : list of dict
        See `plain`.
    ms : float
        Time it took.
    """

    mask: npt.NDArray[np.bool_]
    wires: list[dict[str, Any]]
    ms: float


def analyser_for(engine: Engine) -> Callable[[npt.NDArray[Any]], Found]:
    """Return what takes the frames of one sequence in their order.

    Another size of frames begins another sequence.
    """
    from readingroom.readers.guidewire.live import LiveReader

    workers = _WORKERS if engine.device == "cpu" else 1
    reader, tracker = LiveReader(engine, workers=workers), Tracker(max_hidden=_HIDDEN)
    shape: tuple[int, ...] = ()

    def analyse(frame: npt.NDArray[Any]) -> Found:
        nonlocal reader, shape
        if shape and shape != frame.shape:
            reader = LiveReader(engine, workers=workers)
            tracker.reset()
        shape = frame.shape
        result = reader(frame)
        devices = tracker.update(result.wires)
        mask = np.asarray(result.mask == 1)
        for one in devices:
            if one.wire.kind == "wire":
                mask[paint.tube((mask.shape[0], mask.shape[1]), one.wire.points, 0.0)] = True
        return Found(mask, [plain(one) for one in devices], result.ms["total"])

    return analyse


def plain(device: Tracked) -> dict[str, Any]:
    """Return a device as plain data: curve and tip in px, what of it is inferred, identity."""
    wire = device.wire
    # Every other point: a curve on a screen needs no more, and half the message is saved.
    points = np.round(np.concatenate([wire.points[:-1:2], wire.points[-1:]]), 1)
    inferred = np.concatenate([wire.inferred[:-1:2], wire.inferred[-1:]])
    return {
        "kind": wire.kind,
        "identity": device.identity,
        "centerline_xy_px": points.tolist(),
        "tip_xy_px": points[-1].tolist(),
        "inferred": runs(inferred),
        "predicted": device.predicted,
        "confidence": round(wire.confidence, 3),
    }
