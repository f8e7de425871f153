from __future__ import annotations

import io
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from readingroom.review import ReviewSession
from readingroom.workbench.viewer.layouts import LAYOUTS, SLICES
from Testing.fixtures.viewevents import ViewEvents
from Testing.workbench.viewer.conftest import a_viewer


def ras(lps) -> np.ndarray:
    return np.array([-lps[0], -lps[1], lps[2]])


def center_of(viewer, name: str) -> np.ndarray:
    node = viewer.stage.slices[name].get_view_node()
    matrix = node.GetSliceToRAS()
    return np.array([matrix.GetElement(row, 3) for row in range(3)])


def plane_distance(viewer, name: str, lps) -> float:
    matrix = viewer.stage.slices[name].get_view_node().GetSliceToRAS()
    normal = np.array([matrix.GetElement(row, 2) for row in range(3)])
    return float(abs(normal @ (ras(lps) - center_of(viewer, name))))


def pixels(viewer, name: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(viewer.screenshot(name)))).astype(int)


def near(viewer, name: str, lps, half: int = 12) -> np.ndarray:
    """Return the pixels around a position in a slice view."""
    shot = pixels(viewer, name)
    x, y = ViewEvents(viewer, name).pixel_of(lps)
    row = shot.shape[0] - 1 - y
    return shot[max(row - half, 0) : row + half, max(x - half, 0) : x + half].reshape(-1, 3)


def is_colored(picture: np.ndarray) -> np.ndarray:
    return np.ptp(picture, axis=-1) > 40


def test_the_first_view_shows_the_whole_image_in_the_readers_window(viewer, a_session):
    preset = a_session.reader.window_presets[0]
    assert viewer.navigator.window() == (preset.center, preset.width)
    assert viewer.state.view_window == preset.name
    for name in SLICES:
        assert viewer.navigator.is_fitted(name)
        assert pixels(viewer, name).max() > 100


def test_a_jump_centres_all_views_on_the_point(viewer, finding_of):
    place = finding_of("RCA").position_lps_mm
    viewer.jump(place)
    for name in SLICES:
        assert np.allclose(center_of(viewer, name), ras(place), atol=1e-3)
    focal = viewer.stage.three_d.get_camera_node().GetFocalPoint()
    assert np.allclose(focal, ras(place), atol=1e-3)


def test_a_jump_keeps_the_zoom_of_the_reader(viewer, finding_of):
    viewer.jump(finding_of("RCA").position_lps_mm)
    node = viewer.stage.slices["axial"].get_view_node()
    node.SetFieldOfView(20.0, 15.0, 1.0)
    viewer.jump(finding_of("LM").position_lps_mm)
    assert node.GetFieldOfView()[:2] == pytest.approx((20.0, 15.0))


def test_right_is_on_the_left_of_axial_and_coronal(viewer):
    info = {name: viewer.annotations.of_slice(name) for name in SLICES}
    edges = {n: tuple(info[n][side] for side in ("left", "right", "top", "bottom")) for n in SLICES}
    assert edges == {
        "axial": ("R", "L", "A", "P"),
        "coronal": ("R", "L", "S", "I"),
        "sagittal": ("A", "P", "S", "I"),
    }


def test_the_letters_agree_with_the_pixels(viewer, finding_of):
    """RCA and LAD lie 16 columns apart: the one more to the patient's left is more to the right."""
    events = ViewEvents(viewer, "axial")
    right, left = sorted(
        (finding_of("RCA").position_lps_mm, finding_of("LAD").position_lps_mm)
    )  # LPS: larger x is more to the left of the patient
    assert events.pixel_of(right)[0] < events.pixel_of(left)[0]


def test_the_corner_says_on_which_side_a_slice_lies(viewer, finding_of):
    x, y, z = finding_of("RCA").position_lps_mm
    viewer.jump((x, y, z))
    for name, value, ends in (("sagittal", x, "RL"), ("coronal", y, "AP"), ("axial", z, "IS")):
        letter, mm = viewer.annotations.of_slice(name)["slice"]["place"].split()
        assert letter == ends[value > 0]
        assert float(mm) == pytest.approx(abs(value), abs=1.3)  # half a slice


