"""Where the organs are: class probabilities on a coarse grid, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.imaging import synthesis
from readingroom.readers.cacs import heartframe
from readingroom.readers.cacs.heartframe import HeartFrame
from readingroom.readers.cacs.tissuemap import CLASSES

FloatArray = npt.NDArray[np.float32]

#: Anatomy classes that a lesion patch sees, one channel each.
PATCH_ORGANS: tuple[tuple[str, ...], ...] = (
    ("HEART", "RIGHT_ATRIUM"),
    ("AORTA",),
    ("PULMONARY_ARTERY",),
    ("LUNG_RIGHT", "LUNG_LEFT"),
    ("SPINE", "RIBS", "STERNUM"),
)


@dataclass(frozen=True)
class Organs:
    """Class probabilities of the anatomy on an isotropic canonical LPS grid.

    Attributes
    ----------
    probabilities : ndarray of float32, ``(len(CLASSES), k, j, i)``
    origin_mm : ndarray
        LPS position of voxel ``(0, 0, 0)``.
    spacing_mm : float
    """

    probabilities: FloatArray
    origin_mm: npt.NDArray[np.float64]
    spacing_mm: float

    def of(self, *names: str) -> FloatArray:
        """Return the summed probability ``[k, j, i]`` of the named classes."""
        index = [CLASSES.index(name) for name in names]
        return np.asarray(self.probabilities[index].sum(0))

    @cached_property
    def heart(self) -> npt.NDArray[np.bool_]:
        """The whole heart: its largest component, grooves closed, without the aorta."""
        return whole_heart(self.of("HEART", "RIGHT_ATRIUM"), self.of("AORTA"), self.spacing_mm)

    @cached_property
    def heart_volume_cm3(self) -> float:
        """Volume of the whole heart, cm³."""
        return float(self.heart.sum() * self.spacing_mm**3 / 1000.0)

    @cached_property
    def frame(self) -> HeartFrame:
        """The heart-fixed frame; needs a heart."""
        heart = np.maximum(self.of("HEART", "RIGHT_ATRIUM") * _near(self.heart), 0)
        masks = np.stack([heart, self.of("AORTA"), self.of("PULMONARY_ARTERY")])
        return heartframe.register(masks.astype(np.float32), self.origin_mm, self.spacing_mm)

    def region(self, margin_mm: float = 16.0) -> npt.NDArray[np.bool_]:
        """Return where calcium is looked for: heart, aorta, pulmonary trunk, a margin."""
        vessels = self.of("AORTA", "PULMONARY_ARTERY") > 0.4
        distance = ndimage.distance_transform_edt(~(self.heart | vessels), sampling=self.spacing_mm)
        return np.asarray(distance <= margin_mm)

    def patch_channels(self, lps: npt.NDArray[np.float64]) -> FloatArray:
        """Return `PATCH_ORGANS` probabilities ``(5, ...)`` at LPS points ``(3, ...)``."""
        origin = self.origin_mm.reshape(3, *[1] * (lps.ndim - 1))
        voxels = ((lps - origin) / self.spacing_mm)[::-1].astype(np.float32)
        return np.stack([synthesis.sample_linear(c, voxels) for c in self._patch_maps])

    @cached_property
    def _patch_maps(self) -> list[FloatArray]:
        return [self.of(*names) for names in PATCH_ORGANS]

    def depths_mm(self, lps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return how far outside `PATCH_ORGANS` LPS points ``(n, 3)`` lie, ``(n, 5)``, mm.

        Negative inside. An organ that was not found is far from everywhere.
        """
        voxels = ((lps - self.origin_mm) / self.spacing_mm)[:, ::-1].T
        return np.stack(
            [ndimage.map_coordinates(d, voxels, order=1, mode="nearest") for d in self._depth_maps],
            axis=1,
        )

    @cached_property
    def _depth_maps(self) -> list[FloatArray]:
        return [_signed_distance(organ > 0.5, self.spacing_mm) for organ in self._patch_maps]


def _signed_distance(mask: npt.NDArray[np.bool_], spacing_mm: float) -> FloatArray:
    """Distance from the border of `mask`, negative inside, mm."""
    if not mask.any():
        return np.full(mask.shape, 200.0, np.float32)
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing_mm)
    inside = ndimage.distance_transform_edt(mask, sampling=spacing_mm)
    return np.asarray(outside - inside, np.float32)


def _near(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.asarray(ndimage.binary_dilation(mask, iterations=2))


def whole_heart(
    heart: FloatArray, aorta: FloatArray, spacing_mm: float, closing_mm: float = 8.0
) -> npt.NDArray[np.bool_]:
    """Return the largest component of `heart` > ½ with its grooves closed.

    The network's heart follows the muscle; people outline the epicardial surface.
    """
    labels, count = ndimage.label(heart > 0.5)
    if not count:
        return np.zeros(heart.shape, bool)
    main = labels == int(np.bincount(labels.ravel())[1:].argmax()) + 1
    pad = int(np.ceil(closing_mm / spacing_mm)) + 1
    wide = np.pad(main, pad)
    grown = ndimage.distance_transform_edt(~wide, sampling=spacing_mm) <= closing_mm
    closed = ndimage.distance_transform_edt(grown, sampling=spacing_mm) > closing_mm
    inner = tuple(slice(pad, -pad) for _ in range(3))
    return np.asarray((closed[inner] | main) & ((aorta < 0.5) | main))
