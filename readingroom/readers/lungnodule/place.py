"""Where a finding lies: lobe, segment, distances to pleura and fissure, attachment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from readingroom.readers.lungnodule.anatomy import LOBES, Anatomy
from readingroom.readers.lungnodule.grids import Box, dilated_mm, inside_of
from readingroom.readers.lungnodule.segments import segment_of

Index = tuple[int, int, int]
Mask = npt.NDArray[np.bool_]
Side = Literal["right", "left", ""]
Attachment = Literal["none", "pleural", "fissural", "vascular"]

#: A gap up to this is contact, mm; vessel beside the finding from this volume on, mm³.
_CONTACT_MM, _VESSEL_MM3 = 1.0, 4.0
#: Half-widths of the boxes in which distances are looked for, mm, and the step in each.
_REACHES_MM = ((15.0, 0.0), (40.0, 1.5), (100.0, 4.0))
#: A fissure further away than this is not told, mm.
_FISSURE_REACH_MM = 30.0


@dataclass(frozen=True)
class Place:
    """Where a finding lies.

    Attributes
    ----------
    lobe : str
        One of `LOBES`; empty outside the lungs.
    segment : str
        Bronchopulmonary segment, approximate: from the position within the lobe alone (see
        `readingroom.readers.lungnodule.segments`); empty outside the lungs.
    side : {'right', 'left', ''}
    pleura_distance_mm : float or None
        Gap between the finding and the lung's surface; 0 where it touches. Fissures are
        not counted.
    fissure_distance_mm : float or None
        Gap to the nearest fissure; None if it is further than 30 mm.
    attachment : {'none', 'pleural', 'fissural', 'vascular'}
        What the finding touches; pleura before fissure before vessel.
    """

    lobe: str
    segment: str
    side: Side
    pleura_distance_mm: float | None
    fissure_distance_mm: float | None
    attachment: Attachment


def place_of(anatomy: Anatomy, mask_box: Mask, start_kji: Index) -> Place:
    """Return where the voxels `mask_box` lie.

    Parameters
    ----------
    mask_box : ndarray of bool, ``[k, j, i]``
        The finding's mask in a box of the canonical native grid.
    start_kji : tuple of int
        First voxel of that box.
    """
    k, j, i = (slice(s, s + n) for s, n in zip(start_kji, mask_box.shape, strict=True))
    inside = anatomy.lobes[k, j, i][mask_box]
    if not (inside > 0).any():
        return Place("", "", "", None, None, "none")
    label = int(np.bincount(inside[inside > 0]).argmax())
    lung = 1 if label <= 3 else 2
    box = (k, j, i)
    pleura = _gap(anatomy, mask_box, box, lambda at: np.asarray(anatomy.lungs.labels[at] != lung))
    fissure = _gap(
        anatomy, mask_box, box, lambda at: _other_lobe(anatomy, at, label), _FISSURE_REACH_MM
    )
    attachment = _attachment(anatomy, mask_box, box, pleura, fissure)
    segment = segment_of(LOBES[label - 1], *_in_lobe(anatomy, label, mask_box, start_kji))
    side: Side = "right" if lung == 1 else "left"
    return Place(LOBES[label - 1], segment, side, pleura, fissure, attachment)


def _other_lobe(anatomy: Anatomy, box: Box, label: int) -> Mask:
    """Return the other lobes of the same lung."""
    lobes = anatomy.lobes[box]
    first, last = (1, 3) if label <= 3 else (4, 5)
    return np.asarray((lobes >= first) & (lobes <= last) & (lobes != label))


def _gap(
    anatomy: Anatomy,
    mask: Mask,
    box: Box,
    target_in: Callable[[Box], Mask],
    limit_mm: float = _REACHES_MM[-1][0],
) -> float | None:
    """Return the gap between `mask` and a target, mm; None if it is farther than `limit_mm`.

    Nearby on the scan's own voxels; farther away every few voxels do.
    """
    spacing = anatomy.spacing_mm
    for reach, step in _REACHES_MM:
        wide = _widened(box, reach, spacing, anatomy.lobes.shape)
        stride = [max(int(step / s), 1) for s in spacing]
        k, j, i = (slice(w.start, w.stop, n) for w, n in zip(wide, stride, strict=True))
        target = target_in((k, j, i))
        own = _thinned(mask, box, wide, stride, target.shape)
        sampling = [n * s for n, s in zip(stride, spacing, strict=True)]
        found = _distance(own, target & ~own, sampling)
        if found is not None and found <= reach:
            gap = max(found - min(spacing), 0.0)
            return round(gap, 2) if gap <= limit_mm else None
        if reach >= limit_mm:
            break
    return None


def _thinned(mask: Mask, box: Box, wide: Box, stride: list[int], shape: tuple[int, ...]) -> Mask:
    """Return `mask` on every few voxels of `wide`; its middle where none of them is met."""
    own = np.zeros(shape, np.bool_)
    offset = [b.start - w.start for b, w in zip(box, wide, strict=True)]
    at = np.argwhere(mask) + offset
    met = at[(at % stride == 0).all(axis=1)]
    if not len(met):
        met = np.rint(at.mean(axis=0) / stride).astype(int)[None] * stride
    k, j, i = np.minimum(met // stride, np.array(shape) - 1).T
    own[k, j, i] = True
    return own


def _distance(own: Mask, target: Mask, sampling: list[float]) -> float | None:
    """Return the least distance between voxel centres of two masks, mm."""
    if not target.any():
        return None
    # Only what lies on the target's surface can be nearest; each of it to the nodule's voxels.
    rim = target & ndimage.binary_dilation(~target, ndimage.generate_binary_structure(3, 3))
    own_rim = own & ndimage.binary_dilation(~own)
    tree = cKDTree(np.argwhere(own_rim) * sampling)
    nearest, _ = tree.query(np.argwhere(rim) * sampling)
    return float(nearest.min())


def _widened(
    box: Box, reach: float, spacing: tuple[float, float, float], shape: tuple[int, ...]
) -> Box:
    k, j, i = (
        slice(max(b.start - int(reach / s) - 1, 0), min(b.stop + int(reach / s) + 1, n))
        for b, s, n in zip(box, spacing, shape, strict=True)
    )
    return k, j, i


def _attachment(
    anatomy: Anatomy, mask: Mask, box: Box, pleura: float | None, fissure: float | None
) -> Attachment:
    if pleura is not None and pleura <= _CONTACT_MM:
        return "pleural"
    if fissure is not None and fissure <= _CONTACT_MM:
        return "fissural"
    wide = _widened(box, 3.0, anatomy.spacing_mm, anatomy.lobes.shape)
    own = np.zeros(anatomy.lobes[wide].shape, bool)
    own[inside_of(box, wide)] = mask
    near = dilated_mm(own, max(1.6, max(anatomy.spacing_mm)), anatomy.spacing_mm) & ~own
    beside = float((near & anatomy.vessels[wide]).sum() * np.prod(anatomy.spacing_mm))
    return "vascular" if beside >= _VESSEL_MM3 else "none"


def _in_lobe(anatomy: Anatomy, label: int, mask: Mask, start: Index) -> tuple[float, float, float]:
    """Return where the finding's centre lies in its lobe's box: up, back, out, 0…1."""
    box = anatomy.lobe_boxes[label - 1]
    if box is None:
        return 0.5, 0.5, 0.5
    centre = np.argwhere(mask).mean(0) + start
    up, back, left = (
        float(np.clip((c - b.start + 0.5) / (b.stop - b.start), 0, 1))
        for c, b in zip(centre, box, strict=True)
    )
    return up, back, (1.0 - left if label <= 3 else left)
