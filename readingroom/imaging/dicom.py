"""DICOM headers into volumes and cines of one study."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from readingroom.errors import RefusedInput
from readingroom.imaging import notes
from readingroom.imaging.acquisition import acquisition_of, patient_of
from readingroom.imaging.cine import cine_of
from readingroom.imaging.decode import (
    PADDING_HU,
    Pixels,
    read_planes,
    read_stored,
    truncated,
)
from readingroom.imaging.headers import Header
from readingroom.imaging.identity import one_study, pick_series
from readingroom.imaging.planes import Plane, planes_of
from readingroom.imaging.splitting import Part, split_series
from readingroom.imaging.stacking import Stack, build_stack
from readingroom.study import Acquisition, Cine, Note, Study, Volume

#: Every CT of a body has stored values below this if they are Hounsfield units.
_AIR_BELOW = -500
#: Modalities of cross-sectional images; others with a place in the patient also count.
_PROJECTIONS = ("XA", "RF", "DX", "CR", "RG", "MG", "IO", "PX")
#: Objects that carry rows and columns but are no acquired image.
_NOT_IMAGES = ("SEG", "SR", "PR", "KO", "RTSTRUCT", "RTDOSE", "RTPLAN", "RWV", "REG", "DOC", "OT")


def study_from_headers(headers: Sequence[Header], series: str | None, source: str) -> Study:
    """Return the study that the files hold.

    Raises
    ------
    RefusedInput
        See `readingroom.imaging.load`.
    """
    images = [header for header in headers if _is_image(header)]
    found = (
        [notes.objects_skipped(len(headers) - len(images))] if len(images) < len(headers) else []
    )
    if not images:
        raise _no_images()
    by_series = pick_series(images, series)
    one_study([header for group in by_series.values() for header in group])
    volumes, cines, skipped = _load_all(by_series)
    first = planes_of(next(iter(by_series.values()))[0])[0]
    return Study(
        patient=patient_of(first),
        study_uid=str(first.get("StudyInstanceUID") or ""),
        description=str(first.get("StudyDescription") or ""),
        volumes=tuple(volumes),
        cines=tuple(cines),
        source=source,
        notes=(*found, *skipped),
    )


def _is_image(header: Header) -> bool:
    if header.truncated:
        return True  # to be refused with the series it belongs to, not passed over
    greyscale = header.whole("SamplesPerPixel", 1) == 1
    has_size = min(header.size) > 0
    return greyscale and has_size and header.get("Modality") not in _NOT_IMAGES


def _load_all(
    by_series: dict[str, list[Header]],
) -> tuple[list[Volume], list[Cine], list[Note]]:
    volumes: list[Volume] = []
    cines: list[Cine] = []
    refusals: list[tuple[str, RefusedInput]] = []
    for headers in by_series.values():
        try:
            if _is_projection(headers[0]):
                cines += [cine_of(header) for header in headers]
            else:
                volumes += _volumes(headers)
        except RefusedInput as refusal:
            refusals.append((_name(headers[0]), refusal))
    if refusals and not volumes and not cines:
        raise refusals[0][1]
    skipped = [notes.series_skipped(n, r.code, r.what_happened) for n, r in refusals]
    return volumes, cines, skipped


def _is_projection(header: Header) -> bool:
    return str(header.get("Modality") or "") in _PROJECTIONS


def _name(header: Header) -> str:
    number = header.get("SeriesNumber")
    return f"Series {'?' if number is None else number} ({header.get('Modality') or '?'})"


def _volumes(headers: Sequence[Header]) -> list[Volume]:
    if any(header.truncated for header in headers):
        raise truncated()
    planes = [plane for header in headers for plane in planes_of(header)]
    placed = [plane for plane in planes if plane.placed]
    if not placed:
        raise RefusedInput(
            "GEOMETRY_MISSING",
            "The images do not say where they lie in the patient "
            "(position, orientation or pixel spacing is missing).",
            "Export the original series from the archive instead of a copy or screen capture.",
        )
    if len(placed) < len(planes):
        raise RefusedInput(
            "GEOMETRY_MISSING",
            f"{len(planes) - len(placed)} of {len(planes)} images of a series do not say "
            "where they lie in the patient.",
            "Leave these images out or export the series again.",
        )
    unique = _without_same_instance(placed)
    parts = split_series(unique)
    found = []
    if len(unique) < len(placed):
        found.append(notes.duplicate_slices(len(placed) - len(unique)))
    if len(parts) > 1:
        found.append(notes.series_split(len(parts), *parts[0].reason))
    return [_volume(part, build_stack(part.planes), tuple(found)) for part in parts]


def _without_same_instance(planes: Sequence[Plane]) -> list[Plane]:
    """Drop files that were copied: the same instance and frame once more."""
    seen: dict[object, Plane] = {}
    for plane in planes:
        uid = plane.instance_uid
        seen.setdefault((uid or plane.header.path, plane.frame), plane)
    return list(seen.values())


def _volume(part: Part, stack: Stack, found: tuple[Note, ...]) -> Volume:
    first = stack.planes[0]
    step = round(float(np.linalg.norm(stack.ijk_to_lps[:3, 2])), 6)
    acquisition = acquisition_of(first, step if stack.shape[0] > 1 else None)
    uids = tuple(dict.fromkeys(plane.instance_uid for plane in stack.planes))
    number = first.number("SeriesNumber")
    return Volume(
        pixels=partial(_decode, stack, acquisition.modality),
        shape=stack.shape,
        ijk_to_lps=stack.ijk_to_lps,
        acquisition=acquisition,
        series_uid=str(first.get("SeriesInstanceUID") or ""),
        description=_description(first, part.label),
        series_number=None if number is None else int(number),
        frame_of_reference_uid=str(first.get("FrameOfReferenceUID") or ""),
        instance_uids=uids if all(uids) else (),
        files=tuple(dict.fromkeys(plane.header.path for plane in stack.planes)),
        notes=(*found, *stack.notes, *_rescale_notes(stack, acquisition)),
    )


def _description(plane: Plane, label: str) -> str:
    text = str(plane.get("SeriesDescription") or "")
    return f"{text} [{label}]".strip() if label else text


def _rescale_notes(stack: Stack, acquisition: Acquisition) -> tuple[Note, ...]:
    missing = any(plane.rescale is None for plane in stack.planes)
    if not missing or acquisition.modality != "CT":
        return ()
    middle = stack.planes[len(stack.planes) // 2]
    if int(read_stored(middle).min()) > _AIR_BELOW:
        raise RefusedInput(
            "RESCALE_MISSING",
            "The CT does not say how stored values become Hounsfield units, and the stored "
            "values cannot be Hounsfield units, since none is as low as air.",
            "Export the series again with Rescale Slope and Intercept.",
        )
    return (notes.rescale_missing(),)


def _decode(stack: Stack, modality: str) -> Pixels:
    slices = read_planes(stack.planes, modality)
    if stack.resampling is None:
        return slices
    return stack.resampling.apply(slices, PADDING_HU if modality == "CT" else 0)


def _no_images() -> RefusedInput:
    return RefusedInput(
        "NO_IMAGES",
        "The DICOM files hold no image (only reports, segmentations or screen captures).",
        "Give the folder of an image series.",
    )


def dicomdir_files(path: Path, header: Header) -> tuple[list[Path], int]:
    """Return the files that a DICOMDIR names, and how many of them are absent."""
    records = header.get("DirectoryRecordSequence") or []
    named = [record.get("ReferencedFileID") for record in records]
    parts = [[str(n)] if isinstance(n, str) else [str(p) for p in n] for n in named if n]
    files = [path.parent.joinpath(*p) for p in parts]
    there = [file for file in files if file.is_file()]
    return there, len(files) - len(there)
