from __future__ import annotations

import numpy as np
import pytest

from readingroom.review.mrml import collect_masks
from Testing.fixtures.viewevents import ViewEvents
from Testing.workbench.viewer.test_looking import pixels


@pytest.fixture
def labels(a_session):
    """The layer that findings are painted in."""
    layer = next(s.layer for s in a_session.masks.segments if s.name == "LAD")
    return a_session.masks.layers[layer]


@pytest.fixture
def value_of(a_session):
    return lambda name: next(s.value for s in a_session.masks.segments if s.name == name)


@pytest.fixture
def place_of(a_session):
    """Return the LPS position of a voxel."""
    return lambda kji: a_session.volume.lps_from_kji(kji)


@pytest.fixture
def at_slice(viewer, place_of):
    """Bring all views to a voxel, zoomed so that a voxel is several pixels."""

    def go(kji) -> None:
        viewer.jump(tuple(place_of(kji)))
        node = viewer.stage.slices["axial"].get_view_node()
        node.SetFieldOfView(40.0, 30.0, 1.0)

    return go


def score(session) -> float:
    return float(session.reading.measurements["agatston_score"].value)


def nodes_agree(viewer, session) -> bool:
    found = collect_masks(viewer.presented.segmentation, session.masks)
    return all(
        np.array_equal(x, y) for x, y in zip(found.layers, session.masks.layers, strict=True)
    )


def test_a_stroke_changes_the_numbers_and_undo_restores_them(
    viewer, axial, a_session, labels, value_of, place_of, at_slice
):
    before, numbers = labels.copy(), score(a_session)
    at_slice((6, 21, 21))  # calcium that the machine missed
    viewer.set_active_segment("RCA")
    viewer.set_tool("paint")
    axial.stroke(place_of((6, 20, 20)), place_of((6, 22, 22)))
    painted = np.argwhere(labels != before)
    assert len(painted) and (labels[tuple(painted.T)] == value_of("RCA")).all()
    assert set(painted[:, 0]) == {6}
    assert score(a_session) > numbers
    assert viewer.state.view_can_undo and nodes_agree(viewer, a_session)
    viewer.undo()
    assert np.array_equal(labels, before)
    assert score(a_session) == numbers
    assert nodes_agree(viewer, a_session)
    viewer.redo()
    assert score(a_session) > numbers and nodes_agree(viewer, a_session)


def test_a_stroke_cut_off_is_finished_before_anything_else_is_done(
    viewer, axial, a_session, labels, value_of, place_of, at_slice
):
    at_slice((6, 21, 21))
    viewer.set_active_segment("RCA")
    viewer.set_tool("paint")
    axial.unfinished_stroke(place_of((6, 20, 20)), place_of((6, 22, 22)))
    viewer.flush()
    edits = len(a_session.reading.audit)
    assert edits and labels[6, 21, 21] == value_of("RCA")
    painted = labels.copy()
    axial.release_at(place_of((6, 10, 10)))
    viewer.flush()
    assert len(a_session.reading.audit) == edits
    assert np.array_equal(labels, painted)


def test_a_stroke_cut_off_is_finished_when_the_page_is_there_again(
    viewer, axial, a_session, labels, value_of, place_of, at_slice
):
    at_slice((6, 21, 21))
    viewer.set_active_segment("RCA")
    viewer.set_tool("paint")
    axial.unfinished_stroke(place_of((6, 20, 20)), place_of((6, 22, 22)))
    assert not a_session.can_undo
    viewer.server.controller.on_client_connected()
    assert labels[6, 21, 21] == value_of("RCA") and a_session.can_undo


def test_what_is_painted_is_on_the_screen(viewer, axial, place_of, at_slice):
    at_slice((3, 8, 24))
    plain = pixels(viewer, "axial")
    viewer.set_active_segment("LCX")
    viewer.set_tool("paint")
    axial.click_at(place_of((3, 8, 24)))
    changed = np.argwhere((pixels(viewer, "axial") != plain).any(axis=-1))
    x, y = ViewEvents(viewer, "axial").pixel_of(place_of((3, 8, 24)))
    assert np.abs(changed.mean(axis=0) - [299 - y, x]).max() < 8


