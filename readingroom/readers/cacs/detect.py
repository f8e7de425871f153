"""From a located heart to lesions: candidates at the threshold, one class for each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from readingroom.inference.engine import Engine
from readingroom.readers.cacs.aorta import AorticParts, name_aortic_part, parts_of_aorta
from readingroom.readers.cacs.components import candidates, oversized
from readingroom.readers.cacs.heartframe import HeartFrame, template
from readingroom.readers.cacs.lesion import CORONARY, LABELS, Lesion
from readingroom.readers.cacs.lesioninput import Scan, lesion_inputs
from readingroom.readers.cacs.organs import Organs

CARD = "cacs-lesion"
_BATCH = 64
_AORTIC = ("ASCENDING_AORTA", "ARCH", "DESCENDING_AORTA")
_ON_AORTA_MM = 8.0
#: No coronary plaque of 10 painted anatomies (strongly varied, never a scan) came to lie
#: further than this from its artery's course in the heart frame; 99 % within 18 mm.
_OFF_COURSE_MM = 20.0
_CORONARY_INDEX = [LABELS.index(name) for name in CORONARY]
_AORTIC_INDEX = [LABELS.index(name) for name in _AORTIC]


@dataclass(frozen=True)
class Proposal:
    """A candidate with its class.

    Attributes
    ----------
    label : str
        The most probable of `LABELS` at the asked sensitivity.
    probabilities : dict of str to float
        The network's softmax over `LABELS`.
    """

    lesion: Lesion
    label: str
    probabilities: dict[str, float]

    @property
    def confidence(self) -> float:
        """Probability of the proposed class."""
        return self.probabilities[self.label]

    @property
    def coronary_probability(self) -> float:
        """Probability of lying in any coronary artery."""
        return sum(self.probabilities[name] for name in CORONARY)


def find_candidates(
    scan: Scan, region: npt.NDArray[np.bool_], minimum_area_mm2: float = 1.0
) -> list[Lesion]:
    """Return the components at the scan's threshold inside `region`, without the huge."""
    found = candidates(scan.hu, region, scan.threshold_hu, scan.spacing_mm, minimum_area_mm2)
    return [lesion for lesion in found if not oversized(lesion, scan.spacing_mm)]


def classify(
    engine: Engine, scan: Scan, organs: Organs, lesions: list[Lesion], sensitivity: float = 0.5
) -> list[Proposal]:
    """Name every candidate.

    Parameters
    ----------
    sensitivity : float
        0…1. The odds of the coronary classes are multiplied by ``10 ** (2 s − 1)``: at ½
        the most probable class wins.
    """
    anchors = Anchors.of(scan, organs)
    proposals = []
    session = engine.session(CARD)
    for start in range(0, len(lesions), _BATCH):
        part = lesions[start : start + _BATCH]
        logits = session(*lesion_inputs(scan, organs, part))
        proposals += [
            anchors.name(lesion, row, sensitivity) for lesion, row in zip(part, logits, strict=True)
        ]
    return proposals


def _proposal(lesion: Lesion, logits: npt.NDArray[np.float32], sensitivity: float) -> Proposal:
    raised = np.exp(logits - logits.max())
    probabilities = raised / raised.sum()
    weighed = probabilities.copy()
    weighed[_CORONARY_INDEX] *= 10.0 ** (2.0 * sensitivity - 1.0)
    values = {name: float(p) for name, p in zip(LABELS, probabilities, strict=True)}
    return Proposal(lesion, LABELS[int(weighed.argmax())], values)


@dataclass(frozen=True)
class Anchors:
    """Plain anatomy that overrules the network.

    Calcium of the aorta lies on the aorta, and that of an artery near its course in the
    heart frame: far from them these classes are ruled out. Which part of the aorta it is in
    is a matter of geometry.
    """

    scan: Scan
    frame: HeartFrame
    parts: AorticParts
    aorta_distance_mm: npt.NDArray[np.float32]
    origin_mm: npt.NDArray[np.float64]
    spacing_mm: float

    @classmethod
    def of(cls, scan: Scan, organs: Organs) -> Anchors:
        """Return the anchors of a scan."""
        aorta = organs.of("AORTA") > 0.5
        spacing = organs.spacing_mm
        if aorta.any():
            distance = distance_transform_edt(~aorta, sampling=spacing).astype(np.float32)
        else:
            distance = np.zeros(aorta.shape, np.float32)
        parts = parts_of_aorta(aorta, organs.origin_mm, (spacing,) * 3)
        return cls(scan, organs.frame, parts, distance, organs.origin_mm, spacing)

    def name(self, lesion: Lesion, logits: npt.NDArray[np.float32], sensitivity: float) -> Proposal:
        """Return the lesion with the class that network and anchors agree on."""
        point = self.scan.lps(np.argwhere(lesion.mask).mean(0) + lesion.origin)
        logits = logits.copy()
        if self._from_aorta_mm(point) > _ON_AORTA_MM:
            logits[_AORTIC_INDEX] = -np.inf
        logits[self._far_arteries(point)] = -np.inf
        proposal = _proposal(lesion, logits, sensitivity)
        if proposal.label not in _AORTIC:
            return proposal
        return replace(proposal, label=name_aortic_part(self.parts, point))

    def _far_arteries(self, point: npt.NDArray[np.float64]) -> list[int]:
        """Return the classes of the arteries whose course does not come near."""
        at = self.frame.to_template(point)
        return [
            LABELS.index(name)
            for name, path in template().vessels.items()
            if np.linalg.norm(path - at, axis=1).min() > _OFF_COURSE_MM
        ]

    def _from_aorta_mm(self, point: npt.NDArray[np.float64]) -> float:
        kji = np.rint((point - self.origin_mm)[::-1] / self.spacing_mm).astype(int)
        inside = np.clip(kji, 0, np.array(self.aorta_distance_mm.shape) - 1)
        return float(self.aorta_distance_mm[tuple(inside)])
