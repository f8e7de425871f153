"""The QRM cardiac calcification insert: found, and measured insert by insert.

Geometry of the insert (QRM-CCI, Möhrendorf; also used by van Praagh et al., Med Phys
2021;48:3730): nine hydroxyapatite cylinders of 200, 400 and 800 mg/cm3 with diameters
and lengths of 5, 3 and 1 mm. The three of one density lie on one radius, the 5 mm
ones on a circle of about 37 mm, the 3 mm and 1 mm ones 12.5 and 25 mm further in. Some
30 mm along the axis lie two rods of 20 mm diameter: 200 mg/cm3 hydroxyapatite on the
axis, and water-equivalent 23 mm from it, opposite the 200 mg/cm3 inserts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.readers.cacs.lesion import Lesion
from readingroom.readers.cacs.measure import measure_lesion
from readingroom.readers.cacs.rule import Calibration, ScoringRule
from readingroom.reading import Measurement

SIZES_MM = {"large": 5.0, "medium": 3.0, "small": 1.0}
DENSITIES_MG_CM3 = {"high": 800.0, "medium": 400.0, "low": 200.0}

_INWARD_MM = {"large": 0.0, "medium": 12.5, "small": 25.0}
_THRESHOLD_HU = 130.0
#: Thresholds a little higher and a median filter keep noise out of the search.
_SEARCH_HU = 1.1 * _THRESHOLD_HU
_SEARCH_MEDIAN_MM = 5.0
_ROD_AREA_MM2 = math.pi * 10.0**2
_INSERT_AREA_MM2 = math.pi * 2.5**2
_RING_MM = (31.0, 43.0)
_ROD_DISTANCE_MM = (15.0, 55.0)
_RODS_FROM_INSERTS_MM = 30.0
_ROD_ROI_MM = 6.9
_WATER_FROM_AXIS_MM = 23.0
_ROD_DENSITY_MG_CM3 = 200.0

Point = npt.NDArray[np.float64]
Image = npt.NDArray[np.generic]

#: The rule of the published values: more than 3 pixels, 8-connected.
PUBLISHED_RULE = ScoringRule(minimum_pixels=4)


@dataclass(frozen=True)
class Insert:
    """One of the nine cylinders.

    Attributes
    ----------
    size : {'large', 'medium', 'small'}
    density : {'high', 'medium', 'low'}
    center : ndarray, shape (2,)
        ``(j, i)`` in pixels.
    """

    size: str
    density: str
    center: Point

    @property
    def name(self) -> str:
        """``large_high`` and so on."""
        return f"{self.size}_{self.density}"

    @property
    def true_mass_mg(self) -> float:
        """Hydroxyapatite mass by the manufacturer's dimensions, mg."""
        edge = SIZES_MM[self.size]
        return math.pi * edge**2 / 4.0 * edge * DENSITIES_MG_CM3[self.density] / 1000.0


@dataclass(frozen=True)
class Phantom:
    """Where things lie in one scan.

    Attributes
    ----------
    slices : tuple of int
        First slice and the one after the last in which inserts may appear.
    inserts : tuple of Insert
    calibration : Calibration
        From the 200 mg/cm3 rod and the water-equivalent rod of this scan.
    rod_hu, water_hu : float
    """

    slices: tuple[int, int]
    inserts: tuple[Insert, ...]
    calibration: Calibration
    rod_hu: float
    water_hu: float


