"""Fleischner 2017: every cell of the table, and whom it is not for."""

from __future__ import annotations

import pytest

from readingroom.readers.lungnodule.absent import Absent
from readingroom.readers.lungnodule.fleischner import (
    ROWS,
    Nodule,
    Patient,
    Recommendation,
    fleischner,
)

LOW, HIGH = Patient(60, high_risk=False), Patient(60, high_risk=True)


def solid(mm: float) -> Nodule:
    return Nodule("solid", mm)


def glass(mm: float) -> Nodule:
    return Nodule("ground_glass", mm)


def part(mm: float, solid_mm: float) -> Nodule:
    return Nodule("part_solid", mm, solid_mm)


CASES: list[tuple[list[Nodule], tuple[str, str], bool]] = [
    ([solid(5)], ("single_solid", "<6"), True),
    ([solid(6)], ("single_solid", "6-8"), True),
    ([solid(8)], ("single_solid", "6-8"), True),
    ([solid(9)], ("single_solid", ">8"), True),
    ([solid(4), solid(5)], ("multiple_solid", "<6"), True),
    ([solid(4), solid(7)], ("multiple_solid", "6-8"), True),
    ([solid(4), solid(12)], ("multiple_solid", ">8"), True),
    ([glass(5)], ("single_ground_glass", "<6"), False),
    ([glass(6)], ("single_ground_glass", ">=6"), False),
    ([part(5, 2)], ("single_part_solid", "<6"), False),
    ([part(9, 5)], ("single_part_solid", ">=6, solid part <6"), False),
    ([part(9, 6)], ("single_part_solid", ">=6, solid part >=6"), False),
    ([glass(4), part(5, 2)], ("multiple_subsolid", "<6"), False),
    ([glass(4), part(7, 2)], ("multiple_subsolid", ">=6"), False),
]


@pytest.mark.parametrize(("nodules", "kind", "by_risk"), CASES)
@pytest.mark.parametrize("patient", [LOW, HIGH])
def test_each_cell(
    nodules: list[Nodule], kind: tuple[str, str], by_risk: bool, patient: Patient
) -> None:
    found = fleischner(nodules, patient)
    assert isinstance(found, Recommendation)
    risk = ("high" if patient.high_risk else "low") if by_risk else ""
    assert found.row == (*kind, risk)
    assert (found.text, found.text_zh) == (ROWS[found.row].text, ROWS[found.row].text_zh)


def test_no_cell_is_left_untested() -> None:
    risks = {True: ("low", "high"), False: ("",)}
    assert {(*kind, risk) for _, kind, by in CASES for risk in risks[by]} == set(ROWS)


@pytest.mark.parametrize(("mm", "size"), [(5.4, "<6"), (5.5, "6-8"), (8.4, "6-8"), (8.5, ">8")])
def test_diameters_are_rounded_to_the_millimetre(mm: float, size: str) -> None:
    found = fleischner([solid(mm)], LOW)
    assert isinstance(found, Recommendation)
    assert found.row[1] == size


def test_without_the_risk_both_recommendations_are_told() -> None:
    found = fleischner([solid(5)], Patient(60))
    assert isinstance(found, Recommendation)
    assert found.row[2] == "unknown"
    assert ROWS["single_solid", "<6", "low"].text in found.text
    assert ROWS["single_solid", "<6", "high"].text in found.text


def test_the_most_urgent_of_mixed_nodules_decides() -> None:
    found = fleischner([solid(7), part(12, 7)], LOW)
    assert isinstance(found, Recommendation)
    assert found.row[0] == "single_part_solid"


def test_benign_nodules_are_left_out() -> None:
    found = fleischner([solid(7), Nodule("calcified", 20, benign=True)], LOW)
    assert isinstance(found, Recommendation)
    assert found.row == ("single_solid", "6-8", "low")


@pytest.mark.parametrize(
    "patient",
    [
        Patient(),
        Patient(34),
        Patient(60, known_cancer=True),
        Patient(60, immunosuppressed=True),
        Patient(60, screening=True),
    ],
)
def test_whom_it_is_not_for(patient: Patient) -> None:
    found = fleischner([solid(7)], patient)
    assert isinstance(found, Absent)
    assert found.reason
    assert found.reason_zh


def test_nothing_but_benign_nodules_gives_none() -> None:
    assert isinstance(fleischner([Nodule("calcified", 9, benign=True)], LOW), Absent)
