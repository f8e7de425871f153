"""The reading as a FHIR R4 Bundle: who, what was imaged, the report and its numbers.

https://hl7.org/fhir/R4 (4.0.1). Identifiers are made from the reading alone, so that the
same revision always gives the same bundle.
"""

from __future__ import annotations

import json
import math
import uuid
from pathlib import Path
from typing import Any

from pydicom.sr.coding import Code

from readingroom import __version__
from readingroom.reading import CardReference, Measurement, Reading
from readingroom.report.codes import quantity, spoken
from readingroom.report.fhircodes import (
    DCM,
    LOINC,
    SCT,
    TERMINOLOGY,
    coding,
    coding_of,
    concept,
    is_standard,
    local_coding,
    ucum,
)
from readingroom.report.fhirvalues import date, human_names, instant, uid_identifier, without_empty
from readingroom.report.layouts import layout_of
from readingroom.report.saving import complete_or_absent
from readingroom.report.signature import signed_at
from readingroom.report.structures import CONTRAST_PREFIX, STRUCTURES, structure_of

Resource = dict[str, Any]

_NAME = "ReadingRoom"
_SPACE = uuid.UUID("2b0f5d43-4b0c-4b57-8a57-0c4f2d1f3a60")
_GENDER = {"M": "male", "F": "female", "O": "other"}
_RESEARCH = "For research use. Not a medical device; a physician decides."


