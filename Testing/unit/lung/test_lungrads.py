"""Lung-RADS v2022: every row of the table, the stepped follow-up, the examination."""

from __future__ import annotations

import pytest

from readingroom.errors import RefusedInput
from readingroom.readers.lungnodule.lungrads import Exam, NoduleFacts, categorise, lung_rads
from readingroom.readers.lungnodule.lungrads_table import MANAGEMENT, ROWS, VOLUMES_MM3
from readingroom.readers.lungnodule.measure import lung_rads_diameter, sphere_volume


def a_nodule(type: str, mm: float, solid_mm: float | None = None, **facts: object) -> NoduleFacts:
    return NoduleFacts(type, mm, solid_mm, **facts)  # type: ignore[arg-type]


#: Facts, the row of the table that they belong to, and its category.
CASES: list[tuple[NoduleFacts, str, str]] = [
    (a_nodule("calcified", 12, benign_calcification=True), "benign_calcification", "1"),
    (a_nodule("solid", 12, fat=True), "fat", "1"),
    (a_nodule("solid", 9, location="cyst_thin"), "thin_walled_cyst", "1"),
    (
        a_nodule("solid", 9.9, location="juxtapleural", smooth=True, shape="lentiform"),
        "juxtapleural",
        "2",
    ),
    (a_nodule("solid", 5.9), "solid_baseline_lt6", "2"),
    (a_nodule("solid", 3.9, status="new"), "solid_new_lt4", "2"),
    (a_nodule("part_solid", 5.9), "part_solid_lt6", "2"),
    (a_nodule("ground_glass", 29.9), "ground_glass_lt30", "2"),
    (a_nodule("ground_glass", 20, status="growing"), "ground_glass_lt30", "2"),
    (a_nodule("ground_glass", 30, status="stable"), "ground_glass_ge30_stable", "2"),
    (a_nodule("ground_glass", 34, status="slowly_growing"), "ground_glass_ge30_stable", "2"),
    (a_nodule("solid", 7, location="airway_subsegmental"), "airway_subsegmental", "2"),
    (
        a_nodule("solid", 7, status="stable", prior_category="3", months_since_prior=6),
        "category_3_stable",
        "2",
    ),
    (a_nodule("solid", 7, status="stable", prior_category="2"), "category_2_stable", "2"),
    (a_nodule("solid", 0, status="resolved", prior_category="4A"), "resolved", "2"),
    (a_nodule("solid", 18, proven_benign=True, prior_category="4B"), "proven_benign", "2"),
    (a_nodule("solid", 6), "solid_baseline_6_8", "3"),
    (a_nodule("solid", 7.9), "solid_baseline_6_8", "3"),
    (a_nodule("solid", 4, status="new"), "solid_new_4_6", "3"),
    (a_nodule("solid", 5.9, status="new"), "solid_new_4_6", "3"),
    (a_nodule("part_solid", 6, 5.9), "part_solid_solid_lt6", "3"),
    (a_nodule("part_solid", 5.9, 3, status="new"), "part_solid_new_lt6", "3"),
    (a_nodule("ground_glass", 30), "ground_glass_ge30", "3"),
    (a_nodule("ground_glass", 30, status="new"), "ground_glass_ge30", "3"),
    (a_nodule("solid", 20, location="cyst_thick", cyst_change="cyst_growing"), "cyst_growing", "3"),
    (
        a_nodule("solid", 10, status="decreased", prior_category="4A", months_since_prior=3),
        "category_4a_stable",
        "3",
    ),
    (
        a_nodule("solid", 7, status="stable", prior_category="3", months_since_prior=2),
        "category_3_early",
        "3",
    ),
    (a_nodule("solid", 8), "solid_baseline_8_15", "4A"),
    (a_nodule("solid", 14.9), "solid_baseline_8_15", "4A"),
    (a_nodule("solid", 7.9, status="growing"), "solid_growing_lt8", "4A"),
    (a_nodule("solid", 6, status="new"), "solid_new_6_8", "4A"),
    (a_nodule("part_solid", 12, 6), "part_solid_solid_6_8", "4A"),
    (a_nodule("part_solid", 12, 3.9, status="growing"), "part_solid_new_solid_lt4", "4A"),
    (
        a_nodule("part_solid", 12, 3.9, status="stable", solid_status="new"),
        "part_solid_new_solid_lt4",
        "4A",
    ),
    (a_nodule("solid", 7, location="airway_segmental"), "airway_segmental", "4A"),
    (a_nodule("solid", 20, location="cyst_thick"), "cyst_thick", "4A"),
    (a_nodule("solid", 20, location="cyst_multilocular"), "cyst_multilocular", "4A"),
    (
        a_nodule("solid", 20, location="cyst_thin", cyst_change="newly_multilocular"),
        "cyst_newly_multilocular",
        "4A",
    ),
    (
        a_nodule("solid", 9, status="stable", prior_category="4A", months_since_prior=1),
        "category_4a_early",
        "4A",
    ),
    (a_nodule("solid", 15), "solid_baseline_ge15", "4B"),
    (a_nodule("solid", 8, status="new"), "solid_growing_ge8", "4B"),
    (a_nodule("solid", 8, status="growing"), "solid_growing_ge8", "4B"),
    (a_nodule("part_solid", 12, 8), "part_solid_solid_ge8", "4B"),
    (a_nodule("part_solid", 12, 4, status="new"), "part_solid_new_solid_ge4", "4B"),
    (
        a_nodule("solid", 7, location="airway_segmental", status="stable"),
        "airway_persistent",
        "4B",
    ),
    (
        a_nodule("solid", 20, location="cyst_thick", cyst_change="wall_growing"),
        "cyst_wall_growing",
        "4B",
    ),
    (
        a_nodule("solid", 20, location="cyst_multilocular", cyst_change="denser"),
        "cyst_multilocular_growing",
        "4B",
    ),
    (a_nodule("solid", 7, status="slowly_growing"), "slowly_growing", "4B"),
    (a_nodule("part_solid", 9, 3, status="slowly_growing"), "slowly_growing", "4B"),
    (a_nodule("solid", 16, status="stable", prior_category="4B"), "category_4b_stable", "4B"),
]

