"""Ground glass around a dense body: what lies just outside its blurred border."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.blurredball import scan_sigma
from readingroom.readers.lungnodule.outlinecut import Body
from readingroom.readers.lungnodule.outlinegrid import Surroundings

Mask = npt.NDArray[np.bool_]

#: A halo of ground glass: its contrast to the lung and the share of the shell it fills. Of a
#: core beside the nodule's border it fills less; then the voxels must be small enough to tell
#: it from blur, and hardly anything denser may cross the shell, or it is a vessel's edge.
_HALO_HU, _HALO_SHARE = 130.0, 0.7
_LOPSIDED_SHARE, _FREE_OF_VESSELS = 0.42, 0.98
_GLASS_HU = -300.0
#: The shell begins this many blurs outside the dense border and is this thick, mm.
_SHELL_START, _SHELL_MM = 1.3, 1.0
#: The same beside it, where only the blur of the plane matters.
_THIN_SHELL_MM = 0.7
#: On thicker slices than this a core smaller than this is looked beside, mm: around it the
#: blur across slices hides what is there, around a larger one it does not.
_THIN_SLICE_MM, _SMALL_MM = 1.6, 3.0
#: Sections of a body at least this share of its largest one are its middle.
_MIDDLE = 0.6


def halo_density(near: Surroundings, body: Body, background: float) -> float | None:
    """Return the density of the ground glass around a dense body, HU; None without any."""
    shells = [_shell_around(near, body)]
    if near.spacing_mm[0] > _THIN_SLICE_MM and body.radius_mm < _SMALL_MM:
        shells.append(_shell_beside(near, body))
    sharp = max(near.spacing_mm) <= _THIN_SLICE_MM
    for shell in shells:
        values = near.hu[shell & near.lung & (near.wall_mm > 2.0)]
        pale = values[values < _GLASS_HU]
        if len(pale) < 50:
            continue
        glass = pale[pale > background + _HALO_HU]
        free = sharp and len(pale) >= _FREE_OF_VESSELS * len(values)
        if len(glass) >= (_LOPSIDED_SHARE if free else _HALO_SHARE) * len(pale):
            return float(np.median(glass))
    return None


def _shell_around(near: Surroundings, body: Body) -> Mask:
    outside = ndimage.distance_transform_edt(~body.mask) * near.step_mm
    start = _SHELL_START * scan_sigma(near.spacing_mm)
    return np.asarray((outside > start) & (outside < start + _SHELL_MM))


def _shell_beside(near: Surroundings, body: Body) -> Mask:
    """Return what lies beside a body on the slices of its middle, close to it.

    Above and below, the blur across slices would hide a small halo.
    """
    pixel = (near.spacing_mm[1] + near.spacing_mm[2]) / 2
    outside = _beside(body.mask) * near.step_mm
    start = _SHELL_START * scan_sigma((pixel, pixel, pixel))
    return np.asarray((outside > start) & (outside < start + _THIN_SHELL_MM))


def _beside(mask: Mask) -> npt.NDArray[np.float64]:
    """Return the distance to a body within its larger axial sections, voxels; 0 elsewhere."""
    away = np.zeros(mask.shape)
    areas = mask.sum(axis=(1, 2))
    for k in np.flatnonzero(areas > _MIDDLE * areas.max()):
        away[k] = ndimage.distance_transform_edt(~mask[k])
    return away
