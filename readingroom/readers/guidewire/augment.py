"""Random changes of frames with their truth: shape, grey values, noise, overexposure.

One call changes a frame (or several of one moment), its masks and its centrelines alike.
Everything is a pure function of a `numpy.random.Generator`. Grey-value changes alone, as
the training on simulated pairs uses them, are in `photometric`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.guidewire.simulatedmotion import Displacement, random_displacement

FloatArray = npt.NDArray[np.float32]
Masks = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]

_INVERSE_STEPS = 8


@dataclass(frozen=True)
class Mapping:
    """Where the content of a square picture goes: an affine part, then local bending.

    Attributes
    ----------
    matrix : ndarray of float64, shape (2, 2)
        Maps ``(x, y)`` about the picture's centre.
    shift : ndarray of float64, shape (2,)
        Added to it, px.
    bend : Displacement
        Added to that, by the place where it lands.
    size : int
        Side of the picture, px.
    """

    matrix: Points
    shift: Points
    bend: Displacement
    size: int

    def source_of(self, points: Points) -> Points:
        """Return the places in the given picture that land on `points` (x, y)."""
        centre = (self.size - 1) / 2
        straight = points - self.bend.at(points) - centre - self.shift
        return np.asarray(straight @ np.linalg.inv(self.matrix).T + centre)

    def moved(self, points: Points) -> Points:
        """Return where `points` (x, y) of the given picture land.

        The bending is known by landing place, so that it is found by iteration; it is
        small and smooth, and eight steps leave less than a hundredth of a pixel.
        """
        centre = (self.size - 1) / 2
        straight = (points - centre) @ self.matrix.T + centre + self.shift
        landed = straight.copy()
        for _ in range(_INVERSE_STEPS):
            landed = straight + self.bend.at(landed)
        return np.asarray(landed)

    def places(self) -> FloatArray:
        """Return the source ``(2, row, col)`` (row first) of every pixel."""
        at = np.arange(self.size, dtype=np.float64)
        grid = np.stack(np.meshgrid(at, at, indexing="xy"))
        centre = (self.size - 1) / 2
        straight = grid - self.bend.dense() - centre - self.shift[:, None, None]
        source = np.tensordot(np.linalg.inv(self.matrix), straight, axes=1) + centre
        return np.asarray(source[::-1], np.float32)


@dataclass(frozen=True)
class Augmentation:
    """How strongly examples are changed; call it with frames, masks and centrelines.

    Attributes
    ----------
    rotation_deg : float
        Half-range of rotation; gantry and patient turn, wires come from anywhere.
    scale, shear, shift : float
        Half-ranges of log scale, of shear, and of translation as a part of the side.
    elastic_px : float
        Standard deviation of the elastic displacement at its nodes, px.
    nodes : int
        Elastic nodes a side.
    noise, blur_px : float
        Largest SD of added noise as a part of the frames' range, and of Gaussian blur.
    contrast, brightness, gamma : float
        Half-ranges: log gain about the mean, offset, log of the power.
    overexposure : float
        Largest brightening in the middle of a locally overexposed spot.
    probability : float
        How often each of the grey-value changes is applied.
    """

    rotation_deg: float = 180.0
    scale: float = 0.25
    shear: float = 0.1
    shift: float = 0.1
    elastic_px: float = 4.0
    nodes: int = 5
    noise: float = 0.06
    blur_px: float = 1.2
    contrast: float = 0.5
    brightness: float = 0.1
    gamma: float = 0.5
    overexposure: float = 0.7
    probability: float = 0.5

    def __call__(
        self,
        rng: np.random.Generator,
        frames: FloatArray,
        masks: Masks,
        centerlines: Sequence[Points] = (),
    ) -> tuple[FloatArray, Masks, list[Points]]:
        """Return a changed copy.

        Parameters
        ----------
        frames : ndarray of float32, shape (c, size, size)
            0…1; frames of one moment or neighbours, changed alike but for the noise.
        masks : ndarray of uint8, shape (m, size, size)
        centerlines : sequence of ndarray (n, 2)
            ``(x, y)`` px. Points may land outside the picture; none is dropped.
        """
        mapping = self.mapping(rng, frames.shape[-1])
        places = mapping.places()
        turned = np.stack(
            [ndimage.map_coordinates(f, places, order=1, mode="nearest") for f in frames]
        )
        labels = np.stack(
            [ndimage.map_coordinates(m, places, order=0, mode="constant") for m in masks]
        )
        return self.grey(rng, turned), labels, [mapping.moved(line) for line in centerlines]

    def mapping(self, rng: np.random.Generator, size: int) -> Mapping:
        """Return a random change of shape."""
        angle = np.deg2rad(rng.uniform(-self.rotation_deg, self.rotation_deg))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        slant = np.array([[1.0, rng.uniform(-self.shear, self.shear)], [0.0, 1.0]])
        stretch = np.diag(np.exp(rng.uniform(-self.scale, self.scale, 2)))
        shift = rng.uniform(-self.shift, self.shift, 2) * size
        bend = random_displacement(rng, size, 0.0, self.elastic_px, self.nodes)
        return Mapping(turn @ slant @ stretch, shift, bend, size)

    def grey(self, rng: np.random.Generator, frames: FloatArray) -> FloatArray:
        """Return frames ``(c, size, size)`` with other grey values, clipped to 0…1."""
        frames = np.clip(frames, 0.0, 1.0).astype(np.float32)
        if rng.random() < self.probability:
            frames = frames ** np.float32(np.exp(rng.uniform(-self.gamma, self.gamma)))
        if rng.random() < self.probability:
            gain = np.float32(np.exp(rng.uniform(-self.contrast, self.contrast)))
            frames = (frames - frames.mean()) * gain + frames.mean()
            frames = frames + np.float32(rng.uniform(-self.brightness, self.brightness))
        if rng.random() < self.probability:
            frames = overexposed(rng, frames, self.overexposure)
        if rng.random() < self.probability:
            sigma = float(rng.uniform(0.2, self.blur_px))
            frames = ndimage.gaussian_filter(frames, (0, sigma, sigma))
        if rng.random() < self.probability:
            sd = np.float32(rng.uniform(0.0, self.noise))
            frames = frames + sd * rng.standard_normal(frames.shape, np.float32)
        return np.asarray(np.clip(frames, 0.0, 1.0), np.float32)


def overexposed(rng: np.random.Generator, frames: FloatArray, most: float) -> FloatArray:
    """Return frames with one bright spot, where too little absorbs the beam."""
    size = frames.shape[-1]
    centre, radius = rng.uniform(0, size, 2), rng.uniform(0.1, 0.4) * size
    y, x = np.ogrid[:size, :size]
    far = ((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / radius**2
    spot = np.exp(-far).astype(np.float32) * np.float32(rng.uniform(0.0, most))
    # Towards white, not beyond it: what is saturated keeps no contrast.
    return np.asarray(frames + spot * (1.0 - frames), np.float32)
