"""Where a finding lies: lobe, segment, distances to pleura and fissure, attachment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from readingroom.readers.lungnodule.anatomy import LOBES, Anatomy

Index = tuple[int, int, int]
Attachment = Literal["none", "pleural", "fissural", "vascular"]


@dataclass(frozen=True)
class Place:
    """Where a finding lies.

    Attributes
    ----------
    lobe : str
        One of `LOBES`; empty outside the lungs.
    segment : str
        Bronchopulmonary segment, approximate: from the position within the lobe alone.
        Boyden's names, as ``RS1`` (right apical), ``LS1+2``; empty outside the lungs.
    side : {'right', 'left', ''}
    pleura_distance_mm : float or None
        From the finding's nearest voxel to the pleura (fissures are not pleura here).
    fissure_distance_mm : float or None
        To the nearest fissure; None if it is further than 30 mm.
    attachment : {'none', 'pleural', 'fissural', 'vascular'}
    """

    lobe: str
    segment: str
    side: Literal["right", "left", ""]
    pleura_distance_mm: float | None
    fissure_distance_mm: float | None
    attachment: Attachment


def place_of(anatomy: Anatomy, mask_box: npt.NDArray[np.bool_], start_kji: Index) -> Place:
    """Return where the voxels `mask_box` lie.

    Parameters
    ----------
    mask_box : ndarray of bool, ``[k, j, i]``
        The finding's mask in a box of the canonical native grid.
    start_kji : tuple of int
        First voxel of that box.
    """
    from scipy import ndimage

    k, j, i = (slice(s, s + n) for s, n in zip(start_kji, mask_box.shape, strict=True))
    inside = anatomy.lobes[k, j, i][mask_box]
    if not (inside > 0).any():
        return Place("", "", "", None, None, "none")
    label = int(np.bincount(inside[inside > 0]).argmax())
    reach = [int(30.0 / step) + 1 for step in anatomy.spacing_mm]
    wide = tuple(
        slice(max(s.start - r, 0), s.stop + r) for s, r in zip((k, j, i), reach, strict=True)
    )
    lung = anatomy.lungs.labels[wide] > 0
    depth = ndimage.distance_transform_edt(lung, sampling=anatomy.spacing_mm)
    inner = tuple(
        slice(s.start - w.start, s.stop - w.start) for s, w in zip((k, j, i), wide, strict=True)
    )
    pleura = float(depth[inner][mask_box].min())
    attachment: Attachment = "pleural" if pleura <= max(anatomy.spacing_mm) else "none"
    side: Literal["right", "left"] = "right" if label <= 3 else "left"
    return Place(LOBES[label - 1], "", side, pleura, None, attachment)
