"""A simulated scan and the nodules in it, with their truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readingroom.readers.lungnodule.simulatedlung import Protocol
from readingroom.readers.lungnodule.simulatednodule import FloatArray, Nodule

#: Where the frame of simulated scans begins, LPS mm: away from 0, so that mistakes show.
_ORIGIN_LPS = (-150.0, -120.0, -200.0)


@dataclass(frozen=True)
class InsertedNodule:
    """A nodule in a scan, with its truth.

    Attributes
    ----------
    nodule : Nodule
        What was inserted: type, layers, attachment.
    centre_mm : ndarray, shape (3,)
        ``(k, j, i)`` in mm from voxel (0, 0, 0).
    volume_mm3, solid_volume_mm3 : float
        What lies within the lung, spicules not counted; the second without ground glass.
    start_kji : tuple of int
        First voxel of `mask`'s box.
    mask : ndarray of bool, ``[k, j, i]``
        Voxels of which the nodule fills at least half.
    contrast_hu : float
        How much denser it made these voxels, on average: how well it can be seen at all. In
        the middle of other opacities this is little.
    """

    nodule: Nodule
    centre_mm: FloatArray
    volume_mm3: float
    solid_volume_mm3: float
    start_kji: tuple[int, int, int]
    mask: npt.NDArray[np.bool_]
    contrast_hu: float

    @property
    def diameter_mm(self) -> float:
        """Diameter of the sphere of `volume_mm3`."""
        return math.cbrt(6 * self.volume_mm3 / math.pi)

    @property
    def solid_diameter_mm(self) -> float:
        """Diameter of the sphere of `solid_volume_mm3`."""
        return math.cbrt(6 * self.solid_volume_mm3 / math.pi)


@dataclass(frozen=True)
class SimulatedScan:
    """A scan with its truth, canonical axes.

    Attributes
    ----------
    hu : ndarray of int16, ``[k, j, i]``
    lungs : ndarray of uint8
        1 right, 2 left.
    nodules : tuple of InsertedNodule
    real : ndarray, shape (n, 4)
        Nodules that the source scan had: centre in mm and radius.
    """

    hu: npt.NDArray[np.int16]
    lungs: npt.NDArray[np.uint8]
    nodules: tuple[InsertedNodule, ...]
    real: FloatArray
    protocol: Protocol

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size along ``(k, j, i)``."""
        return self.protocol.spacing_mm

    @property
    def ijk_to_lps(self) -> npt.NDArray[np.float64]:
        """Matrix from ``(i, j, k, 1)`` to LPS mm."""
        matrix = np.diag([*self.spacing_mm[::-1], 1.0])
        matrix[:3, 3] = _ORIGIN_LPS
        return matrix
