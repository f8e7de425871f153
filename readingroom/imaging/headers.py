"""DICOM headers without pixels, many at a time."""

from __future__ import annotations

import math
import os
import struct
import warnings
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.tag import Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

# pydicom quotes the values that it warns about, and these may be a patient's.
warnings.filterwarnings("ignore", category=UserWarning, module=r"pydicom\.")

#: What pydicom raises for bytes that are not, or no longer, a DICOM data set.
DAMAGED = (
    InvalidDicomError,
    BytesLengthException,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    NotImplementedError,
    struct.error,
    zlib.error,
)

_NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
_UNDEFINED = 0xFFFFFFFF
#: CT, MR, X-ray angiography and fluoroscopy, PET, and their enhanced forms.
_IMAGE_CLASSES = tuple(
    f"1.2.840.10008.5.1.4.1.1.{part}." for part in ("2", "4", "12.1", "12.2", "128", "130")
)
_SEQUENCE_END = (0xFFFE, 0xE0DD)

#: Attributes that the loader uses; the rest is not parsed, which halves the time.
_KEYWORDS = """
SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID Modality Manufacturer
ManufacturerModelName StudyDate SeriesDate AcquisitionDate ContentDate StudyTime SeriesTime
AcquisitionTime ContentTime AcquisitionDateTime StudyDescription SeriesDescription ProtocolName
PatientName PatientID IssuerOfPatientID PatientBirthDate PatientSex PatientAge BodyPartExamined
ContrastBolusAgent ContrastBolusAgentSequence ScanOptions KVP SliceThickness
CardiacSynchronizationTechnique TriggerTime HeartRate NominalInterval SpiralPitchFactor
NominalPercentageOfCardiacPhase NominalCardiacTriggerDelayTime ConvolutionKernel XRayTubeCurrent
Exposure ExposureInmAs ExposureInuAs PatientPosition EchoNumbers EchoTime InversionTime
FlipAngle DiffusionBValue TemporalPositionIdentifier TemporalPositionIndex AcquisitionNumber
StackID FrameTime FrameTimeVector FrameIncrementPointer CineRate RecommendedDisplayFrameRate
ImagerPixelSpacing EstimatedRadiographicMagnificationFactor DistanceSourceToDetector
DistanceSourceToPatient PixelSpacing StudyInstanceUID SeriesInstanceUID SeriesNumber InstanceNumber
FrameOfReferenceUID ImagePositionPatient ImageOrientationPatient SharedFunctionalGroupsSequence
PerFrameFunctionalGroupsSequence SamplesPerPixel PhotometricInterpretation NumberOfFrames Rows
Columns BitsAllocated BitsStored HighBit PixelRepresentation PixelPaddingValue
PixelPaddingRangeLimit RescaleSlope RescaleIntercept RescaleType DirectoryRecordSequence
"""
#: Making a tag of a keyword takes longer than looking it up in a data set.
_tag = cache(Tag)
_TAGS = [_tag(keyword) for keyword in _KEYWORDS.split()]


@dataclass(frozen=True)
class Header:
    """One DICOM file: its attributes and where its pixels lie.

    Attributes
    ----------
    native_offset : int or None
        First byte of uncompressed pixel data in the file; None for compressed or
        deflated pixel data, which pydicom decodes.
    truncated : bool
        Whether the file ends before its pixel data does.
    """

    path: Path
    dataset: Dataset
    native_offset: int | None
    truncated: bool

    @property
    def frames(self) -> int:
        """Number of frames, at least 1."""
        return max(self.whole("NumberOfFrames", 1), 1)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns; zero where unsaid."""
        return self.whole("Rows", 0), self.whole("Columns", 0)

    @property
    def byte_order(self) -> str:
        """NumPy's sign for the byte order of native pixels."""
        return ">" if transfer_syntax(self.dataset) == ExplicitVRBigEndian else "<"

    def get(self, keyword: str) -> Any:
        """Return an attribute's value, None where absent or empty."""
        return value_of(self.dataset, keyword)

    def number(self, keyword: str) -> float | None:
        """Return an attribute's value as a finite number, None where it is none."""
        return as_number(self.get(keyword))

    def whole(self, keyword: str, default: int) -> int:
        """Return an attribute's value as a whole number, `default` where it is none."""
        return whole_of(self.dataset, keyword, default)


def as_number(value: Any) -> float | None:
    """Return a header's value as a finite number, None where it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def whole_of(dataset: Dataset, keyword: str, default: int) -> int:
    """Return an attribute as a whole number, `default` where it is none."""
    number = as_number(value_of(dataset, keyword))
    return default if number is None else int(number)


def value_of(dataset: Dataset, keyword: str) -> Any:
    """Return an attribute's value; None where absent, empty or not parseable."""
    try:
        element = dataset.get(_tag(keyword))
        value = None if element is None else element.value
    except DAMAGED:
        return None
    return None if value is None or value == "" else value


