"""A changed box of a mask layer, packed: the unit of undo and of the journal."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.maskregion import Box, Index
from readingroom.reader import MaskChange

Labels = npt.NDArray[np.unsignedinteger[Any]]
#: Labels are mostly runs; the lowest level packs them as well and in a fifth of the time.
_LEVEL = 1


@dataclass(frozen=True)
class Patch:
    """A box of a layer before and after an edit, each compressed.

    Attributes
    ----------
    layer : int
    start, shape : tuple of int
        ``(k, j, i)`` of the box.
    before, after : bytes
        Voxels in the layer's own type, C order, zlib.
    """

    layer: int
    start: Index
    shape: Index
    before: bytes
    after: bytes

    @classmethod
    def between(
        cls, layer: int, old: Labels, new: Labels, start: Index = (0, 0, 0)
    ) -> Patch | None:
        """Return the smallest patch from `old` to `new`; None if they are equal.

        Parameters
        ----------
        old, new : ndarray
            The same box of the layer, or all of it.
        start : tuple of int
            Where that box begins in the layer.
        """
        box = changed_box(old, new)
        if box is None:
            return None
        first = tuple(a + side.start for a, side in zip(start, box, strict=True))
        before, after = old[box], new[box]
        return cls(layer, _index(first), _index(before.shape), _pack(before), _pack(after))

    @property
    def box(self) -> Box:
        """Index that cuts the box out of the layer."""
        k, j, i = (slice(a, a + n) for a, n in zip(self.start, self.shape, strict=True))
        return k, j, i

    def reversed(self) -> Patch:
        """Return the patch that takes this one back."""
        return replace(self, before=self.after, after=self.before)

    def onto(self, layers: Sequence[Labels]) -> Patch:
        """Return the patch with what is there now as ``before``."""
        return replace(self, before=_pack(layers[self.layer][self.box]))

    def apply(self, layers: Sequence[Labels]) -> None:
        """Write the voxels as they are after the edit."""
        self._write(layers, self.after)

    def revert(self, layers: Sequence[Labels]) -> None:
        """Write the voxels as they were before the edit."""
        self._write(layers, self.before)

    def change(self, layers: Sequence[Labels]) -> MaskChange:
        """Return what a reader needs to know of the patch once it is applied."""
        before = self._unpacked(self.before, layers[self.layer].dtype)
        return MaskChange(self.layer, self.start, before)

    def _write(self, layers: Sequence[Labels], packed: bytes) -> None:
        layer = layers[self.layer]
        layer[self.box] = self._unpacked(packed, layer.dtype)

    def _unpacked(self, packed: bytes, dtype: np.dtype[Any]) -> Labels:
        return np.frombuffer(zlib.decompress(packed), dtype).reshape(self.shape)


def changed_box(old: Labels, new: Labels) -> Box | None:
    """Return the box of all voxels in which two arrays differ, None for no voxel.

    Slice by slice: whole volumes are compared without a third one of their size.
    """
    slices = [k for k, (a, b) in enumerate(zip(old, new, strict=True)) if not np.array_equal(a, b)]
    if not slices:
        return None
    first, last = slices[0], slices[-1] + 1
    plane = np.zeros(old.shape[1:], np.bool_)
    for k in slices:
        plane |= old[k] != new[k]
    rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    return (
        slice(first, last),
        slice(int(rows[0]), int(rows[-1]) + 1),
        slice(int(columns[0]), int(columns[-1]) + 1),
    )


def _pack(voxels: Labels) -> bytes:
    return zlib.compress(np.ascontiguousarray(voxels).tobytes(), _LEVEL)


def _index(values: Sequence[int]) -> Index:
    k, j, i = (int(v) for v in values)
    return k, j, i