#: Rows that belong to the examination, not to a nodule, or are reached by added features.
OTHER_ROWS = {
    "prior_being_located",
    "not_evaluable",
    "inflammatory",
    "no_nodule",
    "additional_features",
}


@pytest.mark.parametrize(("nodule", "row", "category"), CASES)
def test_each_row(nodule: NoduleFacts, row: str, category: str) -> None:
    decision = categorise(nodule)
    assert (decision.row, decision.category) == (row, category)


def test_no_row_is_left_untested() -> None:
    assert {row for _, row, _ in CASES} | OTHER_ROWS == set(ROWS)


def test_every_row_and_every_management_speaks_both_languages() -> None:
    assert all(row.finding and row.finding_zh for row in ROWS.values())
    assert all(text and text_zh for text, text_zh in MANAGEMENT.values())


@pytest.mark.parametrize(
    "feature", ["spiculation", "lymphadenopathy", "metastasis", "ground_glass_doubled"]
)
@pytest.mark.parametrize("mm", [6.0, 9.0, 20.0])
def test_added_features_make_3_and_4_a_4x(feature: str, mm: float) -> None:
    decision = categorise(a_nodule("solid", mm, suspicious=(feature,)))
    assert (decision.category, decision.row) == ("4X", "additional_features")


def test_added_features_leave_category_2_alone() -> None:
    assert categorise(a_nodule("solid", 5, suspicious=("spiculation",))).category == "2"


def test_a_juxtapleural_nodule_must_be_smooth_shaped_and_below_10_mm() -> None:
    by_size = [
        a_nodule("solid", 9, location="juxtapleural", shape="oval"),
        a_nodule("solid", 9, location="juxtapleural", smooth=True),
        a_nodule("solid", 10, location="juxtapleural", smooth=True, shape="oval"),
        a_nodule("solid", 9, location="juxtapleural", smooth=True, shape="oval", status="growing"),
    ]
    assert [categorise(n).category for n in by_size] == ["4A", "4A", "4A", "4B"]


def test_an_airway_nodule_takes_no_step_down() -> None:
    nodule = a_nodule(
        "solid",
        7,
        location="airway_segmental",
        status="stable",
        prior_category="4A",
        months_since_prior=3,
    )
    assert categorise(nodule).category == "4B"


def test_diameters_are_compared_as_reported() -> None:
    assert lung_rads_diameter(5.95) == 6.0
    assert categorise(a_nodule("solid", 5.95)).category == "3"
    assert categorise(a_nodule("solid", 5.94)).category == "2"


def test_part_solid_without_its_solid_part_is_refused() -> None:
    with pytest.raises(RefusedInput) as refusal:
        categorise(a_nodule("part_solid", 9))
    assert refusal.value.code == "SOLID_PART_UNKNOWN"


@pytest.mark.parametrize(("mm", "mm3"), VOLUMES_MM3.items())
def test_volumes_of_the_table_are_those_of_spheres(mm: int, mm3: int) -> None:
    assert sphere_volume(mm) == pytest.approx(mm3, abs=0.6)


def test_no_nodule_is_category_1() -> None:
    found = lung_rads([])
    assert (found.label, found.row, found.nodule_index) == ("1", "no_nodule", None)


def test_the_most_suspicious_nodule_decides() -> None:
    found = lung_rads([a_nodule("solid", 5), a_nodule("part_solid", 9, 7), a_nodule("solid", 7)])
    assert (found.category, found.nodule_index) == ("4A", 1)
    assert found.inputs["nodule"]["solid_mean_diameter_mm"] == 7


def test_of_two_alike_the_larger_decides() -> None:
    assert lung_rads([a_nodule("solid", 9), a_nodule("solid", 12)]).nodule_index == 1


@pytest.mark.parametrize(
    ("exam", "row"),
    [
        (Exam(prior_being_located=True), "prior_being_located"),
        (Exam(not_evaluable=True), "not_evaluable"),
        (Exam(inflammatory=True), "inflammatory"),
    ],
)
def test_an_incomplete_examination_is_category_0(exam: Exam, row: str) -> None:
    found = lung_rads([a_nodule("solid", 9)], exam)
    assert (found.category, found.row) == ("0", row)


def test_suspicion_of_cancer_outweighs_inflammation() -> None:
    nodule = a_nodule("solid", 20, suspicious=("spiculation",))
    assert lung_rads([nodule], Exam(inflammatory=True)).category == "4X"


def test_the_modifier_is_appended() -> None:
    found = lung_rads([a_nodule("solid", 9)], Exam(significant_other_finding=True))
    assert (found.label, found.record().value) == ("4AS", "4AS")


@pytest.mark.parametrize(
    ("nodule", "key"),
    [
        (a_nodule("solid", 5), "2"),
        (a_nodule("solid", 7), "3"),
        (a_nodule("solid", 7, status="growing"), "4A"),
        (a_nodule("solid", 8), "4A_pet"),
        (a_nodule("part_solid", 20, 7), "4A"),
        (a_nodule("solid", 16), "4B"),
        (a_nodule("solid", 7, location="airway_segmental", status="growing"), "4B_airway"),
    ],
)
def test_management(nodule: NoduleFacts, key: str) -> None:
    found = lung_rads([nodule])
    assert (found.management, found.management_zh) == MANAGEMENT[key]
