"""Frames as every later step wants them: 0…1, devices dark, the collimator known.

Detectors store 8 to 16 bits, makers invert, windows differ, a collimator or a black mask
covers part of the picture. `normalise` makes all of it alike and says what it found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.study import Cine, Note

FloatArray = npt.NDArray[np.float32]
Field = npt.NDArray[np.bool_]
Polarity = Literal["dark", "bright"]

#: Frames that are looked at for limits, polarity and border; a sequence is much alike.
_LOOKED_AT = 12
_PERCENTILES = (0.2, 99.8)
#: Grey values of a border differ by no more than this part of the range (lossy codecs ring).
_BORDER_TOLERANCE = 0.02
_LEAST_BORDER = 0.003
#: Bright lines must stand out this much more than dark ones before a picture is turned.
_CLEARLY_BRIGHTER = 1.25
#: Wider than any device that is looked for.
_HAT_PX = 15
#: Luma of ITU-R BT.601, the one of 8-bit video.
_LUMA = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Frames:
    """Frames ready for reading.

    Attributes
    ----------
    array : ndarray of float32, shape (t, row, col)
        0…1, devices dark; 0 outside the field.
    polarity : {'dark', 'bright'}
        How devices were in what was given.
    field_mask : ndarray of bool, shape (row, col)
        False where the collimator or a black border covers the detector.
    notes : tuple of Note
    """

    array: FloatArray
    polarity: Polarity
    field_mask: Field
    notes: tuple[Note, ...] = ()


def normalise(
    source: Cine | npt.ArrayLike,
    *,
    polarity: Literal["auto", "dark", "bright"] = "auto",
) -> Frames:
    """Return frames between 0 and 1 with dark devices.

    Parameters
    ----------
    source : Cine or array_like
        Frames ``[t, row, col]``, one frame ``[row, col]``, or colour ``[t, row, col, 3]``,
        of any integer or float type.
    polarity : {'auto', 'dark', 'bright'}
        How devices look in `source`; ``auto`` finds out by whether dark or bright lines
        stand out more, and takes dark where that is not clear.

    Raises
    ------
    RefusedInput
        ``FRAMES_SHAPE``, ``FRAMES_NOT_FINITE``, ``FRAMES_BLANK``.
    """
    given, notes = _grey(source.array if isinstance(source, Cine) else np.asarray(source))
    chosen = given[np.unique(np.linspace(0, len(given) - 1, _LOOKED_AT).astype(np.intp))]
    looked_at = chosen.astype(np.float32)
    field = find_field(looked_at)
    low, high = limits(looked_at, field)
    found = find_polarity(looked_at, field) if polarity == "auto" else polarity
    array = _scaled(given, low, high, inverted=found == "bright")
    if not field.all():
        array *= field
        notes.append(_covered(1.0 - float(field.mean())))
    if found == "bright":
        notes.append(_INVERTED)
    return Frames(array, found, field, tuple(notes))


def _grey(frames: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.generic], list[Note]]:
    notes: list[Note] = []
    if frames.ndim == 4 and frames.shape[-1] in (3, 4):
        frames = np.asarray(frames[..., :3].astype(np.float32) @ np.array(_LUMA, np.float32))
        notes.append(_COLOUR)
    if frames.ndim == 2:
        frames = frames[None]
    if frames.ndim != 3 or min(frames.shape) < 1 or min(frames.shape[1:]) < 16:
        raise RefusedInput(
            "FRAMES_SHAPE",
            f"The frames have the shape {frames.shape}; a sequence of grey pictures is needed.",
            "Give frames of at least 16 x 16 pixels.",
        )
    if frames.dtype.kind == "f" and not np.isfinite(frames).all():
        raise RefusedInput(
            "FRAMES_NOT_FINITE",
            "The frames hold values that are not numbers (NaN or infinite).",
            "Export the sequence again.",
        )
    return frames, notes


def limits(frames: FloatArray, field: Field) -> tuple[float, float]:
    """Return the grey values that become 0 and 1: nearly the darkest and the brightest.

    Raises
    ------
    RefusedInput
        ``FRAMES_BLANK`` where the pictures hold one grey value only.
    """
    step = max(int(np.sqrt(frames[0].size) / 256), 1)
    inside = field[::step, ::step]
    sample = frames[:, ::step, ::step][:, inside]
    low, high = (float(v) for v in np.percentile(sample, _PERCENTILES)) if sample.size else (0, 0)
    if high - low <= 1e-6 * max(abs(high), 1e-6):
        raise RefusedInput(
            "FRAMES_BLANK",
            "The frames hold no picture: every pixel has the same grey value.",
            "Check that the sequence was exported with its pixels.",
        )
    return low, high


def _scaled(
    frames: npt.NDArray[np.generic], low: float, high: float, *, inverted: bool
) -> FloatArray:
    scale = np.float32(1.0 / (high - low))
    array: FloatArray = np.subtract(frames, np.float32(low), dtype=np.float32)
    array *= scale
    if inverted:
        np.subtract(np.float32(1.0), array, out=array)
    np.clip(array, 0.0, 1.0, out=array)
    return array


def find_field(frames: FloatArray) -> Field:
    """Return the pixels that the collimator or a border does not cover, ``[row, col]``.

    A border is a flat region that touches the edge of the picture, does not change with
    time, and is as dark as anything in the picture (or, at three corners or more, as
    bright: a border of an inverted picture).
    """
    darkest, brightest = frames.min(axis=0), frames.max(axis=0)
    low, high = float(darkest.min()), float(brightest.max())
    tolerance = _BORDER_TOLERANCE * (high - low)
    black = _from_edge(brightest <= low + tolerance)
    white = _from_edge(darkest >= high - tolerance)
    if not (_corners(white) >= 3 and _corners(black) == 0):
        white = np.zeros_like(black)
    covered = black | white
    # Ringing and lettering at the rim of the border belong to it.
    if covered.any():
        closed = ndimage.binary_closing(np.pad(covered, 4, mode="edge"), iterations=2)
        covered = ndimage.binary_dilation(closed)[4:-4, 4:-4]
    least = _LEAST_BORDER * covered.size
    return ~covered if least < covered.sum() < 0.97 * covered.size else np.ones_like(covered)


def _from_edge(flat: Field) -> Field:
    """Return the parts of `flat` that touch the picture's edge along 8 px or more."""
    labels, count = ndimage.label(ndimage.binary_opening(flat, iterations=1) | _rim(flat))
    if count == 0:
        return np.zeros_like(flat)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    along = np.bincount(rim, minlength=count + 1)
    along[0] = 0
    return np.asarray(along[labels] >= 8)