def test_the_brush_has_its_size_in_millimetres(viewer, axial, labels, place_of, at_slice):
    at_slice((3, 24, 24))
    viewer.set_active_segment("LCX")
    viewer.set_tool("paint")
    viewer.set_option("view_brush_mm", 8.0)
    axial.click_at(place_of((3, 24, 24)))
    _, j, i = np.argwhere(labels[2:5] > 0).T
    across = 0.8 * np.array([np.ptp(j) + 1, np.ptp(i) + 1])
    assert (np.abs(across - 8.0) <= 0.81).all()


def test_a_ball_paints_several_slices_and_a_disc_one(viewer, axial, labels, place_of, at_slice):
    at_slice((3, 24, 24))
    viewer.set_active_segment("LCX")
    viewer.set_tool("paint")
    viewer.set_option("view_brush_mm", 14.0)
    axial.click_at(place_of((3, 24, 24)))
    assert set(np.argwhere(labels[:8])[:, 0]) == {3}
    viewer.set_option("view_sphere", True)
    axial.click_at(place_of((3, 24, 24)))
    assert set(np.argwhere(labels[:8])[:, 0]) == {1, 2, 3, 4, 5}


def test_painting_over_a_neighbour_leaves_it(
    viewer, axial, a_session, labels, value_of, place_of, at_slice
):
    rca = labels == value_of("RCA")
    k, j, i = np.argwhere(rca)[0]
    at_slice((k, j, i))
    viewer.set_active_segment("LAD")
    viewer.set_tool("paint")
    viewer.set_option("view_brush_mm", 12.0)
    axial.click_at(place_of((k, j, i)))
    assert np.array_equal(labels == value_of("RCA"), rca)
    assert (labels[k] == value_of("LAD")).any()
    viewer.set_option("view_overwrite", True)
    axial.click_at(place_of((k, j, i)))
    assert not (labels[k] == value_of("RCA")).any()


def test_erasing_does_not_touch_a_neighbour_or_an_organ(
    viewer, axial, a_session, labels, value_of, place_of, at_slice
):
    k, j, i = np.argwhere(labels == value_of("RCA"))[0]
    others = np.where(labels == value_of("RCA"), 0, labels)
    organs = a_session.masks.layers[1].copy()
    at_slice((k, j, i))
    viewer.set_active_segment("RCA")
    viewer.set_tool("erase")
    viewer.set_option("view_brush_mm", 60.0)
    axial.click_at(place_of((k, j, i)))
    assert not (labels[k] == value_of("RCA")).any()
    assert np.array_equal(np.where(labels == value_of("RCA"), 0, labels), others)
    assert np.array_equal(a_session.masks.layers[1], organs)


def test_the_threshold_brush_marks_only_what_is_bright(
    viewer, axial, a_session, labels, value_of, place_of, at_slice
):
    at_slice((6, 21, 21))
    viewer.set_active_segment("LCX")
    viewer.set_tool("threshold_brush")
    viewer.set_option("view_brush_mm", 12.0)
    axial.click_at(place_of((6, 21, 21)))
    marked = (labels == value_of("LCX")) & (np.arange(len(labels)) == 6)[:, None, None]
    assert np.array_equal(marked[6], a_session.volume.array[6, :, :] == 480)


def test_an_outline_is_filled_in_its_slice(viewer, axial, labels, value_of, place_of, at_slice):
    at_slice((3, 12, 24))
    viewer.set_active_segment("LM")
    viewer.set_tool("draw")
    corners = [(3, 9.5, 20.5), (3, 9.5, 27.5), (3, 14.5, 27.5), (3, 14.5, 20.5)]
    axial.stroke(*(place_of(c) for c in corners))
    expected = np.zeros(labels.shape, bool)
    expected[3, 10:15, 21:28] = True
    assert np.array_equal(
        (labels == value_of("LM")) & (np.arange(20) == 3)[:, None, None], expected
    )


