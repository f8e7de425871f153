"""Published classes at their borders, and silence where the tables are silent."""

from __future__ import annotations

import pytest

from readingroom.readers.cacs import guideline
from readingroom.readers.cacs.guideline import Absent
from readingroom.readers.cacs.guideline_tables import HOFF, HOFF_AGES, KVP_CUTOFFS, MESA_PERCENTILES
from readingroom.reading import Category


@pytest.mark.parametrize(
    ("score", "stratum"),
    [
        (0.0, "0"),
        (0.3, "1-99"),
        (1, "1-99"),
        (99.9, "1-99"),
        (100, "100-399"),
        (399.9, "100-399"),
        (400, ">=400"),
        (5000, ">=400"),
    ],
)
def test_strata_at_their_borders(score, stratum):
    assert guideline.risk_stratum(score).value == stratum


@pytest.mark.parametrize(
    ("score", "stratum"),
    [
        (0, "0"),
        (0.5, "1-10"),
        (10, "1-10"),
        (10.1, "11-100"),
        (100, "11-100"),
        (400, "101-400"),
        (401, ">400"),
    ],
)
def test_classic_strata_include_their_upper_limit(score, stratum):
    assert guideline.classic_stratum(score).value == stratum


@pytest.mark.parametrize(
    ("score", "vessels", "gated", "value"),
    [
        (0, 0, True, "A0"),
        (99, 1, True, "A1/N1"),
        (100, 2, True, "A2/N2"),
        (299, 3, True, "A2/N3"),
        (300, 4, True, "A3/N4"),
        (300, 4, False, "V3/N4"),
        (50, 1, None, "V1/N1"),
    ],
)
def test_cac_drs(score, vessels, gated, value):
    assert guideline.cac_drs(score, vessels, gated).value == value


def test_a_visual_category_says_that_nobody_looked():
    assert "not a visual estimate" in guideline.cac_drs(50, 1, None).meaning
    assert "visual" not in guideline.cac_drs(50, 1, True).meaning


def test_arterial_age_vectors():
    assert guideline.arterial_age(0) == pytest.approx(39.1)
    assert guideline.arterial_age(100) == pytest.approx(72.6, abs=0.05)
    assert guideline.arterial_age(400) == pytest.approx(82.6, abs=0.05)


@pytest.mark.parametrize(
    ("score", "age", "sex", "band"),
    [
        (0, 35, "male", "<50"),  # the 25th is 0 too: 0 is somewhere below the 50th
        (200, 52.9, "male", "75-90"),
        (333, 54.99, "male", ">90"),
        (215, 55, "male", "75"),
        (100, 75, "male", "<25"),
        (0, 50, "female", "<75"),
        (6, 50, "female", "75-90"),
        (800, 90, "female", ">90"),
        (1, 35, "male", "50"),
    ],
)
def test_hoff_gives_the_tightest_honest_band(score, age, sex, band):
    assert guideline.hoff_percentile(score, age, sex).value == band


def test_a_score_shared_by_several_columns_spans_them():
    # Chinese women of 50: 0 up to the 75th percentile, 12 at the 90th.
    found = guideline.mesa_percentile(0, 50, "female", "chinese")
    assert found.value == "<90"


@pytest.mark.parametrize(
    ("age", "sex"), [(None, "male"), (60, None), (60, "other"), (29, "male"), (91, "female")]
)
def test_hoff_is_absent_with_a_reason(age, sex):
    found = guideline.hoff_percentile(100, age, sex)
    assert isinstance(found, Absent)
    assert found.reason
    assert found.reason_zh


def test_mesa_interpolates_over_age_and_flags_its_source():
    # White men: 75th percentile 155 at 60 and 540 at 70, so 347.5 at 65.
    assert guideline.mesa_percentile(347.0, 65, "male", "white").value == "50-75"
    found = guideline.mesa_percentile(348.0, 65, "male", "white")
    assert found.value == "75-90"
    assert "not yet" in found.source


@pytest.mark.parametrize(
    ("age", "ethnicity"), [(49.9, "white"), (80.1, "white"), (60, None), (60, "martian")]
)
def test_mesa_is_absent_outside_its_table(age, ethnicity):
    assert isinstance(guideline.mesa_percentile(10, age, "male", ethnicity), Absent)


def test_every_meaning_has_a_chinese_one():
    categories = [guideline.risk_stratum(s) for s in (0, 1, 100, 400)]
    categories += [guideline.classic_stratum(s) for s in (0, 1, 11, 101, 500)]
    categories += [guideline.cac_drs(s, 1, g) for s in (0, 1, 100, 300) for g in (True, False)]
    categories += [guideline.hoff_percentile(s, 62, "male") for s in (1, 13, 50, 200, 600, 2000)]
    for category in categories:
        chinese = guideline.meaning_zh(category)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese), category
        assert category.source
    assert guideline.meaning_zh(Category(value="x", meaning="unheard of")) == "x"


def test_percentile_sentence_in_both_languages():
    category = guideline.hoff_percentile(200, 52, "male")
    assert category.meaning == "between the 75th and 90th percentile for age and sex"
    assert guideline.meaning_zh(category) == "同年龄同性别第 75–90 百分位之间"


def test_tables_are_monotonic():
    for rows in (*HOFF.values(), *MESA_PERCENTILES.values()):
        for row in rows:
            assert list(row) == sorted(row)
        for column in zip(*rows, strict=True):
            assert list(column) == sorted(column)
    assert all(len(rows) == len(HOFF_AGES) for rows in HOFF.values())
    for cutoffs in zip(*(KVP_CUTOFFS[v] for v in sorted(KVP_CUTOFFS)), strict=True):
        assert list(cutoffs) == sorted(cutoffs, reverse=True)
