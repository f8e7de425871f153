"""Right and left lung, diseased parts inside, by thresholds and shape.

Air inside the body is found on a 3 mm grid (adaptive threshold), windpipe and main bronchi
are taken out, the lungs are parted where they touch, and closed so that nodules at the
pleura, vessels and opacities belong to them. The surface is then drawn at the scan's own
resolution.

Sources: Hu, Hoffman, Reinhardt, IEEE Trans Med Imaging 20:490 (2001) for the sequence;
Pu et al., Comput Med Imaging Graph 32:452 (2008) for closing juxtapleural nodules by a
ball that rolls on the costal side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.imaging.geometry import Resampled
from readingroom.readers.lungnodule.airways import find_airways
from readingroom.readers.lungnodule.grids import Triple, working_grid
from readingroom.readers.lungnodule.lungshape import CoarseLungs, find_coarse_lungs
from readingroom.readers.lungnodule.lungtexts import lungs_absent
from readingroom.study import Note

RIGHT, LEFT = 1, 2
COARSE_MM = 3.0

#: Where the coarse surface leaves it open, a voxel darker than the first value is lung,
#: one brighter than the second is not, HU.
_SURE_LUNG_HU, _SURE_TISSUE_HU = -650, -250


@dataclass(frozen=True)
class Lungs:
    """Both lungs on the scan's canonical native grid ``[k, j, i]``.

    Attributes
    ----------
    labels : ndarray of uint8
        0 elsewhere, 1 right lung, 2 left lung; vessels, nodules and opacities inside
        belong to the lung, trachea and main bronchi do not.
    airways : ndarray of bool
        Lumen of trachea and bronchi.
    notes : tuple of Note
        ``LUNG_CUT``, ``LUNG_ABSENT``, ``LUNG_OPAQUE``.
    """

    labels: npt.NDArray[np.uint8]
    airways: npt.NDArray[np.bool_]
    notes: tuple[Note, ...] = ()


def find_lungs(hu: npt.NDArray[Any], spacing_mm: Triple) -> Lungs:
    """Find both lungs and the airways.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        CT numbers along canonical axes.
    spacing_mm : tuple of float
        Along ``(k, j, i)``.

    Raises
    ------
    RefusedInput
        ``LUNGS_ABSENT`` if no lung is seen.
    """
    coarse = working_grid(hu, spacing_mm, COARSE_MM)
    found = find_coarse_lungs(coarse.array, COARSE_MM)
    if not found.labels.any():
        raise lungs_absent()
    labels = _drawn(found, coarse, hu)
    airways = find_airways(hu, spacing_mm, found.trachea, coarse)
    return Lungs(labels, airways, found.notes)


def _drawn(found: CoarseLungs, coarse: Resampled, hu: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return the labels at native resolution: the coarse surface, decided by HU near it."""
    labels = coarse.labels_to_native(found.nearest)
    for k, share in enumerate(coarse.slices_on_source(found.share)):
        dark, bright = hu[k] < _SURE_LUNG_HU, hu[k] > _SURE_TISSUE_HU
        limit = np.where(dark, 0.25, np.where(bright, 0.65, 0.5))
        labels[k][share < limit] = 0
    return np.asarray(labels, np.uint8)
