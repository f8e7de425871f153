"""The outline of a nodule: how sharp, how lobulated, how spiculated.

Rays run from the nodule's middle in evenly spread directions. Along each the grey value is
read as share of nodule; the surface is where the share field (`density.fractions`) falls
below one half for the last time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage, special

from readingroom.readers.lungnodule.density import (
    BORDER_MM,
    Densities,
    Fractions,
    Spacing,
    Window,
)
from readingroom.readers.lungnodule.shape import directions

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_RAYS = 1200
_STEP_MM = 0.25
_BEYOND_MM = 5.0
#: A spicule stands out by this share of the nodule's contrast, at least: on a slice, and
#: in three dimensions.
_SPICULE_SHARE, _STRAND_SHARE = 0.12, 0.1
#: Wider than this it is a vessel, the pleura or a lobule, mm; likewise.
_SPICULE_MM, _STRAND_MM = 4.0, 3.0
#: Where spicules are looked for, outside the body, mm; and how large its section must be.
_RING_MM = (1.5, 2.7)
_SMALLEST_SECTION_MM2 = 12.0
#: Rays flatter than this to the axial plane measure sharpness: slices may be thick.
_FLAT = 0.35
#: Degrees of spherical harmonics: up to 2 an ellipsoid, above that lobules.
_ELLIPSOID, _LOBULES = 2, 6


@dataclass(frozen=True)
class Rays:
    """Grey values along rays from a nodule's middle.

    Attributes
    ----------
    radii_mm : ndarray, shape (rays,)
        Distance of the surface.
    profiles : ndarray, shape (rays, samples)
        Share of contrast, every 0.25 mm from the middle; 0 is lung, 1 the core.
    attached : ndarray of bool, shape (rays,)
        Rays that leave the nodule into a vessel, the pleura or another nodule.
    """

    radii_mm: FloatArray
    profiles: FloatArray
    attached: Mask

    @cached_property
    def steps_mm(self) -> FloatArray:
        """Distances of the samples, mm."""
        return np.arange(self.profiles.shape[1], dtype=np.float64) * _STEP_MM

    def beyond(self, low_mm: float, high_mm: float) -> FloatArray:
        """Return the mean share between two distances outside the surface, per ray."""
        away = self.steps_mm - self.radii_mm[:, None]
        wanted = (away >= low_mm) & (away <= high_mm)
        return np.asarray((self.profiles * wanted).sum(axis=1) / np.maximum(wanted.sum(axis=1), 1))


def cast(place: Window, found: Densities, share: Fractions) -> Rays:
    """Cast rays from the middle of a nodule (its centre of mass)."""
    middle = np.asarray(ndimage.center_of_mass(place.mask)) * place.spacing_mm
    reach = _reach(place, middle) + _BEYOND_MM
    steps = np.arange(0.0, reach, _STEP_MM)
    points = middle + directions(_RAYS)[:, None, :] * steps[None, :, None]
    at = np.moveaxis(points / np.asarray(place.spacing_mm), -1, 0)
    grey = (place.hu - found.background) / found.contrast
    profiles = ndimage.map_coordinates(grey, at, order=1, mode="nearest")
    own = ndimage.map_coordinates(share.values, at, order=1, mode="constant")
    inside = own > 0.5
    last = inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)
    radii = np.where(inside.any(axis=1), (last + 0.5) * _STEP_MM, 0.0)
    rays = Rays(radii, profiles, np.zeros(_RAYS, np.bool_))
    return Rays(radii, profiles, rays.beyond(0.75, 2.0) > 0.5)


def _reach(place: Window, middle: FloatArray) -> float:
    """Return how far from `middle` the nodule's border goes, mm."""
    at = np.argwhere(place.mask) * np.asarray(place.spacing_mm)
    outermost = float(np.linalg.norm(at - middle, axis=1).max())
    return outermost + max(BORDER_MM, float(np.linalg.norm(place.spacing_mm)))


def edge_sharpness(rays: Rays) -> float:
    """Return the steepest fall of the share of contrast at the surface, 1/mm (median ray).

    A sharp edge under a standard lung kernel reaches about 0.6 to 0.8 per mm, an ill-defined
    margin 0.1 to 0.2. In-plane rays only, so that slice thickness does not matter.
    """
    flat = (np.abs(directions(_RAYS)[:, 0]) < _FLAT) & ~rays.attached & (rays.radii_mm > 0)
    if not flat.any():
        return 0.0
    fall = -np.gradient(ndimage.gaussian_filter1d(rays.profiles, 1.0, axis=1), _STEP_MM, axis=1)
    near = np.abs(rays.steps_mm - rays.radii_mm[:, None]) <= 1.25
    steepest = np.where(near, fall, 0.0).max(axis=1)
    return float(np.median(steepest[flat]))


@cache
def _harmonics(degree: int) -> FloatArray:
    """Return real spherical harmonics up to `degree` at the rays, ``(rays, n)``."""
    z, y, x = directions(_RAYS).T
    polar, azimuth = np.arccos(np.clip(z, -1, 1)), np.arctan2(y, x)
    columns = []
    for n in range(degree + 1):
        for m in range(n + 1):
            value = special.sph_harm_y(n, m, polar, azimuth)
            columns.append(value.real)
            if m:
                columns.append(value.imag)
    return np.stack(columns, axis=1)


