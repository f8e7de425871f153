"""The heart's outline, brought to the epicardial surface at the scan's own resolution.

The network works on 5 mm voxels and takes fat and lung at the heart's surface along. Fat
is known by its density; what bridges a groove of the heart stays.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.imaging.geometry import Triple, Voxels, resample_to_spacing
from readingroom.inference.upsampling import upsample_labels

BoolArray = npt.NDArray[np.bool_]

#: Fat lies below, blood and muscle above, HU.
_FAT_HU = -30.0
_SPACING_MM = 2.5
#: Thinner strands (vessels in fat, pericardium) are not followed; narrower grooves are bridged.
_STRAND_MM, _GROOVE_MM = 8.0, 16.0
_MARGIN_MM = 12.0


def epicardial(heart: BoolArray, hu: Voxels, spacing_mm: Triple) -> BoolArray:
    """Return the part of `heart` inside the epicardial surface.

    Parameters
    ----------
    heart : ndarray of bool, ``[k, j, i]``
        The heart as the network outlines it.
    hu : ndarray, ``[k, j, i]``
        The image on the same grid.
    spacing_mm : tuple of float
        Along ``(k, j, i)``.

    Returns
    -------
    ndarray of bool, ``[k, j, i]``
        A subset of `heart`; all of it where it holds nothing denser than fat.
    """
    found = ndimage.find_objects(heart.astype(np.uint8))
    if not found:
        return heart
    pad = [int(np.ceil(_MARGIN_MM / mm)) for mm in spacing_mm]
    box = tuple(
        slice(max(part.start - n, 0), min(part.stop + n, size))
        for part, n, size in zip(found[0], pad, heart.shape, strict=True)
    )
    share = _resampled(heart[box], spacing_mm)
    dense = np.minimum(share, _resampled(hu[box] > _FAT_HU, spacing_mm))
    inside = _inside(share > 0.5, dense > 0.5)
    if not inside.any():
        return heart
    out = np.zeros_like(heart)
    out[box] = heart[box] & _on_grid(inside, spacing_mm, heart[box].shape)
    return out


def _resampled(mask: BoolArray, spacing_mm: Triple) -> npt.NDArray[np.float32]:
    """Return which fraction of every voxel of `_SPACING_MM` `mask` fills."""
    return resample_to_spacing(mask, spacing_mm, (_SPACING_MM,) * 3)


def _inside(heart: BoolArray, soft: BoolArray) -> BoolArray:
    """Return the main body of `soft`, its strands cut and its grooves bridged in `heart`."""
    pad = int(np.ceil(_GROOVE_MM / _SPACING_MM))
    core = _grown(_shrunk(soft, _STRAND_MM / 2), _STRAND_MM / 2)
    labels, count = ndimage.label(core)
    if not count:
        return np.zeros_like(heart)
    main = np.pad(labels == int(np.bincount(labels.ravel())[1:].argmax()) + 1, pad)
    bridged = _shrunk(_grown(main, _GROOVE_MM / 2), _GROOVE_MM / 2) | main
    return np.asarray(ndimage.binary_fill_holes(bridged[(slice(pad, -pad),) * 3]) & heart)


def _grown(mask: BoolArray, by_mm: float) -> BoolArray:
    return np.asarray(ndimage.distance_transform_edt(~mask, sampling=_SPACING_MM) <= by_mm)


def _shrunk(mask: BoolArray, by_mm: float) -> BoolArray:
    return np.asarray(ndimage.distance_transform_edt(mask, sampling=_SPACING_MM) > by_mm)


def _on_grid(mask: BoolArray, spacing_mm: Triple, shape: tuple[int, ...]) -> BoolArray:
    """Return `mask` (voxels of `_SPACING_MM`) with a smooth surface on the finer grid."""
    soft = ndimage.gaussian_filter(mask.astype(np.float32), 0.5)
    ratio = np.array(spacing_mm) / _SPACING_MM
    matrix = np.diag([*ratio, 1.0])
    matrix[:3, 3] = ratio / 2 - 0.5
    size = (shape[0], shape[1], shape[2])
    return np.asarray(upsample_labels(np.stack([1 - soft, soft]), matrix, size) > 0)
