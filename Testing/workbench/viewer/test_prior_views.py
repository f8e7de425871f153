"""The prior scan beside the current one: linked in scroll, crosshair, zoom and finding."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.review import ReviewSession
from readingroom.review.prior import open_prior
from Testing.fixtures.review_pair import SHIFT_MM, a_compared_case
from Testing.fixtures.viewevents import ViewEvents
from Testing.workbench.viewer.conftest import SIZE
from Testing.workbench.viewer.test_looking import is_colored, ras

RAS_SHIFT = ras(SHIFT_MM)


@pytest.fixture(scope="module")
def the_pair(the_case, tmp_path_factory):
    return a_compared_case(the_case, tmp_path_factory.mktemp("pair"))


@pytest.fixture
def compared(the_viewer, the_case, the_pair):
    """The viewer with the later scan and the earlier one side by side."""
    later, earlier = the_pair
    session = ReviewSession.open(later, study=the_case.study, autosave=False)
    the_viewer.set_layout("four_up")
    the_viewer.show(session)
    for view in the_viewer.prior.views.values():
        view.adapter.update_size("test", dict(SIZE))
    the_viewer.show_prior(open_prior(session.reading, session.volume, earlier))
    yield the_viewer
    the_viewer.set_slab(0.0, "max")
    the_viewer.on_prior = lambda layout: None
    the_viewer.clear()
    session.close()


def prior_of(viewer, name="prior_axial"):
    return viewer.prior.views[name]


def drawn(viewer, name="prior_axial") -> np.ndarray:
    """Return the picture in grey or colour, ``[row, column, rgb]``."""
    picture = prior_of(viewer, name).draw().astype(int)
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)


def finding_of(viewer, label="RCA"):
    return next(f for f in viewer.session.reading.findings if f.label == label)


def test_both_scans_are_shown_in_pairs(compared):
    assert compared.state.view_shown == ["axial", "coronal", "prior_axial", "prior_coronal"]
    views = compared.stage.views.items()
    assert [n for n, view in views if not view.view.is_render_blocked] == ["axial", "coronal"]


def test_the_same_anatomy_lies_at_the_same_pixel(compared):
    """The phantom is the same at both times: linked by its transform, so are the pictures."""
    compared.jump(finding_of(compared).position_lps_mm)
    compared.masks.style.opacity = 0.0
    compared.masks.changed()
    now = compared.stage.views["axial"].draw().astype(int)
    then = prior_of(compared).draw().astype(int)
    now, then = (one[..., 0] if one.ndim == 3 else one for one in (now, then))

    compared.masks.style.opacity = 1.0
    assert now.max() > 200
    assert np.abs(now - then).mean() < 3.0


def test_scrolling_either_moves_both(compared):
    before = prior_of(compared).geometry()[0][:3, 3]
    step = compared.session.volume.spacing_mm[0]
    compared.scroll("axial", 1)
    after_one = prior_of(compared).geometry()[0][:3, 3]
    compared.scroll("prior_axial", 1)
    after_two = prior_of(compared).geometry()[0][:3, 3]

    assert np.allclose(after_one - before, [0, 0, step], atol=1e-3)
    assert np.allclose(after_two - before, [0, 0, 2 * step], atol=1e-3)


def test_the_crosshair_of_the_prior_lies_where_the_place_was_then(compared):
    place = finding_of(compared).position_lps_mm
    compared.navigator.link(ras(place))

    assert np.allclose(compared.prior.place(), ras(place) + RAS_SHIFT, atol=0.02)
    now = compared.annotations.of_slice("axial")["lines"]
    then = prior_of(compared).annotation()["lines"]
    assert then == pytest.approx(now, abs=0.3)


def test_a_click_into_the_prior_links_the_current_views(compared):
    place = np.array(finding_of(compared, "LAD").position_lps_mm)
    compared.navigator.link(ras(place))
    x, y = ViewEvents(compared, "axial").pixel_of(np.add(place, [6.0, -5.0, 0.0]))
    click(compared, [(x, y)])

    pixel = compared.navigator.mm_per_pixel("axial")
    there = ras(np.add(place, [6.0, -5.0, 0.0]))
    assert np.allclose(compared.navigator.crossing(), there, atol=pixel)


def click(viewer, pixels) -> None:
    """Press, move and release the left button over the prior axial view."""
    window = prior_of(viewer).adapter._rca
    (x, y), *others = pixels
    window.process_interaction_event({"type": "LeftButtonPress", "x": x, "y": y})
    for u, v in others:
        window.process_interaction_event({"type": "MouseMove", "x": u, "y": v})
    window.process_interaction_event({"type": "LeftButtonRelease", "x": x, "y": y})


def test_a_drag_over_the_prior_sets_the_window_of_both_and_marks_nothing(compared):
    compared.set_tool("paint")
    center, width = compared.navigator.window()
    click(compared, [(100, 100), (150, 90)])

    assert compared.navigator.window() == (center - 20, width + 100)
    assert not compared.session.can_undo
    compared.set_tool("none")


def test_other_buttons_over_the_prior_do_what_they_do_over_the_current_view(compared, monkeypatch):
    taken = []
    monkeypatch.setattr(compared.stage.views["axial"], "take", taken.append)
    window = prior_of(compared).adapter._rca
    kinds = ["RightButtonPress", "MouseMove", "RightButtonRelease", "MiddleButtonPress"]
    for kind in kinds:
        window.process_interaction_event({"type": kind, "x": 200, "y": 100})

    assert [event["type"] for event in taken] == kinds


def test_the_prior_has_the_scale_of_the_current_view(compared):
    compared.stage.slices["axial"].get_view_node().SetFieldOfView(20.0, 15.0, 1.0)
    shown = np.linalg.norm(prior_of(compared).geometry()[0][:3, 0])

    assert shown == pytest.approx(compared.navigator.mm_per_pixel("axial"), rel=1e-6)


def test_the_selected_finding_stands_out_in_both(compared):
    finding = finding_of(compared)
    compared.highlight(finding.id)
    compared.jump(finding.position_lps_mm)
    marker = prior_of(compared).annotation()["marker"]

    assert marker["through"]
    picture = drawn(compared)
    x = (marker["x"] + marker["w"] / 2) / 100 * picture.shape[1]
    y = (marker["y"] + marker["h"] / 2) / 100 * picture.shape[0]
    around = picture[int(y) - 14 : int(y) + 14, int(x) - 14 : int(x) + 14]
    assert (around.min(axis=2) > 240).any()  # the white outline
    compared.highlight(None)
    assert prior_of(compared).annotation()["marker"] is None
    assert is_colored(drawn(compared)).any()  # its masks have their classes' colours again


def test_a_jump_shows_the_counterpart_even_where_the_link_is_a_little_off(compared):
    """Registration leaves some millimetres; the matched finding itself says where it was."""
    finding = finding_of(compared)
    off = compared.prior.shown.reading.finding(finding.id)
    there = np.array(off.position_lps_mm)
    off.position_lps_mm = tuple(np.add(there, [4.0, 0.0, 0.0]))
    compared.highlight(finding.id)
    compared.jump(finding.position_lps_mm)

    assert np.allclose(compared.prior.place(), ras(np.add(there, [4.0, 0.0, 0.0])), atol=0.02)
    off.position_lps_mm = tuple(there)


def test_a_slab_is_as_thick_in_both(compared):
    compared.set_slab(0.0, "max")
    compared.jump(finding_of(compared).position_lps_mm)
    compared.stage.views["axial"].draw()
    thin = drawn(compared).sum()
    compared.set_slab(40.0, "max")
    compared.stage.views["axial"].draw()
    assert drawn(compared).sum() > 1.02 * thin


def test_letters_and_place_are_those_of_the_prior(compared):
    compared.jump(finding_of(compared).position_lps_mm)
    info = prior_of(compared).annotation()
    z = finding_of(compared).position_lps_mm[2] + SHIFT_MM[2]

    assert (info["left"], info["right"], info["top"]) == ("R", "L", "A")
    assert info["place"] == f"{'I' if z < 0 else 'S'} {abs(z):.1f}"


def test_a_view_is_made_larger_together_with_its_prior(compared):
    compared.toggle_alone("prior_axial")
    assert compared.state.view_shown == ["axial", "prior_axial"]
    compared.toggle_alone("axial")
    assert compared.state.view_layout == "prior"


def test_without_a_prior_the_page_is_asked_and_nothing_changes(viewer):
    wanted = []
    viewer.on_prior = wanted.append
    viewer.set_layout("prior")

    assert wanted == ["prior"]
    assert viewer.state.view_layout == "four_up"
    viewer.on_prior = lambda layout: None


def test_the_next_case_begins_without_the_prior_of_the_last(compared, a_session):
    compared.show(a_session)

    assert compared.state.view_layout == "four_up"
    assert compared.prior.shown is None and compared.prior.marked is None
