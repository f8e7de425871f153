"""Which totals of a reading belong to which structure, per reader.

A reader names its totals after the structure, ``agatston_score_lad`` or
``aorta_volume``; reports put them together again by this table. A reader that is not in
it has all its measurements in one group.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.sr.coding import Code

from readingroom import terminology

#: Prefix of measurements made on an image with contrast agent.
CONTRAST_PREFIX = "contrast_derived_"


@dataclass(frozen=True)
class Structure:
    """A structure with totals of its own.

    Attributes
    ----------
    segment : str
        Name in `readingroom.terminology`.
    suffix, prefix : str
        What the names of its totals end or begin with.
    """

    segment: str
    suffix: str = ""
    prefix: str = ""

    @property
    def site(self) -> Code:
        """Code of the anatomic site."""
        known = terminology.concept(self.segment)
        place = known.region or known.type
        return Code(place.value, place.scheme, place.meaning)


STRUCTURES: dict[str, dict[str, Structure]] = {
    "cacs": {
        "LM": Structure("LM", suffix="_lm"),
        "LAD": Structure("LAD", suffix="_lad"),
        "LCX": Structure("LCX", suffix="_lcx"),
        "RCA": Structure("RCA", suffix="_rca"),
        "ASCENDING_AORTA": Structure("ASCENDING_AORTA", prefix="ascending_aorta_"),
        "ARCH": Structure("ARCH", prefix="aortic_arch_"),
        "DESCENDING_AORTA": Structure("DESCENDING_AORTA", prefix="descending_aorta_"),
        "AORTA": Structure("AORTA", prefix="aorta_"),
        "AORTIC_VALVE": Structure("AORTIC_VALVE", prefix="aortic_valve_"),
        "MITRAL_VALVE": Structure("MITRAL_VALVE", prefix="mitral_valve_"),
    },
    "lungnodule": {
        "LUNG_RIGHT": Structure("LUNG_RIGHT", suffix="_right_lung"),
        "LUNG_LEFT": Structure("LUNG_LEFT", suffix="_left_lung"),
        "RIGHT_UPPER_LOBE": Structure("RIGHT_UPPER_LOBE", suffix="_right_upper_lobe"),
        "RIGHT_MIDDLE_LOBE": Structure("RIGHT_MIDDLE_LOBE", suffix="_right_middle_lobe"),
        "RIGHT_LOWER_LOBE": Structure("RIGHT_LOWER_LOBE", suffix="_right_lower_lobe"),
        "LEFT_UPPER_LOBE": Structure("LEFT_UPPER_LOBE", suffix="_left_upper_lobe"),
        "LEFT_LOWER_LOBE": Structure("LEFT_LOWER_LOBE", suffix="_left_lower_lobe"),
    },
}


def structure_of(reader: str, name: str) -> tuple[str, str]:
    """Split a measurement's name into structure and quantity.

    Returns
    -------
    structure : str
        A key of ``STRUCTURES[reader]``; empty for the whole reading.
    quantity : str
        The name without the structure: ``aorta_volume`` gives ``volume``. What was derived
        on an image with contrast agent keeps its prefix.
    """
    contrast = CONTRAST_PREFIX if name.startswith(CONTRAST_PREFIX) else ""
    bare = name.removeprefix(contrast)
    for key, structure in STRUCTURES.get(reader, {}).items():
        if structure.suffix and bare.endswith(structure.suffix):
            return key, contrast + bare.removesuffix(structure.suffix)
        if structure.prefix and bare.startswith(structure.prefix):
            return key, contrast + bare.removeprefix(structure.prefix)
    return "", name
