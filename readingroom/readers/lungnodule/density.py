"""How much nodule each voxel at its border holds: partial volume, background and core.

After Kuhnigk et al., IEEE Trans Med Imaging 2006;25:417: a voxel between lung (background)
and nodule (core) holds ``(HU - background) / (core - background)`` of nodule. Inside, every
voxel counts whole, so that vessels, lucencies and calcium do not change the size; at the
border the mask says only *what* belongs to the nodule, the grey values say how much.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage, special

from readingroom.readers.lungnodule.glassrim import glass_rim, smeared

Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Spacing = tuple[float, float, float]
Index = tuple[int, int, int]

#: Width of the border on either side of the mask's surface within which voxels are shared, mm.
BORDER_MM = 1.2
#: A core is measured deeper than this, mm, where there are voxels enough.
_DEEP_MM = 1.5
_ENOUGH = 8
#: Standard deviation of the blur of a standard lung kernel, mm (FWHM 1.2 mm).
BLUR_MM = 0.5
#: Lung is looked for between these distances from the mask, mm.
_AROUND_MM = (2.0, 6.0)
#: Above this it is not lung, HU; what healthy lung has where none is seen.
_NOT_LUNG_HU = -500.0
_LUNG_HU = -860.0
#: Soft tissue without calcium does not exceed this by far, HU.
SOFT_TISSUE_HU = 60.0


@dataclass(frozen=True)
class Window:
    """A nodule's surroundings, cut out of the image.

    Attributes
    ----------
    hu : ndarray of float64, ``[k, j, i]``
        Image, HU.
    mask : ndarray of bool, ``[k, j, i]``
        The nodule on the same grid.
    start : tuple of int
        The window's first ``(k, j, i)`` in the image.
    spacing_mm : tuple of float
        ``(k, j, i)``.
    """

    hu: FloatArray
    mask: Mask
    start: Index
    spacing_mm: Spacing

    @cached_property
    def distance_mm(self) -> FloatArray:
        """Signed distance of voxel centres from the mask's surface, mm; inside is positive."""
        return signed_distance(self.mask, self.spacing_mm)

    @property
    def voxel_mm3(self) -> float:
        """Volume of a voxel."""
        return float(np.prod(self.spacing_mm))

    def box(self, start: Index, shape: tuple[int, ...]) -> tuple[slice, ...]:
        """Return where a box of the image, of this first voxel and shape, lies here."""
        pairs = zip(start, self.start, shape, strict=True)
        return tuple(slice(s - w, s - w + n) for s, w, n in pairs)


def window(
    hu: npt.NDArray[np.generic],
    spacing_mm: Spacing,
    mask: Mask,
    start_kji: Index,
    margin_mm: float = 7.0,
) -> Window:
    """Cut a nodule's surroundings out.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        The whole image, HU.
    mask : ndarray of bool, ``[k, j, i]``
        The nodule's box; `start_kji` is where its first voxel lies in `hu`.
    margin_mm : float
        How far the window exceeds the box; it ends at the image's border.
    """
    margin = [int(np.ceil(margin_mm / s)) for s in spacing_mm]
    pairs = list(zip(start_kji, mask.shape, margin, hu.shape, strict=True))
    low = [max(s - m, 0) for s, _, m, _ in pairs]
    high = [min(s + n + m, whole) for s, n, m, whole in pairs]
    image = hu[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float64)
    whole_mask = np.zeros(image.shape, np.bool_)
    inner = tuple(slice(s - a, s - a + n) for (s, n, _, _), a in zip(pairs, low, strict=True))
    whole_mask[inner] = mask
    return Window(image, whole_mask, (low[0], low[1], low[2]), spacing_mm)


def signed_distance(mask: Mask, spacing_mm: Spacing) -> FloatArray:
    """Return the distance of voxel centres from the surface of `mask`, mm, inside positive.

    The surface runs half a voxel beyond the outermost centres.
    """
    half = float(np.mean(spacing_mm[1:])) / 2
    inside = ndimage.distance_transform_edt(mask, spacing_mm) if mask.any() else 0.0
    outside = ndimage.distance_transform_edt(~mask, spacing_mm) if not mask.all() else 0.0
    return np.asarray(np.where(mask, inside - half, half - outside), dtype=np.float64)


