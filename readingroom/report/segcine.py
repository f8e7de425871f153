"""The masks of a cine as a DICOM Segmentation whose frames name the frames they lie on.

Projection images have no place in the patient, so that each frame of the segmentation refers
to its source image and frame number (Derivation Image functional group, PS3.3 C.7.6.16.2.6)
and carries the temporal position index. highdicom makes the header from one frame; it does
not offer more for images without a frame of reference.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pack_bits
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import SecondaryCaptureImageStorage

from readingroom.errors import RefusedInput
from readingroom.report.dicomobject import common, person_name, save, without_names_in_warnings
from readingroom.report.dicomsource import read_source

if TYPE_CHECKING:
    from readingroom.reading import Masks, Reading
    from readingroom.study import Volume

_SERIES_OFFSET = 1
_TEMPORAL_POSITION_INDEX, _FRAME_CONTENT = 0x00209128, 0x00209111


def write(
    reading: Reading, volume: Volume, masks: Masks, descriptions: list[Any], path: Path
) -> Path:
    """Write every mask of a cine as a binary segment; frames without a pixel are left out.

    Parameters
    ----------
    volume : Volume
        The stack of one multi-frame image.
    masks : Masks
        On its grid, rejected findings left out.
    descriptions : list of highdicom.seg.SegmentDescription
        One a segment.

    Raises
    ------
    RefusedInput
        ``NOT_DICOM``, ``SOURCE_INCOMPLETE``; ``SEG_SEVERAL_IMAGES`` if the cine was put
        together of single-frame images.
    """
    source = read_source(volume).first
    if int(source.get("NumberOfFrames") or 1) != volume.shape[0]:
        raise RefusedInput(
            "SEG_SEVERAL_IMAGES",
            "The frames come from several images; a DICOM SEG of them is not made.",
            "Choose other report formats.",
        )
    with without_names_in_warnings():
        dataset = _header(reading, source, masks, descriptions)
    _put_frames(dataset, masks, source)
    return save(dataset, path)


def _header(
    reading: Reading, source: Dataset, masks: Masks, descriptions: list[Any]
) -> hd.seg.Segmentation:
    """Return the segmentation of the first frame, with a pixel in every segment."""
    one = copy.deepcopy(source)
    # As a still picture: what highdicom knows of classes with frames is for enhanced ones.
    one.SOPClassUID = SecondaryCaptureImageStorage
    for keyword in ("NumberOfFrames", "FrameIncrementPointer", "FrameOfReferenceUID"):
        if keyword in one:
            delattr(one, keyword)
    rows, columns = masks.layers[0].shape[1:]
    return hd.seg.Segmentation(
        source_images=[one],
        pixel_array=np.ones((1, rows, columns, len(masks.segments)), bool),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=descriptions,
        content_label=reading.reader.upper()[:16],
        content_description=f"Masks of the reading, {reading.status}",
        content_creator_name=person_name(reading.reviewer) if reading.reviewer else None,
        **common(reading, source, "segmentation", _SERIES_OFFSET),
    )


def _put_frames(dataset: Dataset, masks: Masks, source: Dataset) -> None:
    """Put the masks' frames in the place of the header's."""
    groups = {
        int(item.SegmentIdentificationSequence[0].ReferencedSegmentNumber): item
        for item in dataset.PerFrameFunctionalGroupsSequence
    }
    image = dataset.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
    image.ReferencedSOPClassUID = source.SOPClassUID
    frames, planes = [], []
    for number, frame, plane in _planes(masks):
        frames.append(_group(groups[number], image, number, frame + 1))
        planes.append(plane)
    _add_dimension(dataset)
    dataset.PatientOrientation = source.get("PatientOrientation") or ""
    dataset.PerFrameFunctionalGroupsSequence = DicomSequence(frames)
    dataset.NumberOfFrames = len(frames)
    dataset.PixelData = pack_bits(np.stack(planes).astype(np.uint8), pad=True)


def _planes(masks: Masks) -> Iterator[tuple[int, int, npt.NDArray[np.bool_]]]:
    """Yield segment number, frame and plane of every plane with a pixel."""
    for number, segment in enumerate(masks.segments, start=1):
        for frame, plane in enumerate(masks.layers[segment.layer]):
            own = plane == segment.value
            if own.any():
                yield number, frame, own


def _group(template: Dataset, image: Dataset, segment: int, frame: int) -> Dataset:
    group = copy.deepcopy(template)
    content = group.FrameContentSequence[0]
    content.TemporalPositionIndex = frame
    content.DimensionIndexValues = [segment, frame]
    for derivation in group.get("DerivationImageSequence") or []:
        for source in derivation.SourceImageSequence:
            source.ReferencedSOPClassUID = image.ReferencedSOPClassUID
            source.ReferencedFrameNumber = frame
    return group


def _add_dimension(dataset: Dataset) -> None:
    first = dataset.DimensionIndexSequence[0]
    along = Dataset()
    along.DimensionIndexPointer = _TEMPORAL_POSITION_INDEX
    along.FunctionalGroupPointer = _FRAME_CONTENT
    along.DimensionOrganizationUID = first.DimensionOrganizationUID
    along.DimensionDescriptionLabel = "Temporal Position Index"
    dataset.DimensionIndexSequence = DicomSequence([first, along])
