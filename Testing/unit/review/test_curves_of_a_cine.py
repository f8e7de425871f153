"""A device corrected as a curve: redrawn, clinging, carried to its neighbours, undone."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom import folder
from readingroom.errors import RefusedInput
from readingroom.evaluation.topology import curve_score
from readingroom.review import ReviewSession, curves
from Testing.fixtures.guidewire_case import SHAPE, a_reading, a_study, curve


def wrong(frame: int) -> np.ndarray:
    """Return a curve well beside the wire."""
    return curve(frame) + np.array([0.0, 9.0])


@pytest.fixture
def a_session(tmp_path):
    """A reading whose wire lies beside the real one in every frame but frame 2."""
    study = a_study()
    places = [[curve(t) if t == 2 else wrong(t)] for t in range(SHAPE[0])]
    folder.save(a_reading(study, places), tmp_path / "r")
    session = ReviewSession.open(tmp_path / "r", study=study, reviewer="r", autosave=False)
    yield session
    session.close()


def points_at(session: ReviewSession, frame: int) -> np.ndarray:
    (finding,) = [f for f in session.reading.findings if f.attributes["frame"] == frame]
    return np.array(finding.attributes["centerline_xy_px"])


def id_at(session: ReviewSession, frame: int) -> str:
    return next(f.id for f in session.reading.findings if f.attributes["frame"] == frame)


def right(session: ReviewSession, frame: int) -> float:
    return curve_score([points_at(session, frame)], [curve(frame)], 2.5).recall


def test_a_redrawn_curve_is_the_finding_and_can_be_undone(a_session):
    target = id_at(a_session, 4)
    before = points_at(a_session, 4)
    curves.redraw(a_session, target, curve(4))
    assert id_at(a_session, 4) == target
    assert curve_score([points_at(a_session, 4)], [curve(4)], 1.0).f1 > 0.95
    assert a_session.undo_text == "curve"
    a_session.undo()
    assert np.array_equal(points_at(a_session, 4), before)


def test_three_clicks_cling_to_the_wire(a_session):
    points = curves.clung(a_session, 0, [curve(0)[0], curve(0)[90], curve(0)[-1]])
    assert curve_score([points], [curve(0)], 1.5).f1 > 0.95


def test_the_right_curve_is_carried_to_its_neighbours_in_one_edit(a_session):
    assert right(a_session, 1) < 0.2
    assert curves.carry(a_session, id_at(a_session, 2), reach=2) == [0, 1, 3, 4]
    assert min(right(a_session, frame) for frame in (0, 1, 3, 4)) > 0.85
    assert right(a_session, 5) < 0.2
    assert len(a_session.reading.findings) == SHAPE[0]
    a_session.undo()
    assert right(a_session, 1) < 0.2


def test_what_a_person_accepted_stays(a_session):
    a_session.accept(id_at(a_session, 3))
    assert curves.carry(a_session, id_at(a_session, 2), reach=3) == [0, 1]


def test_what_is_not_there_is_refused(a_session):
    with pytest.raises(RefusedInput, match="FINDING_UNKNOWN"):
        curves.redraw(a_session, "W99", curve(0))


def test_a_few_points_hold_the_whole_curve():
    points = curves.handles(curve(3))

    assert 4 <= len(points) <= 10
    assert np.allclose(points[[0, -1]], curve(3)[[0, -1]], atol=0.01)
    assert curve_score([curves.through(points)], [curve(3)], 1.0).f1 > 0.999


def test_a_line_needs_no_more_points_than_a_line_can_be_bent_by():
    line = np.column_stack([np.linspace(0.0, 50.0, 200), np.full(200, 8.0)])

    assert len(curves.handles(line)) == 4
    assert np.allclose(curves.through(curves.handles(line))[:, 1], 8.0)


def test_points_on_one_another_are_one():
    doubled = np.array([[0.0, 0.0], [0.0, 0.1], [10.0, 0.0], [20.0, 5.0]])

    assert np.isfinite(curves.through(doubled)).all()
    assert len(curves.through([[3.0, 3.0], [3.0, 3.0]])) == 1
