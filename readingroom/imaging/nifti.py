"""Whether a NIfTI file is complete: ITK fills what is missing with zeros and says nothing."""

from __future__ import annotations

import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

_CHUNK = 1 << 22
#: Room for extensions after the voxels, in the quick check of a compressed file.
_SLACK = 1 << 16


def is_complete(path: Path) -> bool:
    """Return whether a .nii or .nii.gz file holds all the voxels that its header states.

    Compressed files are judged by the length at their end, and inflated only where that
    does not settle it (several gzip members, or a file cut off).
    """
    needed = _needed_bytes(path)
    if needed is None:
        return False
    if not path.name.lower().endswith(".gz"):
        return path.stat().st_size >= needed
    stated = int.from_bytes(path.read_bytes()[-4:], "little")
    if 0 <= stated - needed % (1 << 32) <= _SLACK:
        return True
    return _inflated_size(path, needed) >= needed


def _needed_bytes(path: Path) -> int | None:
    nibabel: Any = import_module("nibabel")
    try:
        header = nibabel.load(path).header
        voxels = int(np.prod(header.get_data_shape(), dtype=np.int64))
        return int(header["vox_offset"]) + voxels * int(header.get_data_dtype().itemsize)
    except (nibabel.filebasedimages.ImageFileError, OSError, EOFError, ValueError, KeyError):
        return None


def _inflated_size(path: Path, enough: int) -> int:
    """Count the inflated bytes over all gzip members, up to `enough`."""
    total = 0
    inflater = zlib.decompressobj(wbits=31)
    try:
        with path.open("rb") as stream:
            while total < enough and (chunk := stream.read(_CHUNK)):
                while chunk:
                    total += len(inflater.decompress(chunk))
                    chunk = inflater.unused_data
                    if inflater.eof:
                        inflater = zlib.decompressobj(wbits=31)
    except zlib.error:
        return total
    return total
