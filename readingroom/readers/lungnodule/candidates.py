"""Where nodules may be: blobs of any size and density inside the lungs.

A blob detector looks at two versions of the scan, one in which tissue shows (dense) and
one in which ground glass does while vessels saturate. What lies outside the lungs, closed
so that nodules on the pleura belong to them, is replaced by lung: the chest wall vanishes
and a bump on it becomes a blob. Blobs are told from tubes and plates by the eigenvalues of
the Hessian: Li, Sone and Doi, Med Phys 2003;30:2040 (dot filter); shape index and
curvedness: Koenderink and van Doorn 1992, used for nodules by Murphy et al., Med Image
Anal 2009;13:757.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import KDTree

from readingroom.imaging.geometry import resample_to_spacing

FloatArray = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]
Triple = tuple[float, float, float]
Branch = Literal["solid", "ground_glass", "pleural"]

_GRID_MM = 1.25
_COARSE_MM = 2.5
_LUNG_HU = -870.0
#: Ceiling of what each branch sees.
_CEILING_HU = {"solid": -100.0, "ground_glass": -520.0}
_FLOOR_HU = -920.0
#: Scales: SD of the Gaussian in voxels of a grid, and how many times that grid is halved.
#: A ball of diameter d answers best at 0.29 d: 3 mm to 30 mm are covered.
_SCALES = ((1.0, 0), (1.6, 0), (1.3, 1), (2.0, 1), (1.5, 2), (2.2, 2))
_CLOSING_MM = 14.0
_PLEURAL_MM = 4.0
_TISSUE_HU = -400.0
_FILL_SIGMA = 2.0
#: Answers of the blob filter and of the dot filter below these shares of the range are noise.
_LEAST_ANSWER, _LEAST_SCORE = 0.06, 0.008
#: Candidates per branch by the blob's scale: from, below (mm), how many at most.
_QUOTA = ((0.0, 2.2, 250), (2.2, 5.5, 25), (5.5, 99.0, 10))


class HasLabels(Protocol):
    """Lungs: 0 none, 1 right, 2 left, ``[k, j, i]``."""

    @property
    def labels(self) -> npt.NDArray[np.uint8]: ...  # noqa: D102


class HasLungs(Protocol):
    """Anything with lungs, as `readingroom.readers.lungnodule.anatomy.Anatomy`."""

    @property
    def lungs(self) -> Any: ...  # noqa: D102


@dataclass(frozen=True)
class Candidate:
    """A place worth a closer look.

    Attributes
    ----------
    position_kji : (k, j, i)
        Voxels of the scan's canonical grid, not rounded.
    diameter_mm : float
        By the scale at which it stands out most; rough.
    branch : str
        What found it: ``solid``, ``ground_glass``, or ``pleural`` near the lung's border.
    score : float
        Answer of the dot filter relative to the branch's range of grey values, 0…1.
    """

    position_kji: tuple[float, float, float]
    diameter_mm: float
    branch: Branch
    score: float


def find_candidates(
    hu: npt.NDArray[np.generic], spacing_mm: Triple, anatomy: HasLungs
) -> list[Candidate]:
    """Return candidates, the likeliest first: at most 1140 a scan.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Canonical native grid.
    spacing_mm : (k, j, i)
    anatomy : Anatomy
        Only its lungs are looked at.
    """
    labels = anatomy.lungs.labels
    if not labels.any():
        return []
    image, lungs, low_mm = _working_images(hu, labels, spacing_mm)
    depth = ndimage.distance_transform_edt(np.pad(lungs[::2, ::2, ::2], 1))[1:-1, 1:-1, 1:-1]
    found: list[_Blob] = []
    for branch, ceiling in _CEILING_HU.items():
        seen = image if branch == "solid" else _without_tissue(image, lungs)
        shown = np.where(lungs, np.clip(seen, _FLOOR_HU, ceiling), _LUNG_HU).astype(np.float32)
        blobs = _distinct(list(_blobs(shown, lungs, ceiling - _LUNG_HU)))
        found += [blob.named(branch) for blob in _best_by_size(blobs, depth)]
    merged = _distinct(sorted(found, key=lambda blob: -blob.score))
    return [_candidate(blob, depth, low_mm, spacing_mm) for blob in merged]


def _working_images(
    hu: npt.NDArray[np.generic], labels: npt.NDArray[np.uint8], spacing_mm: Triple
) -> tuple[Image, npt.NDArray[np.bool_], FloatArray]:
    """Return the scan about the lungs at 1.25 mm, the closed lungs, and where it begins, mm."""
    (box,) = ndimage.find_objects((labels > 0).astype(np.uint8))
    spacing = np.array(spacing_mm)
    margin = np.ceil(6.0 / spacing).astype(int)
    low = np.maximum([s.start for s in box] - margin, 0)
    high = np.minimum([s.stop for s in box] + margin, labels.shape)
    cut = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    new = (_GRID_MM,) * 3
    image = resample_to_spacing(hu[cut], spacing_mm, new)
    coarse = resample_to_spacing(labels[cut] > 0, spacing_mm, (_COARSE_MM,) * 3) > 0.5
    closed = _closed(coarse)
    index = [
        np.minimum(np.arange(n) // 2, m - 1) for n, m in zip(image.shape, closed.shape, strict=True)
    ]
    return image, closed[np.ix_(*index)], low * spacing


def _closed(lungs: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the lungs with bays filled that a nodule on the pleura makes."""
    steps = int(np.ceil(_CLOSING_MM / _COARSE_MM)) + 1
    wide = np.pad(lungs, steps)
    grown = ndimage.distance_transform_edt(~wide, sampling=_COARSE_MM) <= _CLOSING_MM
    shrunk = ndimage.distance_transform_edt(grown, sampling=_COARSE_MM) > _CLOSING_MM
    inner = (slice(steps, -steps),) * 3
    return np.asarray(shrunk[inner] | lungs)


