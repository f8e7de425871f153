"""Writing a cine as a DICOM X-ray angiography object, for teaching cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.imaging.write import SeriesIdentity

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_XA_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.12.1"
_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


@dataclass(frozen=True)
class Projection:
    """How a cine was taken; what is None is left out of the file.

    Attributes
    ----------
    primary_deg, secondary_deg : float or None
        Positioner angles: LAO and CRAN positive.
    sid_mm, sod_mm : float or None
        Distance from the source to the detector and to the patient.
    imager_mm : float or None
        Pixel spacing on the detector.
    frame_time_ms : float
    """

    primary_deg: float | None = None
    secondary_deg: float | None = None
    sid_mm: float | None = None
    sod_mm: float | None = None
    imager_mm: float | None = None
    frame_time_ms: float = 1000.0 / 15


def write_cine(
    frames: npt.NDArray[np.generic],
    path: str | Path,
    projection: Projection | None = None,
    identity: SeriesIdentity | None = None,
) -> Path:
    """Write frames ``[t, row, col]`` of uint8 or uint16 as one multi-frame XA file.

    Raises
    ------
    RefusedInput
        ``FRAMES_SHAPE`` where they are not frames of 8 or 16 bits.
    """
    if frames.ndim != 3 or frames.dtype not in (np.uint8, np.uint16) or not frames.size:
        raise RefusedInput(
            "FRAMES_SHAPE",
            "A cine is written from grey frames of 8 or 16 bits.",
            "Give an array of frames, rows and columns.",
        )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = _dataset(identity or SeriesIdentity(), projection or Projection())
    _set_pixels(dataset, frames)
    dataset.save_as(path, enforce_file_format=True)
    return path


def _dataset(identity: SeriesIdentity, projection: Projection) -> FileDataset:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(_XA_IMAGE_STORAGE)
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE_ENDIAN)
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    when = datetime.now()
    values: dict[str, Any] = {
        "SOPClassUID": meta.MediaStorageSOPClassUID,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "StudyInstanceUID": identity.study_uid or generate_uid(),
        "SeriesInstanceUID": identity.series_uid or generate_uid(),
        "ImageType": ["DERIVED", "PRIMARY", "SINGLE PLANE"],
        "Modality": "XA",
        "StudyDate": when.strftime("%Y%m%d"),
        "StudyTime": when.strftime("%H%M%S"),
        "PatientID": identity.patient.id,
        "PatientName": identity.patient.name,
        "PatientBirthDate": identity.patient.birth_date,
        "PatientSex": identity.patient.sex,
        "StudyDescription": identity.study_description,
        "SeriesDescription": identity.description,
        "SeriesNumber": identity.series_number,
        "InstanceNumber": 1,
        "StudyID": "1",
        "AccessionNumber": "",
        "ReferringPhysicianName": "",
        "Manufacturer": "",
        "PatientOrientation": [],
        "RadiationSetting": "SC",
        "BodyPartExamined": "CHEST",
        "KVP": None,
        "XRayTubeCurrent": None,
        "ExposureTime": None,
        "Exposure": None,
        "PixelIntensityRelationship": "DISP",
        "FrameTime": f"{projection.frame_time_ms:.3f}",
        "CineRate": round(1000.0 / projection.frame_time_ms),
        "FrameIncrementPointer": 0x00181063,
        "PositionerMotion": "STATIC",
        "PositionerPrimaryAngle": projection.primary_deg,
        "PositionerSecondaryAngle": projection.secondary_deg,
        "DistanceSourceToDetector": projection.sid_mm,
        "DistanceSourceToPatient": projection.sod_mm,
    }
    if projection.imager_mm:
        values["ImagerPixelSpacing"] = [f"{projection.imager_mm:.6f}"] * 2
    for keyword, value in values.items():
        setattr(dataset, keyword, round(value, 4) if isinstance(value, float) else value)
    return dataset


def _set_pixels(dataset: FileDataset, frames: npt.NDArray[np.generic]) -> None:
    bits = 8 * frames.dtype.itemsize
    used = bits if bits == 8 else max(int(frames.max()).bit_length(), 9)
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, used, used - 1
    dataset.PixelRepresentation = 0
    data = np.ascontiguousarray(frames).astype(frames.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
