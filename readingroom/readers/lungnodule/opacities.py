"""Lung without air at the chest wall: consolidation, effusion, collapse.

Thresholds lose it. Rays are sent from the lung's medial side backwards and sideways through
each slice: where one leaves aerated lung well before it reaches the ribs, what lies between
belongs to the pleural cavity. The ribs' inner surface is interpolated between ribs over
neighbouring rays and slices. Only slices in which much of this lung is still aerated are
looked at, so that the liver under the dome stays outside. Dense patches that lung surrounds
in a sagittal slice (around the hilum) belong to it too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.grids import bounding_box, convex

FloatArray = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_RAYS, _LENGTH_MM = 96, 190.0
#: The fan about the lateral direction, degrees, forwards negative: in front, cartilage does
#: not show where the chest wall begins, and what gravity collects lies behind.
_FAN_DEG = (0.0, 115.0)
_BONE_HU = 180.0
#: What may be opaque lung or fluid, HU (averaged); bone and metal are brighter, fat darker.
_OPAQUE_HU = (-400.0, 130.0)
#: Aerated lung a ray must have crossed, and a gap that is no chest wall, mm.
_CROSSED_MM, _GAP_MM = 18.0, 7.0
#: Share of the lung's largest cross-section that a slice must have.
_SECTION = 0.45
#: How far up and down the lung's outline is taken from, mm.
_OUTLINE_MM = 36.0
#: Largest patch that counts as surrounded; the hilum's vessels are no more, mm².
_HOLE_MM2 = 1000.0
#: Smaller patches are folds of the wall, mm³.
_LEAST_MM3 = 4e3


@dataclass(frozen=True)
class _Fan:
    """Rays through every slice of a box: voxel indices ``(slices, rays, steps)``."""

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    step_mm: float


def opaque_lung(
    hu: FloatArray, lung: Mask, other: Mask, barred: Mask, side: int, size_mm: float
) -> Mask:
    """Return what belongs to the lung beyond `lung`, its aerated part.

    Parameters
    ----------
    hu : ndarray of float32, ``[k, j, i]``
        Canonical axes, isotropic grid of `size_mm`.
    lung : ndarray of bool
        The aerated lung with its vessels closed in.
    other : ndarray of bool
        The other lung: mirrored, it shows how wide the chest is where this one is dense.
    barred : ndarray of bool
        What is no lung: room air, airways, the other lung.
    side : {1, 2}
        Right or left.
    """
    added = np.zeros(lung.shape, bool)
    slices = _large_slices(lung)
    if len(slices) < 4:
        return added
    fan = _fan(lung, side, size_mm)
    for_rays = np.ix_(slices)[0][:, None, None]
    inside = lung[for_rays, fan.rows, fan.columns]
    density = hu[for_rays, fan.rows, fan.columns]
    steps = np.arange(inside.shape[2])
    leaves = np.where(inside.any(2), inside.shape[2] - 1 - inside[:, :, ::-1].argmax(2), -1)
    ribs = _rib_surface(density > _BONE_HU, steps > leaves[..., None], size_mm)
    wall = _wall_steps(ribs, leaves)
    crossed = inside.sum(2) * size_mm
    between = (steps > leaves[..., None]) & (steps < (ribs - wall)[..., None])
    gap = (ribs - wall - leaves) * size_mm
    believed = (crossed > _CROSSED_MM) & (gap > _GAP_MM) & (ribs < inside.shape[2])
    wanted = between & believed[..., None]
    wanted &= (density > _OPAQUE_HU[0]) & (density < _OPAQUE_HU[1])
    where = np.broadcast_to(for_rays, wanted.shape)[wanted]
    rows, columns = (np.broadcast_to(x, wanted.shape)[wanted] for x in (fan.rows, fan.columns))
    added[where, rows, columns] = True
    _keep_within_outline(added, lung | _mirrored(other, lung), int(_OUTLINE_MM / size_mm))
    return _tidied(added, lung, barred, size_mm)


def _mirrored(other: Mask, lung: Mask) -> Mask:
    """Return the other lung turned over to this side, the lateral edges as the frame."""
    if not other.any():
        return other
    columns = np.flatnonzero((other | lung).any(axis=(0, 1)))
    index = columns[0] + columns[-1] - np.arange(other.shape[2])
    inside = (index >= 0) & (index < other.shape[2])
    out = np.zeros_like(other)
    out[:, :, inside] = other[:, :, index[inside]]
    return out


def _keep_within_outline(added: Mask, lung: Mask, reach: int) -> None:
    """Drop what lies beyond the convex outline of the lung on the slices nearby.

    The chest wall changes slowly along the body: where a rib is missed, the next bone is the
    scapula's, and the armpit would be taken in.
    """
    for k in np.flatnonzero(added.any((1, 2))):
        near = np.asarray(lung[max(k - reach, 0) : k + reach + 1].any(axis=0))
        added[k] &= ndimage.binary_dilation(convex(near))


def _large_slices(lung: Mask) -> npt.NDArray[np.intp]:
    area = lung.sum((1, 2))
    return np.flatnonzero(area > _SECTION * max(int(area.max()), 1))


def _fan(lung: Mask, side: int, size_mm: float) -> _Fan:
    """Return rays from the middle of the lung's medial border outwards."""
    _, j, i = bounding_box(lung)
    outward = -1.0 if side == 1 else 1.0
    origin = (0.5 * (j.start + j.stop), float(i.stop - 1 if side == 1 else i.start))
    angles = np.deg2rad(np.linspace(*_FAN_DEG, _RAYS))
    radii = np.arange(int(_LENGTH_MM / size_mm))
    rows = np.rint(origin[0] + np.sin(angles)[:, None] * radii).astype(np.intp)
    columns = np.rint(origin[1] + outward * np.cos(angles)[:, None] * radii).astype(np.intp)
    return _Fan(
        np.clip(rows, 0, lung.shape[1] - 1)[None],
        np.clip(columns, 0, lung.shape[2] - 1)[None],
        size_mm,
    )


