"""Whose images these are, and which series was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from readingroom.errors import RefusedInput
from readingroom.imaging.headers import Header


def pick_series(headers: Sequence[Header], series: str | None) -> dict[str, list[Header]]:
    """Group images by series, in the order of series number, and keep the one asked for.

    Raises
    ------
    RefusedInput
        ``SERIES_UNKNOWN`` if `series` names none or more than one.
    """
    groups: dict[str, list[Header]] = {}
    for header in headers:
        groups.setdefault(_series_key(header), []).append(header)
    groups = dict(sorted(groups.items(), key=lambda item: (_number(item[1][0]), item[0])))
    return groups if series is None else _matching(groups, series.strip())


def _series_key(header: Header) -> str:
    """Return the series UID; where an anonymiser removed it, what else keeps series apart."""
    uid = header.get("SeriesInstanceUID")
    if uid:
        return str(uid)
    parts = ("FrameOfReferenceUID", "SeriesNumber", "Modality", "SeriesDescription")
    return "/".join(str(header.get(keyword) or "") for keyword in parts)


def _number(header: Header) -> float:
    number = header.number("SeriesNumber")
    return float("inf") if number is None else number


def _matching(groups: dict[str, list[Header]], series: str) -> dict[str, list[Header]]:
    by_number = [key for key, h in groups.items() if str(h[0].get("SeriesNumber")) == series]
    by_prefix = [key for key in groups if key.startswith(series)]
    for found in ([key for key in groups if key == series], by_number, by_prefix):
        if len(found) == 1 and series:
            return {found[0]: groups[found[0]]}
    available = "; ".join(_describe(key, headers) for key, headers in groups.items())
    several = "more than one" if by_number or by_prefix else "no"
    raise RefusedInput(
        "SERIES_UNKNOWN",
        f"The series asked for fits {several} series in the study.",
        f"Series there are: {available}.",
    )


def _describe(uid: str, headers: Sequence[Header]) -> str:
    first = headers[0]
    number = first.get("SeriesNumber")
    images = sum(header.frames for header in headers)
    name = f"{'?' if number is None else number} {first.get('Modality') or ''}"
    return f"{name} ({images} images, {uid})"


def one_study(headers: Sequence[Header]) -> None:
    """Check that all images show one patient in one examination.

    Raises
    ------
    RefusedInput
        ``SEVERAL_PATIENTS`` or ``SEVERAL_STUDIES``.
    """
    # A header that was cut off may have lost the patient's identity with its end.
    headers = [header for header in headers if not header.truncated]
    patients = {_patient_key(header) for header in headers}
    if len(patients) > 1:
        raise RefusedInput(
            "SEVERAL_PATIENTS",
            f"The images belong to {len(patients)} different patients.",
            "Give the images of one patient at a time.",
        )
    dates = {str(h.get("StudyInstanceUID") or ""): _date(h) for h in headers}
    if len(dates) > 1:
        raise RefusedInput(
            "SEVERAL_STUDIES",
            f"The images belong to {len(dates)} examinations "
            f"({', '.join(sorted(dates.values()))}).",
            "Give one examination's folder, or name a series.",
        )


def _patient_key(header: Header) -> tuple[str, str]:
    identifier = str(header.get("PatientID") or "").strip()
    issuer = str(header.get("IssuerOfPatientID") or "").strip()
    name = str(header.get("PatientName") or "").strip().rstrip("^").upper()
    return (identifier, issuer) if identifier else ("", name)


def _date(header: Header) -> str:
    date = str(header.get("StudyDate") or "")
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 else "no date"
