"""The structured report says what the reading says, in codes, and no more than that."""

from __future__ import annotations

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.sr.codedict import codes

from readingroom.report import seg, sr
from Testing.fixtures.report_cases import LESIONS, a_reading, a_study

AGATSTON = ("112058", "DCM")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return a_study(tmp_path_factory.mktemp("ct"))


@pytest.fixture
def write(study, tmp_path):
    """Write a reading's SR, with its SEG unless told otherwise, and read it back."""

    def _write(reading, *, with_seg=True, name="sr.dcm"):
        volume = study.volumes[0]
        seg_path = seg.write(reading, volume, tmp_path / "seg.dcm") if with_seg else None
        return hd.sr.srread(sr.write(reading, volume, tmp_path / name, seg_path))

    return _write


@pytest.fixture(scope="module")
def written(study, tmp_path_factory):
    """The SR and the SEG of an unreviewed reading."""
    folder, volume = tmp_path_factory.mktemp("written"), study.volumes[0]
    seg_path = seg.write(a_reading(study), volume, folder / "seg.dcm")
    path = sr.write(a_reading(study), volume, folder / "sr.dcm", seg_path)
    return hd.sr.srread(path), dcmread(seg_path)


def measurement_report(document) -> hd.sr.MeasurementReport:
    return hd.sr.MeasurementReport.from_sequence([document])


def volumes_of(document):
    return measurement_report(document).get_volumetric_roi_measurement_groups()


def finding_id(group) -> str:
    return group.tracking_identifier.split(" ")[0]


def values(group) -> dict[tuple[str, str], float]:
    return {
        (m.name.value, m.derivation.value if m.derivation else ""): m.value
        for m in group.get_measurements()
    }


def every_item(item):
    yield item
    for child in item.get("ContentSequence", []):
        yield from every_item(child)


def codes_in(document) -> set[tuple[str, str]]:
    items = [i.ConceptNameCodeSequence[0] for i in every_item(document)]
    return {(c.get("CodeValue", c.get("LongCodeValue")), c.CodingSchemeDesignator) for c in items}


def test_there_is_one_group_for_every_finding_that_was_not_rejected(study, write):
    reading = a_reading(study, measurements={})
    reading.findings[1].state = "rejected"
    reading.findings[0].state = "accepted"

    groups = volumes_of(write(reading))

    kept = [f.id for f in reading.findings if f.state != "rejected"]
    assert [finding_id(group) for group in groups] == kept


def test_measurements_carry_the_values_and_standard_codes(study, written):
    reading = a_reading(study)

    group = volumes_of(written[0])[1]

    lad = reading.finding("lesion-002").measurements
    found = values(group)
    assert found["112058", ""] == pytest.approx(lad["agatston_score"].value, rel=1e-5)
    assert found["118565006", ""] == pytest.approx(lad["volume"].value, rel=1e-5)
    assert found["122661", ""] == pytest.approx(lad["mass"].value, rel=1e-5)
    assert found["112031", "56851009"] == lad["peak_density"].value
    assert found["112031", "373098007"] == pytest.approx(lad["mean_density"].value, rel=1e-5)
    (score,) = group.get_measurements(name=codes.DCM.CalciumScore)
    assert score.method == codes.DCM.AgatstonScoringMethod
    densities = group.get_measurements(name=codes.DCM.AttenuationCoefficient)
    assert {m.unit for m in densities} == {codes.UCUM.HounsfieldUnit}


def test_a_finding_names_its_site_its_segment_and_a_point_inside_it(study, written):
    reading = a_reading(study)

    group = volumes_of(written[0])[3]

    finding = reading.finding("lesion-004")
    assert group.finding_sites[0].value == codes.SCT.RightCoronaryArtery
    segmentation = written[1]
    assert group.referenced_segment.referenced_sop_instance_uid == segmentation.SOPInstanceUID
    number = group.referenced_segment.referenced_segment_numbers[0]
    assert segmentation.SegmentSequence[number - 1].SegmentLabel == finding.label == "RCA"
    (point,) = [i for i in group[0].ContentSequence if i.ValueType == "SCOORD3D"]
    np.testing.assert_allclose(point.GraphicData, finding.position_lps_mm, atol=1e-3)


