"""A centreline dragged in real Chromium: the device follows, is carried on, judged, undone."""

from __future__ import annotations

import numpy as np

from readingroom import folder
from readingroom.evaluation.topology import curve_score
from Testing.fixtures.guidewire_case import curve
from Testing.fixtures.guidewire_saved import BESIDE_PX, a_saved_cine


def in_hand(desk) -> dict:
    """Return the curve that is shown, once the view rests."""
    desk.at_rest("axial")
    return desk.until("view_info_axial", "v => v.curve")["curve"]


def handle(desk, number: int) -> np.ndarray:
    """Return where a point of the curve lies on the page, px."""
    box = desk.page.locator(".rv-handle").nth(number).bounding_box()
    return np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])


def drag(desk, start: np.ndarray, stop: np.ndarray) -> None:
    desk.page.mouse.move(*start)
    desk.page.mouse.down()
    desk.page.mouse.move(*((start + stop) / 2), steps=3)
    desk.page.mouse.move(*stop, steps=3)
    desk.page.mouse.up()


def points_in(path, frame: int) -> np.ndarray:
    found = folder.load(path, masks=False).findings
    device = next(f for f in found if f.attributes["frame"] == frame)
    return np.array(device.attributes["centerline_xy_px"])


def test_dragged_points_move_the_wire_and_are_carried_accepted_and_undone(
    a_workbench, a_desk, tmp_path
):
    _, path = a_saved_cine(tmp_path / "cases")
    desk = a_desk(a_workbench(tmp_path / "cases"))
    desk.open("Cine", reviewer="Dr Test")
    desk.take_up("curve", "v")
    desk.until("view_info_axial", "v => v.frame.number === 1 && v.curve")
    shown = in_hand(desk)
    count = desk.page.locator(".rv-handle").count()
    assert count == len(shown["points"]) >= 4
    assert desk.state("page_selected") == shown["id"]

    cell = desk.page.locator(".rv-cell[data-view=axial]").bounding_box()
    first = handle(desk, 0)
    # The page's pixels per pixel of the frame: the wire's ends are known in both.
    known = curve(0) + BESIDE_PX
    scale = (handle(desk, count - 1)[0] - first[0]) / (known[-1, 0] - known[0, 0])
    assert scale > 2 and cell["width"] > 300
    for number in range(count):
        edits = desk.edits()
        at = handle(desk, number)
        drag(desk, at, at - scale * BESIDE_PX)
        desk.wait_for_edit(edits + 1)
        in_hand(desk)
    desk.save()
    assert curve_score([points_in(path, 0)], [curve(0)], 2.5).f1 > 0.9
    assert curve_score([points_in(path, 1)], [curve(1)], 2.5).f1 < 0.3

    edits = desk.edits()
    desk.page.locator(".rv-carry").click()
    desk.wait_for_edit(edits + 1)
    desk.until("page_message", "v => v.open && v.kind === 'success'")
    desk.press("a")  # the device of this frame is right; on to the next
    desk.wait_for_edit(edits + 2)
    desk.until("view_info_axial", "v => v.frame.number === 2 && v.curve")
    desk.save()
    assert curve_score([points_in(path, 1)], [curve(1)], 2.5).f1 > 0.85
    assert desk.finding(shown["id"])["state"] == "accepted"

    desk.press("Control+z")
    desk.wait_for_edit(edits + 3 + 1)  # saving is an entry too
    desk.press("Control+z")
    desk.wait_for_edit(edits + 3 + 2)
    assert desk.finding(shown["id"])["state"] == "proposed"
    desk.save()
    assert curve_score([points_in(path, 1)], [curve(1)], 2.5).f1 < 0.3
