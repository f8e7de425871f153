"""Labelled anatomies: organ maps turned into tissues that images can be made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

LabelArray = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]

#: Outputs of the anatomy network, in order.
CLASSES = (
    "BACKGROUND",
    "HEART",
    "AORTA",
    "PULMONARY_ARTERY",
    "LUNG_RIGHT",
    "LUNG_LEFT",
    "SPINE",
    "RIBS",
    "STERNUM",
    "LIVER",
    "RIGHT_ATRIUM",
)


class Tissue(IntEnum):
    """What a voxel is made of when an image is synthesised."""

    OUTSIDE = 0
    BODY = 1
    HEART = 2
    AORTA = 3
    PULMONARY_ARTERY = 4
    LUNG_RIGHT = 5
    LUNG_LEFT = 6
    SPINE = 7
    RIBS = 8
    STERNUM = 9
    LIVER = 10
    SPLEEN = 11
    KIDNEY = 12
    GUT = 13
    VEIN = 14
    ARTERY = 15
    OESOPHAGUS = 16
    AIRWAY = 17
    MUSCLE = 18
    BONE = 19
    CARTILAGE = 20
    GLAND = 21
    CORD = 22
    MEDIASTINUM = 23
    RIGHT_ATRIUM = 24
    PULMONARY_VEIN = 25
    INFERIOR_CAVA = 26
    APPENDAGE = 27
    GROOVE = 28


#: Class of each tissue, by tissue value. The last class is what a whole heart has beyond the
#: organ map's: the right atrium and, where they are kept apart, appendage and grooves.
CLASS_OF_TISSUE = np.array(
    [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9] + [0] * 13 + [10, 0, 0, 10, 10], np.uint8
)

_TOTALSEGMENTATOR_V2 = {
    Tissue.HEART: (51,),
    Tissue.APPENDAGE: (61,),
    Tissue.AORTA: (52,),
    Tissue.LUNG_RIGHT: (12, 13, 14),
    Tissue.LUNG_LEFT: (10, 11),
    Tissue.SPINE: tuple(range(25, 51)),
    Tissue.RIBS: tuple(range(92, 116)),
    Tissue.STERNUM: (116,),
    Tissue.LIVER: (5,),
    Tissue.SPLEEN: (1,),
    Tissue.KIDNEY: (2, 3),
    Tissue.GUT: (6, 18, 19, 20),
    Tissue.VEIN: (59, 60, 62, 64),
    Tissue.PULMONARY_VEIN: (53,),
    Tissue.INFERIOR_CAVA: (63,),
    Tissue.ARTERY: (54, 55, 56, 57, 58),
    Tissue.OESOPHAGUS: (15,),
    Tissue.AIRWAY: (16,),
    Tissue.MUSCLE: (80, 81, 82, 83, 84, 85, 86, 87, 88, 89),
    Tissue.BONE: (69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 91),
    Tissue.CARTILAGE: (118,),
    Tissue.GLAND: (4, 7, 8, 9, 17),
    Tissue.CORD: (79,),
}


_VEINS = (Tissue.VEIN, Tissue.PULMONARY_VEIN, Tissue.INFERIOR_CAVA)


@dataclass(frozen=True)
class TissueMap:
    """A labelled anatomy, ready to be deformed.

    Attributes
    ----------
    tissue : ndarray of uint8, ``[k, j, i]``
        `Tissue` values in canonical axes (k superior, j posterior, i left).
    rim_mm : ndarray of float32
        Distance outside the body's hull, mm; 0 inside.
    spacing_mm : float
        Isotropic voxel size.
    offset_mm : tuple of float
        LPS offset ``(x, y, z)`` of its first voxel from that of the scan it belongs to.
    """

    tissue: LabelArray
    rim_mm: FloatArray
    spacing_mm: float
    offset_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @cached_property
    def heart_centre(self) -> npt.NDArray[np.float64] | None:
        """Centre of the heart in voxels ``(k, j, i)``, or None without a heart."""
        voxels = np.argwhere(self.tissue == Tissue.HEART)
        return voxels.mean(0) if len(voxels) else None


def tissue_map(
    labels: LabelArray,
    spacing_mm: float,
    pulmonary_valve_k: int | None = None,
    *,
    apart: bool = False,
) -> TissueMap:
    """Turn a TotalSegmentator v2 organ map into a `TissueMap`.

    Parameters
    ----------
    labels : ndarray of uint8, ``[k, j, i]``
        Organ labels on an isotropic grid in canonical axes.
    pulmonary_valve_k : int, optional
        Slice of the pulmonary valve. Maps of that kind count the pulmonary trunk as
        heart; above this slice its anterior part becomes the pulmonary artery.
    apart : bool
        Whether the left appendage and the grooves are tissues of their own, not heart.
    """
    tissue = np.zeros(labels.shape, np.uint8)
    for value, organs in _TOTALSEGMENTATOR_V2.items():
        tissue[np.isin(labels, organs)] = value
    if pulmonary_valve_k is not None:
        _split_pulmonary_artery(tissue, pulmonary_valve_k)
    _close_heart(tissue, spacing_mm)
    if not apart:
        tissue[np.isin(tissue, (Tissue.APPENDAGE, Tissue.GROOVE))] = Tissue.HEART
    _complete_right_atrium(tissue, spacing_mm)
    hull = slice_hulls(tissue > 0)
    chest = slice_hulls((tissue == Tissue.LUNG_LEFT) | (tissue == Tissue.LUNG_RIGHT))
    tissue[(tissue == 0) & chest] = Tissue.MEDIASTINUM
    tissue[(tissue == 0) & hull] = Tissue.BODY
    rim = ndimage.distance_transform_edt(~hull, sampling=spacing_mm).astype(np.float32)
    return TissueMap(tissue, rim, spacing_mm)


def _split_pulmonary_artery(tissue: LabelArray, valve_k: int) -> None:
    """Relabel, slice by slice, the anterior component of the heart above the valve."""
    for k in range(valve_k, tissue.shape[0]):
        components, count = ndimage.label(tissue[k] == Tissue.HEART)
        if not count:
            continue
        first_row = [np.argwhere(components == c + 1)[:, 0].min() for c in range(count)]
        anterior = components == int(np.argmin(first_row)) + 1
        tissue[k][anterior] = Tissue.PULMONARY_ARTERY


def _close_heart(tissue: LabelArray, spacing_mm: float, radius_mm: float = 9.0) -> None:
    """Fill grooves and gaps of the heart's outline that no other organ claims."""
    whole = np.isin(tissue, (Tissue.HEART, Tissue.APPENDAGE))
    box = _padded_box(whole, int(2 * radius_mm / spacing_mm))
    if box is None:
        return
    heart = whole[box]
    outside = ndimage.distance_transform_edt(~heart, sampling=spacing_mm)
    grown = outside <= radius_mm
    inside = ndimage.distance_transform_edt(grown, sampling=spacing_mm)
    closed = (inside > radius_mm) & (tissue[box] == 0)
    tissue[box][closed] = Tissue.GROOVE