def lobulation_index(place: Window, rays: Rays) -> float:
    """Return how far the surface departs from an ellipsoid in broad waves, share of radius.

    Root mean square of the spherical harmonics of degree 3 to 6 of the radius over that of
    the ellipsoid with the mask's second moments: 0.02 or less is smooth, 0.1 markedly
    lobulated. Attached rays are left out of the fit.
    """
    free = ~rays.attached & (rays.radii_mm > 0)
    if free.sum() < 200:
        free = rays.radii_mm > 0
    if free.sum() < 200:
        return 0.0
    basis = _harmonics(_LOBULES)
    size = basis.shape[1]
    relative = rays.radii_mm[free] / _ellipsoid(place)[free]
    # A slight penalty keeps gaps in the directions from being filled with waves.
    normal = basis[free].T @ basis[free] + 1e-2 * free.sum() * np.eye(size) / size
    waves = np.linalg.solve(normal, basis[free].T @ relative)
    waves[: (_ELLIPSOID + 1) ** 2] = 0.0
    return float(np.sqrt(np.mean((basis[free] @ waves) ** 2)) / relative.mean())


def _ellipsoid(place: Window) -> FloatArray:
    """Return the radii of the ellipsoid with the mask's second moments, ``(rays,)``, mm."""
    at = np.argwhere(place.mask) * np.asarray(place.spacing_mm)
    spread = np.cov(at.T, bias=True) + np.diag(np.square(place.spacing_mm) / 12)
    rays = directions(_RAYS)
    return np.asarray(np.sqrt(5 / np.einsum("ni,ij,nj->n", rays, np.linalg.inv(spread), rays)))


def spicules(place: Window, found: Densities) -> int:
    """Count the thin strands that leave the nodule's body.

    Two counts, the larger of which is given: strands in three dimensions, which thick slices
    hide, and peaks around the body on the axial slice with most, which is where a
    radiologist sees them. Vessels of passage are among them, one or two of which most
    nodules have. The body is the bright part of the outline opened by up to 2.5 mm, so that
    an outline drawn around the spicules does not hide them.
    """
    share = (place.hu - found.background) / found.contrast
    share = ndimage.gaussian_filter(share, [0.4 / s for s in place.spacing_mm])
    body = _body(place.mask & (share > 0.5), place.spacing_mm)
    threshold = max(_SPICULE_SHARE, 2.5 * found.noise / found.contrast)
    pixel = place.spacing_mm[1:]
    if max(pixel) > _RING_MM[1] - _RING_MM[0]:
        # A ring thinner than a pixel shows the steps of voxels, not strands.
        return _strands(place, share)
    counts = [
        _peaks(share[k], body[k], pixel, threshold)
        for k in range(len(body))
        if body[k].sum() * pixel[0] * pixel[1] >= _SMALLEST_SECTION_MM2
    ]
    return max([_strands(place, share), *counts])


def _strands(place: Window, share: FloatArray) -> int:
    """Count bright pieces that begin at the outline, reach 2 mm and are at most 3 mm thick."""
    away = -place.distance_mm
    lung = share[(away > 2.5) & (away < 6.0)]
    if not lung.size:
        return 0
    low, middle = np.percentile(lung, (16, 50))
    bright = share - middle > max(_STRAND_SHARE, 3.0 * float(middle - low))
    labels, count = ndimage.label(bright & (away > 0.8) & (away < 3.0), np.ones((3, 3, 3)))
    if not count:
        return 0
    every = np.arange(1, count + 1)
    nearest = ndimage.minimum(away, labels, every)
    farthest = ndimage.maximum(away, labels, every)
    volume = np.bincount(labels.ravel(), minlength=count + 1)[1:] * place.voxel_mm3
    thin = volume / np.maximum(farthest - nearest, 0.5) <= np.pi / 4 * _STRAND_MM**2
    return int(np.count_nonzero((nearest < 1.6) & (farthest > 2.0) & thin))


def _peaks(share: FloatArray, body: Mask, pixel_mm: tuple[float, float], threshold: float) -> int:
    """Count narrow peaks around a body ``[j, i]`` on one slice."""
    from scipy.signal import find_peaks

    away = ndimage.distance_transform_edt(~body, pixel_mm)
    ring = (away > _RING_MM[0]) & (away < _RING_MM[1])
    at = np.argwhere(ring) * np.asarray(pixel_mm)
    offset = at - np.argwhere(body).mean(axis=0) * np.asarray(pixel_mm)
    order = np.argsort(np.arctan2(offset[:, 0], offset[:, 1]))
    around = _beside_blur(share[ring], away[ring])[order]
    # The ring is a few pixels wide: the arc that one sample stands for is its share of it.
    step = float(ring.sum()) * pixel_mm[0] * pixel_mm[1] / (_RING_MM[1] - _RING_MM[0]) / len(order)
    smooth = ndimage.gaussian_filter1d(around, 0.35 / step, mode="wrap")
    twice = np.concatenate([smooth, smooth])
    found, _ = find_peaks(twice, prominence=threshold, width=(0, _SPICULE_MM / step))
    half = len(smooth) // 2
    return int(np.count_nonzero((found >= half) & (found < half + len(smooth))))


def _beside_blur(share: FloatArray, away_mm: FloatArray) -> FloatArray:
    """Return what of `share` the body's own blurred edge, falling outwards, does not explain.

    On a coarse grid the voxels of a ring lie at different distances, as if a smooth border
    had rays.
    """
    if len(share) < 8 or np.ptp(away_mm) < 0.1:
        return share
    return np.asarray(share - np.polyval(np.polyfit(away_mm, share, 1), away_mm))


def _body(bright: Mask, spacing_mm: Spacing) -> Mask:
    """Return the largest piece of `bright`, opened by a third of its radius, 2.5 mm at most."""
    if not bright.any():
        return bright
    inside = ndimage.distance_transform_edt(bright, spacing_mm)
    radius = min(float(inside.max()) / 3, 2.5)
    # The distance to what is left after erosion: within the radius it grows back.
    opened = ndimage.distance_transform_edt(inside <= radius, spacing_mm) <= radius
    labels, count = ndimage.label(opened & bright)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())
