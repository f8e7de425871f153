"""The patient's level and text, from guidelines and probabilities."""

from __future__ import annotations

import pytest

from readingroom.readers.lungnodule.absent import Absent
from readingroom.readers.lungnodule.advice import NoduleSummary, advise
from readingroom.readers.lungnodule.fleischner import Nodule, Patient, fleischner
from readingroom.readers.lungnodule.lungrads import Exam, NoduleFacts, lung_rads


def a_summary(mm: float, **facts: object) -> NoduleSummary:
    return NoduleSummary("N1", "solid", mm, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mm", "level"), [(5, "low"), (7, "intermediate"), (9, "high"), (20, "high")]
)
def test_in_screening_lung_rads_decides(mm: float, level: str) -> None:
    found = advise([a_summary(mm)], lung_rads=lung_rads([NoduleFacts("solid", mm)]))
    assert found.level == level


def test_nothing_found() -> None:
    found = advise([], lung_rads=lung_rads([]))
    assert (found.level, found.most_suspicious) == ("none", None)
    assert found.sentences[0] == "No lung nodule."


def test_an_incomplete_examination_has_no_level() -> None:
    category = lung_rads([NoduleFacts("solid", 9)], Exam(prior_being_located=True))
    assert advise([a_summary(9)], lung_rads=category).level == "incomplete"


@pytest.mark.parametrize(
    ("mm", "probability", "level"),
    [
        (5, 0.01, "low"),
        (5, 0.2, "intermediate"),
        (7, 0.05, "intermediate"),
        (9, 0.2, "high"),
        (7, 0.8, "high"),
    ],
)
def test_found_by_chance(mm: float, probability: float, level: str) -> None:
    guideline = fleischner([Nodule("solid", mm)], Patient(60, high_risk=True))
    summary = a_summary(mm, cancer_probability=probability)
    assert advise([summary], fleischner=guideline).level == level


def test_without_guideline_and_probability_no_level_is_invented() -> None:
    found = advise([a_summary(9)], fleischner=Absent("no age", "年龄未知"))
    assert found.level == "incomplete"


def test_the_likeliest_cancer_is_the_most_suspicious() -> None:
    nodules = [
        a_summary(9, cancer_probability=0.05),
        a_summary(7, cancer_probability=0.3),
        a_summary(25, cancer_probability=0.9, benign=True),
    ]
    guideline = fleischner([Nodule("solid", 9), Nodule("solid", 7)], Patient(60))
    assert advise(nodules, fleischner=guideline).most_suspicious == 1


def test_the_text_holds_what_decided_in_both_languages() -> None:
    category = lung_rads([NoduleFacts("solid", 9)])
    summary = a_summary(
        9,
        place="right upper lobe",
        place_zh="右肺上叶",
        suspicion=0.62,
        cancer_probability=0.081,
        growth="doubling time 90 days",
        growth_zh="倍增时间 90 天",
    )
    found = advise([summary], lung_rads=category)
    for part in ("right upper lobe", "8.1%", "62%", "90 days", "Lung-RADS 4A", "physician"):
        assert part in found.text
    for part in ("右肺上叶", "8.1%", "62%", "90 天", "Lung-RADS 4A", "医师"):
        assert part in found.text_zh
    assert len(found.sentences) == len(found.sentences_zh)