def _without_tissue(image: Image, lungs: npt.NDArray[np.bool_]) -> Image:
    """Return the scan with vessels, and their soft edges, filled from around them.

    Otherwise vessels, far brighter than ground glass, are the best blobs in every place.
    """
    tissue = ndimage.binary_dilation(image > _TISSUE_HU, iterations=1)
    known = (lungs & ~tissue).astype(np.float32)
    weight = ndimage.gaussian_filter(known, _FILL_SIGMA, truncate=3)
    spread = ndimage.gaussian_filter(known * (image - _LUNG_HU), _FILL_SIGMA, truncate=3)
    around = _LUNG_HU + spread / np.maximum(weight, 1e-3)
    return np.where(tissue, around, image)


def _best_by_size(blobs: list[_Blob], depth: npt.NDArray[np.float64]) -> list[_Blob]:
    """Keep the best of each size, inside the lungs and at their border.

    The many small ones would crowd out the few large, and the border's inner ones.
    """
    inner = [b for b in blobs if not _near_border(b, depth)]
    border = [b for b in blobs if _near_border(b, depth)]
    kept: list[_Blob] = []
    for low, high, most in _QUOTA:
        for group in (inner, border):
            kept += [b for b in group if low <= b.sigma_mm < high][:most]
    return kept


def _near_border(blob: _Blob, depth: npt.NDArray[np.float64]) -> bool:
    """Whether less than 4 mm of lung lie between a blob and the lung's border."""
    coarse = np.minimum((blob.at_mm / _COARSE_MM).astype(int), np.array(depth.shape) - 1)
    return bool(depth[tuple(coarse)] * _COARSE_MM - 0.5 * blob.diameter_mm < _PLEURAL_MM)


@dataclass(frozen=True)
class _Blob:
    """A local maximum: mm from the working grid's first voxel, SD in mm, score."""

    at_mm: FloatArray
    sigma_mm: float
    score: float
    branch: Branch = "solid"

    def named(self, branch: str) -> _Blob:
        return _Blob(self.at_mm, self.sigma_mm, self.score, branch)  # type: ignore[arg-type]

    @property
    def diameter_mm(self) -> float:
        # A ball answers best at d / (2 sqrt 3); the voxel's and the scanner's blur add to it.
        return float(np.sqrt(12) * self.sigma_mm)


def _blobs(image: Image, lungs: npt.NDArray[np.bool_], contrast: float) -> Iterator[_Blob]:
    """Yield the blobs of all scales."""
    pyramid = {0: (image, lungs)}
    for sigma, halvings in _SCALES:
        for level in range(1, halvings + 1):
            if level not in pyramid:
                pyramid[level] = _halved(*pyramid[level - 1])
        yield from _at_scale(*pyramid[halvings], sigma, _GRID_MM * 2**halvings, contrast)


