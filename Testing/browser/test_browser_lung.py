"""A lung reading in real Chromium: the list, a rejection that moves the category, undo."""

from __future__ import annotations

from Testing.fixtures.lung_phantom import a_saved_case


def category(desk):
    return next(
        row for row in desk.state("page_categories") if row["label"].startswith("Lung-RADS")
    )


def test_nodules_are_listed_jumped_to_rejected_and_taken_back(a_workbench, a_desk, tmp_path):
    a_saved_case(tmp_path / "cases")
    desk = a_desk(a_workbench(tmp_path / "cases"))
    desk.open("Phantom", reviewer="Dr Test")
    rows = desk.state("page_findings")
    solid = next(row["id"] for row in rows if "solid" in row["title"])

    assert len(rows) == desk.page.locator(".rr-finding[data-id]").count() == 2
    assert category(desk)["reviewed"] == "4A"
    desk.select(solid)
    desk.until("view_info_axial", "v => v.marker && v.marker.through")
    edits = desk.edits()
    desk.press("x")
    desk.wait_for_edit(edits + 1)
    assert desk.finding(solid)["state"] == "rejected"
    assert category(desk) | {"reviewed": "2"} == category(desk)
    desk.press("Control+z")
    desk.wait_for_edit(edits + 2)
    assert category(desk)["reviewed"] == "4A"
