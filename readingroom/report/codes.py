"""Coded concepts: segments' terminology, measurements, units, and local codes.

Standard codes (DCM of DICOM PS3.16, SNOMED CT, UCUM) wherever one says exactly what was
measured; otherwise a code of the local scheme ``99RR`` whose value is the name used in
``reading.json``.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from readingroom.errors import ReadingRoomError

LOCAL_SCHEME = "99RR"
LOCAL_SCHEME_NAME = "ReadingRoom"
_MEANING_LENGTH = 64


@dataclass(frozen=True)
class Terminology:
    """What a segment shows, as codes.

    Attributes
    ----------
    region : Code or None
        Anatomic region, where the type alone does not say it.
    """

    category: Code
    type: Code
    type_modifier: Code | None = None
    region: Code | None = None
    region_modifier: Code | None = None


def parse_terminology(text: str) -> Terminology:
    """Read 3D Slicer's serialised terminology entry.

    ``context~category~type~type modifier~region context~region~region modifier``, each
    code as ``scheme^value^meaning``.

    Raises
    ------
    ReadingRoomError
        ``TERMINOLOGY_INVALID`` if category or type is missing.
    """
    fields = [*text.split("~"), *[""] * 7]
    category, kind = _code(fields[1]), _code(fields[2])
    if category is None or kind is None:
        raise ReadingRoomError(
            "TERMINOLOGY_INVALID",
            "A segment of the reading has no terminology.",
            "Give the segment a terminology entry in the segment editor.",
        )
    return Terminology(category, kind, _code(fields[3]), _code(fields[5]), _code(fields[6]))


def _code(text: str) -> Code | None:
    scheme, value, meaning = [*text.split("^"), "", "", ""][:3]
    return Code(value, scheme, meaning[:_MEANING_LENGTH]) if scheme and value else None


def local(name: str, meaning: str = "") -> Code:
    """Return a code of the local scheme."""
    return Code(name, LOCAL_SCHEME, (meaning or spoken(name))[:_MEANING_LENGTH])


def spoken(name: str) -> str:
    """Return an identifier as words: ``risk_stratum`` becomes ``Risk stratum``."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + (words[1:].lower() if name.isupper() else words[1:])


@dataclass(frozen=True)
class Quantity:
    """What a measurement means in codes."""

    name: Code
    method: Code | None = None
    derivation: Code | None = None


_QUANTITIES = {
    "agatston_score": Quantity(codes.DCM.CalciumScore, codes.DCM.AgatstonScoringMethod),
    "volume": Quantity(codes.SCT.Volume),
    "volume_isotropic": Quantity(codes.DCM.CalciumVolume, codes.DCM.VolumeScoringMethod),
    "mass": Quantity(codes.DCM.CalciumMass, codes.DCM.MassScoringMethod),
    "mean_density": Quantity(codes.DCM.AttenuationCoefficient, None, codes.SCT.Mean),
    "peak_density": Quantity(codes.DCM.AttenuationCoefficient, None, codes.SCT.Maximum),
    "area": Quantity(codes.SCT.Area, None, codes.SCT.Maximum),
    "maximum_diameter": Quantity(codes.SCT.LongAxis),
    "long_axis_diameter": Quantity(codes.SCT.LongAxis),
    "short_axis_diameter": Quantity(codes.SCT.ShortAxis),
    "mean_diameter": Quantity(codes.SCT.Diameter, None, codes.SCT.Mean),
    "minimum_density": Quantity(codes.DCM.AttenuationCoefficient, None, codes.SCT.Minimum),
    "maximum_density": Quantity(codes.DCM.AttenuationCoefficient, None, codes.SCT.Maximum),
    "number_of_lesions": Quantity(codes.DCM.NumberOfCalcifications),
}
_UNITS = {
    "1": ("1", "no units"),
    "": ("1", "no units"),
    "HU": ("[hnsf'U]", "Hounsfield unit"),
    "%": ("%", "percent"),
    "mm": ("mm", "millimeter"),
    "mm2": ("mm2", "square millimeter"),
    "mm3": ("mm3", "cubic millimeter"),
    "mg": ("mg", "milligram"),
    "mL": ("mL", "milliliter"),
    "d": ("d", "day"),
    "a": ("a", "year"),
    "years": ("a", "year"),
}


def quantity(name: str) -> Quantity:
    """Return the codes of a measurement; a local one where no standard code fits.

    What was measured on an image with contrast agent never gets a standard code: its
    threshold is the patient's own, and it must not be taken for the standard quantity.
    """
    return _QUANTITIES.get(name) or Quantity(local(name))


def unit(text: str) -> Code:
    """Return the UCUM code of a unit as `reading.json` writes it."""
    value, meaning = _UNITS.get(text, (text, text))
    return Code(value, "UCUM", meaning)
