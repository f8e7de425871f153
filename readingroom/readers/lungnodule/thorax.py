"""Air inside the body on a coarse grid: what lungs, airways and bowel gas have in common.

All arrays are ``[k, j, i]`` along canonical axes on an isotropic grid of about 3 mm.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.lungnodule.grids import convex

FloatArray = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

#: Air outside the patient is this dark after averaging; emphysema is not, over a whole edge.
_ROOM_AIR_HU = -940.0
#: Above this a voxel counts as part of the body when its outline is looked for.
_TISSUE_HU = -350.0
#: The threshold between lung and soft tissue stays in this range, HU.
_THRESHOLD_RANGE = (-520.0, -350.0)


def air_threshold(hu: FloatArray, inside: Mask) -> float:
    """Return the HU half-way between aerated lung and soft tissue of this patient.

    Iterative optimal threshold selection (Hu, Hoffman, Reinhardt, IEEE Trans Med Imaging
    2001), kept to a sensible range, so that a dense or a noisy lung does not move it far.
    """
    values = hu[inside & (hu > -1000.0) & (hu < 200.0)]
    threshold = -400.0
    for _ in range(20):
        low, high = values[values < threshold], values[values >= threshold]
        if not len(low) or not len(high):
            break
        new = 0.5 * (float(low.mean()) + float(high.mean()))
        if abs(new - threshold) < 1.0:
            break
        threshold = new
    return float(np.clip(threshold, *_THRESHOLD_RANGE))


def room_air(hu: FloatArray) -> Mask:
    """Return the air around the patient, with the table: all that tissue does not enclose.

    Slice by slice: air joined to the picture's edge that is as dark as a room or lies beyond
    the trunk's convex outline. A lung that a narrow field of view cuts is neither.
    """
    tissue = hu > _TISSUE_HU
    body = _trunk(tissue)
    outside = np.zeros(hu.shape, bool)
    frame = np.zeros(hu.shape[1:], bool)
    frame[[0, -1], :] = frame[:, [0, -1]] = True
    for k, plane in enumerate(hu):
        numbers, _ = ndimage.label(~body[k] & ~tissue[k])
        at_edge = [n for n in np.unique(numbers[frame]) if n]
        if at_edge:
            within = convex(body[k])
            room = [n for n in at_edge if _is_room(plane, numbers == n, within)]
            outside[k] = np.isin(numbers, room)
    return outside


def _is_room(plane: FloatArray, part: Mask, within: Mask) -> bool:
    if np.median(plane[part]) < _ROOM_AIR_HU:
        return True
    return bool(np.mean(within[part]) < 0.5)


def _trunk(tissue: Mask) -> Mask:
    """Return the largest piece of tissue, thin bridges to table and arms cut."""
    core, count = ndimage.label(ndimage.binary_opening(tissue, iterations=1))
    if not count:
        return tissue
    biggest = core == int(np.bincount(core.ravel())[1:].argmax()) + 1
    return np.asarray(ndimage.binary_dilation(biggest, iterations=2) & tissue)


def inside_body(hu: FloatArray, outside: Mask) -> Mask:
    """Return the patient: what room air leaves, filled, without the table.

    The largest component of what is not room air, opened by about 6 mm.
    """
    body = ndimage.binary_opening(~outside, iterations=2)
    numbers, count = ndimage.label(body)
    if not count:
        return np.asarray(~outside)
    return np.asarray(numbers == int(np.bincount(numbers.ravel())[1:].argmax()) + 1)
