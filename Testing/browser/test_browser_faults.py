"""What goes wrong is said once, in the language of the page, and what was saved is kept."""

from __future__ import annotations

import json
import resource

import numpy as np
import pytest

from readingroom import folder
from readingroom.workbench.faults_zh import CHINESE
from readingroom.workbench.texts import say
from Testing.fixtures.review_cases import a_case, a_chest, as_volume, masks_of

#: Most seconds of edits that may be lost when the power goes.
_MOST_LOST_S = 2.0


@pytest.fixture
def the_case(tmp_path):
    return a_case(tmp_path / "cases" / "one")


@pytest.fixture
def the_workbench(a_workbench, tmp_path, the_case):
    return a_workbench(tmp_path / "cases")


@pytest.fixture
def the_desk(a_desk, the_workbench):
    return a_desk(the_workbench)


def record(case):
    return json.loads((case.folder / "reading.json").read_text("utf-8"))


def reject(desk, finding_id):
    """Reject a finding by its button."""
    before = desk.edits()
    desk.select(finding_id)
    desk.page.locator("#rr-reject").click()
    desk.wait_for_edit(before + 1)
    desk.until(
        "page_findings", "(v, a) => v.find(f => f.id === a).state === 'rejected'", finding_id
    )


def limit_files(workbench, most):
    """Let the system refuse to write files larger than this, as a full disk would."""
    for process in workbench.sessions():
        _, hard = process.rlimit(resource.RLIMIT_FSIZE)
        process.rlimit(resource.RLIMIT_FSIZE, (most, hard))


def test_a_full_disk_at_save_loses_nothing(the_desk, the_workbench, the_case):
    the_desk.open("Phantom", reviewer="Dr Full")
    saved_before = (the_case.folder / "reading.json").read_bytes()
    reject(the_desk, "L002")
    total = the_desk.total()
    limit_files(the_workbench, 4096)
    the_desk.press("Control+s")
    the_desk.message("DISK_FULL")
    assert the_desk.state("page_dirty") and the_desk.total() == total
    assert (the_case.folder / "reading.json").read_bytes() == saved_before
    the_desk.close_message()
    limit_files(the_workbench, resource.RLIM_INFINITY)
    assert the_desk.save() == 2
    assert record(the_case)["measurements"]["agatston_score"]["value"] == pytest.approx(
        float(total), abs=0.5
    )
    siblings = [p.name for p in the_case.folder.parent.iterdir()]
    assert sorted(siblings) == ["images", "reading"]


def test_a_reload_in_the_middle_of_an_edit_keeps_the_edits(the_desk, the_case):
    the_desk.open("Phantom", reviewer="Dr Reload")
    reject(the_desk, "L002")
    total = the_desk.total()
    the_desk.take_up("paint", "p")
    the_desk.page.mouse.move(500, 300)
    the_desk.page.mouse.down()
    the_desk.page.mouse.move(520, 320, steps=3)
    with the_desk.reloaded():
        the_desk.page.reload()
    # Let go outside the views: the stroke is still under way when the reading is saved.
    the_desk.page.mouse.move(5, 5)
    the_desk.page.mouse.up()
    assert the_desk.total() == total
    assert the_desk.finding("L002")["state"] == "rejected"
    assert the_desk.save() == 2
    reject(the_desk, "L003")
    assert the_desk.save() == 3
    # How much of the stroke came through before the reload is not ours to say.
    edits = [e["what"] for e in record(the_case)["audit"] if e["what"] != "paint"]
    assert edits == ["reject", "save", "reject", "save"]