def test_without_a_seg_a_finding_is_a_point_in_the_patient(study, write):
    reading = a_reading(study)

    document = write(reading, with_seg=False)

    groups = measurement_report(document).get_planar_roi_measurement_groups()
    assert len(groups) == len(reading.findings)
    np.testing.assert_allclose(
        groups[0].roi.value, [reading.findings[0].position_lps_mm], atol=1e-3
    )
    assert groups[0].roi.frame_of_reference_uid == study.volumes[0].frame_of_reference_uid


def test_a_finding_is_tracked_through_revisions(study, write, written):
    first = written[0]
    later = write(
        a_reading(study, revision=2, measurements={}, status="reviewed", reviewer="Lee^Ann"),
        name="b",
    )

    def uids(document):
        return [group.tracking_uid for group in volumes_of(document)]

    assert uids(first) == uids(later)
    assert len(set(uids(first))) == len(uids(first))
    assert first.SOPInstanceUID != later.SOPInstanceUID


def totals_by_site(document) -> dict[str, dict[tuple[str, str], float]]:
    groups = measurement_report(document).get_image_measurement_groups()
    return {
        (g.finding_sites[0].value.meaning if g.finding_sites else ""): values(g) for g in groups
    }


def test_totals_stand_by_structure_and_for_the_whole_reading(study, written):
    reading = a_reading(study)

    totals = totals_by_site(written[0])

    score = AGATSTON[0], ""
    assert totals[""][score] == pytest.approx(reading.measurements["agatston_score"].value, 1e-5)
    lad = totals["Left Anterior Descending Coronary Artery"]
    assert lad[score] == pytest.approx(reading.measurements["agatston_score_lad"].value, 1e-5)
    assert totals["Circumflex Coronary Artery"][score] == 0
    assert totals["Aorta"][score] == reading.measurements["aorta_agatston_score"].value


def test_categories_and_notes_are_in_the_group_of_the_reading(written):
    group = measurement_report(written[0]).get_image_measurement_groups()[-1]
    said = {e.name.value: e.value for e in group.get_qualitative_evaluations()}
    assert said["risk_stratum"].value == ">=400"
    assert said["cac_drs"].meaning.startswith("A3/N3: ")
    notes = [i for i in group[0].ContentSequence if i.ValueType == "TEXT"]
    words = {i.name.value: i.value for i in notes if i.name.scheme_designator == "99RR"}
    assert words["UNGATED"] == "warning: The scan is not ECG-gated: motion blurs calcium."


def test_state_label_and_certainty_of_a_finding_are_said(study, write):
    reading = a_reading(study, LESIONS[:1], measurements={})
    reading.findings[0].attributes = {"location": "proximal", "stent_nearby": True, "place": 0.4}

    group = volumes_of(write(reading))[0]

    said = {e.name.value: e.value.value for e in group.get_qualitative_evaluations()}
    assert said["finding_state"] == "proposed"
    assert said["finding_label"] == "LM"
    assert said["finding_location"] == "proximal"
    assert said["finding_stent_nearby"] == "yes"
    assert "finding_place" not in said
    assert values(group)["111012", ""] == 90.0


def test_contrast_derived_values_never_look_like_an_agatston_score(study, write):
    reading = a_reading(study, contrast_derived=True)

    found = codes_in(write(reading))

    assert AGATSTON not in found
    assert ("118565006", "SCT") not in found
    assert ("contrast_derived_calcium_score", "99RR") in found


