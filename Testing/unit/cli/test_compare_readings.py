"""Follow-up: what is said about two readings of one person."""

from __future__ import annotations

import math

import pytest

from readingroom.compare import compare
from readingroom.errors import RefusedInput
from readingroom.reading import (
    CardReference,
    Measurement,
    Provenance,
    Reading,
    SeriesRecord,
    StudyRecord,
)


def a_reading(
    score=None, volume=None, date="2020-01-01T10:00:00", patient="P1", reader="cacs", **extra
):
    measured = {}
    if score is not None:
        measured["agatston_score"] = Measurement(value=score, unit="1")
    if volume is not None:
        measured["volume"] = Measurement(value=volume, unit="mm3")
    acquisition = {"acquired_at": date, "kvp": 120.0, **extra.pop("acquisition", {})}
    series = SeriesRecord(uid="1.2", modality="CT", acquisition=acquisition)
    return Reading(
        schema="readingroom/1",
        reader=reader,
        reader_version=extra.pop("version", "1"),
        created="2020-01-01T12:00:00Z",
        study=StudyRecord(patient={"id": patient}, series=[series]),
        measurements={**measured, **extra.pop("measurements", {})},
        **extra,
    )


def change_of(comparison, name):
    return next(c for c in comparison.changes if c.name == name)


def codes(comparison):
    return {note.code for note in comparison.notes}


def test_two_years_apart_the_rate_is_half_the_change():
    change = change_of(
        compare(a_reading(100.0), a_reading(150.0, date="2021-12-31T22:00:00")), "agatston_score"
    )
    assert (change.difference, change.percent) == (50.0, 50.0)
    assert change.per_year == pytest.approx(25.0, abs=0.02)
    assert change.percent_per_year == pytest.approx(25.0, abs=0.02)


def test_from_zero_there_is_a_difference_but_no_percentage():
    comparison = compare(a_reading(0.0), a_reading(12.0, date="2021-01-01T10:00:00"))
    change = change_of(comparison, "agatston_score")
    assert (change.difference, change.percent, change.percent_per_year) == (12.0, None, None)
    assert comparison.progression["incident_calcium"].value == "yes"


def test_within_three_months_no_rate_is_given():
    comparison = compare(a_reading(100.0), a_reading(110.0, date="2020-02-01T10:00:00"))
    assert change_of(comparison, "agatston_score").per_year is None
    assert "INTERVAL_SHORT" in codes(comparison)


@pytest.mark.parametrize("date", [None, "unknown"])
def test_without_a_date_the_change_stays_and_the_rate_goes(date):
    comparison = compare(a_reading(100.0, date=date), a_reading(110.0))
    change = change_of(comparison, "agatston_score")
    assert (change.difference, change.per_year) == (10.0, None)
    assert "DATE_MISSING" in codes(comparison)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (100.0, 100.0, "stable"),
        (100.0, (10.0 + 2.49) ** 2, "stable"),
        (100.0, (10.0 + 2.5) ** 2, "progression"),
        (0.0, 2.5**2, "progression"),
        ((10.0 + 2.6) ** 2, 100.0, "regression"),
    ],
)
def test_progression_is_judged_on_the_square_root_of_the_volume(old, new, expected):
    later = a_reading(volume=new, date="2021-01-01T10:00:00")
    assert compare(a_reading(volume=old), later).progression["volume_progression"].value == expected


def test_a_value_that_only_one_reading_has_is_listed_without_a_change():
    old = a_reading(1.0, measurements={"mass": Measurement(value=3.0, unit="mg")})
    new = a_reading(1.0, measurements={"peak": Measurement(value=None, unit="HU")})
    comparison = compare(old, new)
    assert change_of(comparison, "mass").old == 3.0
    assert change_of(comparison, "mass").difference is None
    assert change_of(comparison, "peak").new is None


def test_a_contrast_scan_shares_no_measurement_and_this_is_said():
    derived = {"contrast_derived_calcium_score": Measurement(value=5.0, unit="1")}
    comparison = compare(a_reading(100.0), a_reading(measurements=derived))
    assert "NOTHING_IN_COMMON" in codes(comparison)
    assert comparison.progression == {}


def test_another_tube_voltage_option_or_model_is_pointed_out():
    other = a_reading(
        1.0,
        acquisition={"kvp": 100.0},
        options={"connectivity": "4"},
        provenance=Provenance(cards=[CardReference(name="heart", sha256="0" * 64)]),
    )
    comparison = compare(a_reading(1.0), other)
    assert {"ACQUISITION_DIFFERS", "OPTIONS_DIFFER", "METHOD_DIFFERS"} <= codes(comparison)
    note = next(n for n in comparison.notes if n.code == "ACQUISITION_DIFFERS")
    assert "kvp" in note.message
    assert "kvp" in note.message_zh


def test_the_wrong_order_other_patients_and_other_readers_are_refused():
    later = a_reading(1.0, date="2021-01-01T10:00:00")
    with pytest.raises(RefusedInput, match="DATES_REVERSED"):
        compare(later, a_reading(1.0))
    with pytest.raises(RefusedInput, match="PATIENTS_DIFFER") as refusal:
        compare(a_reading(1.0, patient="SECRET-ID"), a_reading(1.0))
    assert "SECRET-ID" not in str(refusal.value)
    with pytest.raises(RefusedInput, match="READERS_DIFFER"):
        compare(a_reading(1.0), a_reading(1.0, reader="dxa"))


def test_an_undefined_number_does_not_spread():
    comparison = compare(a_reading(math.nan), a_reading(5.0))
    assert change_of(comparison, "agatston_score").difference is None


def test_the_comparison_is_plain_data():
    import json

    data = compare(a_reading(1.0, 2.0), a_reading(3.0, 4.0, date="2022-01-01T10:00:00")).as_dict()
    assert json.loads(json.dumps(data))["progression"]["volume_progression"]["value"] == "stable"
