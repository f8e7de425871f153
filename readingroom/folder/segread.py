"""Read segmentations and label maps from NRRD files, as 3D Slicer and others write them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.folder.grid import Grid, fit
from readingroom.folder.segnrrd import REFERENCE_GEOMETRY
from readingroom.reading import Masks, Segment
from readingroom.terminology import concept

Labels = npt.NDArray[np.unsignedinteger[Any]]
Header = Mapping[str, Any]

#: Signs that take the axes of a space to left, posterior, superior.
_TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
#: The types that label maps have in practice; pynrrd reads the others.
_TYPES = {
    "unsigned char": "u1",
    "uchar": "u1",
    "uint8": "u1",
    "unsigned short": "u2",
    "ushort": "u2",
    "uint16": "u2",
    "short": "i2",
    "int16": "i2",
    "unsigned int": "u4",
    "int": "i4",
}
_WINDOW_GZIP = 31


def decode_masks(path: Path, *, whole: bool = True) -> Masks:
    """Read a segmentation or a plain label map; a plain label map has no segments.

    Parameters
    ----------
    whole : bool
        Fill the grid of the file's reference geometry, where it names one that its voxels
        lie on; otherwise return the box that the file stores.

    Raises
    ------
    ValueError
        If the file is no NRRD, is cut short, or holds no labels in patient space.
    RefusedInput
        ``MASK_GEOMETRY`` if `whole` and the voxels do not lie on the reference geometry.
    """
    header, data = _read(path)
    layers = _layers(header, data)
    masks = Masks(layers, _matrix(header), _segments(header, len(layers)))
    reference = _reference_grid(header) if whole else None
    fitted = masks if reference is None else fit(masks, reference)
    # The layers lie interleaved in the file: they are copied once, into the grid or here.
    own = [np.require(layer, requirements=["C", "W", "O"]) for layer in fitted.layers]
    return Masks(own, fitted.ijk_to_lps, fitted.segments)


def _read(path: Path) -> tuple[dict[str, Any], npt.NDArray[Any]]:
    import nrrd

    content = path.read_bytes()
    end = re.search(rb"\r?\n\r?\n", content)
    if not content.startswith(b"NRRD") or end is None:
        raise ValueError("no NRRD header")
    try:
        lines = content[: end.start()].decode("utf-8", "replace").splitlines()
        header: dict[str, Any] = nrrd.read_header(lines)
        if _is_attached_gzip(header):
            return header, _unpacked(header, memoryview(content)[end.end() :])
        with path.open("rb") as file:
            file.seek(end.end())
            return header, nrrd.read_data(header, file, str(path), index_order="C")
    except (nrrd.NRRDError, zlib.error, KeyError, OSError, EOFError) as error:
        raise ValueError("damaged NRRD") from error


def _is_attached_gzip(header: Header) -> bool:
    skips = ("lineskip", "line skip", "byteskip", "byte skip", "datafile", "data file")
    plain = header["type"] in _TYPES and not any(skip in header for skip in skips)
    return plain and header["encoding"] in ("gzip", "gz")


def _unpacked(header: Header, packed: memoryview) -> npt.NDArray[Any]:
    """Return the array ``[k, j, i(, layer)]``; several times as fast as pynrrd's own."""
    order = ">" if header.get("endian") == "big" else "<"
    kind = np.dtype(order + _TYPES[header["type"]])
    shape = tuple(int(n) for n in header["sizes"][::-1])
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    unpacker = zlib.decompressobj(_WINDOW_GZIP)
    data = unpacker.decompress(packed, size + 1) if size else b""
    if len(data) != size or (size and not unpacker.eof):
        raise ValueError("the NRRD file's data does not fill its grid")
    return np.frombuffer(data, kind).reshape(shape)


