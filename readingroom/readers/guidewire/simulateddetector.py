"""From optical depth to the picture on the screen: quanta, scatter, blur, lag, display."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from readingroom.readers.guidewire.wirephysics import Picture

#: Mean quanta a pixel in the display's resolution at dose 1, after the maker's own
#: filtering over time: a relative noise of 4 %. Cine runs have more, fluoroscopy less.
REFERENCE_QUANTA = 625.0


@dataclass(frozen=True)
class Detector:
    """How a picture is made of an optical depth.

    Attributes
    ----------
    quanta : float
        Mean detected quanta a pixel (exposure control keeps it).
    scatter : float
        Scattered part of what is detected, 0…0.6: a veil without detail.
    blur_px, grain_px : float
        Point spread of devices' edges, and of the noise (quanta are blurred less than
        objects, which the focal spot blurs too), SD in px.
    electronic : float
        Electronic noise, quanta (SD).
    lag : float
        Part of the frame before that is still there.
    gamma : float
        Display curve: intensity to this power.
    sharpening : float
        Gain of the maker's edge enhancement.
    bits : int
        Grey levels that are left of it.
    """

    quanta: float = REFERENCE_QUANTA
    scatter: float = 0.3
    blur_px: float = 0.7
    grain_px: float = 0.5
    electronic: float = 3.0
    lag: float = 0.05
    gamma: float = 0.6
    sharpening: float = 0.0
    bits: int = 8

    def expose(
        self, rng: np.random.Generator, depth: Picture, before: Picture | None = None
    ) -> Picture:
        """Return the detected picture in quanta; `before` is the frame before, for lag."""
        primary = np.exp(-depth)
        primary *= 1.0 / float(primary.mean())
        veil = _veil(primary)
        signal = self.quanta * ((1 - self.scatter) * primary + self.scatter * veil)
        noise = rng.standard_normal(depth.shape, np.float32)
        noise *= np.sqrt(signal + self.electronic**2)
        seen = signal + _grain(noise, self.grain_px)
        lagging = seen if before is None else (1 - self.lag) * seen + self.lag * before
        return np.asarray(lagging, np.float32)

    def display(self, quanta: Picture) -> Picture:
        """Return what is stored: the display curve, edge enhancement, grey levels; 0…1."""
        relative = np.maximum(quanta / (4.0 * self.quanta), 0.0)
        picture = np.minimum(relative, 1.0) ** self.gamma
        if self.sharpening > 0:
            picture = picture + self.sharpening * (picture - ndimage.uniform_filter(picture, 5))
        levels = float(2**self.bits - 1)
        return np.asarray(np.rint(np.clip(picture, 0, 1) * levels) / levels, np.float32)


def _veil(primary: Picture) -> Picture:
    """Return the scatter's shape: the primary blurred by a tenth of the picture."""
    step = max(primary.shape[0] // 32, 1)
    rows, columns = (n // step * step for n in primary.shape)
    blocks = primary[:rows, :columns].reshape(rows // step, step, columns // step, step)
    coarse = ndimage.gaussian_filter(blocks.mean(axis=(1, 3)), 3.2, mode="nearest")
    return _upsampled(_upsampled(coarse, step, primary.shape[0], 0), step, primary.shape[1], 1)


def _upsampled(coarse: Picture, step: int, size: int, axis: int) -> Picture:
    """Return the picture linearly interpolated along one axis, block centres kept.

    Not as a matrix product: at this size a threaded BLAS takes ten times as long on a
    machine whose cores are busy.
    """
    at = np.clip((np.arange(size) - (step - 1) / 2) / step, 0, coarse.shape[axis] - 1)
    first = np.minimum(at.astype(np.intp), max(coarse.shape[axis] - 2, 0))
    weight = (at - first).astype(np.float32)
    weight = weight[:, None] if axis == 0 else weight
    here = coarse.take(first, axis)
    after = coarse.take(np.minimum(first + 1, coarse.shape[axis] - 1), axis)
    return np.asarray(here + weight * (after - here), np.float32)


def _grain(noise: Picture, sigma_px: float) -> Picture:
    """Return noise blurred to a grain of `sigma_px`, its strength kept."""
    if sigma_px < 0.25:
        return noise
    at = np.arange(-2, 3)
    kernel = np.exp(-0.5 * (at / sigma_px) ** 2)
    kernel = (kernel / np.sqrt((kernel**2).sum())).astype(np.float32)
    for axis in (0, 1):
        noise = ndimage.correlate1d(noise, kernel, axis=axis, mode="reflect")
    return noise


def random_detector(rng: np.random.Generator, dose: float | None = None) -> Detector:
    """Return a detector between an old intensifier and a new flat panel.

    `dose` relative to `REFERENCE_QUANTA`; by default from a sixth to four times that.
    """
    relative = float(np.exp(rng.uniform(np.log(0.16), np.log(4.0)))) if dose is None else dose
    return Detector(
        quanta=REFERENCE_QUANTA * relative,
        scatter=float(rng.uniform(0.1, 0.5)),
        blur_px=float(rng.choice([0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2])),
        grain_px=float(rng.uniform(0.3, 0.9)),
        electronic=float(rng.uniform(1.0, 5.0)),
        lag=float(rng.choice([0.0, rng.uniform(0.0, 0.3)])),
        gamma=float(rng.uniform(0.35, 1.0)),
        sharpening=float(rng.choice([0.0, rng.uniform(0.2, 1.2)])),
        bits=int(rng.choice([8, 8, 10, 12])),
    )
