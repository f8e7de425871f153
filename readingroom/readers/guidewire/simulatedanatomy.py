"""Synthetic backgrounds: a chest drawn from simple solids, a bench phantom, plain noise.

Optical depths, float32 ``[row, column]``, with mean 0. They vary far more than one
patient's projections do, which is their purpose; likeness is left to the real CT.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.guidewire.simulateddevices import random_axis
from readingroom.readers.guidewire.wirephysics import Device, Picture, Tube, render

_WATER, _BONE = 0.0206, 0.05


def synthetic_background(rng: np.random.Generator, size: int) -> Picture:
    """Return one background: a chest most of the time, else a bench phantom."""
    depth = chest(rng, size) if rng.random() < 0.65 else phantom(rng, size)
    return np.asarray(depth - depth.mean(), np.float32)


def chest(rng: np.random.Generator, size: int) -> Picture:
    """Return a chest: lungs, heart, spine, ribs, diaphragm, lung vessels, texture."""
    pixel = float(rng.uniform(0.2, 0.45)) * 512 / size
    y, x = _axes(size)
    depth = slope(rng, size, rng.uniform(0.2, 1.2))
    depth += _heart(rng, x, y)
    depth += _spine(rng, x, y)
    depth += _diaphragm(rng, x, y)
    _ribs(rng, depth, pixel)
    _lung_vessels(rng, depth, pixel)
    depth += texture(rng, size, rng.uniform(0.01, 0.05), rng.uniform(1.1, 1.8))
    return np.asarray(depth, np.float32)


def phantom(rng: np.random.Generator, size: int) -> Picture:
    """Return a silicone vessel phantom on a bench: water-filled tubes, knobs, plain ground."""
    pixel = float(rng.uniform(0.3, 0.9)) * 512 / size
    depth = slope(rng, size, rng.uniform(0.05, 0.4)).astype(np.float32)
    for _ in range(int(rng.integers(1, 6))):
        points, _ = random_axis(rng, size, pixel, rng.uniform(0.3, 1.2) * size, 25.0)
        width = round(rng.uniform(12, 45), 0)
        wall = Tube(width, round(rng.uniform(0.006, 0.014), 3), width - 4.0)
        render(depth, Device.uniform(points, wall), pixel, 1.0)
        filling = Tube(width - 4.0, round(rng.uniform(0.004, 0.016), 3))
        render(depth, Device.uniform(points, filling), pixel, 1.0)
    y, x = _axes(size)
    for _ in range(int(rng.integers(0, 7))):
        radius = rng.uniform(0.01, 0.06)
        far = np.hypot(x - rng.uniform(0, 1), y - rng.uniform(0, 1))
        edge = np.clip((radius - far) * size / 1.5 + 0.5, 0, 1)
        depth += edge * rng.choice([-0.25, 0.2, 0.5, 2.0], p=[0.45, 0.3, 0.15, 0.1])
    if rng.random() < 0.5:
        depth += _plates(rng, x, y, size)
    depth += texture(rng, size, rng.uniform(0.002, 0.012), rng.uniform(0.8, 1.6))
    return np.asarray(depth, np.float32)


def _plates(rng: np.random.Generator, x: Picture, y: Picture, size: int) -> Picture:
    """Return a few flat plates with straight edges: table, holders."""
    total = np.zeros_like(x)
    for _ in range(int(rng.integers(1, 4))):
        angle = rng.uniform(0, np.pi)
        along = (x - rng.uniform(0, 1)) * np.cos(angle) + (y - rng.uniform(0, 1)) * np.sin(angle)
        total += np.clip(along * size / 2 + 0.5, 0, 1) * rng.normal(0, 0.12)
    return total


def _axes(size: int) -> tuple[Picture, Picture]:
    at = np.linspace(0.0, 1.0, size, dtype=np.float32)
    y, x = np.meshgrid(at, at, indexing="ij")
    return y, x


def slope(rng: np.random.Generator, size: int, span: float) -> Picture:
    """Return slow changes over the picture: body thickness, heel effect, wedge filter."""
    coarse = np.cumsum(rng.normal(0, 0.4, (4, 4)), axis=int(rng.integers(2)))
    smooth = ndimage.zoom(coarse, size / 4, order=3, grid_mode=True, mode="nearest")
    return np.asarray(smooth[:size, :size] * span, np.float32)


def _heart(rng: np.random.Generator, x: Picture, y: Picture) -> Picture:
    """Return the chord through an ellipsoid of blood instead of lung."""
    centre, radii = rng.uniform(0.2, 0.8, 2), rng.uniform(0.25, 0.55, 2)
    angle = rng.uniform(0, np.pi)
    across = (x - centre[0]) * np.cos(angle) + (y - centre[1]) * np.sin(angle)
    along = (y - centre[1]) * np.cos(angle) - (x - centre[0]) * np.sin(angle)
    inside = np.maximum(1 - (across / radii[0]) ** 2 - (along / radii[1]) ** 2, 0.0)
    return np.asarray(np.sqrt(inside) * rng.uniform(60, 110) * _WATER * 0.75, np.float32)


def _spine(rng: np.random.Generator, x: Picture, y: Picture) -> Picture:
    """Return vertebral bodies with denser end plates, discs between, and pedicles."""
    if rng.random() < 0.25:
        return np.zeros_like(x)
    middle = rng.uniform(-0.1, 1.1) + 0.04 * np.sin(3 * y + rng.uniform(0, 6))
    half, pitch = rng.uniform(0.08, 0.16), rng.uniform(0.13, 0.26)
    off = np.abs(x - middle) / half
    body = np.clip((1.0 - off) * 12, 0, 1)
    phase = (y / pitch + rng.random()) % 1.0
    plate = np.exp(-(((phase - 0.08) / 0.03) ** 2)) + np.exp(-(((phase - 0.78) / 0.03) ** 2))
    disc = np.clip((phase - 0.8) * 20, 0, 1)
    pedicle = np.exp(-((off - 0.62) ** 2 / 0.012 + (phase - 0.35) ** 2 / 0.015))
    depth = body * (0.9 + 0.25 * plate - 0.45 * disc) + 0.3 * pedicle
    return np.asarray(depth * rng.uniform(0.5, 1.3), np.float32)


def _diaphragm(rng: np.random.Generator, x: Picture, y: Picture) -> Picture:
    if rng.random() < 0.5:
        return np.zeros_like(x)
    dome = rng.uniform(0.55, 1.0) + rng.uniform(0.2, 0.8) * (x - rng.uniform(0.1, 0.9)) ** 2
    under = np.maximum(y - dome, 0.0)
    return np.asarray((1 - np.exp(-under / 0.05)) * rng.uniform(0.5, 1.4), np.float32)


def _ribs(rng: np.random.Generator, depth: Picture, pixel: float) -> None:
    """Add ribs: flat tubes of cortical bone, most of them nearly parallel."""
    size, heading = depth.shape[0], rng.uniform(-0.6, 0.6)
    start = rng.uniform(-40, 0) / pixel
    while start < size + 40 / pixel:
        along = np.arange(-0.1 * size, 1.1 * size, 1.0)
        bow = rng.uniform(-0.25, 0.25) / size * (along - size / 2) ** 2
        points = np.stack([along, start + np.tan(heading) * along + bow], axis=1)
        width = round(rng.uniform(8, 13), 0)
        cortex = Tube(width, round(rng.uniform(0.5, 1.0) * _BONE, 3), width - 2.0)
        render(depth, Device.uniform(points, cortex), pixel, 1.5)
        start += rng.uniform(18, 34) / pixel


def _lung_vessels(rng: np.random.Generator, depth: Picture, pixel: float) -> None:
    """Add blood vessels of the lung: the faint lines that a wire must not be mixed up with."""
    size = depth.shape[0]
    for _ in range(int(rng.integers(15, 60))):
        width = round(float(np.exp(rng.uniform(np.log(0.6), np.log(7.0)))), 1)
        points, _ = random_axis(rng, size, pixel, rng.uniform(0.05, 0.5) * size, 8.0, lead=False)
        render(depth, Device.uniform(points, Tube(width, 0.014)), pixel, 1.0)


@lru_cache(maxsize=1)
def _noise_pictures() -> npt.NDArray[np.complex128]:
    rng = np.random.default_rng(7)
    return np.fft.rfft2(rng.normal(size=(4, 512, 512)))


def texture(rng: np.random.Generator, size: int, sd: float, exponent: float) -> Picture:
    """Return fractal texture of standard deviation `sd`, spectrum ``1/f**exponent``."""
    chosen = _noise_pictures()[int(rng.integers(4))]
    frequency = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.rfftfreq(512)[None, :])
    frequency[0, 0] = 1.0
    picture = np.fft.irfft2(chosen / frequency**exponent)
    picture = np.roll(picture, rng.integers(0, 512, 2), (0, 1))
    picture = np.tile(picture, (2, 2))[:size, :size] if size > 512 else picture[:size, :size]
    picture = picture - picture.mean()
    return np.asarray(picture / picture.std() * sd, np.float32)
