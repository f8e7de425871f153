"""What the reading page shows and does, on a real session of corrections, without images."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from readingroom import folder
from readingroom.errors import RefusedInput
from readingroom.folder import temporary_sibling
from readingroom.review import ReviewSession
from readingroom.workbench.reading import files, findingrows
from Testing.fixtures.dicom_phantom import write_ct_slices
from Testing.fixtures.review_cases import MISSED
from Testing.workbench.host import a_bench, copy_of, edit_json, run


class Desk:
    """A workbench with one reading open, and short words for what the page holds."""

    def __init__(self, bench: Any) -> None:
        self.bench, self.page, self.state = bench, bench.reading, bench.state

    @property
    def total(self) -> str:
        return self.state.page_headline["reviewed"]

    @property
    def selected(self) -> str:
        return self.state.page_selected

    def finding(self, name: str) -> dict[str, Any]:
        rows = findingrows.rows(self.page.session.reading, self.page.classes, "en")
        return next(row for row in rows if row["id"] == name)

    @property
    def edits(self) -> list[str]:
        return [entry["what"] for entry in self.page.session.reading.audit]

    @property
    def message(self) -> str:
        return self.state.page_message["code"]

    async def settled(self) -> None:
        while self.bench.tasks._running:
            await asyncio.gather(*self.bench.tasks._running)


@pytest.fixture
def at_the_desk(monkeypatch, tmp_path, the_case):
    """Run a coroutine with a desk on which a copy of the case is open."""

    def work(story: Callable[[Desk], Any], *, reviewer: str = "Dr Ada", **settings: Any) -> Desk:
        place = tmp_path / "list" / "reading"
        if not place.exists():
            copy_of(the_case.folder, place)

        async def whole() -> Desk:
            desk = Desk(a_bench(monkeypatch, tmp_path, tmp_path / "list", **settings))
            desk.state.page_reviewer = reviewer
            await desk.bench.list.scan()
            desk.page.open(place)
            await desk.settled()
            await story(desk)
            await desk.settled()
            desk.bench.close()
            return desk

        return run(whole())

    return work


def press(desk: Desk, *keys: str) -> None:
    for key in keys:
        desk.bench.key(key)


def test_an_opened_reading_shows_whose_it_is_and_selects_the_first_finding(at_the_desk):
    async def story(desk):
        state = desk.state
        assert state.page_name == "reading"
        assert state.page_case["status"] == "proposed"
        assert state.page_busy == ""
        assert desk.selected == state.page_findings[0]["id"]
        assert desk.page.viewer.last("highlight") == (desk.selected,)
        position = desk.page.session.reading.findings[0].position_lps_mm
        assert desk.page.viewer.last("jump") == (position,)
        assert [note["severity"] for note in state.page_notes] == ["warning"]

    at_the_desk(story)


def test_keys_walk_through_the_findings_and_stop_at_the_ends(at_the_desk):
    async def story(desk):
        ids = [row["id"] for row in desk.state.page_findings]
        press(desk, "j")
        assert desk.selected == ids[1]
        press(desk, "k", "k", "ArrowUp")
        assert desk.selected == ids[0]
        press(desk, *["ArrowDown"] * 20)
        assert desk.selected == ids[-1]

    at_the_desk(story)


def test_rejecting_changes_the_numbers_dims_the_finding_and_goes_on(at_the_desk):
    async def story(desk):
        before, first = desk.total, desk.selected
        press(desk, "x")
        assert desk.finding(first)["state"] == "rejected"
        assert desk.selected != first
        assert desk.total != before
        assert desk.state.page_headline["machine"] == before
        assert desk.state.page_headline["changed"]
        assert desk.state.page_dirty
        assert desk.state.page_case["status"] == "reviewed"

    at_the_desk(story)


def test_undo_and_redo_bring_numbers_back_and_forth(at_the_desk):
    async def story(desk):
        before = desk.total
        press(desk, "x")
        after = desk.total
        press(desk, "ctrl+z")
        assert (desk.total, desk.state.page_can_redo) == (before, True)
        press(desk, "ctrl+y")
        assert desk.total == after

    at_the_desk(story)


def test_a_class_key_moves_the_finding_and_its_score(at_the_desk):
    async def story(desk):
        desk.page.commands.select("L001")
        press(desk, "4")
        assert desk.finding("L001")["label"] == "RCA"
        rows = {row["label"]: row for row in desk.state.page_structures["rows"]}
        assert rows["LM"]["changed"]
        assert rows["RCA"]["changed"]
        assert not rows["Total"]["changed"]
        assert desk.state.page_selected_row["label"] == "RCA"

    at_the_desk(story)


def test_a_click_on_what_was_missed_adds_it_under_the_chosen_class(at_the_desk):
    async def story(desk):
        first, size, _ = MISSED
        middle = [a + n // 2 for a, n in zip(first, size, strict=True)]
        position = tuple(desk.page.session.volume.lps_from_kji(middle))
        desk.state.view_segment = "LCX"
        desk.page.viewer.on_pick(position, "grow")
        assert desk.state.page_selected_row["label"] == "LCX"
        assert desk.state.page_selected_row["state"] == "added"
        press(desk, "Delete")
        assert desk.edits[-1] == "remove"

    at_the_desk(story)


def test_a_click_where_nothing_is_says_so_and_changes_nothing(at_the_desk):
    async def story(desk):
        corner = tuple(desk.page.session.volume.lps_from_kji([1, 8, 30]))
        desk.page.viewer.on_pick(corner, "grow")
        assert desk.message == "NOTHING_TO_GROW"
        assert desk.edits == []

    at_the_desk(story)


def test_a_click_on_a_lesion_selects_it(at_the_desk):
    async def story(desk):
        wanted = desk.page.session.reading.findings[3]
        desk.page.viewer.on_pick(wanted.position_lps_mm, "classify")
        assert desk.selected == wanted.id

    at_the_desk(story)


def test_the_filters_show_what_they_say(at_the_desk):
    async def story(desk):
        press(desk, "a", "x")
        counts = dict(desk.state.page_finding_counts)
        assert (counts["rejected"], counts["open"]) == (1, counts["all"] - 2)
        desk.page.commands.set_filter("rejected")
        assert [row["state"] for row in desk.state.page_findings] == ["rejected"]
        press(desk, "f")
        assert desk.state.page_filter == "all"

    at_the_desk(story)


def test_saving_makes_a_revision_with_who_and_what(at_the_desk):
    async def story(desk):
        press(desk, "x", "ctrl+s")
        assert not desk.state.page_dirty
        assert desk.state.page_case["revision"] == 2
        entry = desk.state.page_audit[-1]
        assert entry["who"] == "Dr Ada"
        assert entry["changes"]

    desk = at_the_desk(story)
    saved = folder.load(desk.bench.list.work.home / "reading")
    assert (saved.revision, saved.status, saved.reviewer) == (2, "reviewed", "Dr Ada")


def test_without_a_name_saving_asks_for_one_and_then_saves(at_the_desk):
    async def story(desk):
        assert desk.state.page_dialog == "name"
        desk.state.page_dialog = ""
        press(desk, "x", "ctrl+s")
        assert desk.state.page_dialog == "name"
        desk.state.page_sign_name = "Dr Bea"
        desk.page.keeping.named()
        assert desk.state.page_dialog == ""
        assert desk.page.session.reading.reviewer == "Dr Bea"

    at_the_desk(story, reviewer="")


def test_signing_locks_until_reopened(at_the_desk):
    async def story(desk):
        press(desk, "s")
        assert desk.state.page_dialog == "sign"
        assert desk.state.page_sign_name == "Dr Ada"
        desk.page.keeping.sign()
        assert (desk.state.page_locked, desk.state.page_case["status"]) == (True, "signed")
        press(desk, "x")
        assert desk.message == "SIGNED"
        press(desk, "p")
        assert desk.state.view_tool == "none"
        desk.page.keeping.reopen()
        press(desk, "x")
        assert desk.state.page_dirty

    at_the_desk(story)


def test_a_signature_needs_a_name(at_the_desk):
    async def story(desk):
        press(desk, "s")
        desk.state.page_sign_name = "  "
        desk.page.keeping.sign()
        assert desk.state.page_case["status"] == "proposed"

    at_the_desk(story)


def test_going_on_with_unsaved_edits_asks_first(at_the_desk, tmp_path, the_case):
    copy_of(the_case.folder, tmp_path / "list" / "second")

    async def story(desk):
        press(desk, "x", "n")
        assert desk.state.page_dialog == "leave"
        desk.page.keeping.leave_and_save()
        await desk.settled()
        assert desk.page.session.directory.name == "second"
        press(desk, "n")
        await desk.settled()
        assert desk.page.session.directory.name == "reading"
        assert desk.page.session.reading.revision == 2

    at_the_desk(story)


def test_a_draft_waits_for_next_time_and_discarding_forgets(at_the_desk):
    async def story(desk):
        place = desk.page.session.directory
        press(desk, "x")
        press(desk, "h")
        desk.page.keeping.leave_draft()
        assert desk.state.page_name == "list"
        desk.page.open(place)
        await desk.settled()
        assert desk.page.session.recovered == 1
        press(desk, "h")
        desk.page.keeping.leave_discarding()
        desk.page.open(place)
        await desk.settled()
        assert desk.page.session.recovered == 0
        assert not desk.state.page_dirty

    at_the_desk(story)


def test_someone_elses_save_is_asked_about_and_can_be_saved_over(at_the_desk):
    async def story(desk):
        other = ReviewSession.open(desk.page.session.directory, reviewer="Dr Other", autosave=False)
        press(desk, "x")
        other.accept("L002")
        other.save("Dr Other")
        press(desk, "ctrl+s")
        assert desk.state.page_dialog == "conflict"
        desk.page.keeping.save_on_top()
        assert desk.page.session.reading.revision == 3

    at_the_desk(story)


def test_theirs_can_be_opened_instead(at_the_desk):
    async def story(desk):
        other = ReviewSession.open(desk.page.session.directory, reviewer="Dr Other", autosave=False)
        press(desk, "x")
        other.accept("L002")
        other.save("Dr Other")
        press(desk, "ctrl+s")
        desk.page.keeping.open_theirs()
        await desk.settled()
        assert desk.finding("L002")["state"] == "accepted"
        assert not desk.state.page_dirty

    at_the_desk(story)


def test_a_full_disk_at_save_is_told_and_loses_nothing(at_the_desk, monkeypatch):
    async def story(desk):
        press(desk, "x")

        def full(*_: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as broken:
            broken.setattr("readingroom.folder.content.write_durably", full)
            press(desk, "ctrl+s")
        assert desk.message == "DISK_FULL"
        assert desk.state.page_dirty
        press(desk, "ctrl+s")
        assert not desk.state.page_dirty

    at_the_desk(story)


def test_the_language_changes_everything_at_once(at_the_desk):
    async def story(desk):
        press(desk, "x", "l")
        state = desk.state
        assert (state.page_lang, state.page_t["findings"]) == ("zh", "所见")
        assert state.page_headline["label"].startswith("Agatston 积分")
        assert state.page_audit[0]["what"] == "拒绝"
        assert "已拒绝" in state.page_audit[0]["changes"][0]
        assert state.page_keymap[0]["title"] == "所见"
        press(desk, "?")
        assert state.page_dialog == "keys"

    at_the_desk(story)


def test_a_session_begins_where_it_was(at_the_desk, monkeypatch, tmp_path):
    async def story(desk):
        press(desk, "l", "x")

    at_the_desk(story)

    async def again():
        bench = a_bench(monkeypatch, tmp_path, tmp_path / "list")
        bench.begin()
        desk = Desk(bench)
        await desk.settled()
        assert bench.language == "zh"
        assert desk.page.session.recovered == 1
        assert desk.state.page_reviewer == ""
        bench.close()

    run(again())


def test_the_machines_reading_can_be_brought_back_and_that_undone(at_the_desk):
    async def story(desk):
        machine = desk.total
        press(desk, "x")
        reviewed = desk.total
        desk.page.keeping.revert()
        assert desk.total == machine
        press(desk, "ctrl+z")
        assert desk.total == reviewed

    at_the_desk(story)


def test_an_earlier_revision_can_be_shown(at_the_desk):
    async def story(desk):
        machine = desk.total
        press(desk, "x", "ctrl+s")
        assert [row["number"] for row in desk.state.page_revisions] == [2, 1]
        desk.page.keeping.show_revision(1)
        await desk.settled()
        assert desk.total == machine

    at_the_desk(story)


def test_masks_of_another_geometry_are_refused_and_the_file_is_gone(at_the_desk, the_case):
    async def story(desk):
        place = desk.bench.list.work.home / ".inbox" / "x"
        place.mkdir(parents=True)
        (place / "wrong.nii").write_bytes(b"nothing")
        before = desk.total
        desk.bench.upload_told("done", {"ok": True, "purpose": "masks", "name": "x"})
        assert desk.message.startswith("MASK")
        assert (desk.total, place.exists()) == (before, False)

    at_the_desk(story)


def test_masks_from_elsewhere_are_taken_over(at_the_desk, the_case):
    async def story(desk):
        desk.page.commands.select("L001")
        press(desk, "4")
        place = desk.bench.list.work.home / ".inbox" / "x"
        place.mkdir(parents=True)
        (place / "masks.seg.nrrd").write_bytes((the_case.folder / "masks.seg.nrrd").read_bytes())
        desk.bench.upload_told("done", {"ok": True, "purpose": "masks", "name": "x"})
        assert desk.edits[-1] == "import"
        assert desk.state.page_message["kind"] == "success"

    at_the_desk(story)


def test_one_mask_file_at_a_time(tmp_path):
    for name in ("a.nrrd", "b.nrrd"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(RefusedInput, match="MASK_FILE_ONE"):
        files.the_file(tmp_path)


def test_a_failed_upload_is_told_in_its_parts(at_the_desk):
    async def story(desk):
        parts = {"code": "NOT_AN_IMAGE", "what_happened": "No.", "what_to_do": "Other."}
        desk.bench.upload_told("progress", 0.5)
        assert desk.state.page_upload == 0.5
        desk.bench.upload_told("error", parts)
        assert (desk.message, desk.state.page_upload) == ("NOT_AN_IMAGE", None)
        desk.bench.upload_told("error", None)
        assert desk.message == "UPLOAD_FAILED"

    at_the_desk(story)


def test_keys_of_the_views_reach_the_viewer(at_the_desk):
    async def story(desk):
        press(desk, "shift+3", "w", "c", "m")
        viewer = desk.page.viewer
        assert viewer.last("set_layout") == ("axial",)
        assert viewer.last("set_window") == (250.0, 900.0)
        assert viewer.last("set_crosshair") == (False,)
        assert viewer.last("set_slab")[0] > 0
        press(desk, "p")
        assert desk.state.view_tool == "paint"
        press(desk, "p")
        assert desk.state.view_tool == "none"
        press(desk, "[", "]")
        assert not desk.state.page_panel_left
        assert not desk.state.page_panel_right

    at_the_desk(story)


def test_evidence_is_drawn_when_it_is_looked_at(at_the_desk):
    async def story(desk):
        desk.page.plots.soon()
        assert desk.state.page_plot_structures == ""
        desk.state.page_tab = "evidence"
        desk.page.plots.soon()
        await desk.settled()
        assert desk.state.page_plot_structures.startswith("<svg")
        assert "90.0 %" in desk.state.page_plot_probabilities
        assert desk.state.page_plot_follow_up == ""

    at_the_desk(story)


def test_an_unread_study_offers_its_options(at_the_desk, tmp_path, the_case):
    write_ct_slices(tmp_path / "list" / "scan", np.zeros((3, 8, 8), np.int16), study_uid="1.2.3")

    async def story(desk):
        unread = next(row for row in desk.state.list_rows if row["state"] == "unread")
        desk.bench.list.choose(unread["key"])
        assert desk.state.page_dialog == "run"
        assert desk.state.page_run_reader == "cacs"
        desk.state.page_options = {**desk.state.page_options, "age": "500"}
        desk.page.runs.start()
        assert desk.message == "OPTION_INVALID"
        assert not desk.state.page_run["on"]

    at_the_desk(story)


def test_a_reading_from_a_newer_program_is_refused_in_one_message(at_the_desk, tmp_path, the_case):
    newer = copy_of(the_case.folder, tmp_path / "list" / "newer")
    edit_json(newer / "reading.json", schema="readingroom/2")

    async def story(desk):
        desk.page.open(newer)
        await desk.settled()
        assert desk.message == "SCHEMA_NEWER"
        assert desk.page.session.directory.name == "reading"
        assert desk.state.page_busy == ""

    at_the_desk(story)


def test_images_that_have_moved_away_are_told_and_the_list_stays(at_the_desk, tmp_path, the_case):
    lost = copy_of(the_case.folder, tmp_path / "list" / "lost")
    study = json.loads((lost / "reading.json").read_text("utf-8"))["study"]
    edit_json(lost / "reading.json", study={**study, "source": str(tmp_path / "gone")})

    async def story(desk):
        desk.page.open(lost)
        await desk.settled()
        assert desk.message == "SOURCE_MISSING"

    at_the_desk(story)


def test_leftovers_do_not_show_in_the_list(at_the_desk, tmp_path):
    half = temporary_sibling(tmp_path / "list" / "reading")
    half.mkdir(parents=True)
    (half / "reading.json").write_text("{}")

    async def story(desk):
        assert [row["folder"] for row in desk.state.list_rows] == ["reading"]

    at_the_desk(story)