def _rib_surface(bone: Mask, beyond: Mask, size_mm: float) -> FloatArray:
    """Return the step at which each ray meets the rib cage, interpolated between ribs."""
    hit = bone & beyond
    first = np.where(hit.any(2), hit.argmax(2), np.nan).astype(np.float32)
    reach = (int(15.0 / size_mm), 5)
    filled = np.where(np.isnan(first), np.float32(bone.shape[2]), first)
    size = (2 * reach[0] + 1, 2 * reach[1] + 1)
    return np.asarray(ndimage.percentile_filter(filled, 20, size=size), np.float32)


def _wall_steps(ribs: FloatArray, leaves: npt.NDArray[np.intp]) -> float:
    """Return how far inside the ribs lung usually ends on this patient, in steps."""
    gaps = (ribs - leaves)[(leaves > 0) & (ribs - leaves > 0)]
    return float(np.percentile(gaps, 35)) if len(gaps) else 2.0


def _tidied(added: Mask, lung: Mask, barred: Mask, size_mm: float) -> Mask:
    """Close the gaps between rays; drop thin and small patches."""
    solid = ndimage.binary_closing(added, iterations=2) & ~lung & ~barred
    solid = ndimage.binary_opening(solid, iterations=1)
    numbers, _ = ndimage.label(solid)
    volumes = np.bincount(numbers.ravel()) * size_mm**3
    volumes[0] = 0
    return np.asarray((volumes > _LEAST_MM3)[numbers])


def enclosed(hu: FloatArray, lung: Mask, barred: Mask, size_mm: float) -> Mask:
    """Return the dense patches that `lung` surrounds in sagittal slices, not too large.

    Axial slices will not do: there the lung surrounds the liver's dome.
    """
    dense = (hu > _OPAQUE_HU[0]) & (hu < _OPAQUE_HU[1]) & ~barred
    added = np.zeros(lung.shape, bool)
    for i in np.flatnonzero(lung.any((0, 1))):
        holes = ndimage.binary_fill_holes(lung[:, :, i]) & ~lung[:, :, i]
        numbers, _ = ndimage.label(holes)
        area = np.bincount(numbers.ravel()) * size_mm**2
        area[0] = np.inf
        added[:, :, i] = (area < _HOLE_MM2)[numbers] & dense[:, :, i]
    return added
