"""The lung nodule reader's options: described once, in two languages, with their ranges."""

from __future__ import annotations

import pytest

from readingroom import readers
from readingroom.errors import RefusedInput
from readingroom.options import describe
from readingroom.readers.lungnodule.options import LungNoduleOptions


def test_every_option_has_labels_and_help_in_both_languages():
    for option in describe(LungNoduleOptions):
        assert option.label["en"] and option.help["en"].endswith("."), option.name
        assert any("\u4e00" <= letter <= "\u9fff" for letter in option.label["zh"]), option.name
        assert any("\u4e00" <= letter <= "\u9fff" for letter in option.help["zh"]), option.name


def test_the_options_that_the_guidelines_ask_for_are_there():
    names = {option.name for option in describe(LungNoduleOptions)}
    assert {
        "series",
        "sensitivity",
        "detector",
        "minimum_diameter_mm",
        "guideline",
        "examination",
        "prior",
        "age",
        "sex",
        "smoking",
        "family_history",
        "emphysema",
        "cancer_history",
        "immunosuppressed",
        "screening",
        "device",
        "precision",
        "deterministic",
    } <= names


@pytest.mark.parametrize(
    "values",
    [
        {"minimum_diameter_mm": 1.0},
        {"minimum_diameter_mm": 31.0},
        {"age": -1.0},
        {"sensitivity": "extreme"},
        {"guideline": "bts"},
        {"colour": "red"},
    ],
)
def test_values_out_of_range_are_refused_by_name(values):
    with pytest.raises(RefusedInput) as refused:
        readers.parse_options("lungnodule", values)
    assert refused.value.code == "OPTION_INVALID"
    assert next(iter(values)) in refused.value.what_happened
