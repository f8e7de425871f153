"""The reading's masks as a DICOM Segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import highdicom as hd
import numpy as np
import numpy.typing as npt
from pydicom.sr.codedict import codes

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.report.codes import parse_terminology
from readingroom.report.dicomobject import (
    MANUFACTURER,
    common,
    person_name,
    save,
    without_names_in_warnings,
)
from readingroom.report.dicomsource import Source, read_source
from readingroom.report.regions import standing_masks

if TYPE_CHECKING:
    from readingroom.reading import Masks, Reading, Segment
    from readingroom.study import Volume

_SERIES_OFFSET = 1


def write(reading: Reading, volume: Volume, path: Path) -> Path:
    """Write every mask as a binary segment; frames without a voxel are left out.

    Segments keep their names, order and colours; findings that a person rejected are left
    out of them. Frames refer to the source planes that they lie on. Where the loader had to
    resample (missing slices, gantry tilt), frames carry the geometry of the resampled grid
    and refer to the series as a whole.

    Parameters
    ----------
    reading : Reading
        With `Reading.masks` on the grid of `volume`.
    volume : Volume
        The volume that was read, from DICOM.
    path : Path
        File to write.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    RefusedInput
        ``NOT_DICOM``, ``SOURCE_INCOMPLETE``; ``SEG_EMPTY`` if no mask holds a voxel.
    ReadingRoomError
        ``SEG_GEOMETRY`` if masks and volume do not share a grid; ``SOURCE_MISSING``.
    """
    masks = _masks_on(reading, volume)
    if volume.projection:
        from readingroom.report import segcine

        if not any(layer.any() for layer in masks.layers):
            raise _empty()
        return segcine.write(reading, volume, masks, _descriptions(reading, masks.segments), path)
    stack, first_slice = _stack(masks)
    source = read_source(volume)
    with without_names_in_warnings():
        dataset = hd.seg.Segmentation(
            **_source_images(source),
            **_geometry(source, volume, range(first_slice, first_slice + len(stack))),
            pixel_array=stack,
            segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=_descriptions(reading, masks.segments),
            content_label=reading.reader.upper()[:16],
            content_description=f"Masks of the reading, {reading.status}",
            content_creator_name=person_name(reading.reviewer) if reading.reviewer else None,
            **common(reading, source.first, "segmentation", _SERIES_OFFSET),
        )
    return save(dataset, path)


def _source_images(source: Source) -> dict[str, Any]:
    """Return the images that frames refer to; several multi-frame ones are named as a whole."""
    if "NumberOfFrames" in source.first:
        return {"source_images": source.images[:1], "further_source_images": source.images[1:]}
    return {"source_images": source.images}


def _geometry(source: Source, volume: Volume, slices: range) -> dict[str, Any]:
    stated = source.plane_positions(volume)
    positions = _positions(volume) if stated is None else stated
    planes = _plane_sequences(positions[slices.start : slices.stop])
    own = _own_geometry(volume) if stated is None else {}
    return {"plane_positions": planes, **own}


def _masks_on(reading: Reading, volume: Volume) -> Masks:
    masks = standing_masks(reading)
    if masks is None or not masks.segments:
        raise _empty()
    same_place = np.allclose(masks.ijk_to_lps, volume.ijk_to_lps, atol=1e-3)
    if not same_place or any(layer.shape != volume.shape for layer in masks.layers):
        raise ReadingRoomError(
            "SEG_GEOMETRY",
            "The masks do not lie on the grid of the series they belong to.",
            "Read the study again, or resample the masks to the series.",
        )
    return masks


def _empty() -> RefusedInput:
    return RefusedInput(
        "SEG_EMPTY",
        "The reading holds no mask, so there is nothing to write as DICOM SEG.",
        "Choose other report formats.",
    )


def _stack(masks: Masks) -> tuple[npt.NDArray[np.bool_], int]:
    """Return the masks ``[k, j, i, segment]`` of the slices in use and the first of these.

    Memory is laid out segment by segment, since frames are taken from it that way.
    """
    used = np.any([np.any(layer, axis=(1, 2)) for layer in masks.layers], axis=0)
    slices = np.flatnonzero(used)
    if slices.size == 0:
        raise _empty()
    first, last = int(slices[0]), int(slices[-1])
    slab = [layer[first : last + 1] for layer in masks.layers]
    stack = np.empty((len(masks.segments), *slab[0].shape), dtype=np.bool_)
    for place, segment in zip(stack, masks.segments, strict=True):
        np.equal(slab[segment.layer], segment.value, out=place)
    return np.moveaxis(stack, 0, -1), first


def _descriptions(reading: Reading, segments: Sequence[Segment]) -> list[hd.seg.SegmentDescription]:
    cards = {f"card {i + 1}": card.name for i, card in enumerate(reading.provenance.cards)}
    algorithm = hd.AlgorithmIdentificationSequence(
        name=f"{MANUFACTURER} {reading.reader}",
        version=reading.reader_version,
        family=codes.DCM.ArtificialIntelligence,
        source=MANUFACTURER,
        parameters=cards or None,
    )
    by_machine = reading.status == "proposed"
    kind = "AUTOMATIC" if by_machine else "SEMIAUTOMATIC"
    return [
        _description(segment, number, algorithm, kind)
        for number, segment in enumerate(segments, start=1)
    ]


def _description(
    segment: Segment, number: int, algorithm: hd.AlgorithmIdentificationSequence, kind: str
) -> hd.seg.SegmentDescription:
    terms = parse_terminology(segment.terminology)
    rgb = [round(255 * part) for part in segment.color]
    description = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.name,
        segmented_property_category=terms.category,
        segmented_property_type=terms.type,
        algorithm_type=kind,
        algorithm_identification=algorithm,
        anatomic_regions=[terms.region] if terms.region else None,
        display_color=hd.color.CIELabColor.from_rgb(*rgb),
    )
    if terms.type_modifier is not None:
        modifier = hd.sr.CodedConcept.from_code(terms.type_modifier)
        kind_item = description.SegmentedPropertyTypeCodeSequence[0]
        kind_item.SegmentedPropertyTypeModifierCodeSequence = [modifier]
    return description


def _positions(volume: Volume) -> npt.NDArray[np.float64]:
    return volume.lps_from_kji([[k, 0, 0] for k in range(volume.shape[0])])


def _plane_sequences(
    positions: npt.NDArray[np.float64],
) -> list[hd.PlanePositionSequence]:
    patient = hd.CoordinateSystemNames.PATIENT
    return [hd.PlanePositionSequence(patient, position) for position in positions]


def _own_geometry(volume: Volume) -> dict[str, Any]:
    """Return orientation and spacing of the volume, for frames that are no source planes."""
    directions = volume.ijk_to_lps[:3, :2] / np.linalg.norm(volume.ijk_to_lps[:3, :2], axis=0)
    between, rows_mm, columns_mm = volume.spacing_mm
    return {
        "plane_orientation": hd.PlaneOrientationSequence(
            hd.CoordinateSystemNames.PATIENT, directions.T.ravel()
        ),
        "pixel_measures": hd.PixelMeasuresSequence(
            pixel_spacing=[rows_mm, columns_mm],
            slice_thickness=between,
            spacing_between_slices=between,
        ),
    }
