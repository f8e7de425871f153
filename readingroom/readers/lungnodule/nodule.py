"""One nodule with what measuring and describing it share, each worked out once.

Cut to the nodule's own surroundings, so that re-measuring a corrected mask never walks the
volume.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.density import (
    BLUR_MM,
    Densities,
    Fractions,
    Spacing,
    Window,
    densities,
    fractions,
    window,
)
from readingroom.readers.lungnodule.shape import (
    Axes,
    Surface,
    edge_level,
    longest_axes,
    surface,
)

Index = tuple[int, int, int]
Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

#: Solid tissue within a subsolid nodule begins here, HU (Scholten et al., Eur Radiol
#: 2015;25:488: -300 HU agreed best with readers and pathology among the thresholds tried).
SOLID_HU = -300.0
#: A solid part smaller than this is a vessel in cross-section or noise, mm3 (2 mm sphere).
SMALLEST_SOLID_MM3 = 4.0


@dataclass(frozen=True)
class Nodule:
    """A nodule in its surroundings.

    Attributes
    ----------
    place : Window
        Image and mask around it.
    found : Densities
        Lung, core and noise, HU.
    share : Fractions
        How much of each voxel is nodule.
    """

    place: Window
    found: Densities
    share: Fractions

    @classmethod
    def of(
        cls, hu: npt.NDArray[np.generic], spacing_mm: Spacing, mask_box: Mask, start_kji: Index
    ) -> Nodule:
        """Return the nodule `mask_box` of an image (parameters as of `measure.measure`)."""
        place = window(hu, spacing_mm, mask_box, start_kji)
        found = densities(place)
        return cls(place, found, fractions(place, found))

    @cached_property
    def surface(self) -> Surface:
        """The nodule's surface."""
        return surface(self.share.values, self.place.spacing_mm)

    @cached_property
    def volume_mm3(self) -> float:
        """Volume with partial volume at the border."""
        return max(float(self.share.values.sum()), 0.0) * self.place.voxel_mm3

    @cached_property
    def axes(self) -> Axes:
        """Long and short axis."""
        return edge_axes(self.share.values, self.volume_mm3, self.place)

    @cached_property
    def solid(self) -> Mask:
        """The solid part on the grid of `place`, see `solid_voxels`."""
        return solid_voxels(self.place)


def solid_voxels(place: Window) -> Mask:
    """Return the solid part of a nodule on the grid of `place`.

    Voxels above `SOLID_HU` after a blur of 0.5 mm (noise alone would make ground glass
    solid here and there); pieces below `SMALLEST_SOLID_MM3` are left out.
    """
    smooth = ndimage.gaussian_filter(place.hu, [0.5 / s for s in place.spacing_mm])
    labels, count = ndimage.label(place.mask & (smooth > SOLID_HU))
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * place.voxel_mm3
    sizes[0] = 0.0
    return np.asarray((sizes >= SMALLEST_SOLID_MM3)[labels])


def edge_axes(values: FloatArray, volume_mm3: float, place: Window) -> Axes:
    """Return the axes of a share field (see `shape.longest_axes`) at its blurred edge."""
    pixel = (place.spacing_mm[1] + place.spacing_mm[2]) / 2
    level = edge_level(equivalent_diameter(volume_mm3), math.hypot(BLUR_MM, pixel / math.sqrt(12)))
    return longest_axes(values, place.spacing_mm, place.start, level)


def equivalent_diameter(volume_mm3: float) -> float:
    """Return the diameter of the sphere of equal volume, mm."""
    return float((6 * max(volume_mm3, 0.0) / math.pi) ** (1 / 3))
