"""Preprocessing over time: subtraction of a registered mask frame, temporal denoising."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float32]
Field = npt.NDArray[np.bool_]

#: Blocks of dense registration a side, and how far a block may move, px.
_BLOCKS = 8
_FARTHEST_PX = 12.0
#: Added before the logarithm: what is stored is not quite proportional to intensity, and
#: the logarithm of the darkest parts would be noise only.
_FLOOR = 0.1
#: Grey values on both sides of "no change" that a subtracted picture shows.
_SPAN = 0.35


def phase_shift(fixed: FloatArray, moving: FloatArray) -> tuple[float, float]:
    """Return how far (rows, columns) `moving` must be shifted to lie on `fixed`, px.

    Phase correlation of windowed pictures (Kuglin 1975), the peak refined to a fraction of
    a pixel by a parabola in each direction.
    """
    window = np.hanning(fixed.shape[0])[:, None] * np.hanning(fixed.shape[1])
    first = np.fft.rfft2((fixed - fixed.mean()) * window)
    second = np.fft.rfft2((moving - moving.mean()) * window)
    cross = first * np.conj(second)
    # Fine noise has phase as well as coarse structure: the high frequencies are left out.
    rows, columns = np.fft.fftfreq(fixed.shape[0])[:, None], np.fft.rfftfreq(fixed.shape[1])
    low = np.exp(-((rows**2 + columns**2) / (2 * 0.12**2)))
    surface = np.fft.irfft2(low * cross / np.maximum(np.abs(cross), 1e-12), s=fixed.shape)
    peak = np.unravel_index(int(surface.argmax()), surface.shape)
    return _refined(surface, int(peak[0]), int(peak[1]), 0), _refined(
        surface, int(peak[0]), int(peak[1]), 1
    )


def _refined(surface: npt.NDArray[np.floating], row: int, column: int, axis: int) -> float:
    size = surface.shape[axis]
    line = surface[:, column] if axis == 0 else surface[row]
    at = row if axis == 0 else column
    before, here, after = line[at - 1], line[at], line[(at + 1) % size]
    bend = before - 2 * here + after
    exact = at + (0.5 * (before - after) / bend if bend < 0 else 0.0)
    return float(exact - size if exact > size / 2 else exact)


def register(fixed: FloatArray, moving: FloatArray, *, dense: bool = True) -> FloatArray:
    """Return where each pixel of `fixed` is found in `moving`, ``(2, row, col)`` px.

    A common shift by phase correlation; `dense` adds the shift of overlapping blocks, kept
    where it makes the block more alike, smoothed and interpolated.
    """
    shift = np.array(phase_shift(fixed, moving))
    rows, columns = np.meshgrid(*(np.arange(n) for n in fixed.shape), indexing="ij")
    places = np.stack([rows - shift[0], columns - shift[1]]).astype(np.float32)
    if not dense:
        return places
    shifted = sample(moving, places)
    local = _block_shifts(fixed, shifted)
    smooth = ndimage.gaussian_filter(local, (0, 0.8, 0.8), mode="nearest")
    zoom = [n / _BLOCKS for n in fixed.shape]
    fine = [ndimage.zoom(part, zoom, order=1, grid_mode=True, mode="nearest") for part in smooth]
    return np.asarray(places - np.stack(fine), np.float32)


def sample(frame: FloatArray, places: FloatArray) -> FloatArray:
    """Return the frame's grey values at `places` ``(2, row, col)``."""
    return np.asarray(ndimage.map_coordinates(frame, places, order=1, mode="nearest"), np.float32)


def _block_shifts(fixed: FloatArray, moving: FloatArray) -> FloatArray:
    """Return the shift of each of 8 × 8 blocks twice as large as their distance."""
    shifts = np.zeros((2, _BLOCKS, _BLOCKS), np.float32)
    steps = [n / _BLOCKS for n in fixed.shape]
    for i, j in np.ndindex(_BLOCKS, _BLOCKS):
        box = tuple(
            slice(max(int((k - 0.5) * s), 0), min(int((k + 1.5) * s), n))
            for k, s, n in zip((i, j), steps, fixed.shape, strict=True)
        )
        shifts[:, i, j] = _accepted(fixed[box], moving[box])
    return shifts


def _accepted(fixed: FloatArray, moving: FloatArray) -> tuple[float, float]:
    """Return a block's shift if it is small and makes the blocks more alike, else 0."""
    shift = phase_shift(fixed, moving)
    if max(abs(s) for s in shift) > _FARTHEST_PX:
        return 0.0, 0.0
    moved = ndimage.shift(moving, shift, order=1, mode="nearest")
    inner = (slice(4, -4), slice(4, -4))
    before = float(np.square(fixed[inner] - moving[inner]).mean())
    after = float(np.square(fixed[inner] - moved[inner]).mean())
    return shift if after < 0.98 * before else (0.0, 0.0)


def subtract_mask(
    frames: FloatArray,
    field: Field,
    *,
    mask: FloatArray | None = None,
    frames_of_mask: int = 3,
    dense: bool = True,
) -> FloatArray:
    """Return frames less a mask of before the device came, registered to each frame.

    The logarithms are subtracted, which takes the anatomy out whatever its depth (digital
    subtraction angiography). No change is shown as 0.5.

    Parameters
    ----------
    mask : ndarray of float32, shape (row, col), optional
        By default the mean of the sequence's first `frames_of_mask` frames.
    dense : bool
        Whether the mask is bent to fit, or only shifted.
    """
    if mask is None:
        mask = np.asarray(frames[:frames_of_mask].mean(axis=0), np.float32)
    logarithm = np.log(mask + _FLOOR)
    subtracted = np.empty_like(frames)
    for t, frame in enumerate(frames):
        places = register(frame, mask, dense=dense)
        change = np.log(frame + _FLOOR) - sample(logarithm, places)
        subtracted[t] = np.clip(0.5 + change / (2 * _SPAN), 0, 1) * field
    return subtracted


def temporal_denoise(
    frames: FloatArray, field: Field, *, recursion: float = 0.6, tolerance: float = 2.5
) -> FloatArray:
    """Return frames averaged over time where nothing moves (motion-adaptive recursion).

    Each pixel takes up to `recursion` of the filtered frame before, less the more its
    smoothed difference exceeds what noise explains (`tolerance` standard deviations).
    """
    filtered = frames.copy()
    for t in range(1, len(frames)):
        difference = frames[t] - filtered[t - 1]
        smooth = ndimage.uniform_filter(difference, 3)
        inside = smooth[field] if field.any() else smooth
        scale = 1.4826 * float(np.median(np.abs(inside - np.median(inside)))) + 1e-6
        still = np.exp(-np.square(smooth / (tolerance * scale)))
        filtered[t] = frames[t] - recursion * still * difference
    return np.asarray(filtered * field, np.float32)
