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

from readingroom.readers.lungnodule.density import Densities, Fractions, Window
from readingroom.readers.lungnodule.shape import directions

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_RAYS = 1200
_STEP_MM = 0.25
_BEYOND_MM = 5.0
#: A spicule shows this share of the nodule's contrast above its surroundings, at least.
_SPICULE_SHARE = 0.1
#: Wider than this it is a vessel, the pleura or a lobule, mm.
_SPICULE_MM = 3.0
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
    reach = float(place.distance_mm.max()) * 2 + _diagonal(place) / 2 + _BEYOND_MM
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


def _diagonal(place: Window) -> float:
    at = np.argwhere(place.mask)
    extent = (at.max(axis=0) - at.min(axis=0) + 1) * np.asarray(place.spacing_mm)
    return float(np.linalg.norm(extent))


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
    """Count the thin strands that leave the surface.

    Bright pieces between 0.8 and 3 mm outside the mask that begin at the surface, reach 2 mm
    and are no thicker than 3 mm; vessels of passage are among them, one or two of which
    most nodules have.
    """
    share = ndimage.gaussian_filter(place.hu, [0.4 / s for s in place.spacing_mm])
    share = (share - found.background) / found.contrast
    away = -place.distance_mm
    lung = share[(away > 2.5) & (away < 6.0)]
    if not lung.size:
        return 0
    low, middle = np.percentile(lung, (16, 50))
    bright = share - middle > max(_SPICULE_SHARE, 3.0 * float(middle - low))
    labels, count = ndimage.label(bright & (away > 0.8) & (away < 3.0), np.ones((3, 3, 3)))
    if not count:
        return 0
    every = np.arange(1, count + 1)
    nearest = ndimage.minimum(away, labels, every)
    farthest = ndimage.maximum(away, labels, every)
    volume = np.bincount(labels.ravel(), minlength=count + 1)[1:] * place.voxel_mm3
    section = volume / np.maximum(farthest - nearest, 0.5)
    thin = section <= np.pi / 4 * _SPICULE_MM**2
    return int(np.count_nonzero((nearest < 1.6) & (farthest > 2.0) & thin))
