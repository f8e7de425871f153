"""Image and lesion in, numbers out: the calcium measures, pure functions.

Definitions with their sources: ``Docs/clinical/cacs.md``. Everything works inside a
lesion's own box, so that re-measuring a corrected mask never walks the volume.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.cacs.components import candidates, lesions_from_mask, oversized
from readingroom.readers.cacs.lesion import Lesion
from readingroom.readers.cacs.rule import REFERENCE_INCREMENT_MM, Calibration, ScoringRule
from readingroom.readers.cacs.totals import CONTRAST_PREFIX, totals
from readingroom.reading import Measurement

__all__ = [
    "CONTRAST_PREFIX",
    "Calibration",
    "ScoringRule",
    "agatston",
    "candidates",
    "lesions_from_mask",
    "measure_lesion",
    "oversized",
    "totals",
]

_IN_PLANE = {
    8: np.array([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))], dtype=bool),
    4: np.array([np.zeros((3, 3)), [[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.zeros((3, 3))], bool),
}

Voxels = npt.NDArray[np.generic]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Islands:
    """The components of a lesion within its slices that are large enough to count.

    Attributes
    ----------
    hu : ndarray of float64, ``[k, j, i]``
        Image inside the lesion's box.
    labels : ndarray of int, ``[k, j, i]``
        Component per voxel; a component never spans two slices. 0 = none.
    sizes, peaks : ndarray, shape (components + 1,)
        Pixels and peak HU per component; size 0 for those that do not count.
    """

    hu: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.intp]
    peaks: npt.NDArray[np.float64]

    @cached_property
    def counted(self) -> Mask:
        """Voxels that count, ``[k, j, i]``."""
        return np.asarray(self.sizes[self.labels] > 0)


def _above(hu: npt.NDArray[np.float64], rule: ScoringRule) -> Mask:
    return hu > rule.threshold_hu if rule.strictly_above else hu >= rule.threshold_hu


def _islands(hu: Voxels, lesion: Lesion, pixel_area: float, rule: ScoringRule) -> _Islands:
    inside = hu[lesion.box].astype(np.float64)
    labels, count = ndimage.label(lesion.mask & _above(inside, rule), _IN_PLANE[rule.connectivity])
    flat = labels.ravel()
    sizes = np.bincount(flat, minlength=count + 1)
    sizes[0] = 0
    sizes[sizes < rule.smallest_component(pixel_area)] = 0
    peaks = np.full(count + 1, -np.inf)
    np.maximum.at(peaks, flat, inside.ravel())
    return _Islands(inside, labels, sizes, peaks)


def _score(islands: _Islands, spacing_mm: tuple[float, float, float], rule: ScoringRule) -> float:
    weights = np.searchsorted(rule.weight_cutoffs, islands.peaks, side="right")
    area = float(np.sum(islands.sizes * weights)) * spacing_mm[1] * spacing_mm[2]
    return area * spacing_mm[0] / REFERENCE_INCREMENT_MM


def agatston(
    hu: Voxels, lesion: Lesion, spacing_mm: tuple[float, float, float], rule: ScoringRule
) -> float:
    """Return the Agatston score of one lesion.

    Per axial slice the lesion's voxels at the threshold are split into 2-D components;
    each gives its area (mm2) times the weight of *its own* peak HU in that slice. The sum
    is multiplied by the slice increment over 3 mm, so overlapping reconstructions
    (increment smaller than thickness) do not count calcium twice.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        The whole image, HU.
    lesion : Lesion
        Voxels of its mask below the threshold do not count.
    spacing_mm : tuple of float
        Distance between voxel centres along ``(k, j, i)``, mm; the first is the slice
        increment, not the slice thickness.
    rule : ScoringRule
        Threshold, weights, connectivity, minimum.
    """
    return _score(_islands(hu, lesion, spacing_mm[1] * spacing_mm[2], rule), spacing_mm, rule)


def measure_lesion(
    hu: Voxels,
    lesion: Lesion,
    spacing_mm: tuple[float, float, float],
    rule: ScoringRule,
    calibration: Calibration,
    *,
    adapted: ScoringRule | None = None,
    contrast_derived: bool = False,
) -> dict[str, Measurement]:
    """Measure one lesion.

    Parameters
    ----------
    hu, lesion, spacing_mm, rule
        As in `agatston`.
    calibration : Calibration
        Turns HU into hydroxyapatite mass.
    adapted : ScoringRule, optional
        The tube-voltage-adapted rule; adds ``agatston_score_kvp_adapted``. Where its
        threshold lies below that of `rule`, the mask must have been made at the lower one.
    contrast_derived : bool
        The image shows contrast agent: every name is prefixed ``contrast_derived_`` and
        the score is called ``contrast_derived_calcium_score``, so that it can never be
        taken for an Agatston score.

    Returns
    -------
    dict of str to Measurement
        ``agatston_score`` (1), ``volume``, ``volume_isotropic`` (mm3), ``mass`` (mg),
        ``mean_density``, ``peak_density`` (HU; value None where no voxel counts), ``area``
        of the largest slice (mm2), ``maximum_diameter`` (mm), ``slices``, ``voxels``.
    """
    islands = _islands(hu, lesion, spacing_mm[1] * spacing_mm[2], rule)
    found = _size(islands, spacing_mm) | _density(islands)
    found["volume_isotropic"] = Measurement(
        value=isotropic_volume(hu, lesion, islands.counted, spacing_mm, rule),
        unit="mm3",
        method="linear interpolation between slices to isotropic voxels (Callister 1998)",
    )
    found["mass"] = _mass(islands, spacing_mm, calibration)
    score = Measurement(value=_score(islands, spacing_mm, rule), unit="1", method=rule.describe())
    if contrast_derived:
        named = {CONTRAST_PREFIX + name: value for name, value in found.items()}
        return {CONTRAST_PREFIX + "calcium_score": score, **named}
    scores = {"agatston_score": score}
    if adapted is not None:
        value = agatston(hu, lesion, spacing_mm, adapted)
        scores["agatston_score_kvp_adapted"] = Measurement(
            value=value, unit="1", method=adapted.describe()
        )
    return scores | found


def _density(islands: _Islands) -> dict[str, Measurement]:
    values = islands.hu[islands.counted]
    mean, peak = (float(values.mean()), float(values.max())) if values.size else (None, None)
    return {
        "mean_density": Measurement(value=mean, unit="HU", method="counted voxels"),
        "peak_density": Measurement(value=peak, unit="HU", method="counted voxels"),
    }


def _size(islands: _Islands, spacing_mm: tuple[float, float, float]) -> dict[str, Measurement]:
    per_slice = islands.counted.sum(axis=(1, 2))
    count = int(per_slice.sum())
    area = float(per_slice.max(initial=0)) * spacing_mm[1] * spacing_mm[2]
    diameter = maximum_diameter(islands.counted, spacing_mm[1:])
    return {
        "volume": Measurement(
            value=count * float(np.prod(spacing_mm)), unit="mm3", method="voxel count"
        ),
        "area": Measurement(value=area, unit="mm2", method="largest axial slice"),
        "maximum_diameter": Measurement(
            value=diameter, unit="mm", method="largest in an axial slice, pixel width included"
        ),
        "slices": Measurement(value=int(np.count_nonzero(per_slice)), unit="1"),
        "voxels": Measurement(value=count, unit="1", method="at the threshold, minimum size met"),
    }


def _mass(
    islands: _Islands, spacing_mm: tuple[float, float, float], calibration: Calibration
) -> Measurement:
    # factor x volume x mean HU = factor x voxel volume x sum of HU; 1e-3 turns mm3 to cm3.
    total_hu = float(islands.hu[islands.counted].sum())
    value = calibration.factor * total_hu * float(np.prod(spacing_mm)) * 1e-3
    return Measurement(value=value, unit="mg", method=calibration.describe())


def maximum_diameter(mask: Mask, pixel_mm: tuple[float, ...]) -> float:
    """Return the largest in-plane extent of `mask` ``[k, j, i]`` in mm; 0 if empty.

    The distance between the two farthest pixel centres of one slice plus one mean pixel
    width, so that a single pixel has its own width. Only the ends of each row can be
    farthest apart, which keeps the pairs few.
    """
    farthest = -1.0
    for plane in mask:
        rows = np.flatnonzero(plane.any(axis=1))
        if rows.size == 0:
            continue
        first = plane[rows].argmax(axis=1)
        last = plane.shape[1] - 1 - plane[rows, ::-1].argmax(axis=1)
        j = np.concatenate([rows, rows]) * pixel_mm[0]
        i = np.concatenate([first, last]) * pixel_mm[1]
        squares = (j[:, None] - j) ** 2 + (i[:, None] - i) ** 2
        farthest = max(farthest, float(squares.max()))
    return 0.0 if farthest < 0 else float(np.sqrt(farthest)) + sum(pixel_mm) / len(pixel_mm)


def isotropic_volume(
    hu: Voxels,
    lesion: Lesion,
    counted: Mask,
    spacing_mm: tuple[float, float, float],
    rule: ScoringRule,
) -> float:
    """Return the volume after interpolation to isotropic voxels, mm3.

    After Callister et al., Radiology 1998;208:807: HU are interpolated linearly between
    slices and thresholded again, so that the ends of a lesion no longer jump by whole
    slices. Each slice is divided into the whole number of sub-slices that comes nearest to
    the pixel size. A sample counts if its nearer slice belongs to the lesion, or if that
    slice is below the threshold there and the farther one belongs to the lesion: what
    belongs to a neighbour stays with the neighbour.

    Parameters
    ----------
    counted : ndarray of bool, ``[k, j, i]``
        The lesion's voxels that count, inside its box.
    """
    if not counted.any():
        return 0.0
    image, own = _with_neighbour_slices(hu, lesion, counted)
    free = ~own & ~_above(image, rule)
    pieces = max(round(spacing_mm[0] / ((spacing_mm[1] + spacing_mm[2]) / 2)), 1)
    samples = 0
    for piece in range(pieces):
        # Whole numbers first: both ends of a lesion must round alike.
        twice = 2 * piece + 1 - pieces
        part = abs(twice) / (2 * pieces)
        near, far = slice(1, -1), slice(2, None) if twice >= 0 else slice(None, -2)
        value = (1 - part) * image[near] + part * image[far]
        samples += int(np.count_nonzero(_above(value, rule) & (own[near] | free[near] & own[far])))
    return samples * float(np.prod(spacing_mm)) / pieces


def _with_neighbour_slices(
    hu: Voxels, lesion: Lesion, counted: Mask
) -> tuple[npt.NDArray[np.float64], Mask]:
    """Return image and own voxels with two more slices at either end.

    Beyond the first and last slice of the image the nearest one is repeated.
    """
    k, j, i = lesion.box
    wanted = np.arange(k.start - 2, k.stop + 2)
    rows = np.clip(wanted, 0, hu.shape[0] - 1)
    image = hu[rows[0] : rows[-1] + 1, j, i][rows - rows[0]].astype(np.float64)
    own = np.pad(counted, ((2, 2), (0, 0), (0, 0)))
    return image, own
