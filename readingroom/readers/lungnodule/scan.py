"""The scan of a lung reading along canonical axes, and where its masks lie on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.imaging.geometry import Axes, Canonical, canonical
from readingroom.maskregion import Box
from readingroom.reader import Index
from readingroom.readers.lungnodule.options import LungNoduleOptions
from readingroom.study import Patient, Volume

Mask = npt.NDArray[np.bool_]
Position = tuple[float, float, float]

#: Layers of the masks: nodules by class, their solid parts, lobes, airways and vessels.
NODULE_LAYER, SOLID_LAYER, LOBE_LAYER, TUBE_LAYER = range(4)
#: Values in the layer of tubes.
AIRWAY, VESSEL = 1, 2


@dataclass(frozen=True)
class Part:
    """Some voxels in their box, on the volume's native grid.

    Attributes
    ----------
    start : tuple of int
        First ``(k, j, i)`` of the box.
    mask : ndarray of bool, ``[k, j, i]``
    """

    start: Index
    mask: Mask

    @property
    def box(self) -> Box:
        """Index that cuts the box out of the volume."""
        k, j, i = (slice(a, a + n) for a, n in zip(self.start, self.mask.shape, strict=True))
        return k, j, i

    def holds(self, at: Index) -> bool:
        """Say whether the voxel `at` is one of these."""
        inside = tuple(a - b for a, b in zip(at, self.start, strict=True))
        within = all(0 <= x < n for x, n in zip(inside, self.mask.shape, strict=True))
        return within and bool(self.mask[inside])

    def overlap(self, other: Part) -> Part:
        """Return the voxels that both have, in the box of this one."""
        shared = np.zeros(self.mask.shape, np.bool_)
        sides = [
            (max(a.start, b.start), min(a.stop, b.stop))
            for a, b in zip(self.box, other.box, strict=True)
        ]
        if all(a < b for a, b in sides):
            here, there = (
                tuple(slice(a - o, b - o) for (a, b), o in zip(sides, part.start, strict=True))
                for part in (self, other)
            )
            shared[here] = self.mask[here] & other.mask[there]
        return Part(self.start, shared)


@dataclass(frozen=True)
class Scan:
    """What nodules are measured in; no network is part of it.

    Attributes
    ----------
    volume : Volume
        As it was read.
    image : Canonical
        The same along canonical axes; a view.
    """

    volume: Volume
    image: Canonical
    options: LungNoduleOptions
    patient: Patient

    @classmethod
    def of(cls, volume: Volume, options: LungNoduleOptions, patient: Patient) -> Scan:
        """Return the scan of `volume`; decodes its voxels, copies none."""
        return cls(volume, canonical(volume), options, patient)

    @property
    def hu(self) -> npt.NDArray[Any]:
        """CT numbers along canonical axes."""
        return self.image.array

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Along canonical ``(k, j, i)``."""
        return self.image.spacing_mm

    @property
    def native_spacing_mm(self) -> tuple[float, float, float]:
        """Along native ``(k, j, i)``."""
        return self.volume.spacing_mm

    def canonical_part(self, part: Part) -> tuple[Index, Mask]:
        """Return first ``(k, j, i)`` and mask of a native part along canonical axes."""
        axes = self.image.axes
        box = canonical_box(axes, part.box, self.volume.shape)
        return (box[0].start, box[1].start, box[2].start), axes.forward(part.mask)

    def native_part(self, start: Index, mask: Mask) -> Part:
        """Return a canonical part on the native grid."""
        axes, shape = self.image.axes, self.image.array.shape
        sides = [slice(0, 0)] * 3
        for axis, (native, flip) in enumerate(zip(axes.order, axes.flipped, strict=True)):
            first, last = start[axis], start[axis] + mask.shape[axis]
            sides[native] = (
                slice(shape[axis] - last, shape[axis] - first) if flip else slice(first, last)
            )
        origin = (sides[0].start, sides[1].start, sides[2].start)
        return Part(origin, np.ascontiguousarray(axes.backward(mask)))

    def position(self, native_kji: Index) -> Position:
        """Return the LPS mm of a native voxel's centre."""
        x, y, z = (float(v) for v in self.volume.lps_from_kji(native_kji))
        return x, y, z

    def lps(self, canonical_kji: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the LPS mm of continuous canonical indices ``(..., 3)``."""
        ijk = np.asarray(canonical_kji, np.float64)[..., ::-1]
        matrix = self.image.ijk_to_lps
        return np.asarray(ijk @ matrix[:3, :3].T + matrix[:3, 3])

    def index(self, position_lps_mm: Position) -> Index:
        """Return the native ``(k, j, i)`` of the voxel nearest to a position."""
        ijk = self._lps_to_ijk @ np.array([*position_lps_mm, 1.0])
        i, j, k = (int(x) for x in np.rint(ijk[:3]))
        return k, j, i

    def canonical_index(self, position_lps_mm: Position) -> Index:
        """Return the canonical ``(k, j, i)`` of the voxel nearest to a position."""
        inverse = np.linalg.inv(self.image.ijk_to_lps)
        i, j, k = (int(x) for x in np.rint((inverse @ np.array([*position_lps_mm, 1.0]))[:3]))
        return k, j, i

    def inside(self, native_kji: Index) -> bool:
        """Say whether there is such a voxel."""
        return all(0 <= x < n for x, n in zip(native_kji, self.volume.shape, strict=True))

    @cached_property
    def _lps_to_ijk(self) -> npt.NDArray[np.float64]:
        return np.asarray(np.linalg.inv(self.volume.ijk_to_lps), np.float64)


def canonical_box(axes: Axes, box: Box, shape: tuple[int, ...]) -> Box:
    """Return the place in the canonical array of a `box` of the native one of `shape`."""
    sides = []
    for native, flip in zip(axes.order, axes.flipped, strict=True):
        first, last, size = box[native].start, box[native].stop, shape[native]
        sides.append(slice(size - last, size - first) if flip else slice(first, last))
    return sides[0], sides[1], sides[2]