def transfer_syntax(dataset: Dataset) -> str:
    """Return the transfer syntax UID, implicit little endian where none is stated."""
    meta = getattr(dataset, "file_meta", None)
    return str(getattr(meta, "TransferSyntaxUID", None) or ImplicitVRLittleEndian)


def read_headers(paths: Iterable[Path]) -> tuple[list[Header], list[Path]]:
    """Read the headers of all DICOM files among `paths`.

    Returns
    -------
    headers : list of Header
        In the order of `paths`; files that are not DICOM are passed over.
    damaged : list of Path
        Files that begin as DICOM and whose header cannot be parsed.
    """
    with ThreadPoolExecutor(max_workers=2 * (os.cpu_count() or 1)) as pool:
        results = list(pool.map(_read_or_damaged, paths))
    headers = [r for r in results if isinstance(r, Header)]
    return headers, [r for r in results if isinstance(r, Path)]


def _read_or_damaged(path: Path) -> Header | Path | None:
    try:
        header = read_header(path)
    except DAMAGED:
        return path
    # Cut off before it could say to which series it belongs.
    lost = header is not None and header.truncated and header.get("SeriesInstanceUID") is None
    return path if lost else header


def read_header(path: Path) -> Header | None:
    """Read one header; None where the file is not DICOM.

    Raises
    ------
    InvalidDicomError, EOFError, ValueError and others of `DAMAGED`
        If the file begins as DICOM and cannot be parsed.
    """
    with path.open("rb") as stream:
        if not _looks_like_dicom(stream.read(140)):
            return None
        stream.seek(0)
        dataset = dcmread(stream, stop_before_pixels=True, specific_tags=_TAGS, force=True)
        native_offset, truncated = _locate_pixels(stream, dataset)
    if len(dataset) == 0:
        raise InvalidDicomError(str(path.name))
    return Header(path, dataset, native_offset, truncated)


def _looks_like_dicom(start: bytes) -> bool:
    if start[128:132] == b"DICM":
        return True
    # Without a preamble a data set begins with group 0002 or 0008, even in old files.
    if len(start) < 8:
        return False
    group, element = struct.unpack("<HH", start[:4])
    explicit = start[4:6].isalpha() and start[4:6].isupper()
    implicit = struct.unpack("<I", start[4:8])[0] < 1024
    return group in (0x0002, 0x0008) and element < 0x2000 and (explicit or implicit)


def _locate_pixels(stream: BinaryIO, dataset: Dataset) -> tuple[int | None, bool]:
    """Return the offset of native pixels and whether the file ends too early."""
    if value_of(dataset, "Rows") is None:
        return None, _should_hold_pixels(dataset)
    syntax = transfer_syntax(dataset)
    if syntax == DeflatedExplicitVRLittleEndian:
        return None, False
    size = os.fstat(stream.fileno()).st_size
    element = _pixel_element(stream, syntax)
    if element is None:
        return None, True
    offset, length = element
    if syntax not in _NATIVE:
        return None, not _fragments_complete(stream, offset, size)
    return offset, size - offset < max(min(length, size), _native_length(dataset))


def _should_hold_pixels(dataset: Dataset) -> bool:
    # With the dot, so that class "…1.1.4" (MR) does not take in "…1.1.481" (RT).
    return f"{value_of(dataset, 'SOPClassUID')}.".startswith(_IMAGE_CLASSES)


def _pixel_element(stream: BinaryIO, syntax: str) -> tuple[int, int] | None:
    """Return value offset and length of the element at which pydicom stopped."""
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    start = stream.tell()
    head = stream.read(12)
    if len(head) < 12 or struct.unpack(f"{order}H", head[:2])[0] != 0x7FE0:
        return None
    if syntax == ImplicitVRLittleEndian:
        return start + 8, int(struct.unpack("<I", head[4:8])[0])
    return start + 12, int(struct.unpack(f"{order}I", head[8:12])[0])


def _native_length(dataset: Dataset) -> int:
    bits = whole_of(dataset, "BitsAllocated", 16)
    keywords = ("Rows", "Columns", "SamplesPerPixel", "NumberOfFrames")
    return math.prod(whole_of(dataset, keyword, 1) for keyword in keywords) * bits // 8


def _fragments_complete(stream: BinaryIO, offset: int, size: int) -> bool:
    """Walk the items of encapsulated pixel data without reading their content."""
    while offset + 8 <= size:
        stream.seek(offset)
        group, element, length = struct.unpack("<HHI", stream.read(8))
        if (group, element) == _SEQUENCE_END:
            return True
        if group != 0xFFFE or length == _UNDEFINED:
            return False
        offset += 8 + length
    # Some writers leave out the closing delimiter: complete if the last item fits.
    return offset == size
