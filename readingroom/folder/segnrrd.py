"""Write segmentations as 3D Slicer does (``.seg.nrrd``), cropped to what is marked.

Label maps that overlap are stored as layers: one more axis, the fastest, of kind ``list``.
Only the box around all marked voxels is stored, with its own origin. The whole grid is in
3D Slicer's reference image geometry, where `readingroom.folder.segread` finds it again, and
the box's place in it in ``Segmentation_ReferenceImageExtentOffset``.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.reading import Masks, Segment

#: 3D Slicer's name of the conversion parameter that holds the whole grid.
REFERENCE_GEOMETRY = "Reference image geometry"

Box = tuple[slice, slice, slice]

_LEVEL = 1
_GZIP = 16 + zlib.MAX_WBITS
_TYPES = {1: "unsigned char", 2: "unsigned short", 4: "unsigned int"}


def encode_masks(masks: Masks) -> bytes:
    """Return the content of a ``.seg.nrrd`` file that holds `masks`."""
    box = _marked_box(masks.layers)
    voxels = _stacked(masks.layers, box)
    header = "\n".join(_header(masks, box, voxels)).encode("utf-8") + b"\n\n"
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return b"".join((header, deflate.compress(voxels.data.cast("B")), deflate.flush()))


def _marked_box(layers: Sequence[npt.NDArray[Any]]) -> Box:
    """Return the box of all marked voxels with a margin of one, at least one voxel large.

    The margin also keeps a single marked voxel from being stored as an image of one
    voxel, which 3D Slicer takes for "empty".
    """
    boxes = [_bounds(layer) for layer in layers if layer.size]
    marked = [box for box in boxes if box is not None]
    if not marked:
        return slice(0, 1), slice(0, 1), slice(0, 1)
    low = np.maximum(np.min([b[0] for b in marked], axis=0) - 1, 0)
    high = np.minimum(np.max([b[1] for b in marked], axis=0) + 2, layers[0].shape)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return k, j, i


def _bounds(layer: npt.NDArray[Any]) -> tuple[list[int], list[int]] | None:
    """Return first and last marked index per axis; maxima are much faster than `any`."""
    rows_columns = layer.max(axis=0)
    if not rows_columns.any():
        return None
    slices = layer.reshape(layer.shape[0], -1).max(axis=1)
    profiles = (slices, rows_columns.max(axis=1), rows_columns.max(axis=0))
    marked = [np.flatnonzero(profile) for profile in profiles]
    return [int(m[0]) for m in marked], [int(m[-1]) for m in marked]


def _stacked(layers: Sequence[npt.NDArray[Any]], box: Box) -> npt.NDArray[Any]:
    """Return the voxels to store: ``[k, j, i]``, or ``[k, j, i, layer]`` for several layers."""
    dtype = np.result_type(*layers) if layers else np.dtype(np.uint8)
    little = np.dtype(dtype).newbyteorder("<")
    if not layers:
        return np.zeros((1, 1, 1), little)
    if len(layers) == 1:
        return np.ascontiguousarray(layers[0][box], dtype=little)
    return np.stack([layer[box] for layer in layers], axis=-1).astype(little, copy=False)


def _header(masks: Masks, box: Box, voxels: npt.NDArray[Any]) -> list[str]:
    layered = voxels.ndim == 4
    matrix = np.asarray(masks.ijk_to_lps, dtype=np.float64)
    offset_ijk = [axis.start for axis in reversed(box)]
    origin = matrix[:3, :3] @ offset_ijk + matrix[:3, 3]
    directions = [_vector(matrix[:3, axis]) for axis in range(3)]
    sizes = [str(size) for size in reversed(voxels.shape)]
    return [
        "NRRD0004",
        "# Complete NRRD file format specification at:",
        "# http://teem.sourceforge.net/nrrd/format.html",
        f"type: {_TYPES[voxels.dtype.itemsize]}",
        f"dimension: {voxels.ndim}",
        "space: left-posterior-superior",
        f"sizes: {' '.join(sizes)}",
        f"space directions: {' '.join(['none'] * layered + directions)}",
        f"kinds: {' '.join(['list'] * layered + ['domain'] * 3)}",
        "endian: little",
        "encoding: gzip",
        f"space origin: {_vector(origin)}",
        *_segment_lines(masks.segments, voxels.shape[:3], empty=not voxels.any()),
        "Segmentation_ContainedRepresentationNames:=Binary labelmap|",
        f"Segmentation_ConversionParameters:={_reference_geometry(masks, matrix)}",
        "Segmentation_MasterRepresentation:=Binary labelmap",
        f"Segmentation_ReferenceImageExtentOffset:={' '.join(map(str, offset_ijk))}",
    ]


def _reference_geometry(masks: Masks, ijk_to_lps: npt.NDArray[np.float64]) -> str:
    """Return the geometry that 3D Slicer needs for editing and export, in its RAS."""
    shape = masks.layers[0].shape if masks.layers else (1, 1, 1)
    ijk_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ ijk_to_lps
    extent = [bound for size in reversed(shape) for bound in (0, size - 1)]
    numbers = [*(repr(float(x)) for x in ijk_to_ras.ravel()), *map(str, extent)]
    return f"{REFERENCE_GEOMETRY}|{';'.join(numbers)};|Geometry of the image that was read.&"


def _segment_lines(
    segments: Sequence[Segment], shape: tuple[int, ...], *, empty: bool
) -> list[str]:
    # 3D Slicer clips a whole layer to the extent of the layer's first segment: all get
    # the extent of the stored box.
    extent = " ".join(f"0 {-1 if empty else size - 1}" for size in reversed(shape))
    counts = Counter(segment.name for segment in segments)
    lines = []
    for n, segment in enumerate(segments):
        name = _one_line(segment.name)
        values = {
            "ID": name if counts[segment.name] == 1 else f"{name}_{n}",
            "Name": name,
            "NameAutoGenerated": 0,
            "Color": " ".join(repr(float(part)) for part in segment.color),
            "ColorAutoGenerated": 0,
            "LabelValue": segment.value,
            "Layer": segment.layer,
            "Extent": extent,
            "Tags": f"TerminologyEntry:{_one_line(segment.terminology)}|",
        }
        lines += [f"Segment{n}_{key}:={value}" for key, value in values.items()]
    return lines


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "/").split()) or "segment"


def _vector(values: npt.ArrayLike) -> str:
    return f"({','.join(repr(float(x)) for x in np.asarray(values))})"
