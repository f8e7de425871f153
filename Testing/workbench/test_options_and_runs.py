"""The form of the options, places for new readings, work in the worker."""

from __future__ import annotations

import asyncio
import sys

import pytest

from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.options import describe
from readingroom.readers.cacs.options import CacsOptions
from readingroom.workbench.memory import Memory
from readingroom.workbench.reading import optionform
from readingroom.workbench.reading.runs import free_name
from readingroom.workbench.tasks import Tasks
from readingroom.worker import WorkerClient
from Testing.workbench.host import run


def test_the_form_has_every_option_in_both_languages():
    names = [option.name for option in describe(CacsOptions)]
    for language in ("en", "zh"):
        fields = optionform.fields("cacs", language)
        assert [field["name"] for field in fields] == names
        assert all(field["label"] and field["help"] for field in fields)


def test_units_and_choices_are_spoken():
    fields = {field["name"]: field for field in optionform.fields("cacs", "en")}
    assert fields["age"]["label"] == "Age (years)"
    assert fields["systolic_bp"]["label"].endswith("(mmHg)")
    assert {"value": "auto", "title": "automatic"} in fields["contrast"]["items"]
    assert fields["diabetes"]["items"][0] == {"value": "yes", "title": "yes"}


def test_what_was_not_filled_in_is_not_given():
    assert optionform.parse("cacs", optionform.defaults("cacs")) == {}


def test_what_was_filled_in_becomes_options_of_the_right_kind():
    given = {**optionform.defaults("cacs"), "age": "61", "diabetes": "no", "sex": "female"}
    given["series"] = ""
    parsed = optionform.parse("cacs", given)
    assert parsed == {"age": 61.0, "diabetes": False, "sex": "female"}


@pytest.mark.parametrize(("name", "value"), [("age", "old"), ("age", 300), ("contrast", "maybe")])
def test_what_does_not_fit_is_refused_with_its_name(name, value):
    with pytest.raises(RefusedInput, match=name):
        optionform.parse("cacs", {name: value})


def test_the_form_shows_what_a_reading_was_made_with():
    shown = optionform.shown("cacs", {"diabetes": True, "age": 61.0})
    assert (shown["diabetes"], shown["age"], shown["contrast"]) == ("yes", 61.0, "auto")
    assert optionform.parse("cacs", shown) == {"diabetes": True, "age": 61.0}


def test_a_new_reading_never_takes_the_place_of_another(tmp_path):
    assert free_name(tmp_path, "scan.nii.gz").name == "scan"
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan-2").mkdir()
    assert free_name(tmp_path, "scan").name == "scan-3"
    assert free_name(tmp_path, "../..//").name == "study"
    assert free_name(tmp_path, "CT 王 (1)").name == "CT_王_1"


def test_the_memory_of_a_session_survives_and_is_forgiving(tmp_path):
    path = tmp_path / "memory.json"
    Memory(open="/readings/1", language="zh", dark=False, reviewer="Ada").store(path)
    assert Memory.load(path) == Memory("/readings/1", "zh", False, "Ada")
    path.write_text('{"open": 3, "dark": "no", "reviewer": "Bea", "unknown": 1}')
    assert Memory.load(path) == Memory(reviewer="Bea")
    path.write_text("[")
    assert Memory.load(path) == Memory()
    assert Memory.load(tmp_path / "absent") == Memory()


class Listener:
    def __init__(self) -> None:
        self.heard: list[BaseException] = []

    def tell(self, fault: BaseException) -> None:
        self.heard.append(fault)


def a_worker() -> WorkerClient:
    return WorkerClient(command=[sys.executable, "-m", "Testing.fixtures.tinyreader"])


@pytest.fixture
def a_scan(tmp_path):
    import numpy as np

    from readingroom.imaging.write import write_volume

    write_volume(np.full((4, 8, 8), 600, np.int16), np.eye(4), tmp_path / "scan.nii.gz")
    return tmp_path / "scan.nii.gz"


def test_a_reading_is_made_with_its_stages_told(tmp_path, a_scan):
    async def work():
        tasks, stages = Tasks(Listener(), a_worker()), []
        done = await tasks.job(
            "read",
            lambda stage, fraction: stages.append(stage),
            reader="tiny",
            study=[str(a_scan)],
            out=str(tmp_path / "out"),
            options={},
        )
        tasks.close()
        return done, stages

    done, stages = run(work())
    assert done["folder"] == str(tmp_path / "out")
    assert stages[0] == "start"
    assert "save" in stages


def test_cancel_ends_the_job_at_once_and_the_next_one_works(tmp_path, a_scan):
    async def work():
        tasks = Tasks(Listener(), a_worker())
        begun = asyncio.Event()
        fields = {"reader": "tiny", "study": [str(a_scan)]}

        def progress(stage: str, fraction: float) -> None:
            begun.set()

        slow = asyncio.ensure_future(
            tasks.job(
                "read", progress, **fields, out=str(tmp_path / "a"), options={"behaviour": "slow"}
            )
        )
        await begun.wait()
        await tasks.cancel()
        with pytest.raises(Cancelled):
            await slow
        done = await tasks.job("read", progress, **fields, out=str(tmp_path / "b"), options={})
        tasks.close()
        return done

    assert run(work())["folder"] == str(tmp_path / "b")
    assert not (tmp_path / "a").exists()


def test_a_worker_that_dies_is_told(tmp_path, a_scan):
    async def work():
        listener = Listener()
        tasks = Tasks(listener, a_worker())
        job = tasks.job(
            "read",
            lambda *_: None,
            reader="tiny",
            study=[str(a_scan)],
            out=str(tmp_path / "out"),
            options={"behaviour": "crash"},
        )
        await tasks.start(job)
        tasks.close()
        return listener.heard

    (fault,) = run(work())
    assert isinstance(fault, ReadingRoomError)
    assert fault.code == "WORKER_DIED"


def test_the_page_goes_on_while_the_worker_works(tmp_path, a_scan):
    async def work():
        tasks, turns = Tasks(Listener(), a_worker()), 0
        job = asyncio.ensure_future(
            tasks.job(
                "read",
                lambda *_: None,
                reader="tiny",
                study=[str(a_scan)],
                out=str(tmp_path / "out"),
                options={},
            )
        )
        while not job.done():
            turns += 1
            await asyncio.sleep(0.001)
        tasks.close()
        return turns

    assert run(work()) > 10
