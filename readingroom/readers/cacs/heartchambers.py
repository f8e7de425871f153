"""Blood of the heart's chambers and of the veins, for synthesised images.

Contrast agent fills the heart from the veins on: the right side can be ten times as dense as
the left, or the other way round, and what enters from below is still plain blood.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from readingroom.imaging import synthesis
from readingroom.readers.cacs.tissuemap import Tissue, TissueMap

FloatArray = npt.NDArray[np.float32]
#: Number of the nearest chamber, ``[k, j, i]``: right and left atrium, right and left ventricle.
Chambers = npt.NDArray[np.uint8]

#: Middle of each chamber, from the heart's centre towards superior, posterior, left, mm; and
#: the vessel whose blood it shares.
_MIDDLES_MM = np.array([(-10, -8, -38), (12, 35, -14), (-12, -24, -8), (-8, -4, 24)], np.float32)
_BLOOD_OF = (Tissue.VEIN, Tissue.AORTA, Tissue.PULMONARY_ARTERY, Tissue.AORTA)
_VESSELS = (
    Tissue.AORTA,
    Tissue.PULMONARY_ARTERY,
    Tissue.VEIN,
    Tissue.ARTERY,
    Tissue.PULMONARY_VEIN,
    Tissue.INFERIOR_CAVA,
)


def chambers(
    rng: np.random.Generator, source: TissueMap, coordinates: FloatArray
) -> Chambers | None:
    """Return which chamber every voxel is nearest to; None without a heart.

    Parameters
    ----------
    coordinates : ndarray of float32, ``(3, k, j, i)``
        Place of each voxel in `source`, in its voxels.
    """
    heart = source.heart_centre
    if heart is None:
        return None
    middles = heart + (_MIDDLES_MM + rng.normal(0, 7, _MIDDLES_MM.shape)) / source.spacing_mm
    shape = coordinates.shape[1:]
    away = [
        sum((coordinates[a] - middle[a]) ** 2 for a in range(3))
        + 60 * synthesis.smooth_noise(rng, shape, 5)
        for middle in middles
    ]
    return np.asarray(np.argmin(away, 0), np.uint8)


def one_blood(rng: np.random.Generator, values: FloatArray) -> None:
    """Without contrast agent all blood of a patient is nearly equally dense, mostly."""
    if rng.random() < 0.7:
        blood = rng.uniform(28, 58)
        for vessel in _VESSELS:
            values[vessel] = blood + rng.normal(0, 2)


def enhance_veins(rng: np.random.Generator, values: FloatArray) -> None:
    """Give lung veins the aorta's agent, and the lower cava any, or none at all yet."""
    late = rng.uniform(0, 1)
    values[Tissue.PULMONARY_VEIN] = values[Tissue.AORTA] + rng.normal(0, 30)
    values[Tissue.INFERIOR_CAVA] += late * rng.uniform(0, 200)


def fill(
    rng: np.random.Generator,
    image: FloatArray,
    heart: npt.NDArray[np.bool_],
    mm: float,
    values: FloatArray,
    nearest: Chambers,
) -> None:
    """Fill the chambers with blood as dense as in the vessels that feed or drain them.

    Agent and plain blood mix unevenly in the right atrium, now and then.
    """
    field = synthesis.smooth_noise(rng, heart.shape, rng.uniform(18, 35) / mm)
    for number, vessel in enumerate(_BLOOD_OF):
        # Only ventricles have a wall that 5 mm voxels show.
        least = rng.uniform(-1.5, 0.3) if number > 1 else -9.0
        pool = heart & (nearest == number) & (field > least)
        image[pool] = values[vessel] + rng.normal(0, 0.08) * abs(values[vessel])
    if rng.random() < 0.4:
        mixed = synthesis.smooth_noise(rng, heart.shape, rng.uniform(8, 18) / mm) > 0
        pool = heart & (nearest == 0) & mixed
        image[pool] = rng.uniform(0.3, 1.0) * values[Tissue.VEIN] + 20