@dataclass(frozen=True)
class Densities:
    """What lies around and inside a nodule, HU, and the noise.

    Attributes
    ----------
    background, core : float
        Lung around the nodule; the nodule itself, corrected for blur where it is too small
        to show its own density.
    noise : float
        Standard deviation of a voxel in the lung around, structure included.
    recovered : bool
        Whether `core` was corrected.
    """

    background: float
    core: float
    noise: float
    recovered: bool

    @property
    def contrast(self) -> float:
        """Core minus background, at least 100 HU so that nothing is divided by noise."""
        return max(self.core - self.background, 100.0)


def densities(place: Window) -> Densities:
    """Measure background, core and noise of a nodule's surroundings."""
    background, noise = _background(place)
    peak, recovered = _core(place, background)
    return Densities(background, peak, noise, recovered)


def _background(place: Window) -> tuple[float, float]:
    distance = -place.distance_mm
    near = (distance > _AROUND_MM[0]) & (distance < _AROUND_MM[1])
    values = place.hu[near & (place.hu < _NOT_LUNG_HU)]
    if values.size < 3 * _ENOUGH:
        return _LUNG_HU, 40.0
    low, middle, _ = np.percentile(values, (16, 50, 84))
    # The lower half only: vessels make the upper one wider.
    return float(middle), max(float(middle - low), 5.0)


def _core(place: Window, background: float) -> tuple[float, bool]:
    for depth in (_DEEP_MM, 1.0):
        deep = place.hu[place.distance_mm > depth]
        if deep.size >= _ENOUGH and depth * 2 < _equivalent_diameter(place) - 2.5:
            return float(np.median(deep)), False
    return _recovered_core(place, background), True


def _equivalent_diameter(place: Window) -> float:
    return float((6 * place.mask.sum() * place.voxel_mm3 / np.pi) ** (1 / 3))


