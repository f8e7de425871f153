"""Measurement groups of the structured report: one per finding, then the totals.

Templates of DICOM PS3.16: TID 1411 (volume, a segment of the DICOM SEG), TID 1410 (a
point, where there is no SEG), TID 1501 (totals of a structure and of the whole reading).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from readingroom import terminology
from readingroom.reading import Category, Finding, Measurement, NoteRecord, Reading
from readingroom.report.codes import Terminology, local, parse_terminology, quantity, spoken, unit
from readingroom.report.dicomobject import MANUFACTURER, lasting_uid
from readingroom.report.structures import CONTRAST_PREFIX, STRUCTURES, structure_of

Group = (
    sr.VolumetricROIMeasurementsAndQualitativeEvaluations
    | sr.PlanarROIMeasurementsAndQualitativeEvaluations
    | sr.MeasurementsAndQualitativeEvaluations
)
#: Points of a curve that are left out between two that are drawn, and one.
_CURVE_STEP = 6
#: Names that only repeat another measurement.
_REPEATED = ("volume_score", f"{CONTRAST_PREFIX}volume_score")


def finding_group(
    reading: Reading,
    finding: Finding,
    frame_of_reference: str,
    segmentation: Dataset | None,
) -> Group:
    """Return the measurement group of one finding.

    The finding is tied to its segment of the DICOM SEG; since a segment can hold several
    findings, a point inside the finding tells which one it is. The tracking
    identifiers depend on series and finding id alone, so that revisions of a reading speak
    of the same lesion.

    Parameters
    ----------
    frame_of_reference : str
        Frame of Reference UID of the images.
    segmentation : Dataset or None
        The DICOM SEG of this reading.
    """
    point = np.array([finding.position_lps_mm])
    segment = _referenced_segment(finding, segmentation)
    terms = _terms(reading, finding)
    shared: dict[str, Any] = {
        "tracking_identifier": _tracking(reading, finding),
        "finding_category": terms.category,
        "finding_type": terms.type,
        "finding_sites": [sr.FindingSite(terms.region)] if terms.region else None,
        "algorithm_id": _algorithm(reading),
        "measurements": _measurements(finding.measurements) + _certainty(finding),
        "qualitative_evaluations": _evaluations(finding),
    }
    if segment is not None:
        group = sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
            referenced_segment=segment, **shared
        )
        group[0].ContentSequence.append(_point_inside(point, frame_of_reference))
        group[0].ContentSequence.extend(_bounding_box(finding, frame_of_reference))
        return group
    region = sr.ImageRegion3D("POINT", point, frame_of_reference)
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(referenced_region=region, **shared)


def curve_group(reading: Reading, finding: Finding, image: Dataset) -> Group:
    """Return the measurement group of a finding that is a curve in one frame of a cine.

    The curve is drawn in the frame itself, thinned to a point every few pixels: its place in
    the patient is not known. Groups of one device in several frames share no identifier;
    the device's number is an evaluation.
    """
    curve = np.asarray(finding.attributes["centerline_xy_px"], np.float64)
    kept = np.append(np.arange(0, len(curve) - 1, _CURVE_STEP), len(curve) - 1)
    frame = int(finding.attributes["frame"]) + 1
    region = sr.ImageRegion(
        graphic_type=sr.GraphicTypeValues.POLYLINE,
        # DICOM counts from the corner of the first pixel.
        graphic_data=curve[kept] + 0.5,
        source_image=sr.SourceImageForRegion(
            str(image.SOPClassUID), str(image.SOPInstanceUID), referenced_frame_numbers=[frame]
        ),
    )
    series = reading.study.series[0].uid if reading.study.series else ""
    terms = _terms(reading, finding)
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=region,
        tracking_identifier=sr.TrackingIdentifier(
            uid=lasting_uid(reading.reader, series, finding.id),
            identifier=f"{finding.id} ({finding.label} {finding.attributes['identity']})",
        ),
        finding_category=terms.category,
        finding_type=terms.type,
        algorithm_id=_algorithm(reading),
        measurements=_measurements(finding.measurements) + _certainty(finding),
        qualitative_evaluations=_evaluations(finding),
    )


def _referenced_segment(
    finding: Finding, segmentation: Dataset | None
) -> sr.ReferencedSegment | None:
    if segmentation is None:
        return None
    for segment in segmentation.SegmentSequence:
        if segment.SegmentLabel == finding.mask_segment:
            series = segmentation.ReferencedSeriesSequence[0].SeriesInstanceUID
            return sr.ReferencedSegment(
                sop_class_uid=segmentation.SOPClassUID,
                sop_instance_uid=segmentation.SOPInstanceUID,
                segment_number=int(segment.SegmentNumber),
                source_series=sr.SourceSeriesForSegmentation(series),
            )
    return None


def _point_inside(point: npt.NDArray[np.float64], frame_of_reference: str) -> sr.ContentItem:
    return sr.Scoord3DContentItem(
        name=local("point_inside", "Point inside the finding"),
        graphic_type=sr.GraphicTypeValues3D.POINT,
        graphic_data=point,
        frame_of_reference_uid=frame_of_reference,
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )


def _bounding_box(finding: Finding, frame_of_reference: str) -> list[sr.ContentItem]:
    """Return two opposite corners of the finding's box, where the reader gives them."""
    corners = finding.attributes.get("bounding_box_lps_mm")
    if not corners:
        return []
    return [
        sr.Scoord3DContentItem(
            name=local("bounding_box", "Corners of the bounding box"),
            graphic_type=sr.GraphicTypeValues3D.MULTIPOINT,
            graphic_data=np.array(corners, np.float64),
            frame_of_reference_uid=frame_of_reference,
            relationship_type=sr.RelationshipTypeValues.CONTAINS,
        )
    ]


