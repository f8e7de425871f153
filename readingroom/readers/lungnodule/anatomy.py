"""The chest's anatomy in one bundle: lungs, lobes, airways, vessels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from readingroom.inference.cards import load_card
from readingroom.readers.lungnodule.grids import Box
from readingroom.readers.lungnodule.lobeloss import loss_by_fissures, loss_by_lobes
from readingroom.readers.lungnodule.lobes import find_lobes
from readingroom.readers.lungnodule.lunggrid import lung_grid
from readingroom.readers.lungnodule.lungnetwork import (
    lobes_by_network,
    lobes_by_totalsegmentator,
    lungs_by_network,
)
from readingroom.readers.lungnodule.lungs import Lungs, find_lungs
from readingroom.readers.lungnodule.lungtexts import fissure_notes
from readingroom.readers.lungnodule.publicweights import LUNGS_CARD
from readingroom.readers.lungnodule.vessels import vessels_on
from readingroom.study import Note

if TYPE_CHECKING:
    from readingroom.inference.engine import Engine

Triple = tuple[float, float, float]
Method = Literal["auto", "own", "lungmask", "totalsegmentator"]

#: Lobes in the order of their labels 1…5.
LOBES = (
    "RIGHT_UPPER_LOBE",
    "RIGHT_MIDDLE_LOBE",
    "RIGHT_LOWER_LOBE",
    "LEFT_UPPER_LOBE",
    "LEFT_LOWER_LOBE",
)
#: The lung of each lobe's label.
_LUNG_OF_LOBE = np.array([0, 1, 1, 1, 2, 2], np.uint8)
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
    method: Method = "auto",
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
        With it, imported public networks can be used.
    method : {'auto', 'own', 'lungmask', 'totalsegmentator'}
        Who draws lungs and lobes; ``auto`` is lungmask where it was imported, else this
        room's own way.

    Raises
    ------
    RefusedInput
        ``LUNGS_ABSENT`` if the images show no lung; ``CARD_MISSING`` if the network asked
        for was not imported.
    """
    lungs, drawn = _drawn(hu, spacing_mm, engine, method)
    fine = lung_grid(lungs.labels, hu, spacing_mm)
    tubes = vessels_on(fine)
    if drawn is None:
        found = find_lobes(lungs, hu, spacing_mm, grid=fine, vessels=tubes)
        lobes = found.labels
        lost = loss_by_fissures(lungs.labels, found.evidence, lungs.notes)
        said = [*lost, *fissure_notes(found.evidence)]
    else:
        lobes = drawn
        said = loss_by_lobes(lobes, lungs.notes)
    lungs = replace(lungs, notes=(*lungs.notes, *said))
    vessels = fine.to_scan(tubes, hu.shape) & (lungs.labels > 0)
    k, j, i = spacing_mm
    matrix = np.diag([i, j, k, 1.0]) if ijk_to_lps is None else ijk_to_lps
    return Anatomy(lungs, lobes, vessels, spacing_mm, matrix)


def _drawn(
    hu: npt.NDArray[Any], spacing_mm: Triple, engine: Engine | None, method: Method
) -> tuple[Lungs, npt.NDArray[np.uint8] | None]:
    """Return the lungs, and the lobes if a network draws them.

    Notes and airways are this room's own in any case.
    """
    lungs = find_lungs(hu, spacing_mm)
    if engine is None or method == "own":
        return lungs, None
    if method == "totalsegmentator":
        lobes = lobes_by_totalsegmentator(engine, hu, spacing_mm)
        labels = _LUNG_OF_LOBE[lobes]
        return (replace(lungs, labels=labels), lobes) if labels.any() else (lungs, None)
    if method == "lungmask":
        load_card(LUNGS_CARD)
    drawn = lungs_by_network(engine, hu)
    if drawn is not None and drawn.any():
        lungs = replace(lungs, labels=drawn)
    return lungs, lobes_by_network(engine, hu, lungs.labels)