def test_the_wheel_scrolls_by_whole_slices(viewer, axial, a_session):
    before = viewer.annotations.of_slice("axial")["slice"]
    axial.wheel(2)
    after = viewer.annotations.of_slice("axial")["slice"]
    assert after["number"] - before["number"] == 2
    assert after["count"] == a_session.volume.shape[0]
    assert after["mm"] - before["mm"] == pytest.approx(2 * a_session.volume.spacing_mm[0], abs=0.11)


def test_a_turn_of_the_wheel_in_the_page_moves_one_view(viewer):
    before = {name: viewer.annotations.of_slice(name)["slice"]["number"] for name in SLICES}
    viewer.scroll("coronal", -3)
    after = {name: viewer.annotations.of_slice(name)["slice"]["number"] for name in SLICES}
    assert after == {**before, "coronal": before["coronal"] - 3}


def test_a_click_links_the_other_slices(viewer, axial, finding_of):
    viewer.set_tool("none")
    place = finding_of("LAD").position_lps_mm
    viewer.navigator.link(ras(place))
    there = np.add(place, [6.0, -5.0, 0.0])
    axial.click_at(there)
    pixel = viewer.navigator.mm_per_pixel("axial")
    assert plane_distance(viewer, "sagittal", there) <= pixel
    assert plane_distance(viewer, "coronal", there) <= pixel
    assert plane_distance(viewer, "axial", there) <= 1e-3


def test_the_crosshair_lies_where_the_other_slices_cut(viewer, finding_of):
    place = finding_of("LAD").position_lps_mm
    viewer.navigator.link(ras(place))
    for name in SLICES:
        lines = viewer.annotations.of_slice(name)["lines"]
        x, y = ViewEvents(viewer, name).pixel_of(place)
        assert lines["x"] == pytest.approx(100 * (x + 0.5) / 400, abs=0.3)
        assert lines["y"] == pytest.approx(100 - 100 * (y + 0.5) / 300, abs=0.3)
    viewer.set_crosshair(False)
    assert viewer.annotations.of_slice("axial")["lines"] is None


def test_a_drag_sets_the_window(viewer, axial):
    viewer.set_tool("none")
    center, width = viewer.navigator.window()
    axial.drag([(100, 100), (150, 90)])
    assert viewer.navigator.window() == (center - 20, width + 100)
    assert (viewer.state.view_center, viewer.state.view_width) == (center - 20, width + 100)
    assert viewer.state.view_window == ""


def test_the_right_button_zooms_and_the_middle_one_moves(viewer, axial):
    mm, middle = viewer.navigator.mm_per_pixel("axial"), center_of(viewer, "axial")
    axial.drag([(200, 150), (200, 180)], button="Right")
    assert viewer.navigator.mm_per_pixel("axial") != pytest.approx(mm)
    pixel = ViewEvents(viewer, "axial").pixel_of([-middle[0], -middle[1], middle[2]])
    axial.drag([(200, 150), (230, 150)], button="Middle")
    moved = ViewEvents(viewer, "axial").pixel_of([-middle[0], -middle[1], middle[2]])
    assert moved[0] - pixel[0] == pytest.approx(30, abs=1)


def test_a_slab_projects_the_brightest_and_shows_the_masks_of_the_whole_slab(viewer, finding_of):
    place = finding_of("RCA").position_lps_mm
    away = (place[0], place[1], place[2] - 4 * 3.0)
    viewer.navigator.link(ras(away))
    assert not is_colored(near(viewer, "axial", place)).any()
    plain = near(viewer, "axial", place).max()
    viewer.set_slab(30.0, "max")
    assert is_colored(near(viewer, "axial", place)).any()
    assert near(viewer, "axial", place).max() > plain
    viewer.set_slab(0.0)
    assert near(viewer, "axial", place).max() == plain


@pytest.mark.parametrize("slab_mm", [0.0, 12.0])
@pytest.mark.parametrize("name", SLICES)
def test_a_slice_looks_the_same_with_and_without_opengl(viewer, finding_of, name, slab_mm):
    for zoomed in (False, True):
        if zoomed:
            viewer.jump(finding_of("RCA").position_lps_mm)
        viewer.highlight(finding_of("RCA").id)
        viewer.set_slab(slab_mm, "mean")
        quick = pixels(viewer, name)
        slow = viewer.stage.views[name].draw_by_opengl().astype(int)
        assert np.abs(quick - slow).max() <= 1  # masks are mixed in other roundings


