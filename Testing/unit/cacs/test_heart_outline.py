"""The heart's outline at its surface: fat outside it, fat in its grooves, vessels in the fat."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.evaluation.overlap import dice
from readingroom.readers.cacs.outline import epicardial

SPACING = (2.5, 1.0, 1.0)
SHAPE = (44, 110, 110)
FAT, MUSCLE = -100, 45


def from_centre_mm() -> np.ndarray:
    """Return the offset ``(3, k, j, i)`` of every voxel from the middle, mm."""
    grid = np.indices(SHAPE, np.float32) + 0.5
    scale = np.array(SPACING).reshape(3, 1, 1, 1)
    return (grid - np.array(SHAPE).reshape(3, 1, 1, 1) / 2) * scale


def a_ball(radius_mm: float) -> np.ndarray:
    return np.sqrt((from_centre_mm() ** 2).sum(0)) <= radius_mm


def in_fat(heart: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, 15, SHAPE)
    return (np.where(heart, MUSCLE, FAT) + noise).astype(np.int16)


def test_fat_at_the_surface_is_not_heart():
    heart, found = a_ball(35), a_ball(42)
    outlined = epicardial(found, in_fat(heart), SPACING)
    assert dice(found, heart) < 0.78
    assert dice(outlined, heart) > 0.97


def test_fat_in_a_groove_is_heart():
    ball, offset = a_ball(35), from_centre_mm()
    groove = (np.abs(offset[2]) < 3) & (offset[1] < -22)
    outlined = epicardial(ball, in_fat(ball & ~groove), SPACING)
    assert outlined[ball & groove].mean() > 0.65


def test_a_vessel_in_the_fat_is_not_followed():
    ball, offset = a_ball(30), from_centre_mm()
    vessel = (np.abs(offset[0]) < 2.5) & (np.abs(offset[1]) < 2) & ~ball
    outlined = epicardial(a_ball(45), in_fat(ball | vessel), SPACING)
    assert outlined[vessel & a_ball(45) & ~a_ball(36)].mean() < 0.05


@pytest.mark.parametrize("found", [np.zeros(SHAPE, bool), a_ball(20)], ids=["no heart", "all fat"])
def test_where_no_muscle_is_the_outline_stays(found):
    assert np.array_equal(epicardial(found, np.full(SHAPE, FAT, np.int16), SPACING), found)
