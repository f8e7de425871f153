"""The reports of a lung reading: coded groups with lines and boxes, one page, tables."""

from __future__ import annotations

import csv

import pytest
from pydicom import dcmread

from readingroom.report import fhir, layouts, mesh, pdf, seg, sr, table
from readingroom.report.regions import regions_of
from readingroom.report.summary import findings as findings_table
from Testing.fixtures.lung_phantom import BALLS, a_dicom_study, a_reading


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    place = tmp_path_factory.mktemp("lung")
    study = a_dicom_study(place / "ct")
    return study, a_reading(study, BALLS), place


def concepts_of(item):
    """Return the values of all coded concept names under a content item."""
    found = []
    for child in item.get("ContentSequence", []):
        names = child.get("ConceptNameCodeSequence")
        found += (
            [(str(names[0].get("CodeValue") or names[0].get("LongCodeValue")), child)]
            if names
            else []
        )
        found += concepts_of(child)
    return found


def test_every_nodule_is_a_group_with_lines_box_and_segment(case):
    study, reading, place = case
    volume = study.volumes[0]
    seg_path = seg.write(reading, volume, place / "seg.dcm")
    document = dcmread(sr.write(reading, volume, place / "sr.dcm", seg_path))
    coded = concepts_of(document)

    groups = [item for value, item in coded if value == "125007" and item.get("ContentSequence")]
    nodules = [g for g in groups if "bounding_box" in dict(concepts_of(g))]
    drawn = [g for g in groups if any(i.ValueType == "SCOORD3D" for i in lines_of(g))]

    assert len(nodules) == len(drawn) == len(reading.findings)
    for finding, whole, group in zip(reading.findings, nodules, drawn, strict=True):
        assert tracking_of(whole) == tracking_of(group) == f"{finding.id} (NODULE)"
        ends = [finding.attributes[f"{name}_axis_lps_mm"] for name in ("long", "short")]
        for line, (one, other) in zip(lines_of(group), ends, strict=True):
            assert line.GraphicType == "POLYLINE"
            assert list(line.GraphicData) == pytest.approx([*one, *other], abs=0.01)


def tracking_of(group):
    return dict(concepts_of(group))["112039"].TextValue


def lines_of(group):
    """Return the lines of the long and of the short axis of a group."""
    axes = [item for v, item in concepts_of(group) if v in ("103339001", "103340004")]
    inside = [item for axis in axes for item in axis.get("ContentSequence", [])]
    return [item for item in inside if item.ValueType == "SCOORD3D"]


def test_the_segmentation_holds_nodules_and_lobes_by_code(case):
    study, reading, place = case
    document = dcmread(seg.write(reading, study.volumes[0], place / "seg2.dcm"))
    labels = {segment.SegmentLabel for segment in document.SegmentSequence}
    assert {"NODULE", "RIGHT_UPPER_LOBE", "AIRWAYS"} <= labels


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_written_in_both_languages(case, language):
    study, reading, place = case
    path = pdf.write(reading, study.volumes[0], place / f"{language}.pdf", language)
    assert path.read_bytes().startswith(b"%PDF")


def test_the_list_of_nodules_names_type_lobe_and_category(case):
    study, reading, _ = case
    layout = layouts.layout_of(reading)
    english = findings_table(reading, study.volumes[0], layout, "en")
    chinese = findings_table(reading, study.volumes[0], layout, "zh")

    assert len(english.header) == len(english.rows[0]) == 12
    assert {row[2] for row in english.rows} == {"solid", "GGN"}
    assert {row[2] for row in chinese.rows} == {"实性", "磨玻璃"}
    assert {row[-1] for row in english.rows} == {"2", "4A"}


def test_categories_say_in_both_languages_what_they_mean(case):
    _, reading, _ = case
    for category in reading.categories.values():
        english = layouts.meaning("lungnodule", category, "en")
        chinese = layouts.meaning("lungnodule", category, "zh")
        assert english
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_the_table_has_a_row_per_nodule_with_its_type(case):
    _, reading, place = case
    path = table.write(reading, place / "tables")[0]
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["attribute_type"] for row in rows] == [
        finding.attributes["type"] for finding in reading.findings
    ]
    assert all(float(row["volume [mm3]"]) > 0 for row in rows)


def test_the_bundle_observes_count_and_size(case):
    _, reading, _ = case
    texts = {
        entry["resource"]["code"]["text"]
        for entry in fhir.bundle(reading)["entry"]
        if entry["resource"]["resourceType"] == "Observation"
    }
    assert {"Largest mean diameter", "Nodule count"} <= texts


def test_each_nodule_has_voxels_of_its_own_in_reports(case):
    study, reading, _ = case
    regions = regions_of(reading, study.volumes[0], reading.findings)
    assert set(regions) == {finding.id for finding in reading.findings}
    for finding in reading.findings:
        assert int(regions[finding.id].mask.sum()) == finding.measurements["voxels"].value


def test_surfaces_are_written(case):
    _, reading, place = case
    files = mesh.write(reading, place / "stl", "stl")
    assert [path for path in files if path.stat().st_size > 1000]
