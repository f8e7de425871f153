"""Frames in the scene: a Slicer sequence, or a volume whose slices are the frames of a cine.

A sequence shows one item at a time through its proxy volume; a person who chooses the proxy
means the whole sequence. Frames go to the reading process as pictures, one file each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

#: Readers of frames rather than of volumes.
READERS = ("guidewire",)

_NAME = "frame-{:05d}.png"


def frames_of(node: Any) -> npt.NDArray[np.generic]:
    """Return the frames ``[t, row, column]`` that a volume node stands for."""
    import slicer

    sequence = sequence_of(node)
    if sequence is None:
        return np.asarray(slicer.util.arrayFromVolume(node))
    count = sequence.GetNumberOfDataNodes()
    items = [slicer.util.arrayFromVolume(sequence.GetNthDataNode(n)) for n in range(count)]
    return np.concatenate([np.asarray(item) for item in items])


def sequence_of(node: Any) -> Any | None:
    """Return the sequence node whose proxy `node` is; None if it is none."""
    scene = node.GetScene()
    if scene is None:
        return None
    browsers = scene.GetNodesByClass("vtkMRMLSequenceBrowserNode")
    for n in range(browsers.GetNumberOfItems()):
        sequence = browsers.GetItemAsObject(n).GetSequenceNode(node)
        if sequence is not None and sequence.GetNumberOfDataNodes() > 1:
            return sequence
    return None


def written(node: Any, place: Path) -> tuple[Path, ...]:
    """Write the frames of a node as pictures of 8 or 16 bits and return their files."""
    from PIL import Image

    place.mkdir(parents=True, exist_ok=True)
    files = []
    for number, frame in enumerate(as_unsigned(frames_of(node))):
        file = place / _NAME.format(number)
        Image.fromarray(np.ascontiguousarray(frame)).save(file, compress_level=1)
        files.append(file)
    return tuple(files)


def as_unsigned(frames: npt.NDArray[np.generic]) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Return frames as 8 or 16 bits: as they are where they fit, else shifted and scaled."""
    if frames.dtype == np.uint8:
        return np.asarray(frames, np.uint8)
    values = frames.astype(np.float64)
    low, high = float(values.min()), float(values.max())
    if frames.dtype.kind in "iu" and high - low <= 65535:
        return np.asarray(values - min(low, 0.0), np.uint16)
    return np.asarray(np.rint((values - low) * (65535.0 / max(high - low, 1e-9))), np.uint16)
