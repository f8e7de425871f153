"""Acquisition facts of a series, from classic attributes or functional groups."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from readingroom.imaging.planes import Plane
from readingroom.study import Acquisition, Patient

_UNGATED = re.compile(r"\b(UN-?GATED|NON?[ -]?(ECG|EKG|GAT(ED|ING)|TRIGGER(ED)?))\b", re.IGNORECASE)
_GATED = re.compile(
    r"(ECG|EKG|GATED|GATING|TRIGGER|TRIG\b|RETROSP|PROSP(ECTIVE)?\b|SNAPSHOT)", re.IGNORECASE
)
#: Words beside which "gated" or "trigger" do not mean the heart.
_OTHER_GATING = re.compile(r"(RESP|BREATH|\b4D|BOLUS|SURE ?START)", re.IGNORECASE)
#: ScanOptions that vendors write only for ECG-synchronised scans (GE "CARDIAC_GATING",
#: "CINE MODE CARDIAC"; Siemens "TRIGGER", "GATING"; Philips "ECG"; Canon "CARDIAC").
_GATED_OPTIONS = re.compile(r"(ECG|EKG|GAT|TRIG|CARDIAC|CTA_CARD|_CG\b|\bCG\b)", re.IGNORECASE)
#: A spiral with this pitch moves past the heart between beats: it cannot be gated.
#: Retrospective gating needs about 0.2–0.5; ECG-triggered dual-source spirals about 3.
_UNGATED_PITCH = (0.6, 2.0)


def acquisition_of(plane: Plane, increment_mm: float | None) -> Acquisition:
    """Return how the series of `plane` was acquired.

    Parameters
    ----------
    increment_mm : float or None
        Measured distance between slice centres, mm; None for a single slice.
    """
    return Acquisition(
        modality=str(plane.get("Modality") or ""),
        kvp=plane.number("KVP"),
        kernel=_text(plane.get("ConvolutionKernel")),
        slice_thickness_mm=plane.number("SliceThickness"),
        slice_increment_mm=increment_mm,
        gated=gated(plane),
        contrast_agent=contrast_agent(plane),
        manufacturer=_text(plane.get("Manufacturer")),
        model=_text(plane.get("ManufacturerModelName")),
        acquired_at=acquired_at(plane),
        body_part=_text(plane.get("BodyPartExamined")) or _region(plane),
        tube_current_ma=_first(plane, "XRayTubeCurrentInmA", "XRayTubeCurrent"),
        exposure_mas=_exposure(plane),
        patient_position=_text(plane.get("PatientPosition")),
        image_type=image_type(plane),
    )


def gated(plane: Plane) -> bool | None:
    """Return whether the ECG triggered or gated the acquisition.

    The first rule that says anything decides:

    1. Cardiac Synchronization Technique (0018,9037): NONE is no, any other value yes.
    2. Protocol name or series description says "ungated", "non-gated" or the like: no.
    3. Scan Options (0018,0022) name ECG, gating, trigger or cardiac: yes.
    4. Trigger Time, nominal cardiac phase, or a Heart Rate above 0 is present: yes.
    5. Protocol name or series description speaks of ECG, gating or trigger, and not of
       respiration or bolus: yes.
    6. CT with a Spiral Pitch Factor (0018,9311) of 0.6 to 2.0: no, since a gated spiral
       is slower and an ECG-triggered high-pitch spiral faster.

    None if none does.
    """
    technique = _text(plane.get("CardiacSynchronizationTechnique"))
    if technique:
        return technique.upper() != "NONE"
    names = _joined(plane, "ProtocolName", "SeriesDescription")
    if _UNGATED.search(names):
        return False
    if _GATED_OPTIONS.search(_joined(plane, "ScanOptions")) or _has_cardiac_time(plane):
        return True
    if _GATED.search(names) and not _OTHER_GATING.search(names):
        return True
    low, high = _UNGATED_PITCH
    pitch = plane.number("SpiralPitchFactor")
    return False if pitch is not None and low <= pitch <= high else None


def contrast_agent(plane: Plane) -> str | None:
    """Return the contrast agent: its name, "" if said to be none, None if unsaid.

    Contrast/Bolus Agent (0018,0010), else the code meanings of its sequence (0018,0012).
    Descriptions are no source here; see `readingroom.imaging.hints`.
    """
    agent = plane.header.dataset.get("ContrastBolusAgent")
    if agent is not None:
        text = str(agent).strip()
        return "" if text.upper() in ("NONE", "NO", "N", "WITHOUT") else text
    sequence = plane.get("ContrastBolusAgentSequence") or []
    meanings = [str(item.get("CodeMeaning", "")) for item in sequence]
    return ", ".join(m for m in meanings if m) or ("contrast agent" if len(sequence) else None)


def acquired_at(plane: Plane) -> str | None:
    """Return ISO 8601 local time; the date alone where no time is given."""
    for keyword in ("FrameAcquisitionDateTime", "AcquisitionDateTime"):
        stamp = str(plane.get(keyword) or "")
        if len(stamp) >= 14:
            return _iso(stamp[:8], stamp[8:14])
    for prefix in ("Acquisition", "Content", "Series", "Study"):
        date = str(plane.get(f"{prefix}Date") or "")
        if len(date) == 8:
            return _iso(date, str(plane.get(f"{prefix}Time") or "")[:6])
    return None


def image_type(plane: Plane) -> tuple[str, ...]:
    """Return Frame Type, else Image Type, upper case."""
    values = plane.get("FrameType") or plane.get("ImageType") or ()
    values = [values] if isinstance(values, str) else values
    return tuple(str(value).upper() for value in values)


def patient_of(plane: Plane) -> Patient:
    """Return the identity that the images carry."""
    return Patient(
        id=str(plane.get("PatientID") or ""),
        name=str(plane.get("PatientName") or ""),
        birth_date=str(plane.get("PatientBirthDate") or ""),
        sex=str(plane.get("PatientSex") or ""),
        age_years=_age_years(str(plane.get("PatientAge") or "")),
    )


def _age_years(text: str) -> float | None:
    match = re.fullmatch(r"\s*(\d{1,3})([DWMY])\s*", text.upper())
    if match is None:
        return None
    days = {"D": 1.0, "W": 7.0, "M": 365.25 / 12, "Y": 365.25}[match[2]]
    return round(int(match[1]) * days / 365.25, 2)


def _iso(date: str, time: str) -> str | None:
    if not date.isdigit():
        return None
    day = f"{date[:4]}-{date[4:6]}-{date[6:]}"
    if len(time) < 4 or not time.isdigit():
        return day
    return f"{day}T{time[:2]}:{time[2:4]}:{time[4:6] or '00'}"


def _has_cardiac_time(plane: Plane) -> bool:
    present = ("TriggerTime", "NominalPercentageOfCardiacPhase", "NominalCardiacTriggerDelayTime")
    rate = plane.number("HeartRate")
    return any(plane.get(k) is not None for k in present) or bool(rate and rate > 0)


def _exposure(plane: Plane) -> float | None:
    micro = plane.number("ExposureInuAs")
    direct = _first(plane, "ExposureInmAs", "Exposure")
    return direct if direct is not None or micro is None else micro / 1000


def _region(plane: Plane) -> str | None:
    item = plane.get("AnatomicRegionSequence")
    return _text(item[0].get("CodeMeaning")) if item else None


def _first(plane: Plane, *keywords: str) -> float | None:
    values = (plane.number(keyword) for keyword in keywords)
    return next((value for value in values if value is not None), None)


def _joined(plane: Plane, *keywords: str) -> str:
    return " ".join(_text(plane.get(keyword)) or "" for keyword in keywords)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    parts = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    text = "\\".join(str(part) for part in parts if str(part)).strip()
    return text or None
