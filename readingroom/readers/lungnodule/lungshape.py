"""The two lungs on the coarse grid: parted, closed, checked.

Arrays are ``[k, j, i]`` along canonical axes (k upwards, j backwards, i to the left) on an
isotropic grid of `size_mm`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule import thorax
from readingroom.readers.lungnodule.grids import bounding_box, closed_mm
from readingroom.readers.lungnodule.lungparts import lung_like_parts, part_sides
from readingroom.readers.lungnodule.lungtexts import lung_absent, lung_cut, lung_opaque
from readingroom.readers.lungnodule.opacities import enclosed, opaque_lung
from readingroom.readers.lungnodule.trachea import find_trachea
from readingroom.study import Note

FloatArray = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.uint8]

#: Radius of the ball that closes the lungs, mm.
_CLOSING_MM = 9.0
#: Share of a lung without air from which a note says so.
_OPAQUE_SHARE = 0.15
#: Cross-section of a lung at the picture's edge from which it counts as cut, mm².
_CUT_MM2 = 600.0


@dataclass(frozen=True)
class CoarseLungs:
    """Both lungs on the coarse grid.

    Attributes
    ----------
    labels : ndarray of uint8
        1 right, 2 left.
    share : ndarray of float32
        How much of a voxel is lung, 0…1; its level ½ is the lungs' surface.
    nearest : ndarray of uint8
        Which lung is nearest, up to a few voxels outside.
    trachea : ndarray of bool
        Windpipe and main bronchi.
    """

    labels: Labels
    share: FloatArray
    nearest: Labels
    trachea: Mask
    notes: tuple[Note, ...]


def find_coarse_lungs(hu: FloatArray, size_mm: float) -> CoarseLungs:
    """Find both lungs on an isotropic grid of `size_mm`; empty if there are none."""
    outside = thorax.room_air(hu)
    body = thorax.inside_body(hu, outside)
    threshold = thorax.air_threshold(hu, body)
    air = (hu < threshold) & ~outside
    trachea = find_trachea(hu, air, size_mm)
    parts = lung_like_parts(hu, air & ~trachea, size_mm)
    sides = part_sides(parts, hu, body, size_mm)
    labels = np.zeros(hu.shape, np.uint8)
    for side in (1, 2):
        barred = outside | trachea | (sides == 3 - side)
        labels[_whole(hu, sides == side, sides == 3 - side, barred, side, size_mm)] = side
    aerated = np.clip((0.0 - hu) / (2.0 * abs(threshold)), 0.0, 1.0).astype(np.float32)
    share = _share(labels, sides, aerated)
    notes = tuple(_notes(labels, sides, hu, size_mm)) if labels.any() else ()
    return CoarseLungs(labels, share, _nearest(labels), trachea, notes)


def _whole(hu: FloatArray, air: Mask, other: Mask, barred: Mask, side: int, size_mm: float) -> Mask:
    """Return one lung with its vessels, nodules and opacities."""
    lung = _closed(air, barred, size_mm)
    if not lung.any():
        return lung
    opaque = opaque_lung(hu, lung, other, barred, side, size_mm)
    whole = _closed(lung | opaque, barred, size_mm) if opaque.any() else lung
    return whole | enclosed(hu, whole, barred, size_mm)


def _closed(lung: Mask, barred: Mask, size_mm: float) -> Mask:
    """Return `lung` with vessels, nodules at the pleura and holes closed."""
    if not lung.any():
        return lung
    box = bounding_box(lung, int(_CLOSING_MM / size_mm) + 2)
    closed = closed_mm(lung[box], _CLOSING_MM, (size_mm,) * 3)
    closed = ndimage.binary_fill_holes(closed)
    out = lung.copy()
    out[box] |= closed & ~barred[box]
    return out


def _share(labels: Labels, sides: Labels, aerated: FloatArray) -> FloatArray:
    """Return how much of each voxel is lung.

    Partial volume on the surface, whole inside and where tissue was closed in.
    """
    lung, air = labels > 0, sides > 0
    rim = lung & ndimage.binary_dilation(~lung)
    share = np.where(lung, np.float32(1.0), np.float32(0.0))
    share[rim & air] = aerated[rim & air]
    fringe = ~lung & ndimage.binary_dilation(air)
    share[fringe] = np.minimum(aerated[fringe], 0.5)
    return share


def _nearest(labels: Labels, reach: int = 3) -> Labels:
    """Return `labels` grown by `reach` voxels; each lung keeps what it reaches first."""
    out = labels.copy()
    for _ in range(reach):
        for side in (1, 2):
            grown = ndimage.binary_dilation(out == side)
            out[grown & (out == 0)] = side
    return out


def _notes(labels: Labels, sides: Labels, hu: FloatArray, size_mm: float) -> list[Note]:
    notes = []
    for side in (1, 2):
        lung = labels == side
        if lung.sum() * size_mm**3 < 50e3:
            notes.append(lung_absent(side))
            continue
        where = _cut_at(lung, hu, size_mm)
        if where:
            notes.append(lung_cut(side, where))
        share = 1.0 - float((lung & (hu < -300.0)).sum() / lung.sum())
        if share > _OPAQUE_SHARE:
            notes.append(lung_opaque(side, share))
    return notes


def _cut_at(lung: Mask, hu: FloatArray, size_mm: float) -> tuple[str, ...]:
    """Return where `lung` leaves the images: top, bottom, side."""
    least = _CUT_MM2 / size_mm**2
    where = []
    if lung[-1].sum() > least:
        where.append("top")
    if lung[0].sum() > least:
        where.append("bottom")
    edges = lung[:, [0, -1], :].sum() + lung[:, :, [0, -1]].sum()
    if edges > least:
        where.append("side")
    return tuple(where)
