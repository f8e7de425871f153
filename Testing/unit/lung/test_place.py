"""Lobe, segment, distances and attachment in a box of two lobes with a vessel."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.readers.lungnodule.anatomy import LOBES
from readingroom.readers.lungnodule.place import place_of
from readingroom.readers.lungnodule.segments import SEGMENTS, segment_of
from Testing.fixtures.lungs import an_anatomy

SPACING = (2.0, 1.0, 1.0)
SHAPE = (60, 120, 100)


@pytest.fixture(scope="module")
def anatomy():
    """A right lung as a block, 10 voxels inside the images; the lower lobe below slice 30."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[5:55, 10:110, 10:90] = 1
    lobes = np.where(labels == 1, 1, 0).astype(np.uint8)
    lobes[:30][lobes[:30] > 0] = 3
    vessels = np.zeros(SHAPE, bool)
    vessels[10:50, 58:62, 68:72] = True
    return an_anatomy(labels, SPACING, lobes, vessels)


def place(anatomy, k, j, i, size=(3, 6, 6)):
    return place_of(anatomy, np.ones(size, bool), (k, j, i))


def test_lobe_and_side(anatomy):
    assert place(anatomy, 45, 50, 30).lobe == "RIGHT_UPPER_LOBE"
    assert place(anatomy, 12, 50, 30).lobe == "RIGHT_LOWER_LOBE"
    assert place(anatomy, 12, 50, 30).side == "right"


def test_nothing_is_said_outside_the_lungs(anatomy):
    found = place(anatomy, 0, 0, 0)
    assert (found.lobe, found.segment, found.side) == ("", "", "")
    assert found.pleura_distance_mm is None


def test_distance_to_the_pleura(anatomy):
    # First row 22, pleura at row 9: 12 rows of 1 mm between them.
    assert place(anatomy, 40, 22, 40).pleura_distance_mm == pytest.approx(12, abs=1)
    assert place(anatomy, 40, 10, 40).pleura_distance_mm == 0
    assert place(anatomy, 40, 50, 45).pleura_distance_mm == pytest.approx(24, abs=4)


def test_distance_to_the_fissure(anatomy):
    # Slices 36…38 of the upper lobe, which begins at slice 30: 6 slices of 2 mm between.
    assert place(anatomy, 36, 50, 45).fissure_distance_mm == pytest.approx(12, abs=2)
    assert place(anatomy, 51, 50, 45).fissure_distance_mm is None


@pytest.mark.parametrize(
    ("at", "attachment"),
    [
        ((40, 10, 40), "pleural"),
        ((30, 50, 40), "fissural"),
        ((40, 52, 67), "vascular"),
        ((40, 30, 30), "none"),
    ],
)
def test_attachment(anatomy, at, attachment):
    assert place(anatomy, *at).attachment == attachment


def test_segment_goes_by_the_place_in_the_lobe(anatomy):
    assert place(anatomy, 50, 40, 40).segment == "RS1"
    assert place(anatomy, 34, 90, 40).segment == "RS2"
    assert place(anatomy, 34, 20, 40).segment == "RS3"
    assert place(anatomy, 26, 90, 40).segment == "RS6"


def test_every_segment_has_a_territory_and_a_name():
    places = np.linspace(0.05, 0.95, 10)
    found = {
        segment_of(lobe, up, back, out)
        for lobe in LOBES
        for up in places
        for back in places
        for out in places
    }
    assert found == set(SEGMENTS)
