"""Where a finding lies: lobe, segment, distances to pleura and fissure, attachment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

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
_REACHES_MM = ((15.0, 0.0), (100.0, 2.5))
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
    pleura = _gap(
        anatomy, mask_box, (k, j, i), lambda box: np.asarray(anatomy.lungs.labels[box] != lung)
    )
    fissure = _gap(anatomy, mask_box, (k, j, i), lambda box: _other_lobe(anatomy, box, label))
    if fissure is not None and fissure > _FISSURE_REACH_MM:
        fissure = None
    attachment = _attachment(anatomy, mask_box, (k, j, i), pleura, fissure)
    segment = segment_of(LOBES[label - 1], *_in_lobe(anatomy, label, mask_box, start_kji))
    side: Side = "right" if lung == 1 else "left"
    return Place(LOBES[label - 1], segment, side, pleura, fissure, attachment)


def _other_lobe(anatomy: Anatomy, box: Box, label: int) -> Mask:
    """Return the other lobes of the same lung."""
    lobes = anatomy.lobes[box]
    first, last = (1, 3) if label <= 3 else (4, 5)
    return np.asarray((lobes >= first) & (lobes <= last) & (lobes != label))


def _gap(anatomy: Anatomy, mask: Mask, box: Box, target_in: Callable[[Box], Mask]) -> float | None:
    """Return the gap between `mask` and a target, mm; None if it is out of reach.

    Nearby on the scan's own voxels; farther away every few voxels do.
    """
    spacing = anatomy.spacing_mm
    for reach, step in _REACHES_MM:
        wide = _widened(box, reach, spacing, anatomy.lobes.shape)
        stride = tuple(max(int(step / s), 1) for s in spacing)
        thin = tuple(slice(None, None, n) for n in stride)
        target = target_in(wide)
        own = np.zeros(target.shape, bool)
        own[inside_of(box, wide)] = mask
        sampling = [n * s for n, s in zip(stride, spacing, strict=True)]
        found = _distance(own, target & ~own, thin, sampling)
        if found is not None and found <= reach:
            return round(max(found - min(spacing), 0.0), 2)
    return None


def _distance(
    own: Mask, target: Mask, thin: tuple[slice, ...], sampling: list[float]
) -> float | None:
    """Return the least distance between voxel centres of two masks, thinned out."""
    sparse = target[thin]
    places = own[thin]
    if not places.any():
        # Thinning may lose a small finding; its middle stands for it.
        middle = np.argwhere(own).mean(0)
        at = tuple(
            min(int(m / t.step), n - 1) for m, t, n in zip(middle, thin, places.shape, strict=True)
        )
        places = np.zeros_like(places)
        places[at] = True
    if not sparse.any():
        return None
    return float(ndimage.distance_transform_edt(~sparse, sampling=sampling)[places].min())


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
