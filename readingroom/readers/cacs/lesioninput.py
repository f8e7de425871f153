"""What the lesion network sees of a candidate: a patch and a vector of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from readingroom.imaging import synthesis
from readingroom.readers.cacs.heartframe import template
from readingroom.readers.cacs.lesion import Lesion
from readingroom.readers.cacs.organs import PATCH_ORGANS, Organs

FloatArray = npt.NDArray[np.float32]

PATCH_SHAPE = (20, 32, 32)
PATCH_SPACING_MM = 1.5
CHANNELS = 3 + len(PATCH_ORGANS)
#: Columns of the feature vector, group by group.
POSITION, MEASURES, SURROUNDINGS, DEPTHS, COMMON = 11, 7, 6, len(PATCH_ORGANS), 5
FEATURES = POSITION + MEASURES + SURROUNDINGS + DEPTHS + COMMON
#: Shells around a lesion whose tissue is described, mm from its border.
_SHELLS_MM = ((1.0, 5.0), (5.0, 10.0))
_ORIGIN, _PLACE_MM = "mitral_annulus_centre", 50.0
_FAT_HU, _LUNG_HU = (-200.0, -25.0), -400.0


@dataclass(frozen=True)
class Scan:
    """The image along canonical axes with what is known of it.

    Attributes
    ----------
    hu : ndarray, ``[k, j, i]``
        Canonical view of the voxels, HU.
    ijk_to_lps : ndarray, shape (4, 4)
    spacing_mm : (k, j, i)
    threshold_hu, blood_hu, noise_hu : float
        Threshold of the candidates, mean blood pool and noise SD.
    """

    hu: npt.NDArray[np.generic]
    ijk_to_lps: npt.NDArray[np.float64]
    spacing_mm: tuple[float, float, float]
    threshold_hu: float
    blood_hu: float
    noise_hu: float

    def lps(self, kji: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Map voxel indices ``(..., 3)`` to LPS mm."""
        index = np.asarray(kji, float)[..., ::-1]
        return np.asarray(index @ self.ijk_to_lps[:3, :3].T + self.ijk_to_lps[:3, 3])

    def kji(self, lps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Map LPS mm ``(..., 3)`` to voxel indices."""
        inverse = np.linalg.inv(self.ijk_to_lps)
        return np.asarray((lps @ inverse[:3, :3].T + inverse[:3, 3])[..., ::-1])


def lesion_inputs(
    scan: Scan, organs: Organs, lesions: list[Lesion]
) -> tuple[FloatArray, FloatArray]:
    """Return patches ``(n, CHANNELS, *PATCH_SHAPE)`` and features ``(n, FEATURES)``."""
    centres = np.array([_centre(scan, lesion) for lesion in lesions]).reshape(-1, 3)
    seen = [_patch(scan, organs, lesion, c) for lesion, c in zip(lesions, centres, strict=True)]
    patches = [patch for patch, _ in seen]
    around = [surroundings for _, surroundings in seen]
    features = _features(scan, organs, lesions, centres, around)
    shape = (len(lesions), CHANNELS, *PATCH_SHAPE)
    return np.stack(patches) if patches else np.zeros(shape, np.float32), features


def _centre(scan: Scan, lesion: Lesion) -> npt.NDArray[np.float64]:
    return scan.lps(np.argwhere(lesion.mask).mean(0) + lesion.origin)


def _patch(
    scan: Scan, organs: Organs, lesion: Lesion, centre: npt.NDArray[np.float64]
) -> tuple[FloatArray, list[float]]:
    """Return the patch and what surrounds the lesion in it."""
    offsets = [(np.arange(n) - (n - 1) / 2) * PATCH_SPACING_MM for n in PATCH_SHAPE]
    z, y, x = np.meshgrid(*offsets, indexing="ij")
    lps = np.stack([x, y, z]) + centre.reshape(3, 1, 1, 1)
    voxels = np.moveaxis(scan.kji(np.moveaxis(lps, 0, -1)), -1, 0)
    hu = _sample_hu(scan.hu, voxels)
    inside = voxels - np.array(lesion.origin).reshape(3, 1, 1, 1) + 1
    mask = synthesis.sample_linear(
        np.pad(lesion.mask, 1).astype(np.float32), inside.astype(np.float32)
    )
    own = np.stack(
        [np.clip((hu - 50) / 200, -1, 1), np.clip((hu - scan.blood_hu) / 1000, -1, 1.5), mask]
    )
    patch = np.concatenate([own, organs.patch_channels(lps)]).astype(np.float32)
    return patch, _surroundings(hu, mask, scan.threshold_hu)


def _surroundings(hu: FloatArray, mask: FloatArray, threshold_hu: float) -> list[float]:
    """Shares of fat, lung and other bright voxels in the shells around a lesion.

    Arteries run in fat; valves and the aortic wall border on blood, the pericardium on lung.
    """
    inside = mask > 0.5 * mask.max(initial=0)
    if not inside.any():
        inside[tuple(n // 2 for n in inside.shape)] = True
    distance = distance_transform_edt(~inside, sampling=PATCH_SPACING_MM)
    shares: list[float] = []
    for low, high in _SHELLS_MM:
        values = hu[(distance > low) & (distance <= high)]
        fat = (values > _FAT_HU[0]) & (values < _FAT_HU[1])
        bright = values >= threshold_hu
        shares += [float(part.mean()) for part in (fat, values < _LUNG_HU, bright)]
    return shares


def _sample_hu(
    hu: npt.NDArray[np.generic], voxels: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    """Trilinear values at ``(3, k, j, i)``; converts only the part that is needed."""
    flat = voxels.reshape(3, -1)
    low = np.clip(np.floor(flat.min(1)).astype(int), 0, np.array(hu.shape) - 1)
    high = np.clip(np.ceil(flat.max(1)).astype(int) + 1, low + 1, hu.shape)
    part = hu[low[0] : high[0], low[1] : high[1], low[2] : high[2]].astype(np.float32)
    local = (voxels - low.reshape(3, 1, 1, 1)).astype(np.float32)
    return synthesis.sample_linear(part, local, outside=-1024.0)


def _features(
    scan: Scan,
    organs: Organs,
    lesions: list[Lesion],
    centres: npt.NDArray[np.float64],
    around: list[list[float]],
) -> FloatArray:
    if not lesions:
        return np.zeros((0, FEATURES), np.float32)
    common = [
        scan.threshold_hu / 300.0,
        scan.blood_hu / 300.0,
        scan.noise_hu / 30.0,
        scan.spacing_mm[0] / 3.0,
        organs.frame.overlap,
    ]
    columns = [
        position_features(organs.frame.to_template(centres)),
        np.array([_measures(scan, lesion) for lesion in lesions]),
        np.array(around),
        np.clip(organs.depths_mm(centres) / 20.0, -2.0, 2.0),
        np.tile(common, (len(lesions), 1)),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def position_features(at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return where template points ``(n, 3)`` lie: place, distances to arteries and landmarks."""
    model = template()
    columns = [(at - model.landmarks[_ORIGIN]) / _PLACE_MM]
    for path in model.vessels.values():
        gap = np.linalg.norm(at[:, None] - path[None], axis=2).min(1)
        columns.append(np.minimum(gap / 15.0, 4.0)[:, None])
    for mark in model.landmarks.values():
        columns.append((np.linalg.norm(at - mark, axis=1) / 40.0)[:, None])
    return np.concatenate(columns, axis=1)


def template_points(features: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    """Return the template points ``(n, 3)`` of feature vectors ``(n, FEATURES)``, LPS mm."""
    return np.asarray(features[:, :3] * _PLACE_MM + template().landmarks[_ORIGIN], np.float64)


def _measures(scan: Scan, lesion: Lesion) -> list[float]:
    """Size, brightness and extent of one lesion, scaled to about one."""
    values = scan.hu[lesion.box][lesion.mask].astype(np.float32)
    voxel = float(np.prod(scan.spacing_mm))
    extent = np.array(lesion.mask.shape) * np.array(scan.spacing_mm)
    return [
        float(np.log(values.size * voxel)) / 4.0,
        float(np.log(max(float(lesion.mask.sum((1, 2)).max()), 1))) / 4.0,
        float(values.max()) / 500.0,
        float(values.mean()) / 300.0,
        *(np.minimum(extent / 20.0, 4.0)).tolist(),
    ]
