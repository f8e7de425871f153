"""Brock 2a and 2b, Mayo: published examples, and what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readingroom.readers.lungnodule.absent import Absent
from readingroom.readers.lungnodule.risk import BrockFacts, MayoFacts, brock, mayo
from readingroom.reading import Measurement

WOMAN = BrockFacts(
    age=62,
    female=True,
    family_history=False,
    emphysema=False,
    diameter_mm=8,
    type="solid",
    upper_lobe=True,
    nodule_count=1,
    spiculated=False,
)
PATIENT = MayoFacts(
    age=60,
    ever_smoker=True,
    cancer_history=False,
    diameter_mm=15,
    spiculated=True,
    upper_lobe=True,
)


def value(found: Measurement | Absent) -> float:
    assert isinstance(found, Measurement)
    assert found.value is not None
    return float(found.value)


def test_brock_published_examples() -> None:
    assert value(brock(WOMAN)) == pytest.approx(0.0579, abs=5e-5)
    assert value(brock(replace(WOMAN, spiculated=True))) == pytest.approx(0.1175, abs=5e-5)
    assert value(brock(WOMAN, with_spiculation=False)) == pytest.approx(0.0650, abs=5e-5)


@pytest.mark.parametrize(
    ("change", "rises"),
    [
        ({"age": 70}, True),
        ({"female": False}, False),
        ({"family_history": True}, True),
        ({"emphysema": True}, True),
        ({"diameter_mm": 12}, True),
        ({"type": "part_solid"}, True),
        ({"type": "ground_glass"}, False),
        ({"upper_lobe": False}, False),
        ({"nodule_count": 5}, False),
    ],
)
@pytest.mark.parametrize("with_spiculation", [True, False])
def test_brock_moves_as_published(
    change: dict[str, object], rises: bool, with_spiculation: bool
) -> None:
    before = value(brock(WOMAN, with_spiculation=with_spiculation))
    after = value(brock(replace(WOMAN, **change), with_spiculation=with_spiculation))
    assert (after > before) is rises


def test_mayo_by_hand() -> None:
    # x = -6.8272 + 0.0391*60 + 0.7917 + 0.1274*15 + 1.0407 + 0.7838 = 0.0460
    assert value(mayo(PATIENT)) == pytest.approx(0.5115, abs=5e-5)
    assert value(mayo(replace(PATIENT, cancer_history=True))) == pytest.approx(0.7998, abs=5e-5)


@pytest.mark.parametrize("mm", [3.9, 30.1])
def test_mayo_outside_the_sizes_studied(mm: float) -> None:
    assert isinstance(mayo(replace(PATIENT, diameter_mm=mm)), Absent)


def test_what_is_not_known_is_named_in_both_languages() -> None:
    found = brock(replace(WOMAN, age=None, emphysema=None))
    assert found == Absent("not known: age, emphysema", "缺少：年龄、肺气肿")
    assert isinstance(mayo(replace(PATIENT, ever_smoker=None)), Absent)


def test_model_2a_does_not_ask_for_spiculation() -> None:
    unknown = replace(WOMAN, spiculated=None)
    assert isinstance(brock(unknown), Absent)
    assert isinstance(brock(unknown, with_spiculation=False), Measurement)
