"""One multi-frame DICOM file as a cine: frames, times, pixel spacing in the patient."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from readingroom.errors import RefusedInput
from readingroom.imaging.acquisition import acquisition_of
from readingroom.imaging.decode import Pixels, read_frames, truncated
from readingroom.imaging.headers import Header
from readingroom.imaging.planes import numbers, planes_of
from readingroom.study import Cine

#: Magnification of a C-arm; a header that says something else is mistaken.
_MAGNIFICATION = (1.0, 3.0)


def cine_of(header: Header) -> Cine:
    """Return the cine of one file; its frames are decoded at first use.

    Raises
    ------
    RefusedInput
        ``IMAGE_TRUNCATED``; at first use also ``IMAGE_UNDECODABLE``.
    """
    if header.truncated:
        raise truncated()
    plane = planes_of(header)[0]
    return Cine(
        pixels=lambda: _frames(header),
        shape=(header.frames, *plane.size),
        frame_times_ms=frame_times(header),
        pixel_spacing_mm=pixel_spacing(header, plane.spacing),
        acquisition=acquisition_of(plane, None),
        series_uid=str(header.get("SeriesInstanceUID") or ""),
        description=str(header.get("SeriesDescription") or ""),
        instance_uids=(plane.instance_uid,) if plane.instance_uid else (),
        files=(header.path,),
    )


def pixel_spacing(
    header: Header, calibrated: tuple[float, float] | None = None
) -> tuple[float, float] | None:
    """Return the spacing of pixels (row, column) in the patient, mm; None where unsaid.

    Pixel Spacing (0028,0030) in a projection is calibrated by whoever wrote it and is
    taken as it is, unless it only repeats the Imager Pixel Spacing (0018,1164). That is on
    the detector and is divided by the magnification: the Estimated Radiographic
    Magnification Factor (0018,1114), else the distance source to detector (0018,1110) over
    that to the patient (0018,1111).
    """
    imager = numbers(header.get("ImagerPixelSpacing"), 2)
    on_detector = None if imager is None or imager.min() <= 0 else (imager[0], imager[1])
    if calibrated is not None and not _alike(calibrated, on_detector):
        return calibrated
    given = on_detector or calibrated
    if given is None:
        return None
    factor = magnification(header)
    return float(given[0]) / factor, float(given[1]) / factor


def _alike(a: tuple[float, float], b: tuple[float, float] | None) -> bool:
    return b is not None and bool(np.allclose(a, b, rtol=1e-4))


def magnification(header: Header) -> float:
    """Return how much larger things in the isocentre are on the detector; 1 where unsaid."""
    said = header.number("EstimatedRadiographicMagnificationFactor")
    detector = header.number("DistanceSourceToDetector")
    patient = header.number("DistanceSourceToPatient")
    by_distance = detector / patient if detector and patient and patient > 0 else None
    for factor in (said, by_distance):
        if factor is not None and _MAGNIFICATION[0] <= factor <= _MAGNIFICATION[1]:
            return float(factor)
    return 1.0


def frame_times(header: Header) -> tuple[float, ...]:
    """Return the time of each frame after the first, ms; empty where unsaid."""
    steps = numbers(header.get("FrameTimeVector"), header.frames)
    if steps is not None:
        return tuple(float(time) for time in np.cumsum(steps))
    rate = header.number("CineRate") or header.number("RecommendedDisplayFrameRate")
    step = header.number("FrameTime") or (1000.0 / rate if rate else 0.0)
    return tuple(step * t for t in range(header.frames)) if step > 0 else ()


def _frames(header: Header) -> Pixels:
    """Return the frames, by a second decoder where the first gives up.

    Some angiography systems write JPEG Extended (12 bit) with scan parameters that the
    standard forbids; GDCM, inside SimpleITK, reads these.
    """
    try:
        return read_frames(header)
    except RefusedInput as refusal:
        if refusal.code != "IMAGE_UNDECODABLE":
            raise
        frames = _second_opinion(header)
        if frames is None:
            raise
        return frames


def _second_opinion(header: Header) -> Pixels | None:
    sitk: Any = import_module("SimpleITK")
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        frames = sitk.GetArrayFromImage(sitk.ReadImage(str(header.path)))
    except RuntimeError:
        return None
    expected = (header.frames, *header.size)
    if frames.size != np.prod(expected) or frames.dtype.kind not in "iu":
        return None
    frames = frames.reshape(expected)
    if header.get("PhotometricInterpretation") != "MONOCHROME1":
        return np.asarray(frames)
    top = 2 ** header.whole("BitsStored", 16) - 1 if not header.get("PixelRepresentation") else -1
    return np.asarray((top - frames.astype(np.int32)).astype(frames.dtype))