def _rim(flat: Field) -> Field:
    rim = np.zeros_like(flat)
    rim[[0, -1]], rim[:, [0, -1]] = flat[[0, -1]], flat[:, [0, -1]]
    return rim


def _corners(region: Field) -> int:
    return int(region[0, 0]) + int(region[0, -1]) + int(region[-1, 0]) + int(region[-1, -1])


def find_polarity(frames: FloatArray, field: Field) -> Polarity:
    """Return whether thin things are dark or bright: which of them stand out more.

    Compares the strongest one per cent of the bottom hat (thin and dark) with that of the
    top hat (thin and bright) in a few frames. Unlike derivatives, hats are blind to the
    edges of bones, lungs and blades, which are of either sign.
    """
    inside = ndimage.binary_erosion(field, iterations=_HAT_PX, border_value=0)
    if not inside.any():
        return "dark"
    strength = np.zeros(2)
    for frame in frames[:: max(len(frames) // 4, 1)]:
        for k, response in enumerate(_hats(frame)):
            values = response[inside]
            strongest = max(values.size // 100, 1)
            strength[k] += np.partition(values, -strongest)[-strongest:].mean()
    return "bright" if strength[1] > _CLEARLY_BRIGHTER * strength[0] else "dark"


def _hats(frame: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how far thin dark and thin bright things stand out."""
    smooth = ndimage.gaussian_filter(frame, 1.2)
    closed = ndimage.grey_closing(smooth, (_HAT_PX, _HAT_PX))
    opened = ndimage.grey_opening(smooth, (_HAT_PX, _HAT_PX))
    return closed - smooth, smooth - opened


_COLOUR = Note(
    "COLOUR_FRAMES",
    "warning",
    "The frames are in colour; only their brightness was read.",
    "图像为彩色；仅判读其亮度。",
)
_INVERTED = Note(
    "FRAMES_INVERTED",
    "info",
    "Devices are bright in these frames; they were inverted for reading.",
    "该序列中器械呈亮色；判读前已反转灰度。",
)


def _covered(part: float) -> Note:
    percent = max(round(100 * part), 1)
    return Note(
        "FIELD_COLLIMATED",
        "info",
        f"A collimator or border covers {percent} % of the picture; it was left out.",
        f"准直器或边框遮挡了图像的 {percent}%，该部分不予判读。",
    )