def test_scissors_cut_one_slice_or_all(viewer, axial, labels, value_of, place_of, at_slice):
    spine = "SPINE"
    k, (rows, columns) = 10, ((41, 43), (12, 20))
    at_slice((k, 42, 16))
    organ = viewer.session.masks.layers[1]
    viewer.set_active_segment(spine)
    viewer.set_tool("scissors")
    viewer.set_option("view_scissors_mode", "erase_inside")
    viewer.set_option("view_scissors_all", False)
    outline = [
        place_of((k, rows[0] - 0.5, columns[0] - 0.5)),
        place_of((k, rows[0] - 0.5, columns[1] + 0.5)),
        place_of((k, rows[1] + 0.5, columns[1] + 0.5)),
        place_of((k, rows[1] + 0.5, columns[0] - 0.5)),
    ]
    before = organ.copy()
    axial.stroke(*outline)
    assert set(np.argwhere(before != organ)[:, 0]) == {k}
    viewer.undo()
    viewer.set_option("view_scissors_all", True)
    axial.stroke(*outline)
    gone = np.argwhere(before != organ)
    assert set(gone[:, 0]) == set(range(20))
    assert (gone[:, 1].min(), gone[:, 1].max()) == rows
    assert (gone[:, 2].min(), gone[:, 2].max()) == columns
    viewer.undo()
    viewer.set_option("view_scissors_mode", "erase_outside")
    axial.stroke(*outline)
    left = np.argwhere(organ)
    assert (left[:, 1].min(), left[:, 2].max()) == (rows[0], columns[1])
    viewer.set_option("view_scissors_mode", "erase_inside")
    viewer.set_option("view_scissors_all", False)


def test_scissors_cut_in_3d(viewer, a_session, labels, value_of):
    viewer.set_active_segment("RCA")
    viewer.set_tool("scissors")
    width, height = viewer.stage.three_d.render_window().GetSize()
    others = np.where(labels == value_of("RCA"), 0, labels)
    viewer.stage.views["three_d"].draw()
    corners = [(1, 1), (width - 2, 1), (width - 2, height - 2), (1, height - 2)]
    ViewEvents(viewer, "three_d").drag(corners)
    assert not (labels == value_of("RCA")).any()
    assert np.array_equal(np.where(labels == value_of("RCA"), 0, labels), others)


def test_islands(viewer, axial, a_session, labels, value_of, place_of, at_slice):
    lad = value_of("LAD")  # two islands: 24 and 18 voxels
    viewer.set_active_segment("LAD")
    viewer.set_tool("islands")
    viewer.set_option("view_islands_mode", "remove_small")
    viewer.set_option("view_smallest", 20)
    viewer.apply()
    assert np.count_nonzero(labels == lad) == 24
    viewer.undo()
    viewer.set_option("view_islands_mode", "keep_largest")
    viewer.apply()
    assert np.count_nonzero(labels == lad) == 24
    viewer.undo()
    at_slice((12, 15, 35))
    viewer.set_option("view_islands_mode", "remove_clicked")
    axial.click_at(place_of((12, 15, 35)))
    assert np.count_nonzero(labels == lad) == 24
    viewer.undo()
    viewer.set_option("view_islands_mode", "keep_clicked")
    axial.click_at(place_of((12, 15, 35)))
    assert np.count_nonzero(labels == lad) == 18


@pytest.mark.parametrize("method", ["median", "opening", "closing", "gaussian"])
def test_smoothing_changes_only_the_segment(viewer, a_session, labels, value_of, method):
    others = np.where(labels == value_of("LAD"), 0, labels)
    viewer.set_active_segment("LAD")
    viewer.set_tool("smoothing")
    viewer.set_option("view_smoothing", method)
    viewer.set_option("view_kernel_mm", 2.0)
    viewer.apply()
    assert not ((others != 0) & (labels != others)).any()
    assert nodes_agree(viewer, a_session)


@pytest.mark.parametrize("tool", ["classify", "grow"])
def test_a_click_reports_its_place(viewer, axial, place_of, at_slice, tool):
    picked = []
    viewer.on_pick = lambda position, name: picked.append((position, name))
    at_slice((12, 15, 29))
    viewer.set_tool(tool)
    axial.click_at(place_of((12, 15, 29)))
    (position, name), *others = picked
    assert name == tool and not others
    assert np.abs(np.subtract(position, place_of((12, 15, 29)))).max() <= 0.1


