"""Nodules of a chest CT: candidates, judged by a network; or other detectors, or all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.inference.cards import load_card
from readingroom.inference.engine import Engine
from readingroom.readers.lungnodule import cards as card_texts
from readingroom.readers.lungnodule.candidatedata import CLASSES
from readingroom.readers.lungnodule.candidates import Candidate, HasLungs, find_candidates
from readingroom.readers.lungnodule.contrastvessel import goes_on
from readingroom.readers.lungnodule.detection import (
    Detection,
    Detector,
    Sensitivity,
    Triple,
    fused,
    suppressed,
)
from readingroom.readers.lungnodule.patches import PatchCutter, network_input

_CARD_OF = {
    "candidates": card_texts.DETECT,
    "anchor": card_texts.ANCHOR,
    "segmentation": card_texts.SEGMENT,
    "monai": card_texts.MONAI,
}
#: Least probability that is shown, as calibrated on held-out parts of the training's patient.
THRESHOLDS: dict[str, float] = {"specific": 0.5, "balanced": 0.3, "high": 0.1}
_BATCH = 64
#: Size output of the network is the logarithm of the diameter relative to this, mm.
_SIZE_MM = 8.0
_SMALLEST_MM, _LARGEST_MM = 2.0, 45.0
#: Below this a detection is of no use at any sensitivity.
_LEAST = 0.002


def detect(
    engine: Engine,
    hu: npt.NDArray[np.generic],
    spacing_mm: Triple,
    anatomy: HasLungs,
    *,
    sensitivity: Sensitivity = "balanced",
    detector: Detector = "candidates",
) -> list[Detection]:
    """Return the nodules found, the surest first.

    Parameters
    ----------
    hu : ndarray, ``[k, j, i]``
        Canonical native grid, HU.
    spacing_mm : (k, j, i)
    anatomy : Anatomy
        Its lungs say where to look.
    sensitivity : {'high', 'balanced', 'specific'}
        See `THRESHOLDS`.
    detector : {'candidates', 'anchor', 'segmentation', 'monai', 'ensemble'}
        ``ensemble`` joins all detectors whose cards are there.

    Raises
    ------
    RefusedInput
        ``CARD_MISSING``, if the detector's model is not there.
    """
    found = all_detections(engine, hu, spacing_mm, anatomy, detector=detector)
    return [d for d in found if d.probability >= THRESHOLDS[sensitivity]]


def all_detections(
    engine: Engine,
    hu: npt.NDArray[np.generic],
    spacing_mm: Triple,
    anatomy: HasLungs,
    *,
    detector: Detector = "candidates",
) -> list[Detection]:
    """Return everything with its probability, for free-response curves; as `detect`."""
    groups = [_detections(name, engine, hu, spacing_mm, anatomy) for name in detectors_of(detector)]
    return groups[0] if len(groups) == 1 else fused(groups, spacing_mm)


def cards(detector: Detector) -> tuple[str, ...]:
    """Return the names of the model cards that a detector uses here."""
    chosen = detectors_of(detector)
    return tuple(_CARD_OF[name] for name in chosen)


def detectors_of(detector: Detector) -> tuple[str, ...]:
    """Return what a choice stands for; of the ensemble, what has a card here.

    The candidates' judge belongs to every ensemble: without its card, it is refused.
    """
    if detector != "ensemble":
        return (detector,)
    others = [name for name in ("anchor", "segmentation", "monai") if _has_card(_CARD_OF[name])]
    return ("candidates", *others)


def _has_card(name: str) -> bool:
    try:
        load_card(name)
    except RefusedInput:
        return False
    return True


def _detections(
    name: str,
    engine: Engine,
    hu: npt.NDArray[np.generic],
    spacing_mm: Triple,
    anatomy: HasLungs,
) -> list[Detection]:
    if name == "candidates":
        return judged(engine, hu, spacing_mm, find_candidates(hu, spacing_mm, anatomy))
    if name == "monai":
        from readingroom.readers.lungnodule.monaidetect import monai_detections

        return monai_detections(engine, hu, spacing_mm, anatomy)
    from readingroom.readers.lungnodule import detectvolume

    find = detectvolume.anchor_detections if name == "anchor" else detectvolume.segment_detections
    return find(engine, hu, spacing_mm, anatomy)


def judged(
    engine: Engine,
    hu: npt.NDArray[np.generic],
    spacing_mm: Triple,
    candidates: list[Candidate],
) -> list[Detection]:
    """Return candidates with the network's probability, type and diameter, best first.

    Vessels filled with contrast are left out (`contrastvessel`).
    """
    judge = engine.session(card_texts.DETECT)
    cut = PatchCutter(hu, spacing_mm)
    found = []
    for start in range(0, len(candidates), _BATCH):
        batch = candidates[start : start + _BATCH]
        fine, wide = cut([c.position_kji for c in batch])
        rows = judge(network_input(fine), network_input(wide))
        for candidate, row, cube in zip(batch, rows, wide, strict=True):
            detection = _detection(candidate, row)
            if detection.probability >= _LEAST and not goes_on(cube, detection.diameter_mm):
                found.append(detection)
    return suppressed(found, spacing_mm)


def nodule_probabilities(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the probability of "a nodule of any type" for the network's rows ``(n, 6)``."""
    logits = rows[:, :-1].astype(np.float64)
    return np.asarray(1 - np.exp(logits[:, 0] - np.logaddexp.reduce(logits, axis=1)))


def _detection(candidate: Candidate, row: npt.NDArray[np.float32]) -> Detection:
    logits = row[:-1].astype(np.float64)
    chances = np.exp(logits - np.logaddexp.reduce(logits))
    diameter = float(np.clip(_SIZE_MM * np.exp(row[-1]), _SMALLEST_MM, _LARGEST_MM))
    return Detection(
        candidate.position_kji,
        diameter,
        float(1 - chances[0]),
        "candidates",
        CLASSES[1 + int(chances[1:].argmax())],
    )
