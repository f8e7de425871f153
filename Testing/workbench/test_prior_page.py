"""The prior scan on the reading page: found in the work list, opened when asked for, told."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from readingroom.reading import Finding, Measurement, Reading, SeriesRecord, StudyRecord
from readingroom.workbench.reading.prior import then_and_now
from Testing.fixtures.review_pair import a_compared_case
from Testing.workbench.host import a_bench, run

PRIOR = {
    "kind": "matched",
    "ids": ["N003"],
    "study_uid": "1.2",
    "date": "2023-03-01T10:00:00",
    "days": 366.0,
    "volume": 270.0,
    "mean_diameter": 8.0,
    "type": "part_solid",
    "lung_rads": "3",
}


def a_nodule(**prior) -> Finding:
    numbers = {
        "volume": (905.0, "mm3"),
        "mean_diameter": (12.0, "mm"),
        "volume_change": (235.2, "%"),
        "diameter_change": (4.0, "mm"),
        "volume_doubling_time": (209.6, "d"),
    }
    return Finding(
        id="N001",
        type="nodule",
        label="NODULE",
        position_lps_mm=(0.0, 0.0, 0.0),
        measurements={n: Measurement(value=v, unit=u) for n, (v, u) in numbers.items()},
        attributes={
            "type": "solid",
            "lung_rads": "4B",
            "status": "growing",
            "growth_text": "grown",
            "growth_text_zh": "增大",
        },
        evidence={"prior": {**PRIOR, **prior}} if prior is not None else {},
    )


def a_session(finding: Finding):
    series = SeriesRecord(
        uid="1", modality="CT", acquisition={"acquired_at": "2024-03-01T10:00:00"}
    )
    reading = Reading(
        reader="lungnodule",
        reader_version="1",
        created="2026-01-01T00:00:00+00:00",
        study=StudyRecord(series=[series]),
        findings=[finding],
    )
    return SimpleNamespace(reading=reading)


def rows(language="en") -> dict[str, tuple[str, str, str]]:
    finding = a_nodule()
    table = then_and_now(a_session(finding), finding, language)
    return {row["label"]: (row["then"], row["now"], row["change"]) for row in table["rows"]}


def test_sizes_type_and_category_stand_side_by_side_with_their_change():
    assert rows() == {
        "Mean diameter": ("8.0 mm", "12 mm", "+4.0 mm"),
        "Volume": ("270 mm³", "905 mm³", "+235 %"),
        "Volume doubling time": ("", "210 days", ""),
        "Type": ("part-solid", "solid", ""),
        "Lung-RADS": ("3", "4B", ""),
    }


def test_the_table_is_chinese_too():
    finding = a_nodule()
    table = then_and_now(a_session(finding), finding, "zh")

    assert table["growth"] == "增大"
    assert rows("zh")["体积倍增时间"] == ("", "210 天", "")


def test_dates_and_names_of_both_times():
    finding = a_nodule()
    table = then_and_now(a_session(finding), finding, "en")

    assert (table["then"], table["now"], table["ids"]) == ("2023-03-01", "2024-03-01", "N003")
    assert table["status"] == "growing"


def test_a_finding_that_was_never_compared_has_no_table():
    finding = a_nodule().model_copy(update={"evidence": {}})

    assert then_and_now(a_session(finding), finding, "en") is None
    assert then_and_now(a_session(finding), None, "en") is None


@pytest.fixture
def at_the_page(monkeypatch, tmp_path, the_case):
    """Run a coroutine with the later of two readings open, both in the work list."""

    def work(story) -> None:
        place = tmp_path / "list"
        later, _ = a_compared_case(the_case, place)

        async def whole() -> None:
            bench = a_bench(monkeypatch, tmp_path, place)
            bench.state.page_reviewer = "Dr Ada"
            await bench.list.scan()
            bench.reading.open(later)
            await settled(bench)
            await story(bench)
            bench.close()

        run(whole())

    return work


async def settled(bench) -> None:
    while bench.tasks._running:
        await asyncio.gather(*bench.tasks._running)


def test_the_earlier_reading_is_found_and_opened_only_when_asked_for(at_the_page):
    async def story(bench) -> None:
        assert bench.state.view_has_prior
        assert bench.reading.prior.prior is None
        bench.reading.prior.wanted()
        await settled(bench)
        prior, layout = bench.viewer.last("show_prior")

        assert layout == "prior" and prior.link.how == "registered"
        assert bench.state.page_prior["scan"]["how"] == "registered"
        assert bench.state.page_prior["scan"]["date"] == "2023-03-01"
        selected = bench.state.page_selected
        assert selected in bench.state.page_prior["matched"]["text"]

    at_the_page(story)


def test_the_prior_speaks_the_pages_language(at_the_page):
    async def story(bench) -> None:
        bench.reading.prior.wanted()
        await settled(bench)
        english = bench.state.page_prior["scan"]["link"]
        bench.switch_language()

        assert bench.state.page_prior["scan"]["link"] != english
        assert bench.state.page_prior["scan"]["title"] == "既往"

    at_the_page(story)


def test_scans_that_nobody_registered_say_so(at_the_page):
    async def story(bench) -> None:
        session = bench.reading.session
        session.reading = session.reading.model_copy(update={"transforms": {}})
        bench.reading.prior.wanted()
        await settled(bench)

        assert bench.state.page_prior["scan"]["how"] == "coordinates"
        assert "not registered" in bench.state.page_prior["scan"]["link"]

    at_the_page(story)


def test_leaving_forgets_the_prior(at_the_page):
    async def story(bench) -> None:
        bench.reading.prior.wanted()
        await settled(bench)
        bench.reading.leave()

        assert not bench.state.view_has_prior
        assert bench.reading.prior.prior is None

    at_the_page(story)


def test_images_that_are_gone_are_one_message(at_the_page):
    async def story(bench) -> None:
        for path in (bench.reading.prior._folder.parent / "ct").iterdir():
            path.unlink()
        bench.reading.prior.wanted()
        await settled(bench)

        assert bench.state.page_message["code"] == "SOURCE_MISSING"
        assert bench.state.page_busy == ""

    at_the_page(story)


def test_without_an_earlier_reading_it_says_so(at_the_page):
    async def story(bench) -> None:
        bench.reading.prior._folder = None
        bench.reading.prior.wanted()

        assert bench.state.page_message["text"].startswith("No earlier reading")

    at_the_page(story)
