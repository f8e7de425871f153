"""What an ideal reader finds in a simulated case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.cacs.components import lesions_from_mask
from readingroom.readers.cacs.lesion import CORONARY, Lesion
from readingroom.readers.cacs.measure import agatston
from readingroom.readers.cacs.rule import ScoringRule
from readingroom.readers.cacs.simulatedcase import SimulatedCase


@dataclass(frozen=True)
class Truth:
    """What an ideal reader finds on the same image.

    Attributes
    ----------
    lesions : list of (str, Lesion)
        True class and voxels at the threshold of each visible plaque.
    diameters_mm : list of float
        True diameter of each.
    score : float
        Coronary score of these voxels, by the reader's rule.
    noise_free_score : float
        The same on the image before noise.
    """

    lesions: list[tuple[str, Lesion]]
    diameters_mm: list[float]
    score: float
    noise_free_score: float


def truth_of(case: SimulatedCase, rule: ScoringRule) -> Truth:
    """Return the truth of a simulated case for a scoring rule."""
    spacing = case.anatomy.grid.spacing_mm
    found: list[tuple[str, Lesion]] = []
    diameters: list[float] = []
    total = clean_total = 0.0
    for number, plaque in enumerate(case.plaques, 1):
        lesion = _plaque_lesion(case.hu, case.truth, number, rule, spacing)
        clean = _plaque_lesion(case.clean, case.truth, number, rule, spacing)
        if plaque.label in CORONARY:
            total += sum(agatston(case.hu, part, spacing, rule) for part in lesion)
            clean_total += sum(agatston(case.clean, part, spacing, rule) for part in clean)
        # What reaches no threshold before noise cannot be expected to be seen.
        if clean and lesion:
            found.append((plaque.label, max(lesion, key=lambda part: part.mask.sum())))
            diameters.append(plaque.diameter_mm)
    return Truth(found, diameters, total, clean_total)


def _plaque_lesion(
    hu: npt.NDArray[np.int16],
    truth: npt.NDArray[np.uint8],
    number: int,
    rule: ScoringRule,
    spacing: tuple[float, float, float],
) -> list[Lesion]:
    """Return the plaque's components that can score under `rule`."""
    boxes = ndimage.find_objects((truth == number).astype(np.uint8))
    if not boxes:
        return []
    box = boxes[0]
    inside = lesions_from_mask(hu[box], truth[box] == number, rule.threshold_hu)
    start = tuple(s.start for s in box)
    moved = [
        Lesion(
            (
                part.origin[0] + start[0],
                part.origin[1] + start[1],
                part.origin[2] + start[2],
            ),
            part.mask,
        )
        for part in inside
    ]
    return [part for part in moved if agatston(hu, part, spacing, rule) > 0]
