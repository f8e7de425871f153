"""The lung nodule reader as a whole, on a phantom: what is read, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from readingroom import readers
from readingroom.errors import RefusedInput
from readingroom.reader import Progress
from readingroom.readers.lungnodule.options import LungNoduleOptions
from readingroom.readers.lungnodule.reader import LungNoduleReader
from readingroom.study import Acquisition, Study
from Testing.fixtures.lung_phantom import (
    GLASS,
    SHAPE,
    SOLID,
    a_chest,
    a_reading,
    a_study,
    position_of,
    the_case,
)


def finding_near(reading, ball):
    at = np.asarray(position_of(ball))
    return min(
        reading.findings, key=lambda f: float(np.linalg.norm(at - np.asarray(f.position_lps_mm)))
    )


def test_the_reader_is_registered_under_its_name():
    assert isinstance(readers.get("lungnodule"), LungNoduleReader)
    assert readers.options_type("lungnodule") is LungNoduleOptions


def test_both_nodules_are_findings_with_type_place_and_size():
    _, reading = the_case()
    solid, glass = finding_near(reading, SOLID), finding_near(reading, GLASS)

    assert len(reading.findings) == 2
    assert (solid.type, solid.label, solid.mask_segment) == ("nodule", "NODULE", "NODULE")
    assert (solid.attributes["type"], glass.attributes["type"]) == ("solid", "ground_glass")
    assert solid.attributes["side"] == "right"
    assert glass.attributes["side"] == "left"
    for finding, ball in ((solid, SOLID), (glass, GLASS)):
        assert np.linalg.norm(np.subtract(finding.position_lps_mm, position_of(ball))) < 3.0
        assert finding.measurements["mean_diameter"].value == pytest.approx(
            ball.diameter_mm, rel=0.15
        )
        assert finding.measurements["volume"].unit == "mm3"
        assert finding.confidence == 0.9


def test_ids_are_numbered_by_falling_volume():
    _, reading = the_case()
    volumes = [finding.measurements["volume"].value for finding in reading.findings]

    assert [finding.id for finding in reading.findings] == ["N001", "N002"]
    assert volumes == sorted(volumes, reverse=True)


def test_the_reading_counts_and_sums_its_nodules():
    _, reading = the_case()
    measured = reading.measurements
    volumes = [finding.measurements["volume"].value for finding in reading.findings]

    assert measured["nodule_count"].value == 2
    assert measured["nodule_volume"].value == pytest.approx(sum(volumes), abs=0.01)
    assert measured["largest_mean_diameter"].value == max(
        f.measurements["mean_diameter"].value for f in reading.findings
    )
    lobes = [n for n in measured if n.startswith("nodule_count_")]
    assert sum(measured[name].value for name in lobes) == 2


def test_lung_volumes_add_up_in_millilitres():
    _, reading = the_case()
    ml = {n: m.value for n, m in reading.measurements.items() if n.startswith("lung_volume")}
    sides = ml["lung_volume_right_lung"] + ml["lung_volume_left_lung"]

    # Two ellipsoids of 40 x 56 x 54 mm half axes.
    assert ml["lung_volume"] == pytest.approx(2 * 4 / 3 * np.pi * 4.0 * 5.6 * 5.4, rel=0.1)
    assert sides == pytest.approx(ml["lung_volume"], abs=0.3)


def test_masks_hold_nodules_solid_parts_lobes_and_tubes():
    _, reading = the_case()
    masks = reading.masks

    assert len(masks.layers) == 4
    assert all(layer.shape == SHAPE for layer in masks.layers)
    assert {"NODULE", "SOLID_PART", "RIGHT_UPPER_LOBE", "AIRWAYS"} <= set(masks.names())
    assert not (masks.mask("SOLID_PART") & ~masks.mask("NODULE")).any()
    glass = finding_near(reading, GLASS)
    assert glass.measurements["solid_volume"].value == 0


def test_the_category_is_that_of_the_worst_nodule_and_says_why():
    _, reading = the_case()
    category = reading.categories["lung_rads"]

    assert category.value == "4A"
    assert "8 to < 15 mm" in category.meaning or "8-<15" in category.meaning.replace(" ", "")
    solid = finding_near(reading, SOLID)
    assert solid.attributes["lung_rads"] == "4A"
    assert solid.evidence["lung_rads"]["facts"]["status"] == "baseline"


def test_every_risk_model_is_there_or_says_what_it_lacks():
    study, reading = the_case()
    assert set(reading.findings[0].evidence["absent"]) == {"brock", "mayo"}

    told = a_reading(
        study, smoking="former", family_history=False, emphysema=True, cancer_history=False
    )
    assert "brock_probability" in told.measurements
    assert "mayo_probability" in told.measurements
    assert told.findings[0].evidence.get("absent") is None


@pytest.mark.parametrize(
    ("guideline", "names"),
    [
        ("lung_rads", {"lung_rads", "patient_risk"}),
        ("fleischner", {"fleischner", "patient_risk"}),
        ("both", {"lung_rads", "fleischner", "patient_risk"}),
    ],
)
def test_the_guideline_asked_for_is_the_one_given(guideline, names):
    study, reading = the_case()
    options = reading.options | {"guideline": guideline}
    reading = reading.model_copy(update={"options": options})

    again = LungNoduleReader().remeasure_part(reading, study, the_case()[1].masks, [])
    assert set(again.categories) == names


def test_nodules_below_the_smallest_diameter_are_not_shown():
    study, _ = the_case()
    assert [f.attributes["type"] for f in a_reading(study, minimum_diameter_mm=13.0).findings] == [
        "ground_glass"
    ]


def test_two_detections_of_one_nodule_are_one_finding():
    study, _ = the_case()
    again = replace(SOLID, at=(30.0, 41.0, 27.0))
    assert len(a_reading(study, (SOLID, again)).findings) == 1


def test_a_detection_on_nothing_is_dropped():
    study, _ = the_case()
    empty = replace(SOLID, at=(42.0, 26.0, 30.0), diameter_mm=6.0)
    assert len(a_reading(study, (SOLID, empty)).findings) == 1


def test_reading_twice_gives_the_same():
    study, reading = the_case()
    again = a_reading(study)

    assert again.findings == reading.findings
    assert again.measurements == reading.measurements


def codes(notes):
    return {note.code for note in notes}


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"slice_thickness_mm": 5.0}, "VERY_THICK_SLICES"),
        ({"slice_thickness_mm": 2.0}, "THICK_SLICES"),
        ({"contrast_agent": "Iohexol"}, "CONTRAST_PRESENT"),
        ({"kernel": "B70f", "manufacturer": "SIEMENS"}, "SHARP_KERNEL"),
        ({"patient_position": "HFP"}, "PRONE"),
    ],
)
def test_what_limits_the_search_is_noted_before_anything_is_decoded(facts, code):
    notes = LungNoduleReader().check(a_study(**facts), LungNoduleOptions())
    assert code in codes(notes)
    assert all(note.message_zh for note in notes)


def test_a_thin_plain_scan_has_no_limit_to_note():
    study = a_study(slice_thickness_mm=1.0)
    thin = replace(study.volumes[0], ijk_to_lps=np.diag([1.0, 1.0, 1.0, 1.0]))
    notes = LungNoduleReader().check(replace(study, volumes=(thin,)), LungNoduleOptions())
    assert codes(notes) == {"SERIES_CHOSEN"}


def test_the_thin_series_is_read_whatever_its_kernel():
    thick, thin = a_study(slice_thickness_mm=5.0), a_study(slice_thickness_mm=1.0)
    both = Study(volumes=(thick.volumes[0], replace(thin.volumes[0], series_uid="9.9")))
    chosen = LungNoduleReader().check(both, LungNoduleOptions())[0]
    assert "1 mm" in chosen.message


def refusal_of(study):
    with pytest.raises(RefusedInput) as refused:
        LungNoduleReader().read(study, LungNoduleOptions(), Progress())
    return refused.value.code


def test_images_without_lungs_are_refused():
    solid_body = np.where(a_chest() > -500, 40, -1000).astype(np.int16)
    solid_body[:, 14:66, 10:96] = 40
    assert refusal_of(a_study(voxels=solid_body)) == "LUNGS_ABSENT"


def test_magnetic_resonance_is_refused():
    assert refusal_of(a_study(modality="MR")) == "MODALITY_UNSUITED"


def test_a_single_slice_is_refused():
    assert refusal_of(a_study(voxels=a_chest()[:1])) == "SINGLE_SLICE"


def test_too_few_slices_are_refused():
    assert refusal_of(a_study(voxels=a_chest()[:5])) == "TOO_FEW_SLICES"


def test_values_that_are_no_hounsfield_units_are_refused():
    assert refusal_of(a_study(voxels=a_chest() + np.int16(2000))) == "NOT_HU"


def test_a_refusal_is_announced_by_the_check():
    study = a_study(voxels=a_chest()[:5])
    notes = LungNoduleReader().check(study, LungNoduleOptions())
    assert notes[0].severity == "refusal"


def test_an_empty_acquisition_is_read_with_what_the_grid_says():
    study = a_study()
    bare = replace(study.volumes[0], acquisition=Acquisition())
    notes = LungNoduleReader().check(replace(study, volumes=(bare,)), LungNoduleOptions())
    assert codes(notes) == {"SERIES_CHOSEN", "THICK_SLICES"}
