"""Other people's hearts from one organ map: parts of it drawn anew before it is deformed.

A smooth deformation keeps what touches what. Patients differ in that too: how far the
right atrium and the two appendages reach beside the great vessels, whether liver, stomach
or fat lies under the heart, how far from the spine the aorta descends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.imaging import synthesis
from readingroom.readers.cacs.tissuemap import Tissue, TissueMap

LabelArray = npt.NDArray[np.uint8]

_RIGHT = (Tissue.MEDIASTINUM, Tissue.GROOVE, Tissue.LUNG_RIGHT)
_LEFT = (Tissue.MEDIASTINUM, Tissue.GROOVE, Tissue.LUNG_LEFT)
_HEART = (Tissue.HEART, Tissue.RIGHT_ATRIUM, Tissue.APPENDAGE)
_BESIDE_SPINE = (*_LEFT, Tissue.LUNG_RIGHT, Tissue.BODY)
_BELOW = (*_LEFT, Tissue.LUNG_RIGHT, Tissue.GUT, Tissue.SPLEEN, Tissue.BODY, Tissue.HEART)


@dataclass(frozen=True)
class _Part:
    """An ellipsoid of random place and size that may be added to the map.

    Attributes
    ----------
    centre_mm : tuple of float
        From the heart's centre towards superior, posterior, left.
    spread_mm : float
        Standard deviation of the centre.
    radii_mm : tuple of (low, high)
        Range of the half axes, superior, posterior, left.
    over : tuple of Tissue
        What it replaces; all else stays.
    chance : float
        How often it is added.
    """

    tissue: Tissue
    centre_mm: tuple[float, float, float]
    spread_mm: float
    radii_mm: tuple[tuple[float, float], ...]
    over: tuple[Tissue, ...]
    chance: float


_ATRIUM = _Part(Tissue.RIGHT_ATRIUM, (-3, -14, -42), 6, ((12, 32), (10, 25), (10, 24)), _RIGHT, 0.6)
_RIGHT_APPENDAGE = _Part(
    Tissue.RIGHT_ATRIUM, (18, -18, -42), 6, ((10, 25), (7, 20), (7, 20)), _RIGHT, 0.6
)
_LEFT_APPENDAGE = _Part(Tissue.APPENDAGE, (35, 5, 14), 6, ((8, 24), (7, 18), (6, 15)), _LEFT, 0.6)
_LEFT_ATRIUM = _Part(Tissue.HEART, (27, 35, -16), 5, ((8, 22), (6, 15), (12, 30)), _LEFT, 0.4)
_FAT_BELOW = _Part(
    Tissue.MEDIASTINUM, (-44, -22, 0), 8, ((10, 26), (20, 45), (25, 55)), _BELOW, 0.4
)
_LEFT_LOBE = _Part(Tissue.LIVER, (-48, -25, -5), 9, ((8, 24), (20, 45), (25, 55)), _BELOW, 0.5)
_STOMACH = _Part(Tissue.GUT, (-46, 0, 25), 9, ((8, 22), (15, 35), (20, 40)), _BELOW, 0.3)
#: In the order they are drawn; what comes later may cover what came before.
_PARTS = (
    _FAT_BELOW,
    _LEFT_LOBE,
    _STOMACH,
    _ATRIUM,
    _RIGHT_APPENDAGE,
    _LEFT_APPENDAGE,
    _LEFT_ATRIUM,
)

#: The aorta descends behind this, from the heart's centre, mm.
_BEHIND_MM = 38.0
#: How often it is moved, by how much (towards posterior, left) and how much wider it gets.
_AORTA_CHANCE = 0.6
_AORTA_MM = ((-8.0, 10.0), (-8.0, 20.0))
_AORTA_WIDER = (0.8, 1.35)


def varied(rng: np.random.Generator, source: TissueMap) -> TissueMap:
    """Return `source` with some of its parts drawn anew; a map without a heart as it is."""
    centre = source.heart_centre
    if centre is None:
        return source
    tissue = source.tissue.copy()
    if rng.random() < _AORTA_CHANCE:
        _move_descending_aorta(rng, tissue, centre, source.spacing_mm)
    for part in _PARTS:
        if rng.random() < part.chance:
            _add(rng, tissue, part, centre, source.spacing_mm)
    return replace(source, tissue=tissue)


def _add(
    rng: np.random.Generator,
    tissue: LabelArray,
    part: _Part,
    heart: npt.NDArray[np.float64],
    mm: float,
) -> None:
    """Draw one ellipsoid, turned at random and with an uneven surface."""
    centre = heart + (np.array(part.centre_mm) + rng.normal(0, part.spread_mm, 3)) / mm
    radii = np.array([rng.uniform(*bounds) for bounds in part.radii_mm]) / mm
    turn = synthesis.random_affine(rng, scale=0.0, rotation_deg=30, shear=0.0)
    reach = int(np.ceil(radii.max() * 1.5))
    low = np.clip(np.floor(centre).astype(int) - reach, 0, tissue.shape)
    high = np.clip(np.floor(centre).astype(int) + reach + 1, 0, tissue.shape)
    if (high - low).min() < 2:
        return
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    grid = np.stack(
        np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij")
    )
    offset = np.tensordot(turn, grid - centre.reshape(3, 1, 1, 1), 1)
    far = np.sqrt(((offset / radii.reshape(3, 1, 1, 1)) ** 2).sum(0))
    uneven = 0.15 * synthesis.smooth_noise(rng, far.shape, 12 / mm)
    inside = (far + uneven < 1) & np.isin(tissue[box], part.over)
    if part.tissue in _HEART:
        inside = _touching(inside, np.isin(tissue[box], _HEART))
    tissue[box][inside] = part.tissue


def _touching(mask: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the parts of `mask` that are joined to `other`."""
    labels, _ = ndimage.label(mask | other)
    joined = np.isin(labels, np.unique(labels[other]))
    return np.asarray(mask & joined)


def _move_descending_aorta(
    rng: np.random.Generator, tissue: LabelArray, heart: npt.NDArray[np.float64], mm: float
) -> None:
    """Draw the descending aorta elsewhere beside the spine, as discs slice by slice."""
    limb = tissue == Tissue.AORTA
    limb[:, : int(heart[1] + _BEHIND_MM / mm)] = False
    slices = np.flatnonzero(limb.any((1, 2)))
    if not slices.size:
        return
    shift = np.array([rng.uniform(*bounds) for bounds in _AORTA_MM]) / mm
    wider = rng.uniform(*_AORTA_WIDER)
    tissue[limb] = Tissue.MEDIASTINUM
    j, i = np.indices(tissue.shape[1:])
    for k in slices:
        # Near the arch it stays where the arch ends.
        fade = min(1.0, (slices[-1] - k) * mm / 25.0)
        at = ndimage.center_of_mass(limb[k]) + fade * shift
        radius = np.sqrt(limb[k].sum() / np.pi) * (1 + fade * (wider - 1))
        disc = (j - at[0]) ** 2 + (i - at[1]) ** 2 <= radius**2
        free = np.isin(tissue[k], _BESIDE_SPINE)
        tissue[k][disc & free] = Tissue.AORTA