def locate(hu: Image, spacing_mm: tuple[float, float, float]) -> Phantom:
    """Find the calibration rod, the nine inserts and the mass factor.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Axial slices through the phantom, HU; either end may come first.
    spacing_mm : tuple of float
        ``(k, j, i)``.

    Raises
    ------
    RefusedInput
        ``PHANTOM_NOT_FOUND`` if the rod or three large inserts cannot be found.
    """
    shapes = _round_shapes(hu, spacing_mm)
    rod_slices, axis = _rod(shapes, hu.shape)
    k, large = _large_inserts(hu, shapes, rod_slices, axis, spacing_mm)
    center = _circle_center(large)
    inserts = tuple(
        Insert(size, density, point + _unit(center - point) * _INWARD_MM[size] / spacing_mm[1])
        for density, point in zip(DENSITIES_MG_CM3, large, strict=True)
        for size in SIZES_MM
    )
    rod_slice = min(
        rod_slices, key=lambda n: abs(abs(n - k) * spacing_mm[0] - _RODS_FROM_INSERTS_MM)
    )
    rod_hu = _roi_mean(hu[rod_slice], axis, spacing_mm[1])
    water = axis + _unit(center - large[2]) * _WATER_FROM_AXIS_MM / spacing_mm[1]
    water_hu = _roi_mean(hu[rod_slice], water, spacing_mm[1])
    calibration = Calibration.from_insert(_ROD_DENSITY_MG_CM3, rod_hu, water_hu)
    reach = math.ceil(SIZES_MM["large"] / spacing_mm[0]) + 1
    return Phantom(
        (max(k - reach, 0), min(k + reach + 1, hu.shape[0])), inserts, calibration, rod_hu, water_hu
    )


def measure(
    hu: Image,
    spacing_mm: tuple[float, float, float],
    phantom: Phantom,
    rule: ScoringRule = PUBLISHED_RULE,
) -> dict[str, dict[str, Measurement]]:
    """Measure the nine inserts; see `readingroom.readers.cacs.measure.measure_lesion`.

    Returns
    -------
    dict
        Measurements by insert name (``large_high``). An insert in which nothing counts
        has zeros.
    """
    return {
        name: measure_lesion(hu, lesion, spacing_mm, rule, phantom.calibration)
        for name, lesion in regions(hu, spacing_mm, phantom, rule).items()
    }


def regions(
    hu: Image, spacing_mm: tuple[float, float, float], phantom: Phantom, rule: ScoringRule
) -> dict[str, Lesion]:
    """Return the voxels that belong to each insert.

    In every slice within reach of the inserts: the components at the threshold whose
    centre of gravity lies inside a circle about the insert, its radius the insert's own
    in whole pixels plus one (van Praagh 2021). A component is taken whole, also where
    blur carries it beyond the circle.
    """
    first, last = phantom.slices
    masks = {i.name: np.zeros((last - first, *hu.shape[1:]), dtype=bool) for i in phantom.inserts}
    structure = ndimage.generate_binary_structure(2, 2 if rule.connectivity == 8 else 1)
    for k in range(first, last):
        labels, count = ndimage.label(hu[k] >= rule.threshold_hu, structure)
        numbers = np.arange(1, count + 1)
        centers = np.array(ndimage.center_of_mass(labels > 0, labels, numbers)).reshape(-1, 2)
        for insert in phantom.inserts:
            radius = math.ceil(SIZES_MM[insert.size] / spacing_mm[1] / 2.0) + 1
            near = np.hypot(*(centers - insert.center).T) <= radius
            masks[insert.name][k - first] = np.isin(labels, numbers[near])
    return {name: _cropped(mask, first) for name, mask in masks.items()}


def _cropped(mask: npt.NDArray[np.bool_], first_slice: int) -> Lesion:
    where = np.argwhere(mask)
    if where.size == 0:
        return Lesion((first_slice, 0, 0), np.zeros((1, 1, 1), dtype=bool))
    low, high = where.min(axis=0), where.max(axis=0) + 1
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return Lesion((first_slice + int(low[0]), int(low[1]), int(low[2])), mask[box])


@dataclass(frozen=True)
class _Shape:
    k: int
    center: Point
    area_mm2: float
    elongation: float


