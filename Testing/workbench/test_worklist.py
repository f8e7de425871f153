"""The work list: what it finds, in which state, in which order."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from readingroom import folder
from readingroom.errors import RefusedInput
from readingroom.workbench.worklist import header
from readingroom.workbench.worklist.entry import STATES, Entry
from readingroom.workbench.worklist.header import read_header
from readingroom.workbench.worklist.scan import WorkList, home_of
from Testing.workbench.host import copy_of, edit_json


def a_reading(place: Path, the_case, **fields) -> Path:
    copy_of(the_case.folder, place)
    edit_json(place / "reading.json", **fields)
    return place


def of_patient(the_case, name: str, identity: str, **study) -> dict:
    record = json.loads((the_case.folder / "reading.json").read_text("utf-8"))["study"]
    record["patient"] |= {"name": name, "id": identity}
    record["series"][0]["acquisition"]["acquired_at"] = study.pop("acquired_at", None)
    return {**record, **study}


def test_a_study_without_a_reading_is_unread(tmp_path, the_case):
    shutil.copytree(the_case.images, tmp_path / "scan")
    (entry,) = WorkList([tmp_path]).scan()
    assert (entry.state, entry.reader, entry.modality) == ("unread", "", "CT")
    assert entry.source == str(tmp_path.resolve() / "scan")


def test_a_reading_stands_for_its_study(tmp_path, the_case):
    shutil.copytree(the_case.images, tmp_path / "scan")
    a_reading(tmp_path / "reading", the_case)
    (entry,) = WorkList([tmp_path]).scan()
    assert (entry.state, entry.reader) == ("proposed", "cacs")
    assert entry.headline == pytest.approx(
        folder.load(tmp_path / "reading").measurements["agatston_score"].value
    )


def test_the_series_of_one_study_are_one_line(tmp_path, the_case):
    shutil.copytree(the_case.images, tmp_path / "scan" / "series1")
    shutil.copytree(the_case.images, tmp_path / "scan" / "series2")
    (entry,) = WorkList([tmp_path]).scan()
    assert len(entry.source.split(os.pathsep)) == 2


def test_volume_files_are_studies_of_their_own(tmp_path):
    for name in ("a.nii.gz", "b.mha"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    assert [e.path.name for e in WorkList([tmp_path]).scan()] == ["a.nii.gz", "b.mha"]


def test_what_a_reading_folder_holds_is_no_study(tmp_path, the_case):
    place = a_reading(tmp_path / "reading", the_case)
    shutil.copytree(the_case.images, place / "report")
    assert [e.state for e in WorkList([tmp_path]).scan()] == ["proposed"]


def test_hidden_folders_are_left_alone(tmp_path, the_case):
    shutil.copytree(the_case.images, tmp_path / ".inbox" / "half")
    assert WorkList([tmp_path]).scan() == []


def test_those_that_want_attention_come_first(tmp_path, the_case):
    for number, status in enumerate(["signed", "proposed", "reviewed"]):
        study = of_patient(the_case, f"{number}", f"{number}")
        a_reading(tmp_path / f"r{number}", the_case, status=status, study=study)
    (tmp_path / "a.nii.gz").write_bytes(b"x")
    states = [e.state for e in WorkList([tmp_path]).scan()]
    assert states == ["proposed", "reviewed", "unread", "signed"]


def test_damaged_and_newer_readings_are_shown_as_such(tmp_path, the_case):
    a_reading(tmp_path / "newer", the_case, schema="readingroom/2")
    a_reading(tmp_path / "broken", the_case)
    (tmp_path / "broken" / "reading.json").write_text("{")
    found = {e.path.name: (e.state, e.problem) for e in WorkList([tmp_path]).scan()}
    assert found["newer"] == ("damaged", "SCHEMA_NEWER")
    assert found["broken"] == ("damaged", "READING_DAMAGED")


def test_a_change_is_seen_and_what_is_unchanged_is_not_read_again(tmp_path, the_case, monkeypatch):
    one = a_reading(tmp_path / "one", the_case)
    a_reading(tmp_path / "two", the_case)
    work = WorkList([tmp_path])
    work.scan()
    read: list[Path] = []

    def watched(place: Path):
        read.append(place)
        return read_header(place)

    monkeypatch.setattr("readingroom.workbench.worklist.readings.read_header", watched)
    edit_json(one / "reading.json", status="signed", reviewer="Ada")
    os.utime(one / "reading.json", ns=(1, 1))
    states = {e.path.name: e.state for e in work.scan()}
    assert states == {"one": "signed", "two": "proposed"}
    assert [place.name for place in read] == ["one"]


def test_five_hundred_readings_cost_only_their_headers(tmp_path, the_case, monkeypatch):
    text = (the_case.folder / "reading.json").read_text("utf-8")
    for number in range(500):
        place = tmp_path / f"r{number:03d}"
        place.mkdir()
        (place / "reading.json").write_text(text, "utf-8")
    sizes = []
    parsed = header._parsed
    monkeypatch.setattr(header, "_parsed", lambda data: sizes.append(len(data)) or parsed(data))
    work = WorkList([tmp_path])
    assert len(work.scan()) == len(sizes) == 500
    assert max(sizes) < 0.7 * len(text)
    assert len(work.scan()) == 500
    assert len(sizes) == 500


def test_the_header_is_what_the_whole_file_says(the_case):
    whole = json.loads((the_case.folder / "reading.json").read_text("utf-8"))
    part = read_header(the_case.folder)
    assert "findings" not in part
    assert part == {name: whole[name] for name in part}
    assert {"study", "status", "measurements", "notes"} <= set(part)


def test_a_header_in_another_form_is_read_too(tmp_path, the_case):
    data = json.loads((the_case.folder / "reading.json").read_text("utf-8"))
    (tmp_path / "reading.json").write_text(json.dumps(data))
    assert read_header(tmp_path)["reader"] == "cacs"


def test_text_that_is_no_object_is_refused(tmp_path):
    (tmp_path / "reading.json").write_text("[1]")
    with pytest.raises(RefusedInput, match="READING_DAMAGED"):
        read_header(tmp_path)


def test_the_next_case_is_the_next_one_without_signature(tmp_path, the_case):
    for number, status in enumerate(["proposed", "reviewed", "signed", "proposed"]):
        study = of_patient(the_case, f"{number}", f"{number}")
        a_reading(tmp_path / f"r{number}", the_case, status=status, study=study)
    work = WorkList([tmp_path])
    names = {e.path.name: e.key for e in work.scan()}

    def following(name: str, step: int = 1) -> str:
        found = work.following(names[name], step=step)
        assert found is not None
        return found.path.name

    assert [following(f"r{n}") for n in (0, 1, 3)] == ["r1", "r3", "r0"]
    assert [following(f"r{n}", -1) for n in (0, 1, 3)] == ["r3", "r0", "r1"]
    assert following("r2") == "r0"


def test_there_is_no_next_case_after_the_last(tmp_path, the_case):
    a_reading(tmp_path / "one", the_case)
    work = WorkList([tmp_path])
    (entry,) = work.scan()
    assert work.following(entry.key) is None


def test_the_earlier_reading_of_the_same_patient_is_found(tmp_path, the_case):
    for year, uid in (("2020", "1"), ("2022", "2"), ("2024", "3")):
        study = of_patient(
            the_case, "Doe^Ada", "P1", study_uid=uid, acquired_at=f"{year}-05-06T07:08:09"
        )
        a_reading(tmp_path / year, the_case, study=study)
    other = of_patient(the_case, "Roe^Bea", "P2", study_uid="4", acquired_at="2023-01-01")
    a_reading(tmp_path / "other", the_case, study=other)
    work = WorkList([tmp_path])
    entries = {e.path.name: e for e in work.scan()}
    assert work.earlier_of(entries["2024"]) is entries["2022"]
    assert work.earlier_of(entries["2020"]) is None
    assert work.earlier_of(entries["other"]) is None


@pytest.mark.parametrize(
    ("name", "en", "zh"),
    [("Doe^Ada", "Doe, Ada", "Doe, Ada"), ("Wang^Xiao=王^小", "Wang, Xiao", "王小"), ("", "", "")],
)
def test_names_are_shown_as_people_write_them(tmp_path, name, en, zh):
    entry = Entry("k", tmp_path, "", "unread", name=name, examined="2024-05-06T07:08:09")
    assert (entry.row("en")["patient"], entry.row("zh")["patient"]) == (en, zh)
    assert entry.row("en")["examined"] == "2024-05-06 07:08"


def test_every_state_has_its_order(tmp_path):
    orders = [Entry("k", tmp_path, "", state).row("en")["order"] for state in STATES]
    assert orders == sorted(orders)


def test_uploads_and_readings_go_beside_a_single_study_and_into_a_folder(tmp_path, the_case):
    assert home_of([tmp_path]) == tmp_path
    assert home_of([the_case.folder]) == the_case.folder.parent
    assert home_of([the_case.images]) == the_case.images.parent
