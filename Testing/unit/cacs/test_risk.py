"""The MESA equation against its published example, and its silence without inputs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.readers.cacs.guideline import Absent
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.cacs.risk import RiskFactors, mesa_risk
from readingroom.study import Patient

EXAMPLE = RiskFactors(
    age=70,
    sex="male",
    ethnicity="hispanic",
    diabetes=False,
    smoker=False,
    total_cholesterol=190,
    hdl=50,
    lipid_medication=False,
    systolic_bp=130,
    bp_medication=True,
    family_history=False,
)


def test_published_example():
    assert mesa_risk(EXAMPLE, 0.0).value == pytest.approx(3.06, abs=0.005)
    assert mesa_risk(EXAMPLE, None).value == pytest.approx(8.61, abs=0.005)


def test_calcium_and_every_risk_factor_raise_the_risk():
    base = mesa_risk(EXAMPLE, 100.0).value
    assert mesa_risk(EXAMPLE, 400.0).value > base > mesa_risk(EXAMPLE, 0.0).value
    for name in ("diabetes", "smoker", "lipid_medication", "family_history"):
        assert mesa_risk(replace(EXAMPLE, **{name: True}), 100.0).value > base
    assert mesa_risk(replace(EXAMPLE, hdl=80), 100.0).value < base
    assert mesa_risk(replace(EXAMPLE, sex="female"), 100.0).value < base


def test_what_is_missing_is_said_in_both_languages():
    found = mesa_risk(replace(EXAMPLE, hdl=None, smoker=None), 100.0)
    assert isinstance(found, Absent)
    assert found.reason == "not known: smoker, hdl"
    assert found.reason_zh == "缺少：吸烟、高密度脂蛋白胆固醇"


@pytest.mark.parametrize("age", [44.0, 85.5])
def test_no_risk_outside_the_cohorts_ages(age):
    assert isinstance(mesa_risk(replace(EXAMPLE, age=age), 0.0), Absent)


def test_the_images_give_age_and_sex_unless_the_options_do():
    patient = Patient(sex="F", age_years=61.0)
    assert RiskFactors.known(CacsOptions(), patient).sex == "female"
    assert RiskFactors.known(CacsOptions(), patient).age == 61.0
    told = RiskFactors.known(CacsOptions(age=62, sex="male"), patient)
    assert (told.age, told.sex) == (62, "male")
    assert "age" in RiskFactors.known(CacsOptions(), Patient()).missing()