def test_landmarks_are_drawn_though_only_opengl_can(viewer, a_session):
    viewer.jump(a_session.reading.landmarks[0].position_lps_mm)
    plain = pixels(viewer, "axial")
    viewer.set_landmarks(True)
    assert (pixels(viewer, "axial") != plain).any()
    viewer.set_landmarks(False)
    assert np.array_equal(pixels(viewer, "axial"), plain)


def test_slab_modes_differ(viewer, finding_of):
    viewer.navigator.link(ras(finding_of("RCA").position_lps_mm))
    viewer.set_opacity(0.0)
    means = {}
    for mode in ("max", "mean", "min"):
        viewer.set_slab(12.0, mode)
        means[mode] = pixels(viewer, "axial").mean()
    viewer.set_opacity(1.0)
    assert means["max"] > means["mean"] > means["min"]


@pytest.mark.parametrize("label", ["RCA", "LAD", "LCX"])
def test_a_finding_has_the_colour_of_its_class_in_every_slice(viewer, finding_of, label):
    finding = finding_of(label)
    viewer.jump(finding.position_lps_mm)
    color = np.array(viewer.masks.style.colors[label])
    for name in SLICES:
        seen = near(viewer, name, finding.position_lps_mm)
        tinted = seen[is_colored(seen)]
        assert len(tinted)
        hue = tinted[np.ptp(tinted, axis=1).argmax()] / 255
        assert np.argmax(hue) == np.argmax(color) and np.argmin(hue) == np.argmin(color)


def test_the_list_says_what_is_shown_where(viewer):
    shown = {row["name"]: (row["slices"], row["three_d"]) for row in viewer.state.view_segments}
    assert shown["RCA"] == (True, True)
    assert shown["SPINE"] == (False, False)


def test_a_hidden_segment_is_not_drawn(viewer, finding_of):
    finding = finding_of("RCA")
    viewer.jump(finding.position_lps_mm)
    viewer.set_segment_visible("RCA", False)
    assert not is_colored(near(viewer, "axial", finding.position_lps_mm)).any()
    row = next(r for r in viewer.state.view_segments if r["name"] == "RCA")
    assert (row["slices"], row["three_d"]) == (False, False)
    viewer.set_segment_visible("RCA", True)
    assert is_colored(near(viewer, "axial", finding.position_lps_mm)).any()


def test_the_highlighted_finding_stands_out_in_every_view(viewer, finding_of):
    finding = finding_of("RCA")
    viewer.jump(finding.position_lps_mm)
    plain = {name: pixels(viewer, name) for name in (*SLICES, "three_d")}
    viewer.highlight(finding.id)
    for name in SLICES:
        changed = np.any(pixels(viewer, name) != plain[name], axis=-1)
        bright = (pixels(viewer, name) > 240).all(axis=-1)
        assert (changed & bright).any()
        marker = viewer.annotations.of_slice(name)["marker"]
        assert marker["through"]
        assert marker["x"] < 50 < marker["x"] + marker["w"]
        assert marker["y"] < 50 < marker["y"] + marker["h"]
    assert np.any(pixels(viewer, "three_d") != plain["three_d"])
    assert viewer.annotations.of_three_d()["marker"] is not None
    viewer.highlight(None)
    for name in SLICES:
        assert np.array_equal(pixels(viewer, name), plain[name])


def test_a_marker_is_faint_where_the_slice_misses_the_finding(viewer, finding_of):
    finding = finding_of("RCA")
    viewer.jump(finding.position_lps_mm)
    viewer.highlight(finding.id)
    viewer.navigator.scroll("axial", 4)
    assert not viewer.annotations.of_slice("axial")["marker"]["through"]


@pytest.mark.parametrize("name", [n for n, layout in LAYOUTS.items() if not layout.compares])
def test_only_the_views_of_a_layout_are_drawn(viewer, name):
    viewer.set_layout(name)
    shown = LAYOUTS[name].views
    assert viewer.state.view_shown == shown
    drawn = [n for n, view in viewer.stage.views.items() if not view.view.is_render_blocked]
    assert drawn == [n for n in viewer.stage.views if n in shown]


def test_a_double_click_shows_a_view_alone_and_back(viewer):
    viewer.set_layout("one_plus_three")
    viewer.toggle_alone("coronal")
    assert viewer.state.view_layout == "coronal"
    viewer.toggle_alone("coronal")
    assert viewer.state.view_layout == "one_plus_three"


