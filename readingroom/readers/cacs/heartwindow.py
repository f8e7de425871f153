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
#: Places of the windows that are averaged, from the heart's middle, voxels. Where a window's
#: network halves its resolution depends on the place; its borders shake less in the mean.
_SHIFTS = ((0, 0, 0), (5, 5, 5), (-5, -3, 4), (3, -5, -5), (-4, 4, -3))


@dataclass(frozen=True)
class HeartWindow:
    """A window of `SHAPE` with the heart in its middle; it may reach beyond the grid.

    Attributes
    ----------
    box : tuple of slice
        What of the grid lies in it, along ``(k, j, i)``.
    inner : tuple of slice
        The same part, counted in the window.
    weight : ndarray of float32, ``[k, j, i]`` of that part
        0…1: 1 within, falling towards the faces that do not lie on the grid's border.
    """

    box: tuple[slice, ...]
    inner: tuple[slice, ...]
    weight: FloatArray

    @classmethod
    def around(
        cls, heart: npt.NDArray[np.bool_], shift: tuple[int, int, int] = (0, 0, 0)
    ) -> HeartWindow:
        """Return the window around the middle of a mask's box ``[k, j, i]``, moved by `shift`."""
        ends = [np.flatnonzero(heart.any(others)) for others in ((1, 2), (0, 2), (0, 1))]
        starts = [
            round((int(at[0]) + int(at[-1]) - size + 1) / 2) + moved
            for at, size, moved in zip(ends, SHAPE, shift, strict=True)
        ]
        box = tuple(
            slice(max(start, 0), min(start + size, whole))
            for start, size, whole in zip(starts, SHAPE, heart.shape, strict=True)
        )
        inner = tuple(
            slice(part.start - start, part.stop - start)
            for part, start in zip(box, starts, strict=True)
        )
        ramps = [_ramp(part, whole) for part, whole in zip(box, heart.shape, strict=True)]
        return cls(box, inner, ramps[0][:, None, None] * ramps[1][:, None] * ramps[2])

    def cut(self, hu: FloatArray, outside: float = -1024.0) -> FloatArray:
        """Return the window of an image, `outside` beyond the grid as beyond a scan's end."""
        window = np.full(SHAPE, outside, np.float32)
        window[self.inner] = hu[self.box]
        return window

    def blended(self, first: FloatArray, second: FloatArray) -> FloatArray:
        """Return class probabilities `first` ``(c, k, j, i)`` with `second` in the window.

        Parameters
        ----------
        second : ndarray of float32, ``(c, *SHAPE)``
        """
        out = first.copy()
        out[:, *self.box] += self.weight * (second[:, *self.inner] - first[:, *self.box])
        return out


def windows(heart: npt.NDArray[np.bool_]) -> list[HeartWindow]:
    """Return the windows that are averaged, for a heart found ``[k, j, i]``."""
    return [HeartWindow.around(heart, shift) for shift in _SHIFTS]


def _ramp(part: slice, whole: int) -> FloatArray:
    at = np.arange(part.start, part.stop)
    low = (at - part.start + 1) / _FADE if part.start > 0 else np.ones(len(at))
    high = (part.stop - at) / _FADE if part.stop < whole else np.ones(len(at))
    return np.asarray(np.minimum(1.0, np.minimum(low, high)), np.float32)
