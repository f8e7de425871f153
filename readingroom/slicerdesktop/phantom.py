"""A chest made of simple shapes, with calcified spots and a nodule: for the modules' tests.

It is coarse, so that a reading takes seconds, and good enough that the networks find a heart
in it. Nothing in it is a patient.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SHAPE = (64, 128, 128)
SPACING_MM = (3.0, 2.8, 2.8)
#: Centre of a nodule in the left lung, LPS mm from the middle of the volume, and its radius.
NODULE_MM, NODULE_RADIUS_MM = (85.0, -20.0, 10.0), 9.0
_NOISE_HU = 10.0
_FRAMES = (8, 256, 256)

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def chest(seed: int = 0) -> npt.NDArray[np.int16]:
    """Return HU ``[k, j, i]`` on a grid of `SHAPE` and `SPACING_MM`."""
    from scipy import ndimage

    space = _Space()
    hu = np.full(SHAPE, -1000.0, np.float32)
    for mask, value in _tissues(space):
        hu[mask] = value
    hu = ndimage.gaussian_filter(hu, (0.4, 0.5, 0.5))
    noisy = hu + np.random.default_rng(seed).normal(0.0, _NOISE_HU, SHAPE)
    return np.asarray(np.clip(np.rint(noisy), -1000, 3000), np.int16)


def fluoroscopy(seed: int = 0) -> npt.NDArray[np.uint8]:
    """Return frames ``[t, row, column]`` with a wire that is pushed on, on a smooth slope."""
    rng = np.random.default_rng(seed)
    rows, columns = (n.astype(np.float32) for n in np.indices(_FRAMES[1:]))
    frames = []
    for number in range(_FRAMES[0]):
        way = 120.0 + number + 40.0 * np.sin(columns / 45.0)
        seen = columns < 150.0 + 4.0 * number
        # Along the way the distance across it is shorter than the one along the column.
        steep = np.sqrt(1.0 + (40.0 / 45.0 * np.cos(columns / 45.0)) ** 2)
        wire = np.clip(2.0 - np.abs(rows - way) / steep, 0.0, 1.0) * seen
        grey = 150.0 + 30.0 * columns / _FRAMES[2] - 70.0 * wire
        frames.append(grey + rng.normal(0.0, 2.0, _FRAMES[1:]))
    return np.asarray(np.clip(np.rint(frames), 0, 255), np.uint8)


def ijk_to_lps() -> npt.NDArray[np.float64]:
    """Return the matrix from ``(i, j, k, 1)`` to LPS millimetres."""
    matrix = np.diag([SPACING_MM[2], SPACING_MM[1], SPACING_MM[0], 1.0])
    matrix[:3, 3] = [-n * s / 2 for n, s in zip(SHAPE[::-1], SPACING_MM[::-1], strict=True)]
    return matrix


class _Space:
    """Voxel positions in millimetres from the middle, and shapes among them."""

    def __init__(self) -> None:
        k, j, i = (n.astype(np.float32) for n in np.indices(SHAPE))
        self.x = (i - SHAPE[2] / 2) * SPACING_MM[2]
        self.y = (j - SHAPE[1] / 2) * SPACING_MM[1]
        self.z = (k - SHAPE[0] / 2) * SPACING_MM[0]

    def ball(self, at: tuple[float, float, float], radii: tuple[float, float, float]) -> Mask:
        parts = zip((self.x, self.y, self.z), at, radii, strict=True)
        return np.asarray(sum(((a - c) / r) ** 2 for a, c, r in parts) < 1)

    def rod(self, at: tuple[float, float], radii: tuple[float, float]) -> Mask:
        parts = zip((self.x, self.y), at, radii, strict=True)
        return np.asarray(sum(((a - c) / r) ** 2 for a, c, r in parts) < 1)


def _tissues(space: _Space) -> list[tuple[Mask, float]]:
    """Return masks and HU, what comes later lies on top."""
    upper = space.z > 5
    lungs = space.rod((-75, 0), (62, 82)) | space.rod((75, 0), (62, 82))
    vessels = (space.rod((-5, -5), (17, 17)) & upper) | space.rod((28, 55), (13, 13))
    pulmonary = space.rod((25, -10), (14, 14)) & upper & (space.z < 50)
    spots = space.ball((15, -55, 0), (5, 5, 5)) | space.ball((-35, -35, -15), (5, 5, 5))
    return [
        (space.rod((0, 0), (165, 115)), -100),
        (space.rod((0, 0), (150, 100)), 50),
        (lungs, -850),
        (space.rod((0, -5), (38, 60)), -90),
        (space.ball((18, -15, -25), (58, 48, 52)), 42),
        (vessels | pulmonary, 42),
        (space.rod((0, 72), (20, 18)), 180),
        (space.rod((0, 95), (8, 18)), 250),
        (space.rod((0, -88), (18, 6)), 180),
        (space.rod((-4, 35), (9, 9)) & (space.z > 10), -950),
        (_ribs(space), 350),
        (space.ball((-60, 0, -95), (85, 75, 45)), 60),
        (spots, 400),
        (space.ball(NODULE_MM, (NODULE_RADIUS_MM,) * 3), 40),
    ]


def _ribs(space: _Space) -> Mask:
    ribs = np.zeros(SHAPE, np.bool_)
    for angle in np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False):
        x, y = 142.0 * np.cos(angle), 92.0 * np.sin(angle)
        for level in range(-90, 96, 22):
            ribs |= space.ball((x, y, level + 12.0 * np.sin(angle)), (9, 9, 6))
    return ribs
