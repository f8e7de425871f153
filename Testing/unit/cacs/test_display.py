"""How a calcium reading is shown: classes, windows, order of the numbers."""

from __future__ import annotations

from readingroom.readers.cacs.lesion import LABELS
from readingroom.readers.cacs.reader import CacsReader
from readingroom.reading import Measurement, Reading
from readingroom.terminology import segment


def a_reading(*names: str) -> Reading:
    measured = {name: Measurement(value=1.0, unit="1") for name in names}
    return Reading(reader="cacs", reader_version="1", created="", measurements=measured)


def test_every_class_has_the_colour_of_its_segment_and_a_key_of_its_own():
    classes = CacsReader.finding_classes
    assert [one.label for one in classes] == list(LABELS)
    assert all(one.color == segment(one.label, 0, 1).color for one in classes)
    keys = [one.shortcut for one in classes]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 1 for key in keys)
    assert classes[1].title == {
        "en": "Left anterior descending coronary artery",
        "zh": "左前降支",
    }


def test_windows_begin_with_the_one_for_calcium():
    first = CacsReader.window_presets[0]
    assert first.name == "calcium"
    # The scoring threshold is neither black nor white in it.
    assert first.center - first.width / 2 < 0
    assert first.center + first.width / 2 > 400
    assert all(one.title["en"] and one.title["zh"] for one in CacsReader.window_presets)


def test_the_score_comes_first_and_nothing_is_left_out():
    names = ("peak_density", "mass", "agatston_score_rca", "agatston_score_lm", "agatston_score")
    rows = CacsReader().measurement_rows(a_reading(*names, "something_new"))
    assert rows[0] == "agatston_score"
    assert rows.index("agatston_score_lm") < rows.index("agatston_score_rca")
    assert sorted(rows) == sorted([*names, "something_new"])


def test_contrast_derived_numbers_come_in_the_same_order():
    names = ("contrast_derived_mass", "contrast_derived_calcium_score_lad", "contrast_threshold")
    rows = CacsReader().measurement_rows(a_reading(*names, "contrast_derived_calcium_score"))
    assert rows[0] == "contrast_derived_calcium_score"
    assert rows[-1] == "contrast_threshold"


def test_the_audit_quotes_score_and_vessels():
    reading = a_reading("agatston_score", "agatston_score_lad", "aorta_volume", "peak_density")
    assert CacsReader().headline(reading) == ["agatston_score", "agatston_score_lad"]
