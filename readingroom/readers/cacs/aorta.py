"""The parts of the thoracic aorta, told apart by where its two limbs meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AorticParts:
    """Where the arch begins and which limb is which.

    Attributes
    ----------
    arch_from_z_mm : float
        LPS z above which the limbs join; infinite if the arch is not imaged.
    ascending_xy, descending_xy : ndarray or None
        Mean position of each limb, LPS mm; the descending limb is the posterior one.
    limbs_from_z_mm : float
        LPS z of the lowest slice with two limbs; all below it is descending aorta.
    """

    arch_from_z_mm: float
    limbs_from_z_mm: float
    ascending_xy: FloatArray | None
    descending_xy: FloatArray | None


def parts_of_aorta(
    aorta: npt.NDArray[np.bool_], origin_mm: FloatArray, spacing_mm: tuple[float, float, float]
) -> AorticParts:
    """Find the limbs of the `aorta` mask ``[k, j, i]`` on an axial LPS grid."""
    ascending, descending, two_limbs = [], [], []
    for k in np.flatnonzero(aorta.any((1, 2))):
        centres = _limbs(aorta[k], spacing_mm, origin_mm)
        if len(centres) >= 2:
            ascending.append(centres[0])
            descending.append(centres[-1])
            two_limbs.append(k)
        elif len(centres) == 1 and not two_limbs:
            descending.append(centres[0])
    top = max(two_limbs) if two_limbs else None
    highest = int(np.flatnonzero(aorta.any((1, 2))).max()) if aorta.any() else 0
    arch = np.inf if top is None or top >= highest else origin_mm[2] + (top + 0.5) * spacing_mm[0]
    lowest = origin_mm[2] + (two_limbs[0] - 0.5) * spacing_mm[0] if two_limbs else -np.inf
    return AorticParts(
        float(arch),
        float(lowest),
        np.mean(ascending, axis=0) if ascending else None,
        np.mean(descending, axis=0) if descending else None,
    )


def _limbs(
    slice_mask: npt.NDArray[np.bool_], spacing: tuple[float, float, float], origin: FloatArray
) -> list[FloatArray]:
    """Centres (x, y) of the components over 1 cm², anterior first, LPS mm."""
    components, count = ndimage.label(slice_mask)
    sizes = np.bincount(components.ravel())[1:]
    large = [c + 1 for c in range(count) if sizes[c] * spacing[1] * spacing[2] >= 100]
    centres = ndimage.center_of_mass(slice_mask, components, large) if large else []
    points = [
        np.array([i * spacing[2] + origin[0], j * spacing[1] + origin[1]]) for j, i in centres
    ]
    return sorted(points, key=lambda p: p[1])


def name_aortic_part(parts: AorticParts, point_mm: FloatArray) -> str:
    """Return ASCENDING_AORTA, ARCH or DESCENDING_AORTA for an LPS point."""
    if point_mm[2] > parts.arch_from_z_mm:
        return "ARCH"
    if parts.ascending_xy is None or parts.descending_xy is None:
        return "ASCENDING_AORTA" if parts.descending_xy is None else "DESCENDING_AORTA"
    if point_mm[2] < parts.limbs_from_z_mm:
        return "DESCENDING_AORTA"
    to_ascending = np.linalg.norm(point_mm[:2] - parts.ascending_xy)
    to_descending = np.linalg.norm(point_mm[:2] - parts.descending_xy)
    return "ASCENDING_AORTA" if to_ascending < to_descending else "DESCENDING_AORTA"
