"""Devices keep their identity, and go on where they cannot be seen; that is marked."""

from __future__ import annotations

import numpy as np

from readingroom.evaluation.topology import curve_score
from readingroom.readers.guidewire.centerline import trace
from readingroom.readers.guidewire.track import Tracker, tip_path, track
from Testing.fixtures.guidewire_case import curve, probability_of


def seen(*curves: np.ndarray, hidden: slice | None = None) -> list:
    given = probability_of(*curves)
    if hidden is not None:
        given[:, hidden] = 0
    return trace(given, min_length_px=12.0)


def another(frame: int) -> np.ndarray:
    """Return a second wire, far below the first."""
    x = np.linspace(2.0, 70.0, 120)
    return np.column_stack([x, np.full(120, 88.0 - frame)])


def test_two_wires_keep_their_numbers():
    frames = track([seen(curve(t), another(t)) for t in range(5)])
    assert [[one.identity for one in frame] for frame in frames] == [[1, 2]] * 5
    upper = [frame[0].wire.points[:, 1].mean() for frame in frames]
    lower = [frame[1].wire.points[:, 1].mean() for frame in frames]
    assert max(upper) < 60 < min(lower)


def test_the_tip_path_follows_the_push():
    frames = track([seen(curve(t)) for t in range(5)])
    path = tip_path(frames, 1)
    assert path[:, 0].tolist() == [0, 1, 2, 3, 4]
    truth = np.array([curve(t)[-1] for t in range(5)])
    assert np.linalg.norm(path[:, 1:] - truth, axis=1).max() < 2.0


def test_a_hidden_wire_is_predicted_and_then_found_again():
    wires = [seen(curve(t)) for t in range(4)] + [[], []] + [seen(curve(6))]
    frames = track(wires)
    assert [[one.predicted for one in frame] for frame in frames] == [[False]] * 4 + [
        [True],
        [True],
        [False],
    ]
    assert {one.identity for frame in frames for one in frame} == {1}
    guess = frames[5][0].wire
    assert guess.inferred.all()
    assert curve_score([guess.points], [curve(5)], 3.0).recall > 0.9


def test_nothing_is_predicted_for_ever():
    frames = track([seen(curve(t)) for t in range(4)] + [[]] * 5, max_hidden=2)
    assert [len(frame) for frame in frames[4:]] == [1, 1, 0, 0, 0]


def test_a_wire_seen_once_is_not_predicted():
    frames = track([seen(curve(0)), [], []])
    assert [len(frame) for frame in frames] == [1, 0, 0]


def test_what_is_seen_in_a_single_frame_may_be_left_out():
    frames = track([seen(curve(0)), seen(curve(1), another(1)), seen(curve(2))], min_frames=2)
    assert [[one.identity for one in frame] for frame in frames] == [[1], [1], [1]]


def test_a_long_occlusion_in_the_middle_is_bridged_along_the_expected_curve():
    wires = [seen(curve(t)) for t in range(4)] + [seen(curve(4), hidden=slice(25, 75))]
    assert len(wires[4]) == 2
    (whole,) = track(wires)[4]
    assert curve_score([whole.wire.points], [curve(4)], 3.0).f1 > 0.95
    hidden = (whole.wire.points[:, 0] > 30) & (whole.wire.points[:, 0] < 70)
    assert whole.wire.inferred[hidden].all()


def test_an_end_that_vanishes_at_once_is_hidden_and_not_drawn_back():
    wires = [seen(curve(t)) for t in range(4)] + [seen(curve(4), hidden=slice(55, 128))]
    (whole,) = track(wires)[4]
    assert np.hypot(*(whole.wire.tip - curve(4)[-1])) < 6.0
    assert whole.wire.inferred[-1]
    assert not whole.wire.inferred[:20].any()


def a_loop(frame: int) -> np.ndarray:
    """Return a wire whose tip comes back to its own shaft."""
    t = np.linspace(-np.pi / 2, 1.35 * np.pi, 150)
    ring = np.column_stack([70 + 20 * np.cos(t), 40 + 20 * np.sin(t)])
    shaft = np.column_stack([np.linspace(3, 70, 60), np.full(60, 20.0)])
    return np.concatenate([shaft[:-1], ring]) + np.array([0.0, 0.5 * frame])


def test_a_tip_that_comes_back_to_its_own_shaft_does_not_grow():
    frames = track([seen(a_loop(t)) for t in range(8)])
    lengths = [frame[0].wire.length_px for frame in frames]
    assert max(lengths) < 1.1 * min(lengths)
    assert not any(frame[0].wire.inferred.mean() > 0.2 for frame in frames)


def test_a_wire_drawn_back_step_by_step_is_followed():
    lengths = [90.0, 82.0, 74.0, 66.0, 58.0]
    frames = track([seen(curve(0, length)) for length in lengths])
    tips = tip_path(frames, 1)[:, 1]
    assert np.all(np.diff(tips) < -4.0)


def test_a_tracker_that_is_reset_begins_new_numbers():
    tracker = Tracker()
    tracker.update(seen(curve(0)))
    tracker.reset()
    assert [one.identity for one in tracker.update(seen(curve(0)))] == [2]
