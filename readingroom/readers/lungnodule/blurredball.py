"""What a scanner's blur does to a ball: at its true surface, and at its centre.

A ball blurred by an isotropic Gaussian has a closed form; its half-maximum surface lies
inside the true one, the more so the smaller the ball. Drawing the border at the level given
here instead makes volumes of small nodules right.
"""

from __future__ import annotations

import math


def level_at_surface(radius_mm: float, sigma_mm: float) -> float:
    """Return the share of its contrast that a blurred ball has at its true surface, 0…½."""
    ratio = radius_mm / sigma_mm
    bend = (1.0 - math.exp(-2.0 * ratio**2)) / (ratio * math.sqrt(2.0 * math.pi))
    return 0.5 * math.erf(math.sqrt(2.0) * ratio) - bend


def level_at_centre(radius_mm: float, sigma_mm: float) -> float:
    """Return the share of its contrast that a blurred ball reaches at its centre, 0…1."""
    ratio = radius_mm / sigma_mm
    lost = math.sqrt(2.0 / math.pi) * ratio * math.exp(-0.5 * ratio**2)
    return math.erf(ratio / math.sqrt(2.0)) - lost


def ball_radius(volume_mm3: float) -> float:
    """Return the radius of the ball of this volume, mm."""
    return float((0.75 * volume_mm3 / math.pi) ** (1.0 / 3.0))


def scan_sigma(spacing_mm: tuple[float, float, float]) -> float:
    """Return the blur to be expected on a scan of this ``(k, j, i)`` spacing, mm.

    A standard kernel's point spread (0.5 mm), the extent of a voxel along each
    axis and linear interpolation between voxels, as the geometric mean over the axes. The
    slice is taken to be as thick as the slices are apart.
    """
    kernel = 0.5**2
    variances = [kernel + step**2 * (1 / 12 + 1 / 6) for step in spacing_mm]
    return float(math.prod(variances) ** (1 / 6))
