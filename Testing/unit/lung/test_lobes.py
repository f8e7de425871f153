"""A drawn fissure is found beside its prior; without one the prior stays."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.readers.lungnodule import fissures
from Testing.fixtures.lungs import LUNG_HU

SHAPE, SIZE_MM = (70, 60, 50), 1.5


def a_lung_with_fissure(height_mm):
    """CT numbers with a bright sheet at k·1.5 = `height_mm` + a gentle bend over i."""
    k, _, i = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    surface = height_mm + 4.0 * np.sin(i / 16.0)
    hu = np.random.default_rng(0).normal(LUNG_HU, 15, SHAPE).astype(np.float32)
    hu += 160.0 * np.exp(-0.5 * ((k * SIZE_MM - surface) / 1.2) ** 2).astype(np.float32)
    return hu, np.broadcast_to(k * SIZE_MM > surface, SHAPE)


def fitted(hu, vessels=None):
    lung = np.ones(SHAPE, bool)
    lung[:2] = lung[-2:] = False
    prior = fissures.plane(np.array([52.0, 45.0, 37.0]), np.array([1.0, 0.0, 0.0]))
    seen = fissures.sheet(hu, lung, prior.normal, SIZE_MM)
    return fissures.fit(
        prior, seen, np.zeros(SHAPE, bool) if vessels is None else vessels, lung, SIZE_MM
    )


@pytest.mark.parametrize("height", [42.0, 52.0, 64.0])
def test_the_surface_is_drawn_to_the_fissure(height):
    hu, above = a_lung_with_fissure(height)
    surface = fitted(hu)
    assert (surface.above(SHAPE, SIZE_MM) == above).mean() > 0.97
    assert surface.evidence > 0.6


def test_without_a_fissure_the_prior_stays_and_says_so():
    hu = np.random.default_rng(0).normal(LUNG_HU, 15, SHAPE).astype(np.float32)
    surface = fitted(hu)
    assert np.abs(surface.height_mm).mean() < 6.0
    assert surface.evidence < 0.3


def test_vessels_push_the_surface_away():
    hu = np.random.default_rng(0).normal(LUNG_HU, 5, SHAPE).astype(np.float32)
    vessels = np.zeros(SHAPE, bool)
    vessels[30:40, ::8, ::8] = True
    surface = fitted(hu, vessels)
    assert np.abs(surface.height_mm).mean() > 5.0