def _recovered_core(place: Window, background: float) -> float:
    """Return the density that a sphere must have to look like this small nodule.

    The sum of contrast is kept by any blur, so that sum and peak together tell size and
    density: the sphere is sought whose recovery at the centre explains the peak.
    """
    rim = place.distance_mm > -BORDER_MM - place.spacing_mm[0] / 4
    total = float(np.sum(place.hu[rim] - background)) * place.voxel_mm3
    inside = np.sort(place.hu[place.mask])
    peak = float(inside[-max(1, min(3, inside.size // 4)) :].mean()) if inside.size else -500.0
    if total <= 0 or peak <= background:
        return max(peak, background + 100.0)
    diameters = np.linspace(1.5, 12.0, 211)
    seen = recovery(diameters, place.spacing_mm) * 6 * total / (np.pi * diameters**3)
    best = int(np.argmin(np.abs(seen - (peak - background))))
    seen_share = float(recovery(diameters[best], place.spacing_mm))
    core = background + (peak - background) / seen_share
    return min(core, max(peak, SOFT_TISSUE_HU))


def recovery(
    diameter_mm: npt.ArrayLike, spacing_mm: Spacing, blur_mm: float = BLUR_MM
) -> FloatArray:
    """Return the share of its contrast that a sphere shows at its centre, 0…1.

    Gaussian blur of equal width in all directions; the slice's width (a box of one
    increment, standard deviation ``increment / sqrt(12)``) is averaged in.
    """
    across = spacing_mm[0] ** 2 / 12
    along = (spacing_mm[1] ** 2 + spacing_mm[2] ** 2) / 24
    variance = blur_mm**2 + (across + 2 * along) / 3
    radius = np.asarray(diameter_mm, dtype=np.float64) / 2
    t = radius / np.sqrt(2 * variance)
    return np.asarray(special.erf(t) - 2 / np.sqrt(np.pi) * t * np.exp(-(t**2)))


@dataclass(frozen=True)
class Fractions:
    """How much of each voxel of a window is nodule, 0…1 up to noise.

    Attributes
    ----------
    values : ndarray of float64, ``[k, j, i]``
    shared : ndarray of bool, ``[k, j, i]``
        Voxels whose grey value decided.
    """

    values: FloatArray
    shared: Mask


def fractions(place: Window, found: Densities) -> Fractions:
    """Return how much of each voxel is nodule.

    Inside the border voxels count whole, outside not at all, within by their grey value
    relative to the lung and to the nodule's own density nearby (a ground-glass rim is
    measured against ground glass). Bright voxels outside the mask belong to vessels,
    pleura or another nodule and count nothing; a dim voxel between the nodule and such a
    neighbour is shared between them.
    """
    outer = _border(place, ~place.mask)
    inner = _border(place, place.mask)
    contrast = _local_contrast(place, found, inner)
    share = (place.hu - found.background) / contrast
    foreign = ~place.mask & (share > 0.5)
    foreign &= ndimage.binary_dilation(foreign & ~outer, iterations=2) | _thick(foreign)
    values = place.mask.astype(np.float64)
    values[inner] = np.clip(share[inner], None, 1.15)
    values[outer] = np.clip(share[outer], None, 0.75) * _own_part(place.mask, foreign)[outer]
    values[foreign] = 0.0
    # A mask's voxel at an attached structure has no lung beside it to share with.
    attached = inner & ndimage.binary_dilation(foreign)
    values[attached] = np.maximum(values[attached], 1.0)
    return Fractions(values, (inner | outer) & ~foreign & ~attached)


def _border(place: Window, side: Mask) -> Mask:
    """Return the voxels of `side` within the border, at least one voxel deep."""
    ring = side & ndimage.binary_dilation(~side, ndimage.generate_binary_structure(3, 3))
    return np.asarray(side & (ring | (np.abs(place.distance_mm) <= BORDER_MM)))


def _local_contrast(place: Window, found: Densities, inner: Mask) -> FloatArray:
    """Return core minus background near each voxel, HU."""
    whole = _core_contrast(place, found, inner)
    levels = np.stack([np.full_like(whole, found.background), whole])
    rim = glass_rim(place.hu, place.mask, place.distance_mm, place.spacing_mm, levels)
    return np.asarray(np.where(np.isnan(rim), whole, np.maximum(rim, 100.0)))


def _core_contrast(place: Window, found: Densities, inner: Mask) -> FloatArray:
    deep = place.mask & ~inner
    if found.recovered or int(deep.sum()) < _ENOUGH:
        return np.full(place.hu.shape, found.contrast)
    wide = smeared(place.hu, deep, 2.0, place.spacing_mm, found.core)
    shell = deep & ndimage.binary_dilation(inner, iterations=2)
    near = smeared(place.hu, shell, 1.0, place.spacing_mm, found.core)
    # Only what lies just below the surface tells there. In an even nodule the shell is
    # slightly blurred, and the wide average is the better one.
    uneven = np.abs(near - wide) > 0.2 * found.contrast
    return np.asarray(np.maximum(np.where(uneven, near, wide) - found.background, 100.0))


def _thick(foreign: Mask) -> Mask:
    """Return what of `foreign` is more than a loose voxel."""
    return np.asarray(ndimage.binary_opening(foreign, np.ones((2, 2, 2), np.bool_)))


def _own_part(mask: Mask, foreign: Mask) -> FloatArray:
    """Return the nodule's part of the bright neighbours of each voxel, 0…1."""
    if not foreign.any():
        return np.ones(mask.shape)
    own = ndimage.uniform_filter(mask.astype(np.float64), 3)
    other = ndimage.uniform_filter(foreign.astype(np.float64), 3)
    both = own + other
    return np.asarray(np.where(both > 0, own / np.maximum(both, 1e-9), 1.0))