def write(reading: Reading, path: Path) -> Path:
    """Write the bundle as JSON.

    Patient, ImagingStudy, Device (the software and its model cards), DiagnosticReport and
    one Observation per headline measurement: for a reader with a report layout those the
    one-page report shows, otherwise all of the reading's measurements. Status is
    ``preliminary`` until a physician signs, then ``final``. Notes and categories are the
    report's conclusion.

    Parameters
    ----------
    reading : Reading
    path : Path
        File to write.

    Returns
    -------
    Path
        `path`.
    """
    text = json.dumps(bundle(reading), indent=1, ensure_ascii=False, allow_nan=False)
    with complete_or_absent(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


def bundle(reading: Reading) -> Resource:
    """Return the Bundle of type ``collection`` as plain data."""
    patient, imaging, device = _patient(reading), _imaging(reading), _device(reading)
    observations = [_observation(reading, name) for name in headline_names(reading)]
    report = _report(reading, observations)
    resources = [patient, imaging, device, report, *observations]
    made: Resource = without_empty(
        {
            "resourceType": "Bundle",
            "id": _id(reading, "bundle"),
            "type": "collection",
            "timestamp": instant(reading.created),
            "entry": [{"fullUrl": f"urn:uuid:{r['id']}", "resource": r} for r in resources],
        }
    )
    return made


def headline_names(reading: Reading) -> list[str]:
    """Return the names of the measurements that become Observations, in reading order."""
    layout = layout_of(reading)
    if layout is None:
        return list(reading.measurements)
    shown = {layout.headline, *(c.quantity for c in layout.columns), *layout.single}
    return [
        name
        for name in reading.measurements
        if name in shown or structure_of(reading.reader, name)[1] in shown or _is_count(name)
    ]


def _patient(reading: Reading) -> Resource:
    patient = reading.study.patient
    number = str(patient.get("id") or "")
    record = {"coding": [coding(f"{TERMINOLOGY}v2-0203", "MR", "Medical record number")]}
    return {
        "resourceType": "Patient",
        "id": _patient_id(reading),
        "identifier": [{"type": record, "value": number}] if number else [],
        "name": list(human_names(str(patient.get("name") or ""))),
        "gender": _GENDER.get(str(patient.get("sex") or "").upper(), ""),
        "birthDate": date(str(patient.get("birth_date") or "")),
    }


def _imaging(reading: Reading) -> Resource:
    study = reading.study
    modalities = [series.modality for series in study.series]
    return {
        "resourceType": "ImagingStudy",
        "id": _imaging_id(reading),
        "identifier": uid_identifier(study.study_uid),
        "status": "available",
        "modality": [coding(DCM, name) for name in dict.fromkeys(modalities) if name],
        "subject": _reference(_patient_id(reading)),
        "started": _acquired(reading),
        "series": [
            {
                "uid": series.uid,
                "modality": coding(DCM, series.modality or "OT"),
                "description": series.description.strip(),
            }
            for series in study.series
            if series.uid
        ],
    }


def _device(reading: Reading) -> Resource:
    package = reading.provenance.package_version or __version__
    return {
        "resourceType": "Device",
        "id": _device_id(reading),
        "status": "active",
        "manufacturer": _NAME,
        "deviceName": [{"name": f"{_NAME} {reading.reader}", "type": "manufacturer-name"}],
        "type": concept(coding(SCT, "706687001", "Software")),
        "version": [
            _version("package", package),
            _version(f"reader {reading.reader}", reading.reader_version),
            *(_card_version(card) for card in reading.provenance.cards),
        ],
        "note": [{"text": _RESEARCH}],
    }


def _version(what: str, value: str) -> Resource:
    return {"type": {"text": what}, "value": value}


def _card_version(card: CardReference) -> Resource:
    return _version(f"model {card.name}, SHA-256 of its weights", card.sha256)


def _report(reading: Reading, observations: list[Resource]) -> Resource:
    layout = layout_of(reading)
    title = layout.title[0] if layout else spoken(reading.reader)
    signed = reading.status == "signed" and bool(reading.reviewer)
    section = coding(f"{TERMINOLOGY}v2-0074", "RAD", "Radiology")
    return {
        "resourceType": "DiagnosticReport",
        "id": _report_id(reading),
        "status": _status(reading),
        "category": [concept(section)],
        "code": concept(coding(LOINC, "18748-4", "Diagnostic imaging study"), text=title),
        "subject": _reference(_patient_id(reading)),
        "effectiveDateTime": _acquired(reading),
        "issued": instant(signed_at(reading) or reading.created),
        "resultsInterpreter": [{"display": reading.reviewer}] if signed else [],
        "result": [_reference(observation["id"]) for observation in observations],
        "imagingStudy": [_reference(_imaging_id(reading))],
        "conclusion": _conclusion(reading),
        "conclusionCode": [
            concept(local_coding(f"{name}:{c.value}", c.meaning), text=f"{spoken(name)}: {c.value}")
            for name, c in reading.categories.items()
        ],
    }


def _conclusion(reading: Reading) -> str:
    lines = [
        f"{spoken(name)}: {c.value}" + (f" ({c.meaning})" if c.meaning else "")
        for name, c in reading.categories.items()
    ]
    lines += [f"{note.severity}: {note.message}" for note in reading.notes]
    return "\n".join([*lines, _RESEARCH])


def _observation(reading: Reading, name: str) -> Resource:
    measurement = reading.measurements[name]
    structure, bare = structure_of(reading.reader, name)
    meaning = quantity(bare)
    # Mean and maximum share a code that FHIR has no place to refine: only the local one.
    exact = is_standard(meaning.name) and meaning.derivation is None
    standard = [coding_of(meaning.name)] if exact else []
    site = STRUCTURES.get(reading.reader, {}).get(structure)
    return {
        "resourceType": "Observation",
        "id": _id(reading, "observation", name),
        "status": _status(reading),
        "category": [concept(coding(f"{TERMINOLOGY}observation-category", "imaging", "Imaging"))],
        "code": concept(*standard, local_coding(name, spoken(name)), text=spoken(name)),
        "subject": _reference(_patient_id(reading)),
        "effectiveDateTime": _acquired(reading),
        "bodySite": concept(coding_of(site.site)) if site else {},
        "method": _method(measurement, meaning.method),
        "device": _reference(_device_id(reading)),
        "derivedFrom": [_reference(_imaging_id(reading))],
        **_value(measurement),
    }


def _is_count(name: str) -> bool:
    return name.removeprefix(CONTRAST_PREFIX) in ("number_of_lesions", "number_of_vessels")


def _method(measurement: Measurement, code: Code | None) -> Resource:
    return concept(*([coding_of(code)] if code else []), text=measurement.method)


def _value(measurement: Measurement) -> Resource:
    value = measurement.value
    if value is None or not math.isfinite(value):
        absent = coding(f"{TERMINOLOGY}data-absent-reason", "unknown", "Unknown")
        return {"dataAbsentReason": concept(absent)}
    # Ten digits say all that was measured; more would be noise of the arithmetic.
    plain = value if isinstance(value, int) else float(f"{value:.10g}")
    return {"valueQuantity": ucum(plain, measurement.unit)}


def _status(reading: Reading) -> str:
    return "final" if reading.status == "signed" else "preliminary"


def _acquired(reading: Reading) -> str:
    """Return when the images were acquired: to the day, as scanners state no time zone."""
    facts = reading.study.series[0].acquisition if reading.study.series else {}
    text = str(facts.get("acquired_at") or "")
    return instant(text) or date(text[:10])


def _patient_id(reading: Reading) -> str:
    patient = reading.study.patient
    known = [str(patient.get(key) or "") for key in ("id", "name", "birth_date")]
    return _uuid("patient", *known, *([] if known[0] else _origin(reading)))


def _imaging_id(reading: Reading) -> str:
    return _uuid("imaging", *_origin(reading))


def _device_id(reading: Reading) -> str:
    cards = [card.sha256 for card in reading.provenance.cards]
    package = reading.provenance.package_version or __version__
    return _uuid("device", reading.reader, reading.reader_version, package, *cards)


def _report_id(reading: Reading) -> str:
    return _id(reading, "report")


def _id(reading: Reading, *parts: str) -> str:
    revision = (reading.reader, str(reading.revision), reading.created)
    return _uuid(*parts, *_origin(reading), *revision)


def _origin(reading: Reading) -> list[str]:
    """Return what tells the study from others; the voxels' checksum where it has no UID."""
    series = reading.study.series[0].uid if reading.study.series else ""
    return [reading.study.study_uid, series, reading.provenance.input_sha256]


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(_SPACE, json.dumps(parts)))


def _reference(target: str) -> Resource:
    return {"reference": f"urn:uuid:{target}"}
