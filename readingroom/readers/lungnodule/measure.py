"""Image and mask in, numbers out: the size and density of a nodule, pure functions.

Definitions with their sources: ``Docs/clinical/lungnodule.md``. Everything works in the
nodule's own surroundings, so that re-measuring a corrected mask never walks the volume.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.density import (
    Fractions,
    Spacing,
    Window,
    recovery,
    window,
)
from readingroom.readers.lungnodule.nodule import (
    SOLID_HU,
    Nodule,
    edge_axes,
    equivalent_diameter,
    solid_voxels,
)
from readingroom.readers.lungnodule.shape import Axes, diameter_3d
from readingroom.reading import Measurement

__all__ = [
    "Axes",
    "axes",
    "bounding_box",
    "equivalent_diameter",
    "fleischner_diameter",
    "lung_rads_diameter",
    "measure",
    "measurements",
    "solid_part",
    "sphere_volume",
]

Index = tuple[int, int, int]
Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

#: By how much a surface may lie wrong, as a share of the voxel's size: the standard
#: deviation of a position rounded to a tenth of the voxel, and what the repeatability of
#: simulated nodules asked for (Docs/validation.md).
_SURFACE_SHARE = 0.06
#: Noise of neighbouring voxels goes together; effective number of voxels per noise grain.
_GRAIN = 4.0
#: How much of the unevenness inside counts as uncertainty of the border's density.
_UNEVEN = 0.4
_BORDER = "border voxels by partial volume (Kuhnigk 2006)"


def measure(
    hu: npt.NDArray[np.generic],
    spacing_mm: Spacing,
    mask_box: Mask,
    start_kji: Index,
    *,
    solid_mask: Mask | None = None,
) -> dict[str, Measurement]:
    """Measure one nodule.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        The whole image, HU.
    spacing_mm : tuple of float
        Distance between voxel centres along ``(k, j, i)``, mm.
    mask_box : ndarray of bool, ``[k, j, i]``
        The nodule inside its box, at least one voxel.
    start_kji : tuple of int
        First voxel of the box in `hu`.
    solid_mask : ndarray of bool, optional
        The solid part on the box, where a person outlined it; otherwise `solid_part`.

    Returns
    -------
    dict of str to Measurement
        ``long_axis_diameter``, ``short_axis_diameter``, ``mean_diameter``,
        ``maximum_3d_diameter``, ``equivalent_diameter``, ``solid_mean_diameter`` (mm),
        ``volume``, ``volume_uncertainty``, ``solid_volume`` (mm3), ``surface_area`` (mm2),
        ``mean_density``, ``density_sd``, ``minimum_density``, ``maximum_density`` (HU),
        ``mass`` (mg), ``voxels`` (1).
    """
    nodule = Nodule.of(hu, spacing_mm, mask_box, start_kji)
    if solid_mask is None:
        return measurements(nodule)
    drawn = np.zeros_like(nodule.place.mask)
    drawn[nodule.place.box(start_kji, mask_box.shape)] = solid_mask
    return measurements(nodule, drawn)


def measurements(nodule: Nodule, drawn_solid: Mask | None = None) -> dict[str, Measurement]:
    """Return the measurements of `measure`.

    Parameters
    ----------
    drawn_solid : ndarray of bool, optional
        The solid part that a person drew, on the grid of ``nodule.place``.
    """
    solid = _solid(nodule) if drawn_solid is None else _drawn_solid(nodule.place, drawn_solid)
    return _diameters(nodule) | _volumes(nodule) | solid | _density(nodule)


def axes(
    hu: npt.NDArray[np.generic], spacing_mm: Spacing, mask_box: Mask, start_kji: Index
) -> Axes:
    """Return the bidimensional lines of a nodule in voxel indices of `hu` (see `measure`)."""
    return Nodule.of(hu, spacing_mm, mask_box, start_kji).axes


def bounding_box(mask_box: Mask, start_kji: Index) -> tuple[Index, Index]:
    """Return first and last voxel ``(k, j, i)`` of a mask, both inclusive.

    Raises
    ------
    ValueError
        If the mask is empty.
    """
    at = np.argwhere(mask_box)
    if not len(at):
        raise ValueError("the mask is empty")
    low, high = at.min(axis=0) + start_kji, at.max(axis=0) + start_kji
    return (int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2]))


def lung_rads_diameter(millimetres: float) -> float:
    """Return a mean diameter as Lung-RADS v2022 reports it: to one decimal, halves up."""
    return math.floor(millimetres * 10 + 0.5) / 10


def fleischner_diameter(millimetres: float) -> int:
    """Return a mean diameter as Fleischner 2017 reports it: to the whole mm, halves up."""
    return math.floor(millimetres + 0.5)


def sphere_volume(diameter_mm: float) -> float:
    """Return the volume of a sphere, mm3."""
    return float(math.pi / 6 * diameter_mm**3)


def solid_part(
    hu: npt.NDArray[np.generic], spacing_mm: Spacing, mask_box: Mask, start_kji: Index
) -> Mask:
    """Return the solid part of a nodule (see `nodule.solid_voxels`), ``[k, j, i]`` on the box."""
    place = window(hu, spacing_mm, mask_box, start_kji, margin_mm=3.0)
    return solid_voxels(place)[place.box(start_kji, mask_box.shape)]


def _diameters(nodule: Nodule) -> dict[str, Measurement]:
    found, hull = nodule.axes, nodule.surface
    rule = "axial slice where the long axis is longest; Lung-RADS v2022, Fleischner 2017"
    return {
        "long_axis_diameter": Measurement(value=found.long_mm, unit="mm", method=rule),
        "short_axis_diameter": Measurement(
            value=found.short_mm, unit="mm", method="longest chord perpendicular, same slice"
        ),
        "mean_diameter": Measurement(
            value=found.mean_mm, unit="mm", method="mean of long and short axis"
        ),
        "maximum_3d_diameter": Measurement(
            value=diameter_3d(hull.vertices_mm), unit="mm", method="surface to surface"
        ),
        "surface_area": Measurement(
            value=hull.area_mm2, unit="mm2", method="marching cubes at half nodule"
        ),
    }


def _volumes(nodule: Nodule) -> dict[str, Measurement]:
    volume = nodule.volume_mm3
    return {
        "volume": Measurement(value=volume, unit="mm3", method=_BORDER),
        "volume_uncertainty": Measurement(
            value=_uncertainty(nodule),
            unit="mm3",
            method="standard uncertainty: noise, surface position, density of small nodules",
        ),
        "equivalent_diameter": Measurement(
            value=equivalent_diameter(volume), unit="mm", method="sphere of equal volume"
        ),
    }


def _uncertainty(nodule: Nodule) -> float:
    """Return the standard uncertainty of a volume within one scan, mm3.

    Noise of the shared voxels; a surface that may lie `_SURFACE_SHARE` of a voxel off
    (first order: area times displacement); the share of a small nodule's contrast that was
    inferred rather than seen; the density of the nodule, known from few voxels. Combined in
    squares (GUM).
    """
    place, found = nodule.place, nodule.found
    shared = int(nodule.share.shared.sum())
    noise = found.noise / found.contrast * math.sqrt(shared * _GRAIN) * place.voxel_mm3
    size = place.voxel_mm3 ** (1 / 3)
    position = nodule.surface.area_mm2 * _SURFACE_SHARE * size
    inferred = _inferred_share(nodule) * nodule.volume_mm3
    level = _level_share(nodule) * float(nodule.share.values[nodule.share.shared].sum())
    parts = (noise, position, inferred, level * place.voxel_mm3)
    return math.sqrt(sum(part**2 for part in parts))


def _level_share(nodule: Nodule) -> float:
    """Return the relative uncertainty of the contrast, from the voxels that show it.

    Matters for ground glass: little contrast, so that an error of the nodule's density moves
    the share of every border voxel alike. In an uneven nodule (ground glass around a core,
    calcium) the density at the border is known worse than inside.
    """
    inside = nodule.place.hu[nodule.place.mask & ~nodule.share.shared]
    noise = nodule.found.noise / nodule.found.contrast
    random = noise * math.sqrt(_GRAIN / max(inside.size, 1))
    spread = float(inside.std()) / nodule.found.contrast if inside.size else 0.0
    return math.hypot(random, _UNEVEN * max(spread - noise, 0.0))


def _inferred_share(nodule: Nodule) -> float:
    """Return the relative uncertainty that an inferred density brings, 0 where it was seen."""
    if not nodule.found.recovered:
        return 0.0
    seen = float(recovery(equivalent_diameter(nodule.volume_mm3), nodule.place.spacing_mm))
    return 0.06 + 0.5 * (1 - seen)


def _solid(nodule: Nodule) -> dict[str, Measurement]:
    """Return volume (mm3) and mean diameter (mm) of the solid part that was measured."""
    values = solid_share(nodule.place, nodule.share, nodule.solid)
    method = f"above {SOLID_HU:g} HU (Scholten 2015); {_BORDER}"
    return _solid_measurements(values, nodule.solid, nodule.place, method)


def _drawn_solid(place: Window, solid: Mask) -> dict[str, Measurement]:
    """Return the same of a drawn solid part: its own voxels, neither more nor less."""
    method = "voxels drawn by a person"
    return _solid_measurements(solid.astype(np.float64), solid, place, method)


def _solid_measurements(
    values: FloatArray, solid: Mask, place: Window, method: str
) -> dict[str, Measurement]:
    volume = float(values.sum()) * place.voxel_mm3
    diameter = edge_axes(values, volume, place).mean_mm if solid.any() else 0.0
    return {
        "solid_volume": Measurement(value=volume, unit="mm3", method=method),
        "solid_mean_diameter": Measurement(value=diameter, unit="mm", method=method),
    }


def solid_share(place: Window, share: Fractions, solid: Mask) -> FloatArray:
    """Return how much of each voxel belongs to the solid part, 0…1.

    Where the solid part reaches the nodule's border its surface is the nodule's; inside,
    each voxel counts whole.
    """
    near = ndimage.binary_dilation(solid, ndimage.generate_binary_structure(3, 3))
    rim = share.shared & near & ~solid
    glass = place.mask & ~solid & ~share.shared
    rim &= ~ndimage.binary_dilation(glass)
    return np.asarray(np.where(solid | rim, share.values, 0.0))


def _density(nodule: Nodule) -> dict[str, Measurement]:
    place = nodule.place
    values = place.hu[place.mask]
    # (HU + 1000) / 1000 is the density in mg/mm3 where 0 HU is water and -1000 air.
    mass = float(np.sum(nodule.share.values)) * place.voxel_mm3 * _milligrams(nodule)
    method = "voxels of the mask"
    return {
        "mean_density": Measurement(value=float(values.mean()), unit="HU", method=method),
        "density_sd": Measurement(value=float(values.std()), unit="HU", method=method),
        "minimum_density": Measurement(value=float(values.min()), unit="HU", method=method),
        "maximum_density": Measurement(value=float(values.max()), unit="HU", method=method),
        "mass": Measurement(
            value=mass,
            unit="mg",
            method="volume x (density inside the border + 1000) / 1000 (de Hoop 2010)",
        ),
        "voxels": Measurement(value=int(place.mask.sum()), unit="1", method=method),
    }


def _milligrams(nodule: Nodule) -> float:
    """Return the density of the nodule inside its border, mg/mm3."""
    inside = nodule.place.mask & ~nodule.share.shared
    seen = nodule.place.hu[inside]
    level = float(seen.mean()) if seen.size >= 8 else nodule.found.core
    return max(level + 1000.0, 0.0) / 1000.0
