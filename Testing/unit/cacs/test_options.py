"""Options: described once in two languages, refused when they do not fit, quick to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from readingroom.errors import RefusedInput
from readingroom.options import describe
from readingroom.readers import parse_options
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.cacs.rule import ScoringRule


def test_every_option_is_described_in_both_languages():
    for described in describe(CacsOptions):
        for texts in (described.label, described.help):
            assert texts["en"]
            assert any("\u4e00" <= letter <= "\u9fff" for letter in texts["zh"]), described.name
        if described.kind == "float" and described.name not in ("sensitivity",):
            assert described.unit, described.name


def test_defaults_ask_for_the_standard_rule():
    assert ScoringRule.from_options(CacsOptions()) == ScoringRule()


def test_options_reach_the_rule():
    rule = ScoringRule.from_options(
        CacsOptions(
            connectivity="4", minimum_lesion="more_than_3_pixels", volume_method="isotropic"
        )
    )
    assert (rule.connectivity, rule.smallest_component(9.9), rule.volume_method) == (
        4,
        4,
        "isotropic",
    )
    assert ScoringRule.from_options(CacsOptions(lesion_counting="orcascore")).strictly_above


@pytest.mark.parametrize(
    "values",
    [
        {"sensitivity": 1.1},
        {"connectivity": "6"},
        {"mass_factor": 0},
        {"age": -1},
        {"thresold": 130},
    ],
)
def test_what_does_not_fit_is_refused_by_name(values):
    with pytest.raises(RefusedInput) as refused:
        parse_options("cacs", values)
    assert refused.value.code == "OPTION_INVALID"
    assert next(iter(values)) in refused.value.what_happened


def test_importing_the_options_loads_nothing_heavy():
    program = (
        "import sys, readingroom.readers.cacs.options;"
        "heavy = {'torch', 'scipy', 'SimpleITK', 'matplotlib', 'pydicom'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
