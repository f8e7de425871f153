"""The blood pool: how bright it is, and the threshold that follows from it in contrast CT."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def contrast_threshold(blood_hu: float, blood_sd: float) -> float:
    """Return the threshold of contrast CT: the blood pool plus three SD, at least 100 HU above.

    Source: this project's convention; per-patient thresholds relative to the luminal
    attenuation follow e.g. Glodny et al., Eur Radiol 2009, 19:1661 (mean + SD multiples).
    """
    return float(blood_hu + max(3.0 * blood_sd, 100.0))


def blood_pool(hu: npt.NDArray[np.generic]) -> tuple[float, float]:
    """Return median and robust SD of the voxels inside the aorta, HU; (45, 15) if few."""
    values = hu.astype(np.float32)
    if values.size < 200:
        return 45.0, 15.0
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))