def total_groups(reading: Reading) -> list[Group]:
    """Return a group per structure that has totals, then one for the whole reading."""
    by_structure: dict[str, dict[str, Measurement]] = {}
    for name, measurement in reading.measurements.items():
        structure, quantity_name = structure_of(reading.reader, name)
        by_structure.setdefault(structure, {})[quantity_name] = measurement
    whole = by_structure.pop("", {})
    groups = [_total_group(reading, key, found) for key, found in by_structure.items()]
    return [*(group for group in groups if group is not None), _whole_group(reading, whole)]


def _total_group(reading: Reading, key: str, found: dict[str, Measurement]) -> Group | None:
    measurements = _measurements(found)
    if not measurements:
        return None
    structure = STRUCTURES[reading.reader][key]
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_total_tracking(reading, key),
        finding_sites=[sr.FindingSite(structure.site)],
        algorithm_id=_algorithm(reading),
        measurements=measurements,
    )


def _whole_group(reading: Reading, found: dict[str, Measurement]) -> Group:
    categories = [
        sr.QualitativeEvaluation(local(name), _category_value(category))
        for name, category in reading.categories.items()
    ]
    status = sr.QualitativeEvaluation(
        local("reading_status"), local(reading.status, spoken(reading.status))
    )
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_total_tracking(reading, "reading"),
        algorithm_id=_algorithm(reading),
        measurements=_measurements(found) or None,
        qualitative_evaluations=[status, *categories],
    )
    content = group[0].ContentSequence
    content.extend(_note(note) for note in reading.notes)
    return group


def _total_tracking(reading: Reading, key: str) -> sr.TrackingIdentifier:
    series = reading.study.series[0].uid if reading.study.series else ""
    return sr.TrackingIdentifier(
        uid=lasting_uid(reading.reader, series, "total", key),
        identifier=f"{reading.reader} total {spoken(key).lower()}",
    )


def _category_value(category: Category) -> Code:
    meaning = f"{category.value}: {category.meaning}" if category.meaning else category.value
    return local(category.value, meaning)


def _note(note: NoteRecord) -> sr.TextContentItem:
    return sr.TextContentItem(
        name=local(note.code, spoken(note.code)),
        value=f"{note.severity}: {note.message}",
        relationship_type=sr.RelationshipTypeValues.CONTAINS,
    )