def test_surfaces_are_where_the_findings_are(viewer, finding_of):
    data = viewer.models.surfaces.model("RCA").GetPolyData()
    bounds = np.array(data.GetBounds()).reshape(3, 2)
    place = ras(finding_of("RCA").position_lps_mm)
    assert data.GetNumberOfPoints() > 0
    assert ((bounds[:, 0] - 1 <= place) & (place <= bounds[:, 1] + 1)).all()
    assert is_colored(pixels(viewer, "three_d")).any()


def test_a_class_has_one_colour_in_slices_in_3d_and_in_the_list(viewer, a_session):
    title = {one.label: one.color for one in a_session.reader.finding_classes}
    lad = next(s for s in a_session.masks.segments if s.name == "LAD")
    other = replace(lad, color=(1.0, 0.0, 0.0))  # as an older version wrote it
    a_session.masks.segments[a_session.masks.segments.index(lad)] = other
    viewer.show(a_session)
    viewer.models.finish()
    drawn = viewer.models.surfaces.model("LAD").GetDisplayNode().GetColor()
    assert drawn == pytest.approx(title["LAD"])
    assert viewer.masks.style.colors["LAD"] == title["LAD"]
    row = next(r for r in viewer.state.view_segments if r["name"] == "LAD")
    assert row["color"] == f"rgb({','.join(str(round(255 * c)) for c in title['LAD'])})"
    assert row["short"]["en"] == "LAD"


def test_organs_are_light_and_appear_when_asked(viewer):
    assert "SPINE" not in viewer.models.surfaces.names()
    viewer.set_segment_in_3d("SPINE", True)
    viewer.models.finish()
    display = viewer.models.surfaces.model("SPINE").GetDisplayNode()
    assert display.GetOpacity() < 0.5
    assert viewer.models.surfaces.model("RCA").GetDisplayNode().GetOpacity() == 1.0


def test_a_resized_view_shows_the_whole_image_again(viewer):
    view = viewer.stage.views["axial"]
    view.adapter.update_size("test", {"w": 600, "h": 200, "p": 1})
    assert viewer.navigator.is_fitted("axial")
    width, height, _ = viewer.stage.slices["axial"].get_view_node().GetDimensions()
    assert (width, height) == (600, 200)
    view.adapter.update_size("test", {"w": 0, "h": 0, "p": 1})  # hidden: keeps its size
    assert viewer.stage.slices["axial"].render_window().GetSize() == (600, 200)
    view.adapter.update_size("test", {"w": 400, "h": 300, "p": 1})


def test_two_viewers_do_not_see_each_other(viewer, a_session, the_case, tmp_path, finding_of):
    other = a_viewer("second-browser")
    place = shutil.copytree(the_case.folder, tmp_path / "other")
    session = ReviewSession.open(place, study=the_case.study, autosave=False)
    other.show(session)
    before = a_session.masks.layers[0].copy()
    shots = pixels(viewer, "axial")
    other.jump(finding_of("RCA").position_lps_mm)
    other.set_window(0.0, 50.0)
    other.set_tool("paint")
    other.set_active_segment("LAD")
    ViewEvents(other, "axial").click_at(finding_of("RCA").position_lps_mm + np.array([8.0, 0, 0]))
    assert session.can_undo and not a_session.can_undo
    assert np.array_equal(a_session.masks.layers[0], before)
    assert np.array_equal(pixels(viewer, "axial"), shots)
    assert viewer.state.view_tool == "none" and other.state.view_tool == "paint"
    other.clear()
    session.close()


def test_a_resize_does_not_leave_the_slice(viewer, finding_of):
    place = finding_of("LM").position_lps_mm
    viewer.navigator.link(ras(place))
    before = center_of(viewer, "axial")
    viewer.stage.views["axial"].adapter.update_size("test", {"w": 500, "h": 280, "p": 1})
    assert np.allclose(center_of(viewer, "axial"), before)
    assert viewer.navigator.is_fitted("axial")
    viewer.stage.views["axial"].adapter.update_size("test", {"w": 400, "h": 300, "p": 1})


def test_the_corners_are_written_in_the_language_of_the_page(viewer, a_session):
    patient = replace(a_session.study.patient, sex="F", age_years=61.0, birth_date="")
    a_session.study = replace(a_session.study, patient=patient)
    for language, line in (("zh", "女 · 61 岁"), ("en", "F · 61 y")):
        with viewer.state:
            viewer.state.page_lang = language
        viewer.state.flush()
        assert viewer.state.view_header["left"][-1] == line
