"""The windpipe and the main bronchi on the coarse grid.

Region growing from the air column near the midline, at the loosest threshold that does not
leak into a lung (Mori et al., IEEE Trans Med Imaging 2000: explosion control).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

#: Thresholds tried in turn, HU, and the volume beyond which growth counts as a leak, mm³.
_STEPS_HU = (-960.0, -940.0, -920.0, -900.0, -880.0, -860.0, -830.0, -800.0)
_LEAK_MM3 = 60e3
#: A jump of the volume by more than this factor between steps is a leak too.
_LEAK_FACTOR = 2.0
_MIN_MM3 = 3e3
#: Cross-section of a windpipe on the averaged grid, mm².
_AREA_MM2 = (40.0, 700.0)


def find_trachea(hu: FloatArray, air: Mask, size_mm: float) -> Mask:
    """Return windpipe and main bronchi ``[k, j, i]``, walls included; empty if not seen.

    Parameters
    ----------
    hu : ndarray of float32
        Canonical axes, isotropic grid of `size_mm`.
    air : ndarray of bool
        Air inside the body.
    """
    seed = _seed(hu, air, size_mm)
    if seed is None:
        return np.zeros(air.shape, bool)
    grown = _grown(hu, seed, size_mm)
    wall = ndimage.binary_dilation(grown, iterations=max(round(3.0 / size_mm), 1))
    return np.asarray(wall & air | grown)


def _seed(hu: FloatArray, air: Mask, size_mm: float) -> tuple[int, int, int] | None:
    """Return a voxel of the windpipe: a small round dark spot that goes on downwards.

    Searched in the upper 60 % of the slices from above; near the middle of the body.
    """
    best: tuple[float, tuple[int, int, int]] | None = None
    run: dict[int, tuple[int, npt.NDArray[np.float64]]] = {}
    top = len(hu) - 1
    for k in range(top, int(top * 0.35), -1):
        run = _continued(run, _spots(hu[k], air[k], size_mm))
        for length, centre in run.values():
            if length * size_mm < 18.0:
                continue
            offset = abs(centre[1] - _middle(air, k)) * size_mm
            score = length * size_mm - offset
            if offset < 45.0 and (best is None or score > best[0]):
                best = score, (k, round(centre[0]), round(centre[1]))
    return None if best is None else best[1]


def _middle(air: Mask, k: int) -> float:
    columns = np.flatnonzero(air[: k + 1].any(axis=(0, 1)))
    return float(columns.mean() if not len(columns) else (columns[0] + columns[-1]) / 2)


def _spots(plane: FloatArray, air: Mask, size_mm: float) -> list[npt.NDArray[np.float64]]:
    """Return the centres ``(j, i)`` of air spots of the size and darkness of a windpipe."""
    numbers, count = ndimage.label(air & (plane < -700.0))
    if not count:
        return []
    areas = np.bincount(numbers.ravel(), minlength=count + 1)[1:] * size_mm**2
    boxes = ndimage.find_objects(numbers)
    spots = []
    for n, (area, box) in enumerate(zip(areas, boxes, strict=True), 1):
        extent = [(s.stop - s.start) * size_mm for s in box]
        if not _AREA_MM2[0] <= area <= _AREA_MM2[1] or max(extent) > 36.0:
            continue
        part = numbers[box] == n
        if plane[box][part].min() > -850.0:
            continue
        spots.append(np.argwhere(part).mean(0) + [s.start for s in box])
    return spots


def _continued(
    run: dict[int, tuple[int, npt.NDArray[np.float64]]], spots: list[npt.NDArray[np.float64]]
) -> dict[int, tuple[int, npt.NDArray[np.float64]]]:
    """Return the spots of this slice with how many slices each has lasted."""
    out = {}
    for n, spot in enumerate(spots):
        lengths = [length for length, old in run.values() if np.abs(old - spot).max() <= 2.0]
        out[n] = (max(lengths, default=0) + 1, spot)
    return out


def _grown(hu: FloatArray, seed: tuple[int, int, int], size_mm: float) -> Mask:
    """Return the airways around `seed` at the loosest threshold before a leak."""
    kept = np.zeros(hu.shape, bool)
    for threshold in _STEPS_HU:
        grown = _component(hu < threshold, seed)
        volume = grown.sum() * size_mm**3
        before = kept.sum() * size_mm**3
        if volume > _LEAK_MM3 or (before > _MIN_MM3 * 2 and volume > _LEAK_FACTOR * before):
            break
        kept = grown
    return kept


def _component(mask: Mask, seed: tuple[int, int, int]) -> Mask:
    """Return the 6-connected component nearest to `seed` (within one voxel)."""
    numbers, _ = ndimage.label(mask)
    near = tuple(slice(max(s - 1, 0), s + 2) for s in seed)
    found = numbers[near][numbers[near] > 0]
    if not len(found):
        return np.zeros(mask.shape, bool)
    return np.asarray(numbers == int(np.bincount(found).argmax()))
