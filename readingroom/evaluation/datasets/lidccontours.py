"""LIDC-IDRI outlines: from readers' contours to nodules with votes and mean ratings.

Armato et al., Med Phys 2011;38:915. A contour is a list of pixels ``(column, row)`` on a
slice; the outermost pixels lie outside the nodule.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from readingroom.evaluation.datasets import Point, TrueNodule

#: Votes from which on a nodule shall be found, as in LUNA16.
LEAST_VOTES = 3
SMALLEST_MM = 3.0
_SAME_SHARE = 1.0


@dataclass(frozen=True)
class Contour:
    """One outline on one slice.

    Attributes
    ----------
    z_mm : float
        Of the slice, LPS.
    pixels : ndarray, shape (n, 2)
        Column and row.
    inclusion : bool
        False for a hole.
    """

    z_mm: float
    pixels: npt.NDArray[np.float64]
    inclusion: bool = True


@dataclass(frozen=True)
class ReaderMark:
    """One reader's outline of one nodule, with the ratings."""

    contours: tuple[Contour, ...]
    ratings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class OutlinedNodule:
    """One reader's mark in patient space."""

    centre_lps_mm: Point
    volume_mm3: float
    ratings: dict[str, float]

    @property
    def diameter_mm(self) -> float:
        """Diameter of the sphere of equal volume."""
        return float((6 * self.volume_mm3 / math.pi) ** (1 / 3))


def outlined(
    mark: ReaderMark, ijk_to_lps: npt.NDArray[np.float64], slice_mm: float
) -> OutlinedNodule:
    """Return a mark's centre and volume.

    Parameters
    ----------
    ijk_to_lps : ndarray, shape (4, 4)
        Of the scan as DICOM has it: ``i`` columns, ``j`` rows, axial.
    slice_mm : float
        Distance between slices.
    """
    pixel_mm2 = float(np.linalg.norm(ijk_to_lps[:3, 0]) * np.linalg.norm(ijk_to_lps[:3, 1]))
    areas, centres = [], []
    for contour in mark.contours:
        area, (column, row) = _area_and_centre(contour.pixels)
        sign = 1.0 if contour.inclusion else -1.0
        areas.append(sign * max(area, 1.0) * pixel_mm2)
        x, y = (ijk_to_lps @ np.array([column, row, 0.0, 1.0]))[:2]
        centres.append([x, y, contour.z_mm])
    weights = np.array(areas)
    centre = np.average(np.array(centres), axis=0, weights=np.abs(weights))
    volume = max(float(weights.sum()) * slice_mm, 1e-3)
    return OutlinedNodule((centre[0], centre[1], centre[2]), volume, mark.ratings)


def _area_and_centre(pixels: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
    """Return area (pixels²) and centroid of a polygon (shoelace formula); of a point, itself."""
    x, y = pixels.T
    following = np.roll(pixels, -1, axis=0)
    cross = x * following[:, 1] - following[:, 0] * y
    double = float(cross.sum())
    if abs(double) < 1e-9:
        return 0.0, pixels.mean(0)
    centre = ((pixels + following) * cross[:, None]).sum(0) / (3 * double)
    return abs(double) / 2, centre


def consensus(marks: Iterable[OutlinedNodule]) -> list[TrueNodule]:
    """Return marks of one nodule as one: centre, diameter and ratings averaged.

    Two marks are of one nodule if their centres are nearer than the larger's radius.
    """
    groups: list[list[OutlinedNodule]] = []
    for mark in sorted(marks, key=lambda m: -m.volume_mm3):
        group = next((g for g in groups if _same(g[0], mark)), None)
        if group is None:
            groups.append([mark])
        else:
            group.append(mark)
    return [_averaged(group) for group in groups]


def split(nodules: Sequence[TrueNodule]) -> tuple[tuple[TrueNodule, ...], tuple[TrueNodule, ...]]:
    """Return the nodules that shall be found, and those that count neither way."""
    wanted = [n for n in nodules if n.votes >= LEAST_VOTES and n.diameter_mm >= SMALLEST_MM]
    return tuple(wanted), tuple(n for n in nodules if n not in wanted)


def _same(a: OutlinedNodule, b: OutlinedNodule) -> bool:
    gap = float(np.linalg.norm(np.subtract(a.centre_lps_mm, b.centre_lps_mm)))
    return gap < max(_SAME_SHARE * a.diameter_mm / 2, SMALLEST_MM)


def _averaged(group: Sequence[OutlinedNodule]) -> TrueNodule:
    x, y, z = np.mean([m.centre_lps_mm for m in group], axis=0)
    names = {name for m in group for name in m.ratings}
    ratings = {n: float(np.mean([m.ratings[n] for m in group if n in m.ratings])) for n in names}
    diameter = float(np.mean([m.diameter_mm for m in group]))
    return TrueNodule((float(x), float(y), float(z)), diameter, len(group), ratings)