def _layers(header: Header, data: npt.NDArray[Any]) -> list[Labels]:
    if data.ndim == 4:
        data = np.moveaxis(data, _stack_axis(header), 0)
    elif data.ndim == 3:
        data = data[None]
    else:
        raise ValueError("labels need three dimensions")
    if data.dtype.kind not in "iu" or (data.dtype.kind == "i" and data.size and data.min() < 0):
        raise ValueError("labels must be whole numbers from 0")
    unsigned = np.dtype(f"u{data.dtype.itemsize}")
    return [layer.astype(unsigned, copy=False) for layer in data]


def _stack_axis(header: Header) -> int:
    """Return the array axis of the layers: the one without a direction in space."""
    stored = [bool(np.isnan(row).any()) for row in np.atleast_2d(header["space directions"])]
    if stored.count(True) != 1:
        raise ValueError("one axis of a 4-D segmentation must be the list of layers")
    return len(stored) - 1 - stored.index(True)


def _matrix(header: Header) -> npt.NDArray[np.float64]:
    sign = _TO_LPS.get(str(header.get("space", "")).lower())
    if sign is None or "space directions" not in header or "space origin" not in header:
        raise ValueError("the NRRD file has no patient space")
    directions = np.asarray(header["space directions"], dtype=np.float64)
    axes = directions[~np.isnan(directions).any(axis=1)]
    matrix = np.eye(4)
    if axes.shape != (3, 3):
        raise ValueError("the NRRD file has no three axes in space")
    matrix[:3, :3] = axes.T * np.array(sign)[:, None]
    matrix[:3, 3] = np.asarray(header["space origin"], dtype=np.float64) * sign
    return matrix


def _reference_grid(header: Header) -> Grid | None:
    """Return the grid on which 3D Slicer's masks were drawn, if the file names it."""
    parameters = str(header.get("Segmentation_ConversionParameters", ""))
    for parameter in parameters.split("&"):
        name, _, rest = parameter.partition("|")
        numbers = [float(v) for v in rest.partition("|")[0].split(";") if v.strip()]
        if name == REFERENCE_GEOMETRY and len(numbers) == 22:
            return _grid_from(np.array(numbers[:16]).reshape(4, 4), np.array(numbers[16:]))
    return None


def _grid_from(ijk_to_ras: npt.NDArray[np.float64], extent: npt.NDArray[np.float64]) -> Grid:
    matrix = np.diag([-1.0, -1.0, 1.0, 1.0]) @ ijk_to_ras
    first, last = extent[0::2], extent[1::2]
    matrix[:3, 3] += matrix[:3, :3] @ first
    width, height, depth = (int(n) for n in last - first + 1)
    return Grid((depth, height, width), matrix)


def _segments(header: Header, layer_count: int) -> list[Segment]:
    segments: list[Segment] = []
    while f"Segment{len(segments)}_ID" in header:
        number = len(segments)
        # Before 3D Slicer 4.11 every segment had a layer of its own and none was named.
        own_layer = number if number < layer_count else 0
        name = _unescaped(_text(header, number, "Name", _text(header, number, "ID", "")))
        segment = Segment(
            name,
            int(_text(header, number, "Layer", str(own_layer))),
            int(_text(header, number, "LabelValue", "1")),
            _color(_text(header, number, "Color", ""), name),
            _terminology(_text(header, number, "Tags", ""), name),
        )
        if segment.layer >= layer_count:
            raise ValueError("a segment names a layer that is not there")
        segments.append(segment)
    return segments


def _text(header: Header, number: int, key: str, default: str) -> str:
    return str(header.get(f"Segment{number}_{key}", default))


def _color(text: str, name: str) -> tuple[float, float, float]:
    values = [float(v) for v in text.split()]
    return (values[0], values[1], values[2]) if len(values) == 3 else concept(name).color


def _unescaped(text: str) -> str:
    return re.sub(r"\\([\\n])", lambda m: "\n" if m[1] == "n" else "\\", text)


def _terminology(tags: str, name: str) -> str:
    for tag in tags.split("|"):
        key, _, value = tag.partition(":")
        if key == "TerminologyEntry" and value:
            return _unescaped(value)
    return concept(name).entry
