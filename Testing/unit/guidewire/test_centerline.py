"""Probability maps become ordered, unbroken centrelines, and what is bridged is marked."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.evaluation.topology import curve_length, curve_score, score_frame
from readingroom.readers.guidewire.centerline import trace
from readingroom.readers.guidewire.centerlinecurve import spline
from Testing.fixtures.guidewire_case import curve, mask_of, probability_of

WIRE = curve()


def a_cross() -> np.ndarray:
    """Return a wire that crosses `WIRE` steeply."""
    return np.column_stack([np.linspace(40, 75, 100), np.linspace(92, 6, 100)])


def test_a_wire_is_found_to_a_fraction_of_a_pixel():
    (wire,) = trace(probability_of(WIRE))
    score = curve_score([wire.points], [WIRE], 0.5)
    assert score.f1 > 0.97
    assert wire.radius_px == pytest.approx(1.5, abs=0.3)
    assert not wire.inferred.any()
    assert wire.confidence > 0.9
    assert curve_length(wire.points) == pytest.approx(curve_length(WIRE), abs=3.0)


def test_it_runs_from_the_border_to_the_tip():
    (wire,) = trace(probability_of(WIRE))
    assert np.hypot(*(wire.tip - WIRE[-1])) < 1.5
    assert wire.direction @ (WIRE[-1] - WIRE[-12]) > 0


@pytest.mark.parametrize("kind", [np.bool_, np.float32, np.uint8])
def test_masks_floats_and_bytes_say_the_same(kind):
    given = probability_of(WIRE)
    maps = {np.bool_: given >= 128, np.float32: given / np.float32(255), np.uint8: given}
    (wire,) = trace(maps[kind])
    assert curve_score([wire.points], [WIRE], 1.0).f1 > 0.98


def test_a_gap_is_bridged_and_marked():
    given = probability_of(WIRE)
    given[:, 45:60] = 0
    (wire,) = trace(given)
    score = score_frame([wire.points], [WIRE])
    assert score.breaks == 0
    assert score.f1_2px.f1 > 0.97
    inside = (wire.points[:, 0] > 46) & (wire.points[:, 0] < 58)
    assert wire.inferred[inside].all()
    assert not wire.inferred[(wire.points[:, 0] < 42) | (wire.points[:, 0] > 63)].any()


def test_a_one_pixel_cut_is_closed_as_in_the_cut_test():
    given = probability_of(WIRE)
    given[:, 50] = 0
    (wire,) = trace(given)
    assert score_frame([wire.points], [WIRE]).breaks == 0


def test_a_long_gap_is_not_bridged():
    given = probability_of(WIRE)
    given[:, 30:70] = 0
    assert len(trace(given, max_gap_px=20.0, min_length_px=10.0)) == 2


def test_a_bridge_follows_faint_evidence():
    bend = np.array([[10, 20], [40, 20], [50, 32], [60, 20], [90, 20]], float)
    whole = spline(
        np.column_stack(
            [
                np.interp(np.arange(81), np.arange(81), np.linspace(10, 90, 81)),
                np.interp(np.linspace(10, 90, 81), bend[:, 0], bend[:, 1]),
            ]
        )
    )
    given = probability_of(whole, shape=(60, 100))
    faint = given.copy()
    faint[:, 42:58] = given[:, 42:58] // 3
    (wire,) = trace(faint)
    bottom = wire.points[np.abs(wire.points[:, 0] - 50).argmin(), 1]
    assert bottom > 27.0


def test_two_wires_that_cross_stay_two():
    wires = trace(probability_of(WIRE, a_cross()))
    assert len(wires) == 2
    score = score_frame([wire.points for wire in wires], [WIRE, a_cross()])
    assert score.f1_2px.f1 > 0.97
    assert score.breaks == 0


def test_a_wire_that_crosses_itself_is_one():
    t = np.linspace(0, 2 * np.pi, 400)
    loop = np.column_stack([20 + 14 * t - 26 * np.sin(t), 60 - 22 * (1 - np.cos(t))])
    (wire,) = trace(probability_of(loop))
    assert score_frame([wire.points], [loop]).f1_2px.f1 > 0.95


def test_specks_are_no_wires_and_nothing_gives_nothing():
    specks = np.zeros((96, 128), np.uint8)
    specks[10:13, 10:16] = 255
    specks[60:62, 90:100] = 255
    assert trace(specks) == []
    assert trace(np.zeros((96, 128), np.uint8)) == []


def test_a_full_mask_does_not_take_for_ever():
    assert isinstance(trace(np.ones((96, 128), bool)), list)


def test_a_catheter_is_told_from_the_wire_that_leaves_it():
    sheath = WIRE[:80]
    beyond = WIRE[60:]
    found = trace(probability_of(beyond), probability_of(sheath, radius=4.0))
    assert [one.kind for one in found] == ["wire", "catheter"]
    assert found[1].radius_px == pytest.approx(4.0, abs=0.7)
    # The wire comes out of the catheter, and the catheter from the border.
    assert np.hypot(*(found[0].tip - WIRE[-1])) < 1.5
    assert np.hypot(*(found[1].tip - sheath[-1])) < 3.0


def test_a_wire_that_is_also_called_a_catheter_is_reported_once():
    found = trace(probability_of(WIRE), probability_of(WIRE))
    assert [one.kind for one in found] == ["wire"]
    inside = trace(probability_of(WIRE), probability_of(WIRE, radius=4.0))
    assert [one.kind for one in inside] == ["wire", "catheter"]


def test_the_border_cuts_a_wire_without_harm():
    mask = mask_of(np.column_stack([np.linspace(-20, 150, 300), np.full(300, 40.0)]))
    (wire,) = trace(mask)
    assert wire.points[:, 0].min() < 4.0
    assert wire.points[:, 0].max() > 123.0
