"""The chest's anatomy in one bundle: lungs, lobes, airways, vessels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from readingroom.readers.lungnodule.grids import Box
from readingroom.readers.lungnodule.lobes import find_lobes
from readingroom.readers.lungnodule.lunggrid import lung_grid
from readingroom.readers.lungnodule.lungnetwork import lobes_by_network, lungs_by_network
from readingroom.readers.lungnodule.lungs import Lungs, find_lungs
from readingroom.readers.lungnodule.lungtexts import fissure_notes
from readingroom.readers.lungnodule.vessels import vessels_on
from readingroom.study import Note

if TYPE_CHECKING:
    from readingroom.inference.engine import Engine

Triple = tuple[float, float, float]

#: Lobes in the order of their labels 1…5.
LOBES = (
    "RIGHT_UPPER_LOBE",
    "RIGHT_MIDDLE_LOBE",
    "RIGHT_LOWER_LOBE",
    "LEFT_UPPER_LOBE",
    "LEFT_LOWER_LOBE",
)
#: Colours (red, green, blue in 0…1) of everything that this bundle shows to people.
COLORS: dict[str, tuple[float, float, float]] = {
    "RIGHT_UPPER_LOBE": (0.85, 0.65, 0.40),
    "RIGHT_MIDDLE_LOBE": (0.55, 0.75, 0.45),
    "RIGHT_LOWER_LOBE": (0.45, 0.65, 0.85),
    "LEFT_UPPER_LOBE": (0.80, 0.55, 0.60),
    "LEFT_LOWER_LOBE": (0.60, 0.55, 0.80),
    "AIRWAYS": (0.60, 0.85, 0.95),
    "VESSELS": (0.75, 0.30, 0.30),
}


@dataclass(frozen=True)
class Anatomy:
    """What surrounds the nodules, on the scan's canonical native grid ``[k, j, i]``.

    Attributes
    ----------
    lungs : Lungs
        Right and left lung, airways, notes.
    lobes : ndarray of uint8
        0, or 1…5 in the order of `LOBES`; together they are the lungs.
    vessels : ndarray of bool
        Vessels inside the lungs, down to about 1.5 mm.
    spacing_mm : tuple of float
        Along ``(k, j, i)``.
    ijk_to_lps : ndarray, shape (4, 4)
        Of the canonical grid; the identity scaled by the spacing where none was given.
    """

    lungs: Lungs
    lobes: npt.NDArray[np.uint8]
    vessels: npt.NDArray[np.bool_]
    spacing_mm: Triple
    ijk_to_lps: npt.NDArray[np.float64]

    @property
    def airways(self) -> npt.NDArray[np.bool_]:
        """Lumen of trachea and bronchi."""
        return self.lungs.airways

    @cached_property
    def lobe_boxes(self) -> list[Box | None]:
        """Box of each lobe in the order of `LOBES`; None for one that is absent."""
        from scipy import ndimage

        found = ndimage.find_objects(self.lobes, len(LOBES))
        return [None if box is None else (box[0], box[1], box[2]) for box in found]

    @property
    def notes(self) -> tuple[Note, ...]:
        """Remarks on what could not be seen."""
        return self.lungs.notes


def find_anatomy(
    hu: npt.NDArray[Any],
    spacing_mm: Triple,
    *,
    ijk_to_lps: npt.NDArray[np.float64] | None = None,
    engine: Engine | None = None,
) -> Anatomy:
    """Find lungs, lobes, airways and vessels.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        CT numbers along canonical axes (see `readingroom.imaging.geometry.canonical`).
    spacing_mm : tuple of float
        Along ``(k, j, i)``.
    ijk_to_lps : ndarray, shape (4, 4), optional
        Of the canonical grid, carried along.
    engine : Engine, optional
        With it, an imported public lung or lobe card is used where one is there.

    Raises
    ------
    RefusedInput
        ``LUNGS_ABSENT`` if the images show no lung.
    """
    lungs = _lungs(hu, spacing_mm, engine)
    fine = lung_grid(lungs.labels, hu, spacing_mm)
    tubes = vessels_on(fine)
    lobes = None if engine is None else lobes_by_network(engine, hu, lungs.labels)
    if lobes is None:
        found = find_lobes(lungs, hu, spacing_mm, grid=fine, vessels=tubes)
        lobes = found.labels
        lungs = replace(lungs, notes=(*lungs.notes, *fissure_notes(found.evidence)))
    vessels = fine.to_scan(tubes, hu.shape) & (lungs.labels > 0)
    k, j, i = spacing_mm
    matrix = np.diag([i, j, k, 1.0]) if ijk_to_lps is None else ijk_to_lps
    return Anatomy(lungs, lobes, vessels, spacing_mm, matrix)


def _lungs(hu: npt.NDArray[Any], spacing_mm: Triple, engine: Engine | None) -> Lungs:
    """Return the lungs; drawn by an imported network where there is one."""
    lungs = find_lungs(hu, spacing_mm)
    drawn = None if engine is None else lungs_by_network(engine, hu)
    if drawn is None or not drawn.any():
        return lungs
    return replace(lungs, labels=drawn)