def test_the_power_goes_in_the_middle_of_editing(the_desk, the_workbench, the_case):
    the_desk.open("Phantom", reviewer="Dr Power")
    reject(the_desk, "L002")
    total = the_desk.total()
    the_desk.page.wait_for_timeout(1000 * _MOST_LOST_S)
    the_desk.select("L005")
    the_desk.press("a")
    the_desk.browser.may_complain = True
    with the_desk.reloaded():
        the_workbench.kill()
        the_desk.page.locator(".rr-lost").wait_for()
        the_workbench.start()
    assert the_desk.finding("L002")["state"] == "rejected"
    assert the_desk.total() == total
    count, edits = the_desk.edits(), ["reject", "accept"]
    assert count in (1, 2)
    assert the_desk.state("page_message")["text"] == say("recovered", "en", count=count)
    assert record(the_case)["revision"] == 1
    assert the_desk.save() == 2
    assert [e["what"] for e in record(the_case)["audit"]] == [*edits[:count], "save"]


def test_the_server_ends_in_order_and_comes_back(the_desk, the_workbench):
    the_desk.open("Phantom", reviewer="Dr Order")
    reject(the_desk, "L002")
    the_desk.select("L004")
    the_desk.press("4")
    the_desk.wait_for_edit(2)
    total = the_desk.total()
    the_desk.browser.may_complain = True
    with the_desk.reloaded():
        the_workbench.stop()
        the_workbench.start()
    assert the_desk.edits() == 2 and the_desk.total() == total
    the_desk.page.locator("#rr-undo").click()
    the_desk.until("page_findings", "v => v.find(f => f.id === 'L004').label === 'LCX'")


def test_a_reading_of_a_newer_version_is_refused_in_chinese(the_desk, the_case):
    newer = {**record(the_case), "schema": "readingroom/99"}
    (the_case.folder / "reading.json").write_text(json.dumps(newer), "utf-8")
    kept = (the_case.folder / "reading.json").read_bytes()
    the_desk.page.locator("#rr-refresh").click()
    the_desk.until("list_rows", "v => v.some(r => r.state === 'damaged')")
    the_desk.page.locator("#rr-language").click()
    the_desk.until("page_lang", "v => v === 'zh'")
    the_desk.page.locator(".rr-row-damaged").click()
    message = the_desk.message("SCHEMA_NEWER")
    assert (message["text"], message["todo"]) == CHINESE["SCHEMA_NEWER"]
    assert the_desk.state("page_name") == "list"
    assert (the_case.folder / "reading.json").read_bytes() == kept


def a_mask_file(place, spacing_mm):
    """Write the chest's masks on a grid of other voxels."""
    from dataclasses import replace

    matrix = np.diag([*spacing_mm, 1.0])
    volume = as_volume(a_chest(), matrix)
    case = a_case(place, ())
    reading = folder.load(case.folder)
    other = replace(masks_of(volume), ijk_to_lps=matrix)
    folder.save(reading.model_copy(update={"masks": other}), place / "other")
    return place / "other" / "masks.seg.nrrd"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_masks_of_the_wrong_geometry_are_refused(a_workbench, a_desk, the_case, tmp_path, language):
    desk = a_desk(a_workbench(tmp_path / "cases", language=language))
    wrong = a_mask_file(tmp_path / "elsewhere", (1.1, 1.1, 2.0))
    desk.open("Phantom", reviewer="Dr Mask")
    total = desk.total()
    desk.drop(wrong)
    message = desk.message("MASK_GEOMETRY")
    if language == "zh":
        assert (message["text"], message["todo"]) == CHINESE["MASK_GEOMETRY"]
    assert desk.total() == total and desk.edits() == 0 and not desk.state("page_dirty")


def test_masks_that_fit_are_taken_over_and_can_be_undone(the_desk, the_case, tmp_path):
    fewer = a_case(tmp_path / "fewer", ())
    the_desk.open("Phantom", reviewer="Dr Mask")
    total = the_desk.total()
    the_desk.drop(fewer.folder / "masks.seg.nrrd")
    the_desk.wait_for_edit(1)
    assert the_desk.total() == "0"
    the_desk.press("Control+z")
    the_desk.until("page_can_undo", "v => !v")
    assert the_desk.total() == total
