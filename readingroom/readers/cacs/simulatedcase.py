"""A simulated scan with its truth, and how it was acquired."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from readingroom.readers.cacs.plaque import Plaque
from readingroom.readers.cacs.simulatedanatomy import SimulatedAnatomy


@dataclass(frozen=True)
class Protocol:
    """How the simulated scan is acquired."""

    spacing_mm: tuple[float, float, float]
    thickness_mm: float
    noise_sd_hu: float
    contrast: bool = False
    motion_mm: float = 0.0
    field_of_view_mm: float = 320.0


@dataclass
class SimulatedCase:
    """A scan with its truth.

    Attributes
    ----------
    hu : ndarray of int16, ``[k, j, i]``
    truth : ndarray of uint8, ``[k, j, i]``
        Index of the plaque (1…n) that a voxel belongs to, 0 = none. A voxel belongs to
        a plaque that fills at least a tenth of it.
    plaques : list of Plaque
    """

    hu: npt.NDArray[np.int16]
    clean: npt.NDArray[np.int16]
    truth: npt.NDArray[np.uint8]
    plaques: list[Plaque]
    anatomy: SimulatedAnatomy = field(repr=False)
    protocol: Protocol
