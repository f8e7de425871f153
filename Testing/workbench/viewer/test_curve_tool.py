"""A centreline dragged by its points: the device, its mask and its numbers follow."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom import folder
from readingroom.evaluation.topology import curve_score
from readingroom.review import ReviewSession
from Testing.fixtures.guidewire_case import SHAPE, a_reading, a_study, curve
from Testing.fixtures.viewevents import ViewEvents


@pytest.fixture
def at_the_cine(the_viewer, tmp_path):
    """The viewer on a cine whose wire lies 9 px beside the real one, the tool in the hand."""
    study = a_study()
    wrong = [[curve(t) + np.array([0.0, 9.0])] for t in range(SHAPE[0])]
    folder.save(a_reading(study, wrong), tmp_path / "r")
    session = ReviewSession.open(tmp_path / "r", study=study, reviewer="r", autosave=False)
    the_viewer.show(session)
    the_viewer.on_curve = the_viewer.highlight
    the_viewer.set_frame(2)
    the_viewer.set_tool("curve")
    yield the_viewer
    the_viewer.on_curve = lambda finding_id: None
    the_viewer.set_option("view_curve_cling", False)
    the_viewer.set_tool("none")
    the_viewer.clear()
    session.close()


def finding_in(viewer, frame):
    found = viewer.session.reading.findings
    return next(f for f in found if f.attributes["frame"] == frame)


def points_in(viewer, frame) -> np.ndarray:
    return np.array(finding_in(viewer, frame).attributes["centerline_xy_px"])


def handles(viewer) -> np.ndarray:
    viewer.curve.shown()
    return viewer.curve._handles.copy()


def lps_of(viewer, point) -> np.ndarray:
    frame = viewer.player.place()["number"] - 1
    return viewer.session.volume.lps_from_kji([frame, point[1], point[0]])


def drag(viewer, start, stop) -> None:
    """Drag from one pixel of the frame to another."""
    ViewEvents(viewer, "axial").stroke(
        lps_of(viewer, start), lps_of(viewer, (start + stop) / 2), lps_of(viewer, stop)
    )


def test_the_device_of_the_frame_shows_its_curve_and_is_selected(at_the_cine):
    shown = at_the_cine.curve.shown()

    assert shown["id"] == finding_in(at_the_cine, 2).id == at_the_cine.masks.finding
    assert 4 <= len(shown["points"]) <= 14
    first = ViewEvents(at_the_cine, "axial").pixel_of(
        lps_of(at_the_cine, points_in(at_the_cine, 2)[0])
    )
    assert shown["points"][0][0] == pytest.approx(100 * (first[0] + 0.5) / 400, abs=0.5)
    assert shown["points"][0][1] == pytest.approx(100 - 100 * (first[1] + 0.5) / 300, abs=0.5)


def test_dragging_every_point_onto_the_wire_puts_the_device_there(at_the_cine):
    before = points_in(at_the_cine, 2)
    for number in range(len(handles(at_the_cine))):
        at = handles(at_the_cine)[number]
        drag(at_the_cine, at, at - [0.0, 9.0])

    assert curve_score([points_in(at_the_cine, 2)], [curve(2)], 2.0).f1 > 0.9
    assert at_the_cine.session.undo_text == "curve"
    while at_the_cine.session.can_undo:
        at_the_cine.undo()
    assert np.array_equal(points_in(at_the_cine, 2), before)
    assert np.allclose(handles(at_the_cine)[[0, -1]], before[[0, -1]], atol=1.0)


def test_the_points_stay_where_the_hand_left_them(at_the_cine):
    first = handles(at_the_cine)
    drag(at_the_cine, first[2], first[2] + [0.0, 6.0])
    second = handles(at_the_cine)

    assert len(second) == len(first)
    assert np.allclose(np.delete(second, 2, axis=0), np.delete(first, 2, axis=0))
    assert np.allclose(second[2], first[2] + [0.0, 6.0], atol=0.6)


def test_mask_and_length_follow_a_point(at_the_cine):
    finding = finding_in(at_the_cine, 2)
    first = handles(at_the_cine)
    marked = at_the_cine.session.mask_of(finding.id)[1].sum()
    drag(at_the_cine, first[-1], first[-2])  # the tip drawn back: shorter

    after = finding_in(at_the_cine, 2)
    assert after.measurements["length"].value < 0.95 * finding.measurements["length"].value
    assert at_the_cine.session.mask_of(after.id)[1].sum() < marked
    assert [e["what"] for e in at_the_cine.session.reading.audit] == ["curve"]


def test_while_the_hand_moves_only_the_curve_moves(at_the_cine):
    at = handles(at_the_cine)[1]
    events = ViewEvents(at_the_cine, "axial")
    line = at_the_cine.curve.shown()["line"]
    events.unfinished_stroke(lps_of(at_the_cine, at), lps_of(at_the_cine, np.add(at, [0.0, 12.0])))

    assert at_the_cine.curve.shown()["line"] != line
    assert at_the_cine.curve.shown()["held"] == 1
    assert not at_the_cine.session.can_undo
    events.release_at(lps_of(at_the_cine, np.add(at, [0.0, 12.0])))
    assert at_the_cine.session.undo_text == "curve"


def test_pressing_the_curve_makes_a_point_and_a_click_changes_nothing(at_the_cine):
    before = handles(at_the_cine)
    between = (before[1] + before[2]) / 2
    dense = at_the_cine.curve._curve()
    on_curve = dense[np.linalg.norm(dense - between, axis=1).argmin()]
    ViewEvents(at_the_cine, "axial").click_at(lps_of(at_the_cine, on_curve))

    assert len(handles(at_the_cine)) == len(before) + 1
    assert not at_the_cine.session.can_undo
    ViewEvents(at_the_cine, "axial").click_at(lps_of(at_the_cine, before[0] + [0.0, 30.0]))
    assert len(handles(at_the_cine)) == len(before) + 1


def test_clinging_the_curve_finds_the_wire_between_two_right_points(at_the_cine):
    at_the_cine.set_option("view_curve_cling", True)
    for number in range(len(handles(at_the_cine))):
        at = handles(at_the_cine)[number]
        target = curve(2)[np.abs(curve(2)[:, 0] - at[0]).argmin()]
        drag(at_the_cine, at, target)

    assert curve_score([points_in(at_the_cine, 2)], [curve(2)], 1.5).f1 > 0.95


def test_the_curve_follows_the_frame(at_the_cine):
    at_the_cine.set_frame(4)

    assert at_the_cine.curve.shown()["id"] == finding_in(at_the_cine, 4).id
    assert at_the_cine.masks.finding == finding_in(at_the_cine, 4).id


def test_carrying_asks_the_page_with_the_frames(at_the_cine):
    asked = []
    at_the_cine.on_carry = lambda *given: asked.append(given)
    at_the_cine.curve.shown()
    at_the_cine.set_option("view_curve_reach", 3)
    at_the_cine.carry()
    at_the_cine.on_carry = lambda finding_id, reach: None

    assert asked == [(finding_in(at_the_cine, 2).id, 3)]


def test_a_signed_reading_shows_its_curve_and_refuses_to_bend_it(at_the_cine):
    refused = []
    at_the_cine.on_refused = lambda error: refused.append(error.code)
    at_the_cine.session.sign("r")
    before = handles(at_the_cine)
    drag(at_the_cine, before[1], before[1] + [0.0, 9.0])
    at_the_cine.on_refused = lambda error: None

    assert refused == ["SIGNED"]
    assert np.allclose(handles(at_the_cine), before)


def test_without_the_tool_or_a_cine_there_is_no_curve(at_the_cine):
    at_the_cine.set_tool("none")

    assert at_the_cine.curve.shown() is None
