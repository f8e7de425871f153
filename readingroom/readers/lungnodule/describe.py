"""What a nodule looks like: type, calcification, fat, margin, shape, texture."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule import margin
from readingroom.readers.lungnodule.calcification import (
    calcium,
    calcium_share,
    has_fat,
    lucency,
    pattern,
)
from readingroom.readers.lungnodule.characteristics import characteristics
from readingroom.readers.lungnodule.density import (
    Densities,
    Spacing,
    Window,
)
from readingroom.readers.lungnodule.nodule import SOLID_HU, Nodule
from readingroom.readers.lungnodule.texture import texture

__all__ = ["TYPES", "NoduleType", "describe", "description", "nodule_type"]

Index = tuple[int, int, int]
Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
NoduleType = Literal["solid", "part_solid", "ground_glass", "calcified"]

TYPES: tuple[NoduleType, ...] = ("solid", "part_solid", "ground_glass", "calcified")

#: Calcified voxels that make a nodule "calcified" rather than "solid", share.
_CALCIFIED = 0.1
#: Ground glass, where the grey value stays, lies between lung and solid tissue, HU.
_GLASS_ABOVE_LUNG_HU = 130.0
#: A halo thinner than this is blur, mm.
_BLUR_RIM_MM = 1.3
#: The outermost part of a generous outline is half lung, mm.
_BORDER_RIM_MM = 0.5
#: With less ground glass than this a nodule is solid.
_FEW = 0.12


def describe(
    hu: npt.NDArray[np.generic],
    spacing_mm: Spacing,
    mask_box: Mask,
    start_kji: Index,
    *,
    type: str | None = None,
) -> dict[str, Any]:
    """Describe one nodule.

    Parameters
    ----------
    hu, spacing_mm, mask_box, start_kji
        As for `measure.measure`.
    type : str, optional
        The type that a person chose; otherwise `nodule_type`.

    Returns
    -------
    dict
        ``type``; ``calcification`` (pattern) and ``calcified_share``; ``fat`` (bool);
        ``lucency``; ``margin`` (``sharp``, ``fair``, ``ill_defined``), ``edge_sharpness``
        (1/mm); ``lobulation`` and ``lobulation_index``; ``spiculation`` (both ``none``,
        ``slight``, ``marked``) and ``spicules``; ``sphericity`` (Wadell), ``axis_ratio``;
        ``texture`` (IBSI features) and ``characteristics`` (LIDC scales).
    """
    return description(Nodule.of(hu, spacing_mm, mask_box, start_kji), type=type)


def description(nodule: Nodule, *, type: str | None = None) -> dict[str, Any]:
    """Return what `describe` returns."""
    place, found, share, solid = nodule.place, nodule.found, nodule.share, nodule.solid
    calcified = calcium(place)
    chosen = type or nodule_type(place, found, solid, calcified)
    rays = margin.cast(place, found, share)
    measured = {
        "axis_ratio": axis_ratio(place),
        "edge_sharpness": margin.edge_sharpness(rays),
        "lobulation_index": margin.lobulation_index(place, rays),
        "spicules": margin.spicules(place, found),
    }
    calcium_pattern = pattern(place, calcified)
    rated = characteristics(
        **measured,  # type: ignore[arg-type]
        nodule_type=chosen,
        solid_share=float(solid.sum() / max(int(place.mask.sum()), 1)),
        calcification=calcium_pattern,
    )
    return {
        "type": chosen,
        "calcification": calcium_pattern,
        "calcified_share": calcium_share(place, calcified),
        "fat": has_fat(place),
        "lucency": lucency(place, found),
        "margin": _margin_word(rated["margin"]),
        "lobulation": _degree(rated["lobulation"]),
        "spiculation": _degree(rated["spiculation"]),
        "sphericity": nodule.surface.sphericity,
        **measured,
        "texture": texture(place.hu, place.mask),
        "characteristics": rated,
    }


def nodule_type(place: Window, found: Densities, solid: Mask, calcified: Mask) -> NoduleType:
    """Return the type of a nodule.

    Calcified from a tenth of calcium. Otherwise by what is ground glass: voxels below -300
    HU that are neither on the blurred border of the nodule nor of its solid part.

    Parameters
    ----------
    solid, calcified : ndarray of bool, ``[k, j, i]``
        On the grid of `place`, see `measure.solid_part` and `calcification.calcium`.
    """
    if calcium_share(place, calcified) >= _CALCIFIED:
        return "calcified"
    if not solid.any():
        # A small or thinly sampled solid nodule never shows its density.
        return "solid" if found.core > SOLID_HU else "ground_glass"
    glass = _glass(place, found, solid)
    share = float(glass.sum() / max(int(place.mask.sum()), 1))
    if share < _FEW:
        return "solid"
    return "part_solid"


def _glass(place: Window, found: Densities, solid: Mask) -> Mask:
    """Return the ground glass: beyond the blurred rim of the solid part."""
    half = float(np.mean(place.spacing_mm[1:])) / 2
    from_solid = ndimage.distance_transform_edt(~solid, place.spacing_mm) - half
    rim = max(_BLUR_RIM_MM, place.spacing_mm[0] * 0.75)
    lowest = found.background + _GLASS_ABOVE_LUNG_HU
    smooth = ndimage.gaussian_filter(place.hu, [0.5 / s for s in place.spacing_mm])
    within = (smooth > lowest) & (smooth <= SOLID_HU)
    inside = place.mask & (place.distance_mm > _BORDER_RIM_MM)
    return np.asarray(inside & within & (from_solid > rim))


def axis_ratio(place: Window) -> float:
    """Return shortest over longest principal axis of the mask, 0…1 (1 is round).

    From the second moments, the voxels' own extent included, so that a single voxel has
    its own shape.
    """
    at = np.argwhere(place.mask) * np.asarray(place.spacing_mm)
    own = np.diag(np.square(place.spacing_mm) / 12)
    spread = np.cov(at.T, bias=True) + own if len(at) > 1 else own
    lengths = np.sqrt(np.clip(np.linalg.eigvalsh(spread), 0, None))
    return float(lengths[0] / lengths[-1])


def _margin_word(rating: float) -> str:
    return "ill_defined" if rating < 2.5 else "fair" if rating < 3.75 else "sharp"


def _degree(rating: float) -> str:
    return "none" if rating < 2.0 else "slight" if rating < 3.5 else "marked"
