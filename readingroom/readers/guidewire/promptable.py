"""Segmentation by points and boxes with SAM-Med2D, where the user has its ONNX files.

Source: Cheng et al., "SAM-Med2D", 2023. The weights are not bundled: a person puts
``sam-med2d_b.encoder.onnx`` and ``sam-med2d_b.decoder.onnx`` (the names of its exporter)
into the folder of the models. The live-wire tool needs none of this and is always there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.inference.cards import search_folders

ENCODER = "sam-med2d_b.encoder.onnx"
DECODER = "sam-med2d_b.decoder.onnx"

#: Mean and standard deviation of the training images, RGB 0…255.
_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_SD = np.array([58.395, 57.12, 57.375], np.float32)
#: What a point is, as the decoder wants it.
_OUTSIDE, _INSIDE, _TOP_LEFT, _BOTTOM_RIGHT = 0.0, 1.0, 2.0, 3.0

FloatArray = npt.NDArray[np.float32]
Point = tuple[float, float]


@dataclass(frozen=True)
class Prompt:
    """What a person showed, in pixels of the frame.

    Attributes
    ----------
    inside, outside : sequence of (x, y)
        Points on and off the device.
    box : (x0, y0, x1, y1) or None
    """

    inside: Sequence[Point] = ()
    outside: Sequence[Point] = ()
    box: tuple[float, float, float, float] | None = None


class _Session(Protocol):
    def get_inputs(self) -> Any: ...
    def run(self, names: Any, feeds: dict[str, Any]) -> Any: ...


def available() -> bool:
    """Say whether both files are there."""
    return _found(ENCODER) is not None and _found(DECODER) is not None


def load() -> PromptedSegmenter:
    """Return the segmenter.

    Raises
    ------
    RefusedInput
        ``CARD_MISSING``, if a file is not there.
    ReadingRoomError
        ``CARD_INVALID``, if a file is no ONNX graph of the kind.
    """
    return PromptedSegmenter(_session(ENCODER), _session(DECODER))


class PromptedSegmenter:
    """Encodes a frame once; each prompt then takes the decoder only.

    Parameters
    ----------
    encoder, decoder : onnxruntime.InferenceSession
    """

    def __init__(self, encoder: _Session, decoder: _Session) -> None:
        self._encoder, self._decoder = encoder, decoder
        self._input = encoder.get_inputs()[0]
        self._wanted = {node.name for node in decoder.get_inputs()}
        missing = {"image_embeddings", "point_coords", "point_labels"} - self._wanted
        if missing or len(self._input.shape) != 4:
            raise _invalid(DECODER if missing else ENCODER)
        self._side = int(self._input.shape[-1])
        self._embedding: FloatArray | None = None
        self._shape = (0, 0)

    def look_at(self, frame: FloatArray) -> None:
        """Encode a frame ``(row, col)``, 0…1."""
        rows, columns = self._shape = (int(frame.shape[0]), int(frame.shape[1]))
        zoom = (self._side / rows, self._side / columns)
        small = ndimage.zoom(
            frame.astype(np.float32), zoom, order=1, grid_mode=True, mode="nearest"
        )
        colours = (255.0 * small[None] - _MEAN[:, None, None]) / _SD[:, None, None]
        feeds = {self._input.name: colours[None].astype(np.float32)}
        self._embedding = self._encoder.run(None, feeds)[0]

    def segment(self, prompt: Prompt) -> npt.NDArray[np.bool_]:
        """Return the mask ``(row, col)`` of what the prompt shows in the frame looked at.

        Raises
        ------
        RefusedInput
            ``PROMPT_EMPTY``, without a point inside or a box, or before `look_at`.
        """
        if self._embedding is None or not (prompt.inside or prompt.box):
            raise RefusedInput(
                "PROMPT_EMPTY",
                "There is nothing to segment: no frame, or no point on the device and no box.",
                "Click on the device, or draw a box around it.",
            )
        masks = self._decoder.run(None, self._feeds(self._embedding, prompt))[0]
        return np.asarray(masks[0, 0] > 0)

    def _feeds(self, embedding: FloatArray, prompt: Prompt) -> dict[str, FloatArray]:
        points, kinds = _points(prompt)
        rows, columns = self._shape
        scale = np.array([self._side / columns, self._side / rows])
        side = 4 * embedding.shape[-1]
        offered = {
            "image_embeddings": embedding,
            "point_coords": (points * scale)[None].astype(np.float32),
            "point_labels": kinds[None].astype(np.float32),
            "mask_input": np.zeros((1, 1, side, side), np.float32),
            "has_mask_input": np.zeros(1, np.float32),
            "orig_im_size": np.array(self._shape, np.float32),
        }
        return {name: value for name, value in offered.items() if name in self._wanted}


def _points(prompt: Prompt) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    points = [*prompt.inside, *prompt.outside]
    kinds = [_INSIDE] * len(prompt.inside) + [_OUTSIDE] * len(prompt.outside)
    if prompt.box is not None:
        points += [prompt.box[:2], prompt.box[2:]]
        kinds += [_TOP_LEFT, _BOTTOM_RIGHT]
    return np.array(points, np.float64), np.array(kinds)


def _found(name: str) -> Path | None:
    return next((f / name for f in search_folders() if (f / name).is_file()), None)


def _session(name: str) -> _Session:
    import onnxruntime

    path = _found(name)
    if path is None:
        raise RefusedInput(
            "CARD_MISSING",
            f"The file '{name}' of SAM-Med2D is not there.",
            "Export it with the ONNX exporter of SAM-Med2D and put it into the folder that "
            "'readingroom models list' names; or use the live-wire tool.",
        )
    try:
        session: _Session = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's own errors share no public base
        raise _invalid(name) from error
    return session


def _invalid(name: str) -> ReadingRoomError:
    return ReadingRoomError(
        "CARD_INVALID",
        f"The file '{name}' is not an ONNX graph of SAM-Med2D.",
        "Export it again with the ONNX exporter of SAM-Med2D.",
    )