def _complete_right_atrium(tissue: LabelArray, spacing_mm: float, radius_mm: float = 24.0) -> None:
    """Name what lies unlabelled between the ends of the two venae cavae.

    Organ maps of contrast CT leave out much of a right atrium that streaks obscure. It
    gets a class of its own, so that both the map's heart and a whole one can be had.
    """
    veins, _ = ndimage.label(np.isin(tissue, _VEINS))
    heart = np.argwhere(tissue == Tissue.HEART)
    if not len(heart):
        return
    middle = heart.mean(0)
    right = [np.argwhere(veins == n + 1) for n in range(int(veins.max()))]
    right = [v for v in right if v[:, 2].mean() < middle[2] and len(v) * spacing_mm**3 > 5000]
    above = [v for v in right if v[:, 0].mean() > middle[0]]
    below = [v for v in right if v[:, 0].mean() < middle[0]]
    if not above or not below:
        return
    upper = max(above, key=len)
    lower = max(below, key=len)
    ends = (
        upper[upper[:, 0] < upper[:, 0].min() + 3].mean(0),
        lower[lower[:, 0] > lower[:, 0].max() - 3].mean(0),
    )
    steps = np.linspace(0.2, 0.85, 24)[:, None]
    axis = ends[0] + steps * (ends[1] - ends[0]) + np.array([0.0, -8.0, 3.0]) / spacing_mm
    away = np.ones(tissue.shape, bool)
    away[tuple(np.rint(axis).astype(int).T)] = False
    near = ndimage.distance_transform_edt(away, sampling=spacing_mm) <= radius_mm
    tissue[near & (tissue == 0)] = Tissue.RIGHT_ATRIUM


def _padded_box(mask: npt.NDArray[np.bool_], pad: int) -> tuple[slice, ...] | None:
    found = ndimage.find_objects(mask.astype(np.uint8))
    if not found:
        return None
    return tuple(
        slice(max(0, s.start - pad), min(n, s.stop + pad))
        for s, n in zip(found[0], mask.shape, strict=True)
    )


def slice_hulls(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the convex hull of `mask` in every slice ``[k]``."""
    from skimage.morphology import convex_hull_image

    hull = np.zeros_like(mask)
    for k in np.flatnonzero(mask.any((1, 2))):
        hull[k] = convex_hull_image(mask[k])  # type: ignore[no-untyped-call]
    return hull
