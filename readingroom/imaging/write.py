"""Writing volumes: NIfTI, NRRD, MetaImage, and DICOM CT series for teaching cases."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.imaging.formats import SUFFIXES
from readingroom.study import Acquisition, Patient

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

_CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
#: Stored value + intercept = HU, so that the usual range of CT is never negative in the
#: file, as scanners write it.
_INTERCEPT = -1024


def write_volume(
    array: npt.NDArray[Any], ijk_to_lps: npt.NDArray[np.float64], path: str | Path
) -> Path:
    """Write voxels ``[k, j, i]`` as NIfTI, NRRD or MetaImage, by the name's ending.

    Parameters
    ----------
    ijk_to_lps : ndarray, shape (4, 4)
        Axes at right angles; the formats hold nothing else.

    Raises
    ------
    RefusedInput
        ``FORMAT_UNKNOWN`` if the ending is none of .nii, .nii.gz, .nrrd, .mha, .mhd.
    ReadingRoomError
        ``WRITE_FAILED`` if the file cannot be written.
    """
    sitk: Any = import_module("SimpleITK")
    path = Path(path)
    if not path.name.lower().endswith(SUFFIXES):
        raise RefusedInput(
            "FORMAT_UNKNOWN",
            f"'{path.suffix}' is not an image format that is written here.",
            "Use .nii.gz, .nrrd or .mha.",
        )
    image = sitk.GetImageFromArray(array)
    spacing = np.linalg.norm(ijk_to_lps[:3, :3], axis=0)
    image.SetSpacing([float(s) for s in spacing])
    image.SetOrigin([float(x) for x in ijk_to_lps[:3, 3]])
    image.SetDirection([float(x) for x in (ijk_to_lps[:3, :3] / spacing).ravel()])
    try:
        sitk.WriteImage(image, str(path), useCompression=path.suffix.lower() != ".mhd")
    except RuntimeError:
        raise _write_failed() from None
    return path


@dataclass(frozen=True)
class SeriesIdentity:
    """What a written series says about itself; UIDs are made where empty.

    Attributes
    ----------
    acquired_at : datetime
        Study, series and acquisition time.
    """

    patient: Patient = field(default_factory=lambda: Patient(id="TEACHING", name="Teaching^Case"))
    description: str = "Teaching case"
    study_description: str = "Teaching case"
    series_number: int = 1
    study_uid: str = ""
    series_uid: str = ""
    frame_of_reference_uid: str = ""
    acquired_at: datetime = field(default_factory=lambda: datetime(2000, 1, 1, 12))


def write_ct_series(
    hounsfield: npt.NDArray[Any],
    ijk_to_lps: npt.NDArray[np.float64],
    folder: str | Path,
    identity: SeriesIdentity | None = None,
    acquisition: Acquisition | None = None,
) -> list[Path]:
    r"""Write a CT series, one uncompressed CT Image Storage file per slice.

    Explicit VR little endian, 16 bits. The images are marked DERIVED\SECONDARY, since
    no scanner made them.

    Parameters
    ----------
    hounsfield : ndarray, ``[k, j, i]``
        HU, −32768…31743; rounded to whole numbers.
    identity : SeriesIdentity, optional
        Patient, descriptions and UIDs.
    acquisition : Acquisition, optional
        Facts to state: kVp, kernel, thickness, gating, contrast agent, and so on.

    Returns
    -------
    list of Path
        In the order of k.

    Raises
    ------
    RefusedInput
        ``VALUES_OUT_OF_RANGE`` if values do not fit.
    ReadingRoomError
        ``WRITE_FAILED`` if a file cannot be written.
    """
    stored = np.rint(np.asarray(hounsfield, dtype=np.float32)) - _INTERCEPT
    if not np.isfinite(stored).all() or stored.min() < -32768 or stored.max() > 32767:
        raise RefusedInput(
            "VALUES_OUT_OF_RANGE",
            "The values do not fit 16-bit DICOM pixels.",
            "Clip them to -31744 to 31743 HU.",
        )
    identity = _with_uids(identity or SeriesIdentity())
    facts = acquisition or Acquisition(modality="CT")
    folder = Path(folder)
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for k, image in enumerate(stored.astype("<i2")):
            path = folder / f"{k + 1:04d}.dcm"
            dataset = _slice_dataset(image, k, ijk_to_lps, identity, facts)
            dataset.save_as(path, enforce_file_format=True)
            paths.append(path)
    except OSError:
        raise _write_failed() from None
    return paths


def _write_failed() -> ReadingRoomError:
    return ReadingRoomError(
        "WRITE_FAILED",
        "The image cannot be written where asked.",
        "Check that the folder exists, can be written to and has space.",
    )


def _with_uids(identity: SeriesIdentity) -> SeriesIdentity:
    from pydicom.uid import generate_uid

    return replace(
        identity,
        study_uid=identity.study_uid or generate_uid(),
        series_uid=identity.series_uid or generate_uid(),
        frame_of_reference_uid=identity.frame_of_reference_uid or generate_uid(),
    )


def _slice_dataset(
    image: npt.NDArray[np.int16],
    k: int,
    ijk_to_lps: npt.NDArray[np.float64],
    identity: SeriesIdentity,
    facts: Acquisition,
) -> FileDataset:
    dataset = _new_file()
    _set_identity(dataset, identity, k)
    _set_geometry(dataset, ijk_to_lps, k)
    _set_facts(dataset, facts, ijk_to_lps)
    _set_pixels(dataset, image)
    return dataset


def _new_file() -> FileDataset:
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(_CT_IMAGE_STORAGE)
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE_ENDIAN)
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    return dataset


def _set_identity(dataset: FileDataset, identity: SeriesIdentity, k: int) -> None:
    patient = identity.patient
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = patient.name
    dataset.PatientID = patient.id
    dataset.PatientBirthDate = patient.birth_date
    dataset.PatientSex = patient.sex
    if patient.age_years is not None:
        dataset.PatientAge = f"{int(patient.age_years):03d}Y"
    date, time = identity.acquired_at.strftime("%Y%m%d %H%M%S").split()
    for event in ("Study", "Series", "Acquisition", "Content"):
        setattr(dataset, f"{event}Date", date)
        setattr(dataset, f"{event}Time", time)
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = "1"
    dataset.Laterality = ""  # may not be absent as long as the body part is unsaid
    dataset.StudyDescription = identity.study_description
    dataset.SeriesDescription = identity.description
    dataset.StudyInstanceUID = identity.study_uid
    dataset.SeriesInstanceUID = identity.series_uid
    dataset.FrameOfReferenceUID = identity.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    dataset.SeriesNumber = identity.series_number
    dataset.AcquisitionNumber = 1
    dataset.InstanceNumber = k + 1


def _set_geometry(dataset: FileDataset, ijk_to_lps: npt.NDArray[np.float64], k: int) -> None:
    spacing = np.linalg.norm(ijk_to_lps[:3, :3], axis=0)
    cosines = ijk_to_lps[:3, :2] / spacing[:2]
    position = ijk_to_lps[:3, 3] + k * ijk_to_lps[:3, 2]
    dataset.ImagePositionPatient = [_decimal(x) for x in position]
    dataset.ImageOrientationPatient = [_decimal(x) for x in cosines.T.ravel()]
    dataset.PixelSpacing = [_decimal(spacing[1]), _decimal(spacing[0])]
    dataset.SliceLocation = _decimal(float(position @ np.cross(cosines[:, 0], cosines[:, 1])))


def _decimal(value: float) -> str:
    """Return a decimal string of at most 16 characters (DICOM VR DS)."""
    from pydicom.valuerep import format_number_as_ds

    return format_number_as_ds(float(value) + 0.0)


def _set_facts(
    dataset: FileDataset, facts: Acquisition, ijk_to_lps: npt.NDArray[np.float64]
) -> None:
    thickness = facts.slice_thickness_mm or float(np.linalg.norm(ijk_to_lps[:3, 2]))
    dataset.Modality = "CT"
    dataset.ImageType = list(facts.image_type) or ["DERIVED", "SECONDARY", "AXIAL"]
    dataset.Manufacturer = facts.manufacturer or "ReadingRoom"
    dataset.ManufacturerModelName = facts.model or "Teaching case"
    dataset.KVP = None if facts.kvp is None else _decimal(facts.kvp)
    dataset.SliceThickness = _decimal(thickness)
    dataset.PatientPosition = facts.patient_position or "HFS"
    optional = {
        "ConvolutionKernel": facts.kernel.split("\\") if facts.kernel else None,
        "BodyPartExamined": facts.body_part,
        "ContrastBolusAgent": facts.contrast_agent,
        "XRayTubeCurrent": None if facts.tube_current_ma is None else round(facts.tube_current_ma),
        "Exposure": None if facts.exposure_mas is None else round(facts.exposure_mas),
        "ScanOptions": "ECG_GATED" if facts.gated else None,
    }
    for keyword, value in optional.items():
        if value is not None:
            setattr(dataset, keyword, value)


def _set_pixels(dataset: FileDataset, image: npt.NDArray[np.int16]) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = image.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 1
    dataset.RescaleIntercept = str(_INTERCEPT)
    dataset.RescaleSlope = "1"
    dataset.RescaleType = "HU"
    dataset.WindowCenter = "40"
    dataset.WindowWidth = "400"
    dataset.PixelData = image.tobytes()
