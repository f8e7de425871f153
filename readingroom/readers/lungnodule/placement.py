"""Where simulated nodules are put: free in the lung, on vessels, pleura and fissures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.simulatedlung import LungScan
from readingroom.readers.lungnodule.simulatednodule import FloatArray, Nodule, random_direction

_COARSE_MM = 2.5
_TISSUE_HU = -500.0
#: At most this share of the place may be tissue already: a nodule in a hilum or in
#: consolidated lung could not be told from it, by anybody.
_MOST_TISSUE = {"none": 0.12, "vascular": 0.35, "pleural": 0.35, "perifissural": 0.12}
_GAP_MM = 4.0
_TRIES = 40


@dataclass(frozen=True)
class Sites:
    """Where in a scan nodules may be put; mm from voxel (0, 0, 0).

    Attributes
    ----------
    depth_mm : ndarray, ``[k, j, i]``
        Distance to the lung's border, on a grid `step_mm` apart; 0 outside.
    vessels : ndarray, shape (n, 3)
        Points in lung vessels, away from the border.
    """

    depth_mm: npt.NDArray[np.float32]
    step_mm: FloatArray
    vessels: FloatArray

    @classmethod
    def of(cls, scan: LungScan) -> Sites:
        """Look a scan's lungs over."""
        spacing = np.array(scan.spacing_mm)
        stride = np.maximum(np.rint(_COARSE_MM / spacing).astype(int), 1)
        lung = scan.lungs[tuple(slice(None, None, n) for n in stride)] > 0
        hu = scan.hu[tuple(slice(None, None, n) for n in stride)]
        step = stride * spacing
        depth = ndimage.distance_transform_edt(np.pad(lung, 1), sampling=step)[1:-1, 1:-1, 1:-1]
        vessels = np.argwhere((hu > _TISSUE_HU) & (depth > 6.0)) * step
        return cls(depth.astype(np.float32), step, vessels)

    @cached_property
    def _by_depth(self) -> tuple[FloatArray, npt.NDArray[np.float32]]:
        inside = np.argwhere(self.depth_mm > 0)
        depths = self.depth_mm[tuple(inside.T)]
        order = np.argsort(depths, kind="stable")
        return inside[order] * self.step_mm, depths[order]

    def within(self, low_mm: float, high_mm: float = np.inf) -> FloatArray:
        """Return the points at a depth between the two, ``(n, 3)`` in mm."""
        points, depths = self._by_depth
        first, last = np.searchsorted(depths, [low_mm, high_mm], side="right")
        return points[first:last]

    def inward(self, point_mm: FloatArray) -> FloatArray:
        """Return the direction in which the depth grows at a point."""
        k, j, i = np.rint(point_mm / self.step_mm).astype(int)
        part = self.depth_mm[max(k - 2, 0) : k + 3, max(j - 2, 0) : j + 3, max(i - 2, 0) : i + 3]
        if min(part.shape) < 2:
            return np.array([0.0, 1.0, 0.0])
        slope = np.array([g.mean() for g in np.gradient(part, *self.step_mm)])
        return np.asarray(slope / max(float(np.linalg.norm(slope)), 1e-6))


def place(
    rng: np.random.Generator,
    scan: LungScan,
    sites: Sites,
    nodule: Nodule,
    taken: FloatArray,
) -> FloatArray | None:
    """Return a centre for `nodule`, ``(k, j, i)`` in mm; None where none was found.

    Parameters
    ----------
    taken : ndarray, shape (n, 4)
        Centres and radii of what is there already.
    """
    radius = nodule.diameter_mm / 2
    for _ in range(_TRIES):
        centre = _proposed(rng, sites, nodule.attachment, radius)
        if centre is None:
            return None
        gap = np.linalg.norm(taken[:, :3] - centre, axis=1) - taken[:, 3]
        if (gap < nodule.reach_mm + _GAP_MM).any():
            continue
        if _tissue_share(scan, centre, radius) <= _MOST_TISSUE[nodule.attachment]:
            return centre
    return None


def _proposed(
    rng: np.random.Generator, sites: Sites, attachment: str, radius: float
) -> FloatArray | None:
    if attachment == "vascular":
        if not len(sites.vessels):
            return None
        point = sites.vessels[rng.integers(len(sites.vessels))]
        return np.asarray(point + random_direction(rng) * 0.85 * radius)
    if attachment == "pleural":
        surface = sites.within(0.5, 4.0)
        if not len(surface):
            return None
        point = surface[rng.integers(len(surface))]
        return np.asarray(point + sites.inward(point) * rng.uniform(0.0, 0.6) * radius)
    free = sites.within(radius + 2.0)
    if not len(free):
        return None
    return np.asarray(free[rng.integers(len(free))] + rng.uniform(-0.5, 0.5, 3) * sites.step_mm)


def _tissue_share(scan: LungScan, centre: FloatArray, radius: float) -> float:
    """Return how much of the lung within a ball is tissue; 1 where little of it is lung."""
    spacing = np.array(scan.spacing_mm)
    low = np.floor((centre - radius) / spacing).astype(int).clip(0)
    high = np.ceil((centre + radius) / spacing).astype(int) + 1
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    lung = scan.lungs[box] > 0
    if not lung.size:
        return 1.0
    axes = [
        (a + np.arange(n)) * s - c
        for a, n, s, c in zip(low, lung.shape, spacing, centre, strict=True)
    ]
    k, j, i = np.meshgrid(*axes, indexing="ij", sparse=True)
    ball = k**2 + j**2 + i**2 <= radius**2
    lung &= ball
    if lung.sum() < 0.3 * ball.sum():
        return 1.0
    return float((scan.hu[box][lung] > _TISSUE_HU).mean())
