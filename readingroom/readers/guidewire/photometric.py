"""Random changes of grey values: what machines, doses and post-processing do to a frame.

Everything is a pure function of a `numpy.random.Generator`. Frames are ``(n, row, col)``
float32 in 0…1; frames of one sequence are changed alike, but for the noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Photometric:
    """How strongly frames are changed; call it with frames.

    Attributes
    ----------
    gamma, gain : float
        Half-range of log gamma and of log gain about the mean.
    noise : float
        Largest standard deviation of added noise, as a fraction of the frames' own.
    blur, sharpen : float
        Largest sigma of the Gaussian blur, pixels, and largest amount of unsharp masking.
    glare : float
        Largest brightness of a local overexposure.
    inverted : float
        How often dark and bright change places.
    probability : float
        How often each of the others is applied.
    """

    gamma: float = 0.5
    gain: float = 0.4
    noise: float = 0.3
    blur: float = 0.8
    sharpen: float = 1.0
    glare: float = 0.4
    inverted: float = 0.03
    probability: float = 0.4

    def __call__(self, rng: np.random.Generator, frames: FloatArray) -> FloatArray:
        """Return changed `frames`, float32, not clipped."""
        if self._now(rng):
            frames = np.clip(frames, 0.0, 1.0) ** np.float32(
                np.exp(rng.uniform(-self.gamma, self.gamma))
            )
        if self._now(rng):
            frames = frames + self._glare(rng, frames.shape)
        if self._now(rng):
            frames = self._resolution(rng, frames)
        if self._now(rng):
            sd = rng.uniform(0.0, self.noise) * float(frames.std())
            frames = frames + np.float32(sd) * rng.standard_normal(frames.shape, np.float32)
        if self._now(rng):
            gain = np.float32(np.exp(rng.uniform(-self.gain, self.gain)))
            frames = (frames - frames.mean()) * gain + frames.mean()
        if rng.random() < self.inverted:
            frames = 1.0 - frames
        return np.ascontiguousarray(frames, dtype=np.float32)

    def _now(self, rng: np.random.Generator) -> bool:
        return bool(rng.random() < self.probability)

    def _resolution(self, rng: np.random.Generator, frames: FloatArray) -> FloatArray:
        if rng.random() < 0.5:
            sigma = rng.uniform(0.0, self.blur)
            return np.asarray(ndimage.gaussian_filter(frames, (0, sigma, sigma), truncate=2.5))
        smooth = ndimage.gaussian_filter(frames, (0, 1.5, 1.5), truncate=2.0)
        return np.asarray(frames + rng.uniform(0.0, self.sharpen) * (frames - smooth))

    def _glare(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        rows, columns = (np.arange(n, dtype=np.float32) for n in shape[1:])
        y, x = (rng.uniform(0, n) for n in shape[1:])
        width = rng.uniform(0.1, 0.5) * max(shape[1:])
        spot = np.exp(-((rows[:, None] - y) ** 2 + (columns - x) ** 2) / (2 * width**2))
        return np.asarray(rng.uniform(-0.3, 1.0) * self.glare * spot, dtype=np.float32)


def turned(
    rng: np.random.Generator, *images: npt.NDArray[np.generic]
) -> tuple[npt.NDArray[np.generic], ...]:
    """Return images ``(…, row, col)`` mirrored and turned by quarters at random, all alike."""
    quarters, mirrored = int(rng.integers(4)), bool(rng.random() < 0.5)
    kept = (np.flip(image, -1) if mirrored else image for image in images)
    return tuple(np.ascontiguousarray(np.rot90(image, quarters, (-2, -1))) for image in kept)
