"""Patient and series, as written in the corners of the images."""

from __future__ import annotations

from typing import Any

_SEX_ZH = {"M": "男", "F": "女", "O": "其他"}


def header_of(session: Any, language: str) -> dict[str, list[str]]:
    """Return the lines of the left and the right corner; empty facts are left out."""
    patient, volume = session.study.patient, session.volume
    acquired = volume.acquisition
    year = "岁" if language == "zh" else "y"
    age = f"{patient.age_years:.0f} {year}" if patient.age_years is not None else ""
    sex = _SEX_ZH.get(patient.sex, patient.sex) if language == "zh" else patient.sex
    facts = [sex, age, patient.birth_date]
    tube = f"{acquired.kvp:.0f} kV" if acquired.kvp else ""
    thickness = acquired.slice_thickness_mm
    kernel = acquired.kernel or ""
    technique = [tube, f"{thickness:.4g} mm" if thickness else "", kernel]
    return {
        "left": _lines(_readable(patient.name), patient.id, " · ".join(f for f in facts if f)),
        "right": _lines(
            volume.description or session.study.description,
            (acquired.acquired_at or "").replace("T", " ")[:16],
            " · ".join(fact for fact in technique if fact),
        ),
    }


def _readable(name: str) -> str:
    """Return a DICOM person name as it is spoken: the first group, without carets."""
    return " ".join(part for part in name.split("=")[0].split("^") if part)


def _lines(*lines: str) -> list[str]:
    return [line for line in lines if line]