@pytest.mark.parametrize(
    ("status", "reviewer", "flag"),
    [
        ("proposed", None, "UNVERIFIED"),
        ("reviewed", "Lee^Ann", "UNVERIFIED"),
        ("signed", None, "UNVERIFIED"),
        ("signed", "Lee^Ann", "VERIFIED"),
    ],
)
def test_only_a_signed_reading_is_verified(study, write, status, reviewer, flag):
    reading = a_reading(
        study,
        LESIONS[:1],
        measurements={},
        status=status,
        reviewer=reviewer,
        audit=[{"what": "sign", "when": "2026-03-15T08:30:00+00:00"}],
    )

    document = write(reading, with_seg=False)

    assert document.VerificationFlag == flag
    assert document.PreliminaryFlag == ("FINAL" if flag == "VERIFIED" else "PRELIMINARY")
    if flag == "VERIFIED":
        (verifier,) = document.VerifyingObserverSequence
        assert verifier.VerifyingObserverName == "Lee^Ann"
        assert str(verifier.VerificationDateTime).startswith("20260315083000")


def test_the_observers_are_the_software_and_the_reviewer(study, write):
    reading = a_reading(study, LESIONS[:1], measurements={}, status="reviewed", reviewer="Lee^Ann")
    document = write(reading, with_seg=False)

    report = measurement_report(document)

    (device,) = report.get_observer_contexts(codes.DCM.Device)
    assert device.observer_identifying_attributes.name == "ReadingRoom cacs"
    (person,) = report.get_observer_contexts(codes.DCM.Person)
    assert person.observer_identifying_attributes.name == "Lee^Ann"


def test_patient_and_study_are_those_of_the_images_and_nothing_is_added(study, written):
    reading, document = a_reading(study), written[0]
    assert reading.study.patient["birth_date"] == "1962-05-17"

    source = dcmread(study.volumes[0].files[0])
    for keyword in ("PatientName", "PatientID", "PatientSex", "StudyInstanceUID", "StudyDate"):
        assert document[keyword].value == source[keyword].value
    assert document.PatientBirthDate == ""
    # Value by value, and the date whole: UIDs and times of day may hold any few digits.
    values = [str(item.value) for item in document.iterall() if item.VR not in ("UI", "SQ")]
    assert str(document.PatientID) in values
    assert not [v for v in values if "19620517" in v or "1962-05-17" in v]
    assert not [v for v in values if reading.study.source in v]


def test_the_image_library_lists_the_images_that_show_findings(study, written):
    document = written[0]

    (library,) = [
        i for i in document.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "111028"
    ]
    images = [i for i in every_item(library) if i.ValueType == "IMAGE"]
    listed = {i.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for i in images}
    shown = (15, 12, 13, 9, 10, 11, 17, 6)
    assert listed == {study.volumes[0].instance_uids[k] for k in shown}
    evidence = document.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    instances = {s.ReferencedSOPInstanceUID for e in evidence for s in e.ReferencedSOPSequence}
    assert set(study.volumes[0].instance_uids) < instances


def test_a_reading_without_a_lesion_still_has_its_totals(tmp_path):
    study = a_study(tmp_path / "ct", ())
    reading = a_reading(study, ())

    document = hd.sr.srread(sr.write(reading, study.volumes[0], tmp_path / "sr.dcm"))

    totals = totals_by_site(document)
    assert totals[""][AGATSTON[0], ""] == 0
    assert not volumes_of(document)


def test_a_finding_with_neither_mask_nor_known_label_is_reported_in_local_codes(study, write):
    reading = a_reading(study, LESIONS[:1], measurements={})
    reading.findings[0].mask_segment = None
    reading.findings[0].label = "SOMETHING_NEW"

    document = write(reading)

    (group,) = measurement_report(document).get_planar_roi_measurement_groups()
    assert group.finding_type.value == "lesion"
    assert group.finding_type.scheme_designator == "99RR"
    assert group.finding_sites[0].value.value == "SOMETHING_NEW"
