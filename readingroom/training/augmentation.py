"""Random changes of training examples: shape, grey values, noise, resolution.

Everything is a pure function of a `numpy.random.Generator`, so that an example follows
from its seed. Images are ``(c, k, j, i)`` float32, label maps ``(k, j, i)`` uint8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readingroom.imaging import synthesis

FloatArray = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Augmentation:
    """How strongly examples are changed; call it with an image and its labels.

    Attributes
    ----------
    scale, rotation_deg, shear, shift
        Half-ranges of the affine part: logarithm of the scale, degrees, shear, and
        translation as a fraction of each extent.
    elastic : tuple of (float, float)
        ``(distance between nodes, standard deviation)`` of displacement fields, voxels.
    gamma, gain, noise : float
        Half-range of log gamma, half-range of log gain, and largest noise as a fraction
        of the image's range.
    blur : float
        Largest standard deviation of the Gaussian blur, voxels.
    probability : float
        How often each of gamma, gain, noise and blur is applied, 0…1.
    flips : tuple of int
        Axes (0 = k) that are mirrored half the time. Empty by default: left and right
        are not alike in a body.
    outside : float
        Grey value beyond the image; labels are 0 there.
    """

    scale: float = 0.15
    rotation_deg: float = 15.0
    shear: float = 0.05
    shift: float = 0.05
    elastic: tuple[tuple[float, float], ...] = ((24.0, 2.0),)
    gamma: float = 0.3
    gain: float = 0.1
    noise: float = 0.05
    blur: float = 1.0
    probability: float = 0.5
    flips: tuple[int, ...] = ()
    outside: float = 0.0

    def __call__(
        self, rng: np.random.Generator, image: FloatArray, labels: Labels
    ) -> tuple[FloatArray, Labels]:
        """Return a changed copy of `image` ``(c, k, j, i)`` and `labels` ``(k, j, i)``."""
        at = self.coordinates(rng, labels.shape)
        image, labels = deform(image, labels, at, self.outside)
        for axis in self.flips:
            if rng.random() < 0.5:
                image, labels = np.flip(image, axis + 1), np.flip(labels, axis)
        return self._grey_values(rng, image), np.ascontiguousarray(labels)

    def coordinates(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        """Return where each voxel's value is taken from, ``(3, k, j, i)`` in voxels."""
        matrix = synthesis.random_affine(
            rng, scale=self.scale, rotation_deg=self.rotation_deg, shear=self.shear
        )
        shift = rng.uniform(-self.shift, self.shift, 3) * shape
        at = affine_coordinates(matrix, shift, shape)
        at += synthesis.random_displacement(rng, shape, self.elastic)
        return at

    def _grey_values(self, rng: np.random.Generator, image: FloatArray) -> FloatArray:
        image = image.astype(np.float32)
        if rng.random() < self.probability:
            image = change_gamma(image, float(np.exp(rng.uniform(-self.gamma, self.gamma))))
        if rng.random() < self.probability:
            image = image * np.float32(np.exp(rng.uniform(-self.gain, self.gain)))
        if rng.random() < self.probability:
            image = blur(image, float(rng.uniform(0, self.blur)))
        if rng.random() < self.probability:
            sd = rng.uniform(0, self.noise) * float(np.ptp(image))
            image = image + np.float32(sd) * rng.standard_normal(image.shape, np.float32)
        return np.ascontiguousarray(image)


def affine_coordinates(
    matrix: npt.NDArray[np.float64], shift: npt.NDArray[np.float64], shape: tuple[int, ...]
) -> FloatArray:
    """Return the voxel grid mapped by `matrix` about its centre, then shifted.

    Returns
    -------
    ndarray of float32, shape (3, k, j, i)
    """
    centre = (np.array(shape) - 1) / 2
    axes = [np.arange(n) - c for n, c in zip(shape, centre, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"))
    moved = np.tensordot(matrix, grid, axes=1) + (centre + shift)[:, None, None, None]
    return moved.astype(np.float32)


def deform(
    image: FloatArray, labels: Labels, coordinates: FloatArray, outside: float = 0.0
) -> tuple[FloatArray, Labels]:
    """Return image (linear) and labels (nearest) taken from voxel `coordinates`."""
    channels = [synthesis.sample_linear(channel, coordinates, outside) for channel in image]
    return np.stack(channels), synthesis.sample_nearest(labels, coordinates)


def change_gamma(image: FloatArray, gamma: float) -> FloatArray:
    """Raise the image's relative grey values to the power `gamma`; its range stays."""
    low, span = image.min(), np.ptp(image)
    if span == 0:
        return image
    return np.asarray(((image - low) / span) ** gamma * span + low, dtype=np.float32)


def blur(image: FloatArray, sigma: float) -> FloatArray:
    """Blur every channel ``(c, k, j, i)`` by a Gaussian of `sigma` voxels."""
    return np.stack([synthesis.gaussian_blur(channel, (sigma,) * 3) for channel in image])
