"""Correcting without a network: curves that cling, one-click marking, carrying on."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.evaluation.topology import curve_score
from readingroom.readers.guidewire.livewire import follow, live_wire, propagate
from readingroom.readers.guidewire.ridge import ridges
from Testing.fixtures.guidewire_case import SHAPE, curve, frames


@pytest.fixture(scope="module")
def evidence() -> list[np.ndarray]:
    return [ridges(frame.astype(np.float32)) for frame in frames()]


def test_three_clicks_give_the_whole_wire(evidence):
    clicks = [curve(0)[0], curve(0)[100], curve(0)[-1]]
    points = live_wire(evidence[0], clicks)
    assert curve_score([points], [curve(0)], 1.5).f1 > 0.95


def test_without_anything_to_cling_to_the_path_is_nearly_straight():
    points = live_wire(np.zeros((60, 80), np.float32), [(10, 30), (70, 30)])
    assert np.abs(points[:, 1] - 30).max() < 1.0


def test_clicks_at_the_very_corner_do_no_harm():
    points = live_wire(np.zeros((60, 80), np.float32), [(0, 0), (79, 59)])
    assert np.isfinite(points).all()


def test_a_curve_is_carried_to_the_next_frame(evidence):
    points, share = follow(curve(0), evidence[0], evidence[1])
    assert curve_score([points], [curve(1)], 2.0).recall > 0.9
    assert share > 0.8


def test_a_correction_reaches_the_neighbours_on_both_sides(evidence):
    carried = propagate(curve(3), evidence, 3, reach=2)
    assert [one.frame for one in carried] == [1, 2, 4, 5]
    for one in carried:
        # The tip moves on by 2 px a frame, which a carried curve does not know.
        assert curve_score([one.points], [curve(one.frame)], 2.5).recall > 0.85


def test_it_stops_where_nothing_is_left_to_follow(evidence):
    empty = [np.full_like(evidence[0], 1e-3) for _ in range(2)]
    noise = np.random.default_rng(1).normal(size=(2, *SHAPE[1:])).astype(np.float32)
    blank = [ridges(picture) + 0 * e for picture, e in zip(noise, empty, strict=True)]
    carried = propagate(curve(1), [evidence[0], evidence[1], *blank], 1, reach=3)
    assert [one.frame for one in carried] == [0]


def test_a_wire_is_the_strongest_thing_in_the_picture(evidence):
    x, y = np.rint(curve(0)[20:-20]).astype(int).T
    assert np.median(evidence[0][y, x]) > 8 * np.median(evidence[0])
