"""The window around the heart that its own network looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

#: Voxels along ``(k, j, i)``; at 5 mm a cube of 240 mm.
SHAPE = (48, 48, 48)
#: Near a face the window's network sees one side only; there the first look counts, voxels.
_FADE = 5


@dataclass(frozen=True)
class HeartWindow:
    """Part of a grid, as large as `SHAPE` or as the grid.

    Attributes
    ----------
    box : tuple of slice
        Along ``(k, j, i)``.
    weight : ndarray of float32, ``[k, j, i]``
        0…1: 1 within, falling towards the faces that do not lie on the grid's border.
    """

    box: tuple[slice, ...]
    weight: FloatArray

    @classmethod
    def around(cls, heart: npt.NDArray[np.bool_]) -> HeartWindow:
        """Return the window around the middle of a mask's box, ``[k, j, i]``."""
        ends = [np.flatnonzero(heart.any(others)) for others in ((1, 2), (0, 2), (0, 1))]
        middle = [(int(at[0]) + int(at[-1])) / 2 for at in ends]
        box = tuple(
            _centred(centre, size, whole)
            for centre, size, whole in zip(middle, SHAPE, heart.shape, strict=True)
        )
        ramps = [_ramp(part, whole) for part, whole in zip(box, heart.shape, strict=True)]
        weight = ramps[0][:, None, None] * ramps[1][:, None] * ramps[2]
        return cls(box, weight)

    def cut(self, hu: FloatArray, outside: float = -1024.0) -> FloatArray:
        """Return the window of an image, filled up to `SHAPE` beyond its end."""
        part = hu[self.box]
        return np.pad(
            part,
            [(0, size - n) for size, n in zip(SHAPE, part.shape, strict=True)],
            constant_values=outside,
        )

    def blended(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Return class probabilities `first` ``(c, k, j, i)`` with `second` in the window.

        Parameters
        ----------
        second : ndarray of float32, ``(c, *SHAPE)``
        """
        inner = tuple(slice(0, part.stop - part.start) for part in self.box)
        out = first.copy()
        out[:, *self.box] += self.weight * (second[:, *inner] - first[:, *self.box])
        return out


def _centred(centre: float, size: int, whole: int) -> slice:
    start = int(np.clip(round(centre - (size - 1) / 2), 0, max(whole - size, 0)))
    return slice(start, min(start + size, whole))


def _ramp(part: slice, whole: int) -> FloatArray:
    at = np.arange(part.start, part.stop)
    low = (at - part.start + 1) / _FADE if part.start > 0 else np.ones(len(at))
    high = (part.stop - at) / _FADE if part.stop < whole else np.ones(len(at))
    return np.asarray(np.minimum(1.0, np.minimum(low, high)), np.float32)
