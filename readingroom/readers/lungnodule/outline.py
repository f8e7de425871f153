"""Outline a nodule from a point inside it.

The border lies between the nodule's own density and that of the lung around it: half-way
for a large nodule, a little lower for a small one, where the scanner's blur pulls the
half-maximum surface inwards (`blurredball`). First in a dense branch; then, where a paler
halo surrounds the dense part or nothing dense is there, in a ground-glass branch. Vessels
are cut at their necks, the pleura by the lung's bridged surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.readers.lungnodule.anatomy import Anatomy
from readingroom.readers.lungnodule.blurredball import (
    ball_radius,
    level_at_centre,
    level_at_surface,
    scan_sigma,
)
from readingroom.readers.lungnodule.grids import Triple, bounding_box
from readingroom.readers.lungnodule.outlinecut import Body, component_near, cut_free
from readingroom.readers.lungnodule.outlinegrid import Surroundings, surroundings
from readingroom.readers.lungnodule.outlinehalo import halo_density

Index = tuple[int, int, int]
Mask = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
KindHint = Literal["solid", "part_solid", "ground_glass"]

#: Half-widths of the box that are tried in turn, mm.
_REACHES_MM = (12.0, 22.0, 36.0)
#: Dense is what reaches this after slight smoothing; a contrast below the second is lung, HU.
_DENSE_HU, _LEAST_CONTRAST_HU = -450.0, 90.0
#: Bounds of the border's level, as a share of the contrast, and of what blur may hide.
_LEAST_LEVEL, _LEAST_RECOVERY = 0.28, 0.5
#: So near the pleura the wall's blur brightens lung, mm.
_WALL_BLUR_MM = 1.0
#: Radius from which a body has a plateau of its own density, mm.
_PLATEAU_MM = 2.5
#: Smoothing before a ground-glass border is drawn, mm.
_PALE_SIGMA_MM = 0.8
#: What is denser than the ground glass by this is clipped: vessels, solid parts, HU.
_PALE_EXCESS_HU = 120.0
#: Lung is bordered by something of this density at least when nothing else is known, HU.
_LUNG_HU = -860.0


@dataclass(frozen=True)
class Outline:
    """A nodule's mask in a box of the canonical native grid.

    Attributes
    ----------
    start_kji : tuple of int
        First voxel of the box.
    mask : ndarray of bool, ``[k, j, i]``
    kind_hint : {'solid', 'part_solid', 'ground_glass'}
        Which way it was outlined; `describe` decides the type.
    leaked : bool
        Whether growth had to be cut where it ran into something larger: the outline is
        to be looked at.
    """

    start_kji: Index
    mask: Mask
    kind_hint: KindHint
    leaked: bool


@dataclass(frozen=True)
class _Grown:
    """A body with the border it was drawn at, HU, and how it was found."""

    body: Body
    border_hu: float
    kind: KindHint


def outline(
    hu: npt.NDArray[Any],
    spacing_mm: Triple,
    anatomy: Anatomy,
    seed_kji: Index,
    *,
    diameter_hint_mm: float | None = None,
) -> Outline:
    """Outline the nodule at `seed_kji`.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        CT numbers along canonical axes.
    seed_kji : tuple of int
        A voxel inside the nodule, or within about 2 mm of it.
    diameter_hint_mm : float, optional
        How large a detector thinks it is.

    Returns
    -------
    Outline
        Takes well under a second for nodules up to 30 mm.

    Raises
    ------
    RefusedInput
        ``NOTHING_TO_GROW`` where there is no nodule, ``GROWTH_LEAKS`` where it cannot be
        told from what it touches.
    """
    if not all(0 <= s < n for s, n in zip(seed_kji, hu.shape, strict=True)):
        raise nothing_there()
    size = diameter_hint_mm or 10.0
    for reach in _REACHES_MM:
        if reach < 0.8 * size:
            continue
        # What did not fit a smaller box is large, and need not be sampled finely.
        sampled = max(size, 0.6 * reach)
        near = surroundings(hu, spacing_mm, anatomy.lungs.labels, seed_kji, reach, sampled)
        grown = _grow(near, diameter_hint_mm, last=reach == _REACHES_MM[-1])
        if not grown.body.at_edge:
            return _on_scan(near, grown)
    raise _leaks()


def nothing_there() -> RefusedInput:
    """Return the refusal of a place without a nodule."""
    return RefusedInput(
        "NOTHING_TO_GROW",
        "There is nothing denser than lung at this place.",
        "Click on the middle of the nodule, or paint it.",
    )


def _leaks() -> RefusedInput:
    return RefusedInput(
        "GROWTH_LEAKS",
        "The growth runs along a vessel, into the chest wall or into the mediastinum.",
        "Paint the nodule, or click on its middle if you did not.",
    )


def _grow(near: Surroundings, hint_mm: float | None, last: bool) -> _Grown:
    """Return the body at the seed: dense, with a halo, or ground glass alone."""
    background = _background(near)
    smooth = ndimage.gaussian_filter(near.hu, 0.6 / near.step_mm)
    seed = _settled(smooth, near, hint_mm)
    if smooth[seed] - background < _LEAST_CONTRAST_HU or not near.lung.any():
        raise nothing_there()
    inner = _dense(near, smooth, seed, background, rounds=1)
    if inner is None:
        return _pale(near, seed, background, _own_density(smooth, seed))
    dense = _dense(near, smooth, seed, background) or inner
    halo = halo_density(near, inner.body, background)
    if halo is None:
        return dense
    pale = _pale(near, seed, background, halo)
    if pale.body.at_edge and not last:
        return pale  # a larger box will tell
    if pale.body.at_edge or pale.body.mask.sum() < 1.15 * dense.body.mask.sum():
        return dense
    whole = Body(pale.body.mask | dense.body.mask, pale.body.radius_mm, pale.body.cut, False)
    return _Grown(whole, pale.border_hu, "part_solid")


def _background(near: Surroundings) -> float:
    """Return the density of the aerated lung in the box, HU."""
    values = near.hu[near.aerated]
    return float(np.median(values)) if len(values) > 50 else _LUNG_HU


def _settled(smooth: FloatArray, near: Surroundings, hint_mm: float | None) -> Index:
    """Return the densest place inside the lung within a few millimetres of the seed."""
    reach = int(np.clip((hint_mm or 8.0) / 4, 1.0, 3.0) / near.step_mm)
    window = tuple(slice(max(s - reach, 0), s + reach + 1) for s in near.seed)
    inside = np.where(near.lung[window], smooth[window], -np.inf)
    if not np.isfinite(inside).any():
        raise nothing_there()
    # Nearer places win over farther ones that are a little denser: a vessel passing by.
    distance = np.sqrt(sum(line**2 for line in _offsets(inside.shape, window, near)))
    best = np.unravel_index(int((inside - 60.0 * distance * near.step_mm).argmax()), inside.shape)
    k, j, i = (int(b) + w.start for b, w in zip(best, window, strict=True))
    return k, j, i


def _offsets(
    shape: tuple[int, ...], window: tuple[slice, ...], near: Surroundings
) -> list[npt.NDArray[np.float64]]:
    lines = [
        np.arange(n, dtype=float) + w.start - s
        for n, w, s in zip(shape, window, near.seed, strict=True)
    ]
    return [lines[0][:, None, None], lines[1][None, :, None], lines[2][None, None, :]]


def _dense(
    near: Surroundings, smooth: FloatArray, seed: Index, background: float, rounds: int = 3
) -> _Grown | None:
    """Return the dense body at `seed`; None if it is pale. One round: half maximum."""
    if smooth[seed] < _DENSE_HU:
        return None
    sigma = scan_sigma(near.spacing_mm)
    return _bordered(near, near.hu, seed, background, float(smooth[seed]), sigma, "solid", rounds)


def _bordered(
    near: Surroundings,
    image: FloatArray,
    seed: Index,
    background: float,
    density: float,
    sigma_mm: float,
    kind: KindHint,
    rounds: int = 3,
) -> _Grown | None:
    """Return the body at `seed` whose border fits its own size, density and blur."""
    contrast, level = density - background, 0.5
    grown = None
    for _ in range(rounds):
        border = background + level * contrast
        component = component_near(_above(near, image, border, background + contrast / 2), seed, 3)
        if not component.any():
            break
        body = cut_free(ndimage.binary_fill_holes(component), seed, near.step_mm)
        grown = _Grown(body, border, kind)
        if body.at_edge:
            break
        radius = ball_radius(float(body.mask.sum()) * near.step_mm**3)
        level = max(level_at_surface(radius, sigma_mm), _LEAST_LEVEL)
        recovery = max(level_at_centre(radius, sigma_mm), _LEAST_RECOVERY)
        contrast = max(_core_density(near, image, body, density) - background, 60.0) / recovery
    return grown


def _above(near: Surroundings, image: FloatArray, border: float, at_wall: float) -> Mask:
    """Return what is brighter than the border; the wall's own blur asks for half maximum."""
    limit = np.where(near.wall_mm < _WALL_BLUR_MM, max(at_wall, border), border)
    return np.asarray((image > limit) & near.lung)