def test_a_picked_lesion_is_the_one_under_the_mouse(viewer, axial, a_session, finding_of, at_slice):
    found = []
    viewer.on_pick = lambda position, tool: found.append(a_session.finding_at(position))
    finding = finding_of("RCA")
    viewer.jump(finding.position_lps_mm)
    viewer.set_tool("classify")
    axial.click_at(finding.position_lps_mm)
    assert found == [finding.id]


def test_an_edit_of_a_signed_reading_is_refused_and_said(
    viewer, axial, a_session, labels, at_slice, place_of
):
    said = []
    viewer.on_refused = said.append
    a_session.sign("Dr. Who")
    before = labels.copy()
    at_slice((3, 8, 24))
    viewer.set_tool("paint")
    axial.click_at(place_of((3, 8, 24)))
    assert [error.code for error in said] == ["SIGNED"]
    assert np.array_equal(labels, before) and nodes_agree(viewer, a_session)


def test_edits_made_elsewhere_show(viewer, a_session, finding_of):
    finding = finding_of("RCA")
    viewer.jump(finding.position_lps_mm)
    shot = viewer.screenshot("axial")
    a_session.reassign(finding.id, "LCX")
    assert nodes_agree(viewer, a_session)
    assert viewer.screenshot("axial") != shot
    a_session.undo()
    assert viewer.screenshot("axial") == shot


def test_surfaces_follow_strokes_when_they_pause(viewer, axial, value_of, place_of, at_slice):
    points = viewer.models.surfaces.model("LCX").GetPolyData().GetNumberOfPoints()
    at_slice((3, 24, 24))
    viewer.set_active_segment("LCX")
    viewer.set_tool("paint")
    viewer.set_option("view_brush_mm", 10.0)
    axial.click_at(place_of((3, 24, 24)))
    assert viewer.models.surfaces.model("LCX").GetPolyData().GetNumberOfPoints() == points
    viewer.models.finish()
    assert viewer.models.surfaces.model("LCX").GetPolyData().GetNumberOfPoints() > points


def test_a_landmark_is_dragged(viewer, axial, a_session, finding_of):
    mark = a_session.reading.landmarks[0]
    viewer.jump(mark.position_lps_mm)
    viewer.set_landmarks(True)
    viewer.set_tool("none")
    viewer.stage.views["axial"].draw()
    x, y = axial.pixel_of(mark.position_lps_mm)
    axial.drag([(x, y), (x + 10, y), (x + 30, y)])
    viewer.flush()
    moved = a_session.reading.landmarks[0].position_lps_mm
    mm = viewer.navigator.mm_per_pixel("axial")
    assert np.subtract(moved, mark.position_lps_mm) == pytest.approx([30 * mm, 0, 0], abs=1.5 * mm)
    a_session.undo()
    assert a_session.reading.landmarks[0] == mark
    viewer.set_landmarks(False)


def test_a_highlighted_finding_does_not_change_what_is_painted(
    viewer, axial, labels, value_of, place_of, at_slice, finding_of
):
    viewer.highlight(finding_of("RCA").id)
    assert viewer.state.view_segment == "RCA"
    viewer.set_active_segment("LCX")
    viewer.set_tool("paint")
    at_slice((3, 8, 24))
    axial.click_at(place_of((3, 8, 24)))
    axial.click_at(place_of((3, 14, 24)))
    assert labels[3, 8, 24] == labels[3, 14, 24] == value_of("LCX")
    assert viewer.state.view_segment == "LCX"


def test_a_highlight_ends_with_its_finding(viewer, a_session, labels, value_of, finding_of):
    finding = finding_of("RCA")
    viewer.highlight(finding.id)
    viewer.set_active_segment("RCA")
    a_session.replace_voxels(
        0, (0, 0, 0), np.where(labels == value_of("RCA"), 0, labels).astype(np.uint8), "erase"
    )
    assert viewer.annotations.marked is None
    a_session.undo()


def test_points_of_a_class_used_anew_stay_hidden(viewer, a_session, finding_of):
    a_session.reassign(finding_of("RCA").id, "METAL")
    assert not viewer.presented.findings["METAL"].GetDisplayVisibility()
