"""A checksum of what was read, independent of how it was stored."""

from __future__ import annotations

import hashlib

import numpy as np

from readingroom.study import Volume


def digest_volume(volume: Volume) -> str:
    """Return the SHA-256 (hex) of voxels ``[k, j, i]``, their type and the geometry."""
    checksum = hashlib.sha256()
    voxels = np.ascontiguousarray(volume.array)
    little = voxels.astype(voxels.dtype.newbyteorder("<"), copy=False)
    # Rounded so that a geometry that went through a text header gives the same sum;
    # adding 0.0 turns a negative zero into a plain one.
    matrix = np.round(volume.ijk_to_lps, 6) + 0.0
    checksum.update(f"{little.dtype.str}{little.shape}".encode())
    checksum.update(matrix.astype("<f8").tobytes())
    checksum.update(little.data.cast("B"))
    return checksum.hexdigest()
