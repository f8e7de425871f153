"""Codes and units as FHIR writes them: systems are URIs, never DICOM's short designators."""

from __future__ import annotations

from typing import Any

from pydicom.sr.coding import Code

from readingroom.report.codes import LOCAL_SCHEME, unit

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
LOINC = "http://loinc.org"
SCT = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
#: Codes of this project: the names used in ``reading.json``.
LOCAL = "urn:readingroom:names"

_SYSTEMS = {"DCM": DCM, "SCT": SCT, "LN": LOINC, LOCAL_SCHEME: LOCAL}


def coding(system: str, code: str, display: str = "") -> dict[str, Any]:
    """Return a Coding; `display` may be empty."""
    made = {"system": system, "code": code}
    return {**made, "display": display} if display else made


def coding_of(code: Code) -> dict[str, Any]:
    """Return the Coding of a DICOM code of the schemes DCM, SCT, LN or the local one.

    Raises
    ------
    KeyError
        If the scheme is another one.
    """
    return coding(_SYSTEMS[code.scheme_designator], code.value, code.meaning)


def local_coding(name: str, display: str = "") -> dict[str, Any]:
    """Return a Coding of the project's own system; blanks are not allowed in codes."""
    return coding(LOCAL, "_".join(name.split()), display)


def concept(*codings: dict[str, Any], text: str = "") -> dict[str, Any]:
    """Return a CodeableConcept, the most exact coding first."""
    made: dict[str, Any] = {"coding": list(codings)} if codings else {}
    return {**made, "text": text} if text else made


def is_standard(code: Code) -> bool:
    """Whether a code belongs to a published system."""
    return bool(code.scheme_designator != LOCAL_SCHEME)


def ucum(value: float | int, text: str) -> dict[str, Any]:
    """Return a Quantity; `text` is a unit as ``reading.json`` writes it."""
    code = unit(text)
    shown = {} if text in ("", "1") else {"unit": text}
    return {"value": value, **shown, "system": UCUM, "code": str(code.value)}
