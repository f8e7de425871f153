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
#: it from blur, hardly anything denser may cross the shell (a vessel's edge would), and it
#: must hang together: simulated halos did to 0.89 and more, the like about solid nodules to 0.84.
_HALO_HU, _HALO_SHARE, _FEWEST = 130.0, 0.7, 50
_LOPSIDED_SHARE, _FREE_OF_VESSELS, _ONE_PIECE = 0.48, 0.98, 0.87
_GLASS_HU = -300.0
#: The shell begins this many blurs outside the dense border and is this thick, mm.
_SHELL_START, _SHELL_MM = 1.3, 1.0
#: The same beside it, where only the blur of the plane matters.
_THIN_SHELL_MM = 0.7
#: On thicker slices than this a core smaller than this is looked beside, mm: around it the
#: blur across slices hides what is there, around a larger one it does not.
_THIN_SLICE_MM, _SMALL_MM = 1.6, 3.0
#: Slices and pixels up to these tell a halo on one side from blur (on slices above the thin
#: ones only beside the core), mm.
_FAIR_SLICE_MM, _FINE_PIXEL_MM = 2.1, 1.0
#: Sections of a body at least this share of its largest one are its middle.
_MIDDLE = 0.6


def halo_density(near: Surroundings, body: Body, background: float) -> float | None:
    """Return the density of the ground glass around a dense body, HU; None without any."""
    thin = near.spacing_mm[0] <= _THIN_SLICE_MM
    fine = max(near.spacing_mm[1:]) <= _FINE_PIXEL_MM
    found = _glass(near, _shell_around(near, body), background, lopsided=thin and fine)
    if found is not None or thin:
        return found
    small = body.radius_mm < _SMALL_MM
    if not (small or fine):
        return None
    beside = _shell_beside(near, body)
    lopsided = fine and near.spacing_mm[0] <= _FAIR_SLICE_MM
    return _glass(near, beside, background, lopsided=lopsided, even=small)


def _glass(
    near: Surroundings, shell: Mask, background: float, *, lopsided: bool, even: bool = True
) -> float | None:
    """Return the density of what is ground glass in a shell, if it fills enough of it.

    Parameters
    ----------
    lopsided, even : bool
        Whether a part of the shell will do; whether most of it may count without more ado.
    """
    place = shell & near.lung & (near.wall_mm > 2.0)
    pale = place & (near.hu < _GLASS_HU)
    glass = pale & (near.hu > background + _HALO_HU)
    here, count = int(pale.sum()), int(glass.sum())
    if here < _FEWEST:
        return None
    if even and count >= _HALO_SHARE * here:
        return float(np.median(near.hu[glass]))
    free = here >= _FREE_OF_VESSELS * int(place.sum())
    if lopsided and free and count >= _LOPSIDED_SHARE * here and _in_one_piece(glass):
        return float(np.median(near.hu[glass]))
    return None


def _in_one_piece(glass: Mask) -> bool:
    """Say whether nearly all of it hangs together; blur, noise and vessels lie about."""
    numbers, _ = ndimage.label(glass)
    pieces = np.bincount(numbers.ravel())[1:]
    return bool(pieces.max() >= _ONE_PIECE * pieces.sum())


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
