"""Findings, masks and numbers of a calcium reading, made the same way at every revision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.imaging.geometry import Canonical
from readingroom.readers.cacs import fitness, guideline, risk
from readingroom.readers.cacs.components import Connectivity3d, lesions_from_mask, reaches
from readingroom.readers.cacs.lesion import CORONARY, LABELS, Lesion
from readingroom.readers.cacs.measure import measure_lesion
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.cacs.rule import Calibration, ScoringRule
from readingroom.readers.cacs.totals import totals
from readingroom.reading import Category, Finding, Measurement, Segment
from readingroom.study import Patient, Study, Volume
from readingroom.terminology import segment

LESION_LAYER, ANATOMY_LAYER = 0, 1


@dataclass(frozen=True)
class Scoring:
    """Everything that turns lesions into numbers; no network is part of it.

    Attributes
    ----------
    image : Canonical
        The scan along canonical axes.
    rule, adapted : ScoringRule
        The rule of the scan, and the tube-voltage-adapted one beside it.
    threshold_hu : float
        Threshold of the lesions' masks: the lowest of the rules in use.
    contrast_derived : bool
        The blood is enhanced: a per-patient threshold, never an Agatston score.
    """

    image: Canonical
    rule: ScoringRule
    adapted: ScoringRule | None
    calibration: Calibration
    contrast_derived: bool
    options: CacsOptions

    @classmethod
    def of(
        cls,
        image: Canonical,
        options: CacsOptions,
        kvp: float | None,
        contrast_threshold_hu: float | None = None,
    ) -> Scoring:
        """Return the scoring that the options ask for on this scan."""
        rule = ScoringRule.from_options(options)
        calibration = Calibration.measured(options.mass_factor)
        if contrast_threshold_hu is not None:
            rule = rule.with_threshold(contrast_threshold_hu)
            return cls(image, rule, None, calibration, True, options)
        return cls(image, rule, rule.adapted_to(kvp), calibration, False, options)

    @property
    def threshold_hu(self) -> float:
        """Threshold at which lesions are outlined, HU."""
        rules = [self.rule] + ([self.adapted] if self.adapted else [])
        return min(rule.threshold_hu for rule in rules)

    def measure(self, lesion: Lesion) -> dict[str, Measurement]:
        """Measure one lesion."""
        return measure_lesion(
            self.image.array,
            lesion,
            self.image.spacing_mm,
            self.rule,
            self.calibration,
            adapted=self.adapted,
            contrast_derived=self.contrast_derived,
        )

    def position(self, lesion: Lesion) -> tuple[float, float, float]:
        """Return the LPS mm of the lesion's brightest voxel."""
        values = np.where(lesion.mask, self.image.array[lesion.box].astype(np.float32), -np.inf)
        kji = np.array(np.unravel_index(int(values.argmax()), values.shape)) + lesion.origin
        lps = self.image.ijk_to_lps @ np.array([*kji[::-1], 1.0])
        return float(lps[0]), float(lps[1]), float(lps[2])

    @property
    def connectivity(self) -> Connectivity3d:
        """Neighbourhood that joins voxels to one lesion."""
        return 6 if self.options.lesion_counting == "orcascore" else 26

    def above(self, hu: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
        """Say which voxels are bright enough to belong to a lesion."""
        compare = np.greater if self.connectivity == 6 else np.greater_equal
        return np.asarray(compare(hu, self.threshold_hu))

    def counts(self, mask: npt.NDArray[np.bool_]) -> bool:
        """Say whether a component is large enough in some slice to count under any rule."""
        _, height, width = self.image.spacing_mm
        return reaches(mask, self.rule.smallest_component(height * width))

    def split(self, lesion: Lesion) -> list[Lesion]:
        """Split a candidate, which is 26-connected, by the option's counting rule."""
        return [lesion] if self.connectivity == 26 else self.lesions_in(lesion.box, lesion.mask)

    def lesions_in(
        self, box: tuple[slice, slice, slice], mask: npt.NDArray[np.bool_]
    ) -> list[Lesion]:
        """Split a canonical mask, given in a box, into the lesions that count."""
        found = lesions_from_mask(
            self.image.array[box],
            mask,
            self.threshold_hu,
            self.connectivity,
            strictly_above=self.connectivity == 6,
        )
        k, j, i = (side.start for side in box)
        return [
            Lesion((k + one.origin[0], j + one.origin[1], i + one.origin[2]), one.mask)
            for one in found
            if self.counts(one.mask)
        ]

    def index(self, position_lps_mm: tuple[float, float, float]) -> tuple[int, int, int]:
        """Return the canonical ``(k, j, i)`` of the voxel nearest to a position."""
        ijk = self._lps_to_ijk @ np.array([*position_lps_mm, 1.0])
        i, j, k = (int(x) for x in np.rint(ijk[:3]))
        return k, j, i

    @cached_property
    def _lps_to_ijk(self) -> npt.NDArray[np.float64]:
        return np.asarray(np.linalg.inv(self.image.ijk_to_lps), np.float64)

    def totals(self, findings: Iterable[Finding]) -> dict[str, Measurement]:
        """Sum the findings per vessel and in all."""
        return totals(
            findings,
            counting=self.options.lesion_counting,
            volume_method=self.options.volume_method,
            contrast_derived=self.contrast_derived,
        )


def make_finding(
    number: int,
    label: str,
    lesion: Lesion,
    scoring: Scoring,
    *,
    confidence: float | None = None,
    evidence: dict[str, Any] | None = None,
    state: str = "proposed",
) -> Finding:
    """Return the finding of one lesion."""
    measurements = scoring.measure(lesion)
    return Finding(
        id=f"L{number:03d}",
        type="lesion",
        label=label,
        state=state,  # type: ignore[arg-type]
        confidence=confidence,
        position_lps_mm=scoring.position(lesion),
        mask_segment=label,
        measurements=measurements,
        attributes={"coronary": label in CORONARY},
        evidence=evidence or {},
    )


def lesion_segments(labels: Iterable[str]) -> list[Segment]:
    """Return a segment for every label in use and always for the coronary arteries."""
    used = set(labels) | set(CORONARY)
    return [segment(n, LESION_LAYER, v) for v, n in enumerate(LABELS, 1) if n in used]


def lesion_layer(image: Canonical, lesions: Iterable[tuple[str, Lesion]]) -> npt.NDArray[np.uint8]:
    """Return the lesions' label map on the volume's native grid ``[k, j, i]``."""
    canvas = np.zeros(image.array.shape, np.uint8)
    for label, lesion in lesions:
        canvas[lesion.box][lesion.mask] = LABELS.index(label) + 1
    return np.ascontiguousarray(image.to_native(canvas))


def numbers(
    found: list[Finding], scoring: Scoring, options: CacsOptions, study: Study, volume: Volume
) -> tuple[dict[str, Measurement], dict[str, Category]]:
    """Return measurements and categories of the whole reading."""
    measured = scoring.totals(found)
    gated = fitness.is_gated(volume.acquisition.gated, options)
    classes, extra = categories(measured, options, study.patient, gated)
    return measured | extra, classes


def categories(
    measured: dict[str, Measurement],
    options: CacsOptions,
    patient: Patient,
    gated: bool | None,
) -> tuple[dict[str, Category], dict[str, Measurement]]:
    """Return categories and risk for a plain score; nothing for a contrast-derived one."""
    adapted = options.categories_from == "kvp_adapted"
    name = "agatston_score_kvp_adapted" if adapted else "agatston_score"
    if name not in measured or measured[name].value is None:
        return {}, {}
    score = float(measured[name].value or 0.0)
    vessels = int(measured["number_of_vessels"].value or 0)
    factors = risk.RiskFactors.known(options, patient)
    found: dict[str, Category | guideline.Absent] = {
        "risk_stratum": guideline.risk_stratum(score),
        "classic_stratum": guideline.classic_stratum(score),
        "cac_drs": guideline.cac_drs(score, vessels, gated),
        "hoff_percentile": guideline.hoff_percentile(score, factors.age, factors.sex),
        "mesa_percentile": guideline.mesa_percentile(
            score, factors.age, factors.sex, factors.ethnicity
        ),
    }
    age = Measurement(
        value=guideline.arterial_age(score), unit="a", method=guideline.arterial_age_method()
    )
    extra = {"arterial_age": age}
    chance = risk.mesa_risk(factors, score)
    if isinstance(chance, Measurement):
        extra["mesa_risk"] = chance
    return {n: c for n, c in found.items() if isinstance(c, Category)}, extra
