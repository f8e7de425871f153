"""Video files and folders of pictures as cines.

A video has no place in a patient and no scale: its spacing is unknown. Colour is read as
luma. Videos are decoded by FFmpeg's libraries (PyAV), pictures by Pillow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.study import Cine, Note

Pixels = npt.NDArray[Any]

VIDEO_SUFFIXES = (".mp4", ".m4v", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
#: A cine is kept whole in memory; more than this is a film of the day, not a run.
MOST_BYTES = 4 << 30
#: Channels that differ by more, in this part of the pixels, make a picture colour.
_COLOUR_LEVELS, _COLOUR_PART = 24, 0.001


def is_video_file(path: Path) -> bool:
    """Whether the file's name is that of a video read here."""
    return path.name.lower().endswith(VIDEO_SUFFIXES)


def is_picture_file(path: Path) -> bool:
    """Whether the file's name is that of a picture read here."""
    return path.name.lower().endswith(PICTURE_SUFFIXES)


@dataclass(frozen=True)
class _Stream:
    """What is known of a video before it is decoded as a whole."""

    shape: tuple[int, int, int]
    times_ms: tuple[float, ...]
    deep: bool
    colour: bool


def cine_from_video(path: Path) -> tuple[Cine, tuple[Note, ...]]:
    """Return the video's cine and notes; frames are decoded at first use.

    Raises
    ------
    RefusedInput
        ``VIDEO_UNREADABLE``, ``VIDEO_EMPTY``, ``IMAGE_TRUNCATED``, ``VIDEO_TOO_LONG``; at
        first use of the frames also ``FRAME_SIZE_CHANGES``.
    """
    found = _probe(path)
    bounded(found.shape, 2 if found.deep else 1)
    cine = Cine(
        pixels=partial(_decode, path, found),
        shape=found.shape,
        frame_times_ms=found.times_ms,
        description=path.stem,
        files=(path,),
    )
    return cine, (COLOUR,) if found.colour else ()


def _probe(path: Path) -> _Stream:
    with _opened(path) as container:
        stream = container.streams.video[0]
        promised, rate = int(stream.frames or 0), float(stream.average_rate or 0)
        first = next(container.decode(stream), None)
        if first is None or min(first.width, first.height) < 1:
            raise _empty()
        container.seek(0)
        stamps = sorted(p.pts or 0 for p in container.demux(stream) if p.size)
        base = float(stream.time_base or 0)
    if not stamps:
        raise _empty()
    if promised > len(stamps):
        raise _cut_short()
    component = first.format.components[0]
    shape = (len(stamps), int(first.height), int(first.width))
    return _Stream(shape, _times(stamps, base, rate), component.bits > 8, _is_colour(first))


def _times(stamps: Sequence[int], base: float, rate: float) -> tuple[float, ...]:
    """Return the frames' times, by their stamps where these count up, else by the rate."""
    if base > 0 and len(set(stamps)) == len(stamps) and len(stamps) > 1:
        return tuple(round(1000.0 * base * (stamp - stamps[0]), 3) for stamp in stamps)
    return tuple(round(1000.0 * t / rate, 3) for t in range(len(stamps))) if rate > 0 else ()


def _is_colour(frame: Any) -> bool:
    return is_colour(frame.to_ndarray(format="rgb24"))


def is_colour(rgb: npt.NDArray[np.uint8]) -> bool:
    """Whether a picture ``(row, col, 3)`` is coloured, not grey in three channels."""
    spread = np.ptp(rgb.astype(np.int16), axis=2)
    return bool((spread > _COLOUR_LEVELS).mean() > _COLOUR_PART)


def _decode(path: Path, found: _Stream) -> Pixels:
    frames = np.empty(found.shape, np.uint16 if found.deep else np.uint8)
    count = 0
    with _opened(path) as container:
        for frame in container.decode(container.streams.video[0]):
            if (frame.height, frame.width) != found.shape[1:]:
                raise _size_changes((frame.height, frame.width), found.shape[1:])
            if count < len(frames):
                frames[count] = frame.to_ndarray(format="gray16le" if found.deep else "gray")
            count += 1
    if count < len(frames):
        raise _cut_short()
    return frames


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    av: Any = import_module("av")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise _empty()
            # Frames that cannot be decoded must not pass as frames that are not there.
            container.streams.video[0].codec_context.thread_type = "SLICE"
            yield container
    except av.error.EOFError:
        raise _cut_short() from None
    except (av.error.FFmpegError, OSError):
        raise _unreadable() from None


def natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Return the sorting key by which ``frame_10`` comes after ``frame_9``."""
    parts = re.split(r"(\d+)", path.name.lower())
    return tuple((1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts)


def cine_from_pictures(files: Iterable[Path]) -> tuple[Cine, tuple[Note, ...]]:
    """Return pictures of one sequence, in natural order of their names, as a cine.

    Raises
    ------
    RefusedInput
        ``NOT_AN_IMAGE``, ``MIXED_SIZES``, ``VIDEO_TOO_LONG``; at first use of the frames
        ``IMAGE_TRUNCATED``.
    """
    ordered = sorted(files, key=natural)
    looked = [_header(file) for file in ordered]
    sizes = {size for size, _ in looked}
    if len(sizes) > 1:
        some = " and ".join(f"{w} x {h}" for w, h in sorted(sizes)[:2])
        raise RefusedInput(
            "MIXED_SIZES",
            f"The pictures of the folder have different sizes ({some}).",
            "Give a folder that holds the frames of one sequence and nothing else.",
        )
    (width, height), modes = looked[0][0], {mode for _, mode in looked}
    deep = bool(modes & {"I", "I;16", "I;16B", "I;16L", "F"})
    bounded((len(ordered), height, width), 2 if deep else 1)
    colour = bool(modes & {"RGB", "RGBA", "P", "CMYK", "YCbCr"}) and is_colour(_rgb(ordered[0]))
    cine = Cine(
        pixels=partial(_read_pictures, tuple(ordered), (height, width), deep),
        shape=(len(ordered), height, width),
        description=ordered[0].parent.name if len(ordered) > 1 else ordered[0].stem,
        files=tuple(ordered),
    )
    return cine, (COLOUR,) if colour else ()


def _header(file: Path) -> tuple[tuple[int, int], str]:
    with _picture(file) as image:
        return (int(image.size[0]), int(image.size[1])), str(image.mode)


def _rgb(file: Path) -> npt.NDArray[np.uint8]:
    with _picture(file) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def _read_pictures(files: Sequence[Path], size: tuple[int, int], deep: bool) -> Pixels:
    frames = np.empty((len(files), *size), np.uint16 if deep else np.uint8)
    for place, file in zip(frames, files, strict=True):
        with _picture(file, _cut_short) as image:
            place[...] = _grey(image, deep)
    return frames


def _grey(image: Any, deep: bool) -> Pixels:
    if not deep:
        return np.asarray(image.convert("L"))
    values = np.asarray(image if image.mode[0] in "IF" else image.convert("L"))
    return np.asarray(np.clip(values, 0, 65535), np.uint16)


@contextmanager
def _picture(file: Path, refusal: Callable[[], RefusedInput] | None = None) -> Iterator[Any]:
    images: Any = import_module("PIL.Image")
    try:
        with images.open(file) as image:
            yield image
    except (OSError, SyntaxError, ValueError, images.DecompressionBombError):
        raise (refusal or _no_picture)() from None


def bounded(shape: tuple[int, int, int], bytes_a_pixel: int) -> None:
    """Refuse a cine that would not fit into memory; raises ``VIDEO_TOO_LONG``."""
    size = int(np.prod(shape, dtype=np.int64)) * bytes_a_pixel
    if size > MOST_BYTES:
        raise RefusedInput(
            "VIDEO_TOO_LONG",
            f"The sequence has {shape[0]} frames of {shape[2]} x {shape[1]} pixels, more than "
            "can be read at once.",
            "Cut out the part to be read.",
        )


COLOUR = Note(
    "COLOUR_FRAMES",
    "warning",
    "The frames are in colour; only their brightness was read.",
    "图像为彩色；仅判读其亮度。",
)


def _unreadable() -> RefusedInput:
    return RefusedInput(
        "VIDEO_UNREADABLE",
        "The video file is damaged, or it is in a format that cannot be read.",
        "Export it again as MP4 (H.264) or AVI.",
    )


def _empty() -> RefusedInput:
    return RefusedInput(
        "VIDEO_EMPTY", "The video file holds no frame.", "Export the sequence again."
    )


def _no_picture() -> RefusedInput:
    return RefusedInput(
        "NOT_AN_IMAGE",
        "A file of the folder is named as a picture and cannot be read as one.",
        "Leave it out, or export the frames again.",
    )


def _cut_short() -> RefusedInput:
    return RefusedInput(
        "IMAGE_TRUNCATED",
        "The file ends before its frames do.",
        "Copy or export the sequence again.",
    )


def _size_changes(found: tuple[int, int], first: tuple[int, ...]) -> RefusedInput:
    return RefusedInput(
        "FRAME_SIZE_CHANGES",
        f"The frames' size changes within the video from {first[1]} x {first[0]} to "
        f"{found[1]} x {found[0]} pixels.",
        "Export the parts of one size as files of their own.",
    )
