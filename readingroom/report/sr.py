"""The reading as a DICOM Comprehensive 3D SR, Imaging Measurement Report (TID 1500)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from highdicom import sr
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.valuerep import DT

from readingroom import __version__
from readingroom.report.codes import LOCAL_SCHEME, LOCAL_SCHEME_NAME
from readingroom.report.dicomobject import (
    MANUFACTURER,
    common,
    lasting_uid,
    person_name,
    save,
    without_names_in_warnings,
)
from readingroom.report.dicomsource import Source, read_source
from readingroom.report.imagelibrary import describable
from readingroom.report.regions import regions_of, reported
from readingroom.report.signature import signed_at
from readingroom.report.srgroups import (
    Group,
    bidimensional_group,
    curve_group,
    finding_group,
    total_groups,
)

if TYPE_CHECKING:
    from readingroom.reading import Reading
    from readingroom.study import Volume

_SERIES_OFFSET = 2
_ORGANIZATION_UNKNOWN = "not stated"
_FLUOROSCOPY = ("44491008", "SCT", "Fluoroscopy")
_CT = ("77477000", "SCT", "Computed tomography")
_IMAGING = ("363679005", "SCT", "Imaging procedure")


def write(reading: Reading, volume: Volume, path: Path, seg_path: Path | None = None) -> Path:
    """Write findings, totals, categories and notes with coded concepts.

    Findings that a person rejected are left out. The document is verified only if the
    reading is signed; it names nobody but the patient of the source instances and the
    reviewer.

    Parameters
    ----------
    reading : Reading
    volume : Volume
        The volume that was read, from DICOM.
    path : Path
        File to write.
    seg_path : Path, optional
        The DICOM SEG of this reading; findings then refer to its segments and frames,
        otherwise to a point in patient space.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    RefusedInput
        ``NOT_DICOM``, ``SOURCE_INCOMPLETE``.
    ReadingRoomError
        ``SOURCE_MISSING``, ``TERMINOLOGY_INVALID``.
    """
    source = read_source(volume)
    segmentation = None if seg_path is None else dcmread(seg_path, stop_before_pixels=True)
    with without_names_in_warnings():
        document = _document(reading, volume, source, segmentation)
    _date_verification(document, reading)
    return save(document, path)


def _document(
    reading: Reading, volume: Volume, source: Source, segmentation: Dataset | None
) -> sr.Comprehensive3DSR:
    signed = reading.status == "signed" and bool(reading.reviewer)
    return sr.Comprehensive3DSR(
        evidence=[*source.images, *([] if segmentation is None else [segmentation])],
        content=_report(reading, volume, source, segmentation),
        is_complete=True,
        is_final=signed,
        is_verified=signed,
        verifying_observer_name=person_name(reading.reviewer or "") if signed else None,
        verifying_organization=_organization(source.first) if signed else None,
        performed_procedure_codes=[_procedure(source.first)],
        coding_schemes=[CodingSchemeIdentificationItem(LOCAL_SCHEME, name=LOCAL_SCHEME_NAME)],
        **common(reading, source.first, "measurements", _SERIES_OFFSET),
    )


def _report(
    reading: Reading, volume: Volume, source: Source, segmentation: Dataset | None
) -> sr.MeasurementReport:
    return sr.MeasurementReport(
        observation_context=_observers(reading),
        procedure_reported=_procedure(source.first),
        imaging_measurements=_groups(reading, volume, source, segmentation),
        title=codes.DCM.ImagingMeasurementReport,
        language_of_content_item_and_descendants=sr.LanguageOfContentItemAndDescendants(
            sr.CodedConcept("en", "RFC5646", "English")
        ),
        referenced_images=_library(reading, volume, source),
    )


def _library(reading: Reading, volume: Volume, source: Source) -> Sequence[Dataset]:
    """Return the images that show findings; without findings all that were looked at."""
    if volume.projection:
        return describable(source.images)
    regions = regions_of(reading, volume, reported(reading))
    slices = {k for region in regions.values() for k in region.slices}
    return describable(source.images_at(volume, slices) if slices else source.images)


def _groups(
    reading: Reading, volume: Volume, source: Source, segmentation: Dataset | None
) -> Sequence[Group]:
    if volume.projection:
        shown = [curve_group(reading, finding, source.first) for finding in reported(reading)]
        return [*shown, *total_groups(reading)]
    frame = str(source.first.FrameOfReferenceUID)
    groups = [finding_group(reading, finding, frame, segmentation) for finding in reported(reading)]
    lines = [g for f in reported(reading) for g in bidimensional_group(reading, f, frame)]
    return [*groups, *lines, *total_groups(reading)]


def _observers(reading: Reading) -> sr.ObservationContext:
    version = reading.provenance.package_version or __version__
    device = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=lasting_uid("device", reading.reader, reading.reader_version, version),
            name=f"{MANUFACTURER} {reading.reader}",
            manufacturer_name=MANUFACTURER,
            model_name=f"{MANUFACTURER} {version}",
            serial_number=f"{reading.reader}-{reading.reader_version}",
        ),
    )
    if not reading.reviewer:
        return sr.ObservationContext(observer_device_context=device)
    person = sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(
            name=person_name(reading.reviewer)
        ),
    )
    return sr.ObservationContext(observer_person_context=person, observer_device_context=device)


def _procedure(image: Dataset) -> Code:
    """Return the procedure that the images state, else the kind of imaging."""
    for item in image.get("ProcedureCodeSequence") or []:
        if item.get("CodeValue") and item.get("CodingSchemeDesignator"):
            meaning = str(item.get("CodeMeaning") or item.CodeValue)
            return Code(str(item.CodeValue), str(item.CodingSchemeDesignator), meaning)
    if image.get("Modality") == "CT":
        return Code(*_CT)
    if image.get("Modality") in ("XA", "RF"):
        return Code(*_FLUOROSCOPY)
    return Code(*_IMAGING)


def _organization(image: Dataset) -> str:
    return str(image.get("InstitutionName") or _ORGANIZATION_UNKNOWN)


def _date_verification(document: Dataset, reading: Reading) -> None:
    """Replace the time of export by the time of signature, where the reading knows it."""
    stated = signed_at(reading)
    if stated is not None and "VerifyingObserverSequence" in document:
        moment = datetime.fromisoformat(stated)
        document.VerifyingObserverSequence[0].VerificationDateTime = DT(moment)