def _core_density(near: Surroundings, image: FloatArray, body: Body, density: float) -> float:
    """Return the density inside the body, away from its blurred border, HU.

    In ground glass, vessels and solid parts (clipped to `_PALE_EXCESS_HU` above
    `density`) do not count.
    """
    depth = ndimage.distance_transform_edt(body.mask) * near.step_mm
    inner = depth > min(2.0, 0.6 * depth.max())
    if image is not near.hu:
        inner &= image < density + 0.7 * _PALE_EXCESS_HU
    if not inner.any():
        return density
    # A small body has no plateau: only its very middle shows what blur left of its contrast.
    share = 50 if depth.max() > _PLATEAU_MM else 90
    return float(np.percentile(image[inner], share))


def _own_density(smooth: FloatArray, seed: Index) -> float:
    near = tuple(slice(max(s - 2, 0), s + 3) for s in seed)
    return float(np.median(smooth[near]))


def _pale(near: Surroundings, seed: Index, background: float, density: float) -> _Grown:
    """Return the ground-glass body at `seed`; its noise and texture are smoothed away."""
    even = np.minimum(near.hu, density + _PALE_EXCESS_HU)
    even = ndimage.gaussian_filter(even, _PALE_SIGMA_MM / near.step_mm)
    sigma = float(np.hypot(scan_sigma(near.spacing_mm), _PALE_SIGMA_MM))
    grown = _bordered(near, even, seed, background, density, sigma, "ground_glass")
    if grown is None:
        raise nothing_there()
    return grown


def _on_scan(near: Surroundings, grown: _Grown) -> Outline:
    """Return the body on the scan's own voxels."""
    mask = near.to_native(grown.body.mask)
    box = bounding_box(mask)
    k, j, i = (b.start + n.start for b, n in zip(near.box, box, strict=True))
    return Outline((k, j, i), mask[box], grown.kind, grown.body.cut)