def _terms(reading: Reading, finding: Finding) -> Terminology:
    segments = reading.masks.segments if reading.masks is not None else []
    for segment in segments:
        if segment.name == finding.mask_segment:
            return parse_terminology(segment.terminology)
    if finding.label in terminology.CONCEPTS:
        return parse_terminology(terminology.terminology_entry(finding.label))
    category = codes.SCT.MorphologicallyAbnormalStructure
    return Terminology(category, local(finding.type), region=local(finding.label))


def _algorithm(reading: Reading) -> sr.AlgorithmIdentification:
    return sr.AlgorithmIdentification(
        name=f"{MANUFACTURER} {reading.reader}",
        version=reading.reader_version,
        parameters=[f"card {card.name}" for card in reading.provenance.cards] or None,
    )


def _measurements(found: Mapping[str, Measurement]) -> list[sr.Measurement]:
    return [
        _measurement(name, measurement)
        for name, measurement in found.items()
        if measurement.value is not None and name not in _REPEATED
    ]


#: Measurements that are drawn as a line, and the attribute that holds its ends, LPS mm.
_LINES = {
    "long_axis_diameter": "long_axis_lps_mm",
    "short_axis_diameter": "short_axis_lps_mm",
}


def bidimensional_group(reading: Reading, finding: Finding, frame_of_reference: str) -> list[Group]:
    """Return the group of the two diameters as lines in patient space; none without lines.

    TID 1501 with TID 300: groups of regions (TID 1410, 1411) have no place for the
    coordinates of a measurement. The tracking identifiers are those of the finding.
    """
    drawn = {name: finding.attributes.get(ends) for name, ends in _LINES.items()}
    measurements = [
        _measurement(
            name, finding.measurements[name], [_line(np.array(ends, float), frame_of_reference)]
        )
        for name, ends in drawn.items()
        if ends and name in finding.measurements
    ]
    if not measurements:
        return []
    terms = _terms(reading, finding)
    return [
        sr.MeasurementsAndQualitativeEvaluations(
            tracking_identifier=_tracking(reading, finding),
            finding_type=terms.type,
            finding_sites=[sr.FindingSite(terms.region)] if terms.region else None,
            algorithm_id=_algorithm(reading),
            measurements=measurements,
        )
    ]


def _tracking(reading: Reading, finding: Finding) -> sr.TrackingIdentifier:
    series = reading.study.series[0].uid if reading.study.series else ""
    return sr.TrackingIdentifier(
        uid=lasting_uid(reading.reader, series, finding.id),
        identifier=f"{finding.id} ({finding.label})",
    )


def _line(ends: npt.NDArray[np.float64], frame_of_reference: str) -> sr.CoordinatesForMeasurement3D:
    return sr.CoordinatesForMeasurement3D("POLYLINE", ends, frame_of_reference)


def _measurement(
    name: str,
    measurement: Measurement,
    line: list[sr.CoordinatesForMeasurement3D] | None = None,
) -> sr.Measurement:
    meaning = quantity(name)
    return sr.Measurement(
        referenced_coordinates=line,
        name=meaning.name,
        value=float(f"{measurement.value:.6g}"),
        unit=unit(measurement.unit),
        method=meaning.method,
        derivation=meaning.derivation,
    )


def _certainty(finding: Finding) -> list[sr.Measurement]:
    if finding.confidence is None:
        return []
    percent = round(100 * finding.confidence, 2)
    return [sr.Measurement(name=codes.DCM.CertaintyOfFinding, value=percent, unit=unit("%"))]


def _evaluations(finding: Finding) -> list[sr.QualitativeEvaluation]:
    """Return state, label and every attribute that is a word or a yes or no."""
    said = {"state": finding.state, "label": finding.label}
    for name, value in finding.attributes.items():
        if isinstance(value, bool):
            said[name] = "yes" if value else "no"
        elif isinstance(value, str) and 0 < len(value) <= 64:
            said[name] = value
    return [
        sr.QualitativeEvaluation(local(f"finding_{name}"), local(value, spoken(value)))
        for name, value in said.items()
    ]
