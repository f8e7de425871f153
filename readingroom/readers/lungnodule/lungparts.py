"""Which pockets of air are lung, and to which lung each belongs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.uint8]

#: Smallest pocket that is looked at, and smallest that is a lung by itself, mm³.
_PART_MM3, _LUNG_MM3 = 1.5e3, 60e3
#: Gas alone is darker than this almost throughout; lung, even emphysema, holds vessels.
_GAS_HU, _GAS_SHARE = -950.0, 0.75
#: A pocket of gas: its core's density, volume and evenness, its fading edge, and the share
#: of its surroundings from which it lies in the lung.
_POCKET_HU, _POCKET_MM3, _POCKET_SD_HU = -935.0, (2e3, 400e3), 18.0
_FADING_HU, _POCKET_IN_LUNG = -900.0, 0.4


def lung_like_parts(hu: FloatArray, air: Mask, size_mm: float) -> Mask:
    """Return the pockets of `air` that are lung: big and textured, or beside such a one.

    Gas in stomach and bowel is as dark as room air throughout; lung is not.
    """
    air = air & ~_bowel_gas(hu, air, size_mm)
    opened = ndimage.binary_opening(air, iterations=1)
    numbers, count = ndimage.label(opened)
    if not count:
        return np.zeros(air.shape, bool)
    volumes = np.bincount(numbers.ravel(), minlength=count + 1) * size_mm**3
    kept = [n for n in range(1, count + 1) if volumes[n] >= _PART_MM3]
    big = [n for n in kept if volumes[n] >= _LUNG_MM3 and _textured(hu, numbers, n)]
    if not big:
        return np.zeros(air.shape, bool)
    main = np.isin(numbers, big)
    near = ndimage.binary_dilation(main, iterations=max(int(12.0 / size_mm), 1))
    small = [n for n in kept if n not in big and _belongs(hu, numbers, n, near)]
    core = main | np.isin(numbers, small)
    return np.asarray(ndimage.binary_dilation(core, iterations=2) & air)


def _bowel_gas(hu: FloatArray, air: Mask, size_mm: float) -> Mask:
    """Return wide pockets of even gas that tissue surrounds: stomach and bowel.

    The diaphragm is thinner than a voxel of this grid, so they hang together with the lung.
    A bulla is gas too, but lung surrounds it; emphysema is not even.
    """
    numbers, _ = ndimage.label(ndimage.binary_opening(hu < _POCKET_HU, iterations=2) & air)
    out = np.zeros(air.shape, bool)
    for n, box in enumerate(ndimage.find_objects(numbers), 1):
        wide = tuple(slice(max(s.start - 9, 0), s.stop + 9) for s in box)
        core = numbers[wide] == n
        if not _POCKET_MM3[0] < core.sum() * size_mm**3 < _POCKET_MM3[1]:
            continue
        part = ndimage.binary_dilation(core, iterations=4, mask=(hu[wide] < _FADING_HU) & air[wide])
        wall = ndimage.binary_dilation(part)
        ring = ndimage.binary_dilation(wall, iterations=2) & ~wall
        in_lung = (air[wide] & ~part)[ring].mean()
        if np.std(hu[wide][core]) < _POCKET_SD_HU and in_lung < _POCKET_IN_LUNG:
            out[wide] |= wall & air[wide]
    return out


def _textured(hu: FloatArray, numbers: npt.NDArray[np.int32], number: int) -> bool:
    box = ndimage.find_objects(numbers, number)[number - 1]
    part = numbers[box] == number
    for iterations in (2, 1):
        inner = ndimage.binary_erosion(part, iterations=iterations)
        if inner.sum() > 30:
            part = inner
            break
    return bool(np.mean(hu[box][part] < _GAS_HU) < _GAS_SHARE)


def _belongs(hu: FloatArray, numbers: npt.NDArray[np.int32], number: int, near: Mask) -> bool:
    box = ndimage.find_objects(numbers, number)[number - 1]
    part = numbers[box] == number
    return bool((part & near[box]).mean() / part.mean() > 0.5 and _textured(hu, numbers, number))


def part_sides(parts: Mask, hu: FloatArray, body: Mask, size_mm: float) -> Labels:
    """Return which lung each voxel of `parts` belongs to: 1 right, 2 left.

    Components on one side of the body are taken as they are. One that spans both sides
    (lungs that touch in front or behind) is cut where both shrunken halves are equally far.
    """
    sides = np.zeros(parts.shape, np.uint8)
    middle = _midline(parts, body)
    numbers, _count = ndimage.label(parts)
    for n, box in enumerate(ndimage.find_objects(numbers), 1):
        part = numbers[box] == n
        sides[box][part] = _sides_of(part, middle - box[2].start, size_mm)[part]
    return sides


def _midline(parts: Mask, body: Mask) -> float:
    """Return the column of the midsagittal plane: half-way between the body's flanks."""
    slices = np.flatnonzero(parts.any(axis=(1, 2)))
    if not len(slices):
        return float(parts.shape[2]) / 2
    columns = [np.flatnonzero(plane.any(axis=0)) for plane in body[slices[0] : slices[-1] + 1]]
    return float(np.median([(c[0] + c[-1]) / 2 for c in columns if len(c)]))


def _sides_of(part: Mask, middle: float, size_mm: float) -> Labels:
    columns = np.arange(part.shape[2])
    right = part & (columns < middle)
    share = right.sum() / part.sum()
    if share > 0.93 or share < 0.07 or part.sum() * size_mm**3 < _LUNG_MM3:
        return np.where(part, np.uint8(1 if share > 0.5 else 2), np.uint8(0))
    return _cut_in_two(part, middle, size_mm)


def _cut_in_two(part: Mask, middle: float, size_mm: float) -> Labels:
    """Return `part` cut at its thinnest place between two cores, or at `middle`."""
    depth = ndimage.distance_transform_edt(part)
    columns = np.broadcast_to(np.arange(part.shape[2]), part.shape)
    for level in np.arange(1.0, 12.0, 1.0):
        numbers, count = ndimage.label(depth > level)
        if count < 2:
            continue
        volumes = np.bincount(numbers.ravel())[1:] * size_mm**3
        cores = [n + 1 for n in np.argsort(volumes)[::-1][:2]]
        if volumes[cores[1] - 1] < _LUNG_MM3 / 3:
            continue
        means = [float(columns[numbers == n].mean()) for n in cores]
        if min(means) < middle < max(means):
            first, second = (cores[i] for i in np.argsort(means))
            return _by_distance(part, numbers == first, numbers == second)
    return np.where(part, np.where(columns < middle, 1, 2), 0).astype(np.uint8)


def _by_distance(part: Mask, right: Mask, left: Mask) -> Labels:
    """Return `part` flooded from both cores at the same speed."""
    out = np.where(right, np.uint8(1), np.where(left, np.uint8(2), np.uint8(0)))
    while True:
        grown = [ndimage.binary_dilation(out == side) & part & (out == 0) for side in (1, 2)]
        if not grown[0].any() and not grown[1].any():
            break
        out[grown[0]] = 1
        out[grown[1] & (out == 0)] = 2
    rest = part & (out == 0)
    columns = np.broadcast_to(np.arange(part.shape[2]), part.shape)
    border = (columns[right].mean() + columns[left].mean()) / 2
    out[rest] = np.where(columns[rest] < border, 1, 2)
    return out