def _round_shapes(hu: Image, spacing_mm: tuple[float, float, float]) -> list[_Shape]:
    """Return every component of every slice after a median filter."""
    size = math.ceil(_SEARCH_MEDIAN_MM / spacing_mm[1]) | 1
    found = []
    for k, plane in enumerate(hu):
        if plane.max() < _SEARCH_HU:
            continue
        # The median of a binary image is the majority in the window, and a mean is fast.
        share = ndimage.uniform_filter((plane >= _SEARCH_HU).astype(np.float32), size)
        labels, _ = ndimage.label(share > 0.5)
        for number, box in enumerate(ndimage.find_objects(labels), start=1):
            j, i = np.nonzero(labels[box] == number)
            height, width = int(np.ptp(j)) + 1, int(np.ptp(i)) + 1
            center = np.array([j.mean() + box[0].start, i.mean() + box[1].start])
            area = j.size * spacing_mm[1] * spacing_mm[2]
            found.append(_Shape(k, center, area, max(height, width) / min(height, width)))
    return found


def _rod(shapes: list[_Shape], shape: tuple[int, ...]) -> tuple[list[int], Point]:
    """Return the slices of the calibration rod and its axis ``(j, i)``."""
    middle = np.array(shape[1:]) / 2.0
    rods = [
        s
        for s in shapes
        if 0.7 < s.area_mm2 / _ROD_AREA_MM2 < 1.3
        and s.elongation < 1.25
        and np.abs(s.center - middle).max() < min(shape[1:]) / 5.0
    ]
    if len(rods) < 3:
        raise _not_found("the calibration rod")
    return sorted(s.k for s in rods), np.median([s.center for s in rods], axis=0)


def _large_inserts(
    hu: Image,
    shapes: list[_Shape],
    rod_slices: list[int],
    axis: Point,
    spacing_mm: tuple[float, float, float],
) -> tuple[int, list[Point]]:
    """Return the slice of the inserts and the three large ones, densest first."""
    rod = float(np.median(rod_slices))
    pixel = spacing_mm[1]
    ring = [
        s
        for s in shapes
        if 0.2 < s.area_mm2 / _INSERT_AREA_MM2 < 2.2
        and s.elongation < 1.8
        and _RING_MM[0] < float(np.hypot(*(s.center - axis))) * pixel < _RING_MM[1]
        and _ROD_DISTANCE_MM[0] < abs(s.k - rod) * spacing_mm[0] < _ROD_DISTANCE_MM[1]
    ]
    by_slice: dict[int, list[_Shape]] = {}
    for s in ring:
        by_slice.setdefault(s.k, []).append(s)
    full = {k: found for k, found in by_slice.items() if len(found) == 3}
    if not full:
        raise _not_found("three large inserts")
    k = max(full, key=lambda key: sum(s.area_mm2 for s in full[key]))
    brightness = [_roi_mean(hu[k], s.center, pixel, 2.0) for s in full[k]]
    order = np.argsort(brightness)[::-1]
    return k, [full[k][n].center for n in order]


def _not_found(what: str) -> RefusedInput:
    return RefusedInput(
        "PHANTOM_NOT_FOUND",
        f"The images do not show {what} of a QRM cardiac calcification phantom.",
        "Check that the series covers both the inserts and the calibration rods.",
    )


def _circle_center(points: list[Point]) -> Point:
    """Return the point equally far from three points."""
    first, *others = points
    matrix = 2.0 * np.array([point - first for point in others])
    right = np.array([point @ point - first @ first for point in others])
    return np.asarray(np.linalg.solve(matrix, right))


def _unit(vector: Point) -> Point:
    return np.asarray(vector / np.linalg.norm(vector))


def _roi_mean(
    plane: Image, center: Point, pixel_mm: float, radius_mm: float = _ROD_ROI_MM
) -> float:
    j, i = np.ogrid[: plane.shape[0], : plane.shape[1]]
    inside = np.hypot(j - center[0], i - center[1]) <= radius_mm / pixel_mm
    return float(plane[inside].mean())