def _halved(image: Image, lungs: npt.NDArray[np.bool_]) -> tuple[Image, npt.NDArray[np.bool_]]:
    pad = [(0, n % 2) for n in image.shape]
    image, lungs = np.pad(image, pad, mode="edge"), np.pad(lungs, pad)
    parts = np.zeros([n // 2 for n in image.shape], np.float32)
    inside: npt.NDArray[np.bool_] = np.zeros(parts.shape, np.bool_)
    for k, j, i in np.ndindex(2, 2, 2):
        parts += image[k::2, j::2, i::2]
        inside |= lungs[k::2, j::2, i::2]
    return np.asarray(parts / 8, np.float32), inside


def _at_scale(
    image: Image, lungs: npt.NDArray[np.bool_], sigma: float, voxel_mm: float, contrast: float
) -> Iterator[_Blob]:
    smooth = ndimage.gaussian_filter(image, sigma, truncate=3)
    answer = -(sigma**2) * ndimage.laplace(smooth)
    top = ndimage.maximum_filter(answer, 3)
    peaks = np.argwhere((answer == top) & (answer > _LEAST_ANSWER * contrast) & lungs)
    if not len(peaks):
        return
    scores = dot_scores(_hessians(smooth, peaks) * sigma**2) / contrast
    for peak, score in zip(peaks, scores, strict=True):
        if score > _LEAST_SCORE:
            # Voxel centres lie half a voxel inside the working grid's edge at every level.
            at = np.asarray((peak + 0.5) * voxel_mm - 0.5 * _GRID_MM, np.float64)
            yield _Blob(at, sigma * voxel_mm, float(score))


def _hessians(smooth: Image, at: npt.NDArray[np.intp]) -> FloatArray:
    """Return the Hessian ``(n, 3, 3)`` at voxels ``(n, 3)`` by central differences."""
    wide = np.pad(smooth, 1, mode="edge")
    place = at + 1

    def value(*shift: int) -> FloatArray:
        k, j, i = (place + np.array(shift)).T
        return np.asarray(wide[k, j, i], np.float64)

    unit = np.eye(3, dtype=int)
    out = np.empty((len(at), 3, 3))
    for a in range(3):
        out[:, a, a] = value(*unit[a]) + value(*-unit[a]) - 2 * value(0, 0, 0)
        for b in range(a):
            plus, minus = unit[a] + unit[b], unit[a] - unit[b]
            mixed = value(*plus) + value(*-plus) - value(*minus) - value(*-minus)
            out[:, a, b] = out[:, b, a] = mixed / 4
    return out


def dot_scores(hessians: FloatArray) -> FloatArray:
    """Return the dot filter's answer ``(n,)`` for Hessians ``(n, 3, 3)``.

    ``|l3|² / |l1|`` where all eigenvalues are negative and ``|l1| >= |l2| >= |l3|``: large
    for balls, small for tubes (l3 near 0) and plates; 0 for anything not bright.
    """
    values = np.linalg.eigvalsh(hessians)  # ascending: the most negative first
    first, last = values[:, 0], values[:, 2]
    bright = last < 0
    return np.asarray(np.where(bright, last**2 / np.maximum(-first, 1e-6), 0.0))


def shape_index(hessians: FloatArray) -> FloatArray:
    """Return the shape index ``(n,)`` in ``-1…1`` of the two flattest directions; 1 is a cap."""
    values = np.linalg.eigvalsh(hessians)
    middle, last = values[:, 1], values[:, 2]
    return np.asarray(2 / np.pi * np.arctan2(-(last + middle), np.maximum(last - middle, 1e-9)))


def _distinct(blobs: list[_Blob]) -> list[_Blob]:
    """Return blobs by falling score without those inside a better one."""
    order = sorted(blobs, key=lambda blob: -blob.score)
    if not order:
        return []
    places = np.array([blob.at_mm for blob in order])
    reach = np.array([max(0.5 * blob.diameter_mm, 2.5) for blob in order])
    tree = KDTree(places)
    alone = np.ones(len(order), bool)
    for n, place in enumerate(places):
        if alone[n]:
            near = np.array(tree.query_ball_point(place, reach[n]))
            gap = np.linalg.norm(places[near] - place, axis=1)
            inside = gap < np.minimum(reach[n], np.maximum(reach[near], 3.0))
            alone[near[inside & (near > n)]] = False
    return [order[n] for n in np.flatnonzero(alone)]


def _candidate(
    blob: _Blob, depth: npt.NDArray[np.float64], low_mm: FloatArray, spacing_mm: Triple
) -> Candidate:
    # Both grids share their outer edge, not their first voxel's centre.
    spacing = np.array(spacing_mm)
    k, j, i = (blob.at_mm + 0.5 * _GRID_MM + low_mm) / spacing - 0.5
    pleural = blob.branch == "solid" and _near_border(blob, depth)
    branch: Branch = "pleural" if pleural else blob.branch
    return Candidate((float(k), float(j), float(i)), blob.diameter_mm, branch, min(blob.score, 1.0))
