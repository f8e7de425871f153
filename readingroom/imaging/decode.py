"""Stored pixels of DICOM files, decoded by several threads and put into their unit."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder

from readingroom.errors import RefusedInput
from readingroom.imaging.headers import DAMAGED, Header, transfer_syntax
from readingroom.imaging.planes import Plane

Pixels = npt.NDArray[Any]

#: Hounsfield units written where a CT says that there is no measurement: air.
PADDING_HU = -1024


def read_planes(planes: Sequence[Plane], modality: str) -> Pixels:
    """Decode planes of one size into ``[k, j, i]`` in the modality's unit.

    Voxels that the images mark as padding become air (−1024 HU) in CT and 0 elsewhere.

    Returns
    -------
    ndarray
        int16 where every rescaled value is a whole number that fits, else float32.

    Raises
    ------
    RefusedInput
        ``IMAGE_TRUNCATED`` or ``IMAGE_UNDECODABLE``.
    """
    padding = PADDING_HU if modality == "CT" else 0
    shape = (len(planes), *planes[0].size)
    if all(_is_whole(plane.rescale) for plane in planes):
        whole = np.empty(shape, dtype=np.int16)
        if all(_for_each_plane(planes, whole, padding)):
            return whole
    out = np.empty(shape, dtype=np.float32)
    _for_each_plane(planes, out, padding)
    return out


def read_stored(plane: Plane) -> Pixels:
    """Return the stored values of one plane ``[row, column]``, before any rescaling.

    Raises
    ------
    RefusedInput
        ``IMAGE_TRUNCATED`` or ``IMAGE_UNDECODABLE``.
    """
    return _sign_extend(_read_raw(plane.header, plane.frame), plane.header)


def read_frames(header: Header) -> Pixels:
    """Return all frames ``[t, row, column]`` of one file, bright where the X-rays passed.

    MONOCHROME1 frames are inverted, so that every cine has the same polarity.
    """
    frames = [Plane(header, t, {}, None, None, None, None) for t in range(header.frames)]
    if header.native_offset is None:
        stored = _decode_all(header)
    else:
        stored = np.stack([read_stored(frame) for frame in frames])
    if header.get("PhotometricInterpretation") != "MONOCHROME1":
        return stored
    bits = header.whole("BitsStored", 16)
    top = 2**bits - 1 if not header.get("PixelRepresentation") else -1
    return (top - stored.astype(np.int32)).astype(stored.dtype)


def _for_each_plane(planes: Sequence[Plane], out: Pixels, padding: int) -> list[bool]:
    open_files = _open_multiframe(planes)

    def work(k: int) -> bool:
        raw = _read_raw(planes[k].header, planes[k].frame, open_files)
        return _write_plane(raw, planes[k], out[k], padding)

    with ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1)) as pool:
        return list(pool.map(work, range(len(planes))))


def _open_multiframe(planes: Sequence[Plane]) -> dict[Path, Dataset]:
    """Read each compressed multi-frame file once, not once for each of its frames."""
    headers = {plane.header.path: plane.header for plane in planes}
    return {
        path: _read_dataset(header)
        for path, header in headers.items()
        if header.native_offset is None and header.frames > 1
    }


def _is_whole(rescale: tuple[float, float] | None) -> bool:
    return rescale is None or all(value.is_integer() for value in rescale)


def _write_plane(raw: Pixels, plane: Plane, out: Pixels, padding: int) -> bool:
    """Rescale one plane into `out`; False where its values do not fit an integer `out`."""
    padded = _padding_mask(raw, plane.header)
    stored = _sign_extend(raw, plane.header)
    slope, intercept = plane.rescale or (1.0, 0.0)
    if out.dtype == np.int16:
        kept = stored if padded is None else np.where(padded, stored.flat[padded.argmin()], stored)
        if not _fits_int16(kept, slope, intercept):
            return False
        _rescale_int16(stored, int(slope), int(intercept), out)
    else:
        out[...] = stored * np.float64(slope) + intercept
    if padded is not None:
        out[padded] = padding
    return True


def _fits_int16(stored: Pixels, slope: float, intercept: float) -> bool:
    ends = [float(stored.min()) * slope + intercept, float(stored.max()) * slope + intercept]
    return min(ends) >= -32768 and max(ends) <= 32767


def _rescale_int16(stored: Pixels, slope: int, intercept: int, out: Pixels) -> None:
    # Sixteen-bit arithmetic wraps, so the result is exact whenever it fits, which
    # `_fits_int16` has checked: no wider copy of the slice is needed.
    np.copyto(out, stored, casting="unsafe")
    if slope != 1:
        np.multiply(out, np.array(slope).astype(np.int16), out=out)
    if intercept:
        np.add(out, np.array(intercept).astype(np.int16), out=out)


def _padding_mask(raw: Pixels, header: Header) -> npt.NDArray[np.bool_] | None:
    """Return where stored values say "no measurement"; None where they nowhere do."""
    value = header.get("PixelPaddingValue")
    if not isinstance(value, int):
        return None
    # The value's sign is often written wrongly: compare bit patterns.
    low = _as_stored(value, raw.dtype)
    limit = header.get("PixelPaddingRangeLimit")
    if isinstance(limit, int):
        low, high = sorted((low, _as_stored(limit, raw.dtype)))
        mask = (raw >= low) & (raw <= high)
    else:
        mask = raw == low
    return mask if mask.any() else None


def _as_stored(value: int, dtype: np.dtype[Any]) -> int:
    return int(np.array(value & (2 ** (8 * dtype.itemsize) - 1)).astype(dtype))


def _sign_extend(raw: Pixels, header: Header) -> Pixels:
    """Drop bits above Bits Stored, which may hold overlays, and extend the sign."""
    allocated = 8 * raw.dtype.itemsize
    unused = min(allocated - header.whole("BitsStored", allocated), allocated - 1)
    return raw if unused <= 0 else (raw << unused) >> unused


def _read_raw(
    header: Header, frame: int, open_files: Mapping[Path, Dataset] | None = None
) -> Pixels:
    if header.truncated:
        raise truncated()
    if header.native_offset is not None:
        return _read_native(header, frame)
    dataset = (open_files or {}).get(header.path) or _read_dataset(header)
    return _decode_one(dataset, frame)


def _read_native(header: Header, frame: int) -> Pixels:
    rows, columns = header.size
    bits = header.whole("BitsAllocated", 16)
    if bits not in (8, 16, 32):
        raise _undecodable()
    kind = "i" if header.get("PixelRepresentation") else "u"
    dtype = np.dtype(f"{header.byte_order}{kind}{bits // 8}")
    count = rows * columns
    offset = (header.native_offset or 0) + frame * count * dtype.itemsize
    try:
        values = np.fromfile(header.path, dtype=dtype, count=count, offset=offset)
    except OSError:
        raise _undecodable() from None
    if values.size < count:
        raise truncated()
    return values.reshape(rows, columns).astype(dtype.newbyteorder("="), copy=False)


def _read_dataset(header: Header) -> Dataset:
    if header.truncated:
        raise truncated()
    try:
        return dcmread(header.path, force=True)
    except DAMAGED:
        raise truncated() from None


def _decode_one(dataset: Dataset, frame: int) -> Pixels:
    with _damage_refused():
        decoder = get_decoder(transfer_syntax(dataset))
        values, _ = decoder.as_array(dataset, index=frame, raw=True)
    return np.asarray(values)


def _decode_all(header: Header) -> Pixels:
    dataset = _read_dataset(header)
    with _damage_refused():
        decoder = get_decoder(transfer_syntax(dataset))
        frames = [values for values, _ in decoder.iter_array(dataset, raw=True)]
        return _sign_extend(np.stack(frames), header)


@contextmanager
def _damage_refused() -> Iterator[None]:
    try:
        yield
    except (*DAMAGED, RuntimeError, MemoryError):
        raise _undecodable() from None
    except BaseException as error:
        # The RLE decoder, written in Rust, panics on damaged data with an exception that
        # is no Exception and cannot be imported by name.
        if type(error).__name__ != "PanicException":
            raise
        raise _undecodable() from None


def truncated() -> RefusedInput:
    """Return the refusal of a file that ends before its pixels do."""
    return RefusedInput(
        "IMAGE_TRUNCATED",
        "An image file ends before its pixel data does.",
        "Copy or export the series again.",
    )


def _undecodable() -> RefusedInput:
    return RefusedInput(
        "IMAGE_UNDECODABLE",
        "The compressed pixels of an image file cannot be decoded.",
        "Export the series again, if possible uncompressed.",
    )
