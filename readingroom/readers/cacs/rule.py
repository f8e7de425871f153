"""How a lesion is scored: threshold, weights, connectivity, minimum size, calibration."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from readingroom.readers.cacs.guideline import kvp_cutoffs
from readingroom.readers.cacs.options import CacsOptions

Connectivity2d = Literal[4, 8]
VolumeMethod = Literal["voxels", "isotropic"]

#: The score was defined on 3 mm slices without gap (Agatston 1990).
REFERENCE_INCREMENT_MM = 3.0
#: Usual factor of an uncalibrated mass, mg/cm3 per HU (reference of the project).
UNCALIBRATED_MASS_FACTOR = 0.77


@dataclass(frozen=True)
class ScoringRule:
    """Everything that two implementations of the Agatston score may disagree on.

    Parameters
    ----------
    threshold_hu : float
        Voxels at or above it count (above it, if `strictly_above`).
    weight_cutoffs : tuple of 4 float
        Peak HU at which the weights 1, 2, 3 and 4 begin.
    connectivity : {8, 4}
        Neighbourhood of the components within one axial slice.
    minimum_area_mm2 : float
        Smallest component of one slice that counts, mm2.
    minimum_pixels : int or None
        Smallest component in pixels; where given it replaces `minimum_area_mm2`
        ("more than 3 pixels" is 4).
    strictly_above : bool
        Whether a voxel exactly at the threshold is left out (orCaScore).
    volume_method : {'voxels', 'isotropic'}
        Which of the two volumes is the reading's ``volume_score``; both are measured.
    name : str
        Short name for the measurements' method texts.
    """

    threshold_hu: float = 130.0
    weight_cutoffs: tuple[float, float, float, float] = (130.0, 200.0, 300.0, 400.0)
    connectivity: Connectivity2d = 8
    minimum_area_mm2: float = 1.0
    minimum_pixels: int | None = None
    strictly_above: bool = False
    volume_method: VolumeMethod = "voxels"
    name: str = "standard 130 HU"

    @classmethod
    def from_options(cls, options: CacsOptions) -> ScoringRule:
        """Return the standard rule as the options ask for it."""
        more_than_3 = options.minimum_lesion == "more_than_3_pixels"
        return cls(
            connectivity=8 if options.connectivity == "8" else 4,
            minimum_pixels=4 if more_than_3 else None,
            strictly_above=options.lesion_counting == "orcascore",
            volume_method=options.volume_method,
        )

    def adapted_to(self, kvp: float | None) -> ScoringRule | None:
        """Return this rule with the cut-offs for `kvp`; None where none are published."""
        cutoffs = kvp_cutoffs(kvp)
        if cutoffs is None:
            return None
        name = f"adapted to {kvp:g} kVp"
        return replace(self, threshold_hu=cutoffs[0], weight_cutoffs=cutoffs, name=name)

    def with_threshold(self, threshold_hu: float) -> ScoringRule:
        """Return this rule with a per-patient threshold, for contrast-derived readings.

        The weights begin at the same multiples of the threshold as in the standard
        rule (200/130, 300/130, 400/130). This is a convention of this project: no
        published weight table exists for contrast-enhanced images.
        """
        cutoffs = tuple(threshold_hu * c / 130.0 for c in (130.0, 200.0, 300.0, 400.0))
        return replace(
            self,
            threshold_hu=threshold_hu,
            weight_cutoffs=(cutoffs[0], cutoffs[1], cutoffs[2], cutoffs[3]),
            name=f"per-patient threshold {threshold_hu:.0f} HU",
        )

    @classmethod
    def for_kvp(cls, kvp: float | None) -> ScoringRule | None:
        """Return the default rule with the cut-offs interpolated for `kvp` (kV).

        None where the tube voltage is unknown or outside the published 70-135 kV.
        """
        return cls().adapted_to(kvp)

    @classmethod
    def orcascore(cls) -> ScoringRule:
        """Return the rule of the orCaScore challenge: above 130 HU, every voxel counts."""
        return cls(strictly_above=True, minimum_pixels=1, name="orCaScore, above 130 HU")

    def smallest_component(self, pixel_area_mm2: float) -> int:
        """Return the fewest pixels that count in one slice for this pixel area (mm2)."""
        if self.minimum_pixels is not None:
            return max(self.minimum_pixels, 1)
        # 1e-6 keeps 4 pixels of 0.25 mm2 equal to 1 mm2 whatever the rounding.
        return max(math.ceil(self.minimum_area_mm2 / pixel_area_mm2 - 1e-6), 1)

    def describe(self) -> str:
        """Return one phrase for a measurement's ``method``."""
        at = ">" if self.strictly_above else ">="
        least = (
            f"{self.minimum_pixels} pixels"
            if self.minimum_pixels is not None
            else f"{self.minimum_area_mm2:g} mm2"
        )
        weights = "/".join(f"{cutoff:.0f}" for cutoff in self.weight_cutoffs)
        return (
            f"{self.name}: {at} {self.threshold_hu:.0f} HU, weights from {weights} HU, "
            f"{self.connectivity}-connected per slice, at least {least}"
        )


@dataclass(frozen=True)
class Calibration:
    """The factor from HU to hydroxyapatite density.

    ``mass = factor x volume x mean HU`` (McCollough et al., Radiology 2007;243:527).

    Parameters
    ----------
    factor : float
        mg/cm3 per HU; the density of a hydroxyapatite insert over the HU difference
        between that insert and water.
    calibrated : bool
        Whether `factor` was measured for this scanner and protocol.
    """

    factor: float = UNCALIBRATED_MASS_FACTOR
    calibrated: bool = False

    @classmethod
    def measured(cls, factor: float | None) -> Calibration:
        """Return the calibration for a measured `factor`, or the uncalibrated default."""
        return cls() if factor is None else cls(factor, calibrated=True)

    @classmethod
    def from_insert(cls, density_mg_cm3: float, insert_hu: float, water_hu: float) -> Calibration:
        """Return the factor given by one insert of known density and water.

        Raises
        ------
        ValueError
            If the insert is not denser than water in the image.
        """
        if insert_hu <= water_hu:
            raise ValueError("the calibration insert must be denser than water")
        return cls(density_mg_cm3 / (insert_hu - water_hu), calibrated=True)

    def describe(self) -> str:
        """Return one phrase for a measurement's ``method``."""
        word = "calibrated" if self.calibrated else "uncalibrated"
        return f"{word}, {self.factor:.4g} mg/cm3/HU"
