"""Tubes and balls in a block of lung."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.readers.lungnodule.hessian import eigenvalues_at
from readingroom.readers.lungnodule.lungs import Lungs
from readingroom.readers.lungnodule.vessels import find_vessels
from Testing.fixtures.lungs import LUNG_HU

SPACING = (1.5, 1.0, 1.0)


@pytest.fixture(scope="module")
def found():
    """A tube along k of 4 mm, an oblique one of 3 mm, balls of 8 and 16 mm."""
    z, y, x = (
        (np.arange(n) * s).reshape([-1 if a == b else 1 for b in range(3)])
        for a, (n, s) in enumerate(zip((60, 80, 80), SPACING, strict=True))
    )
    rng = np.random.default_rng(0)
    hu = rng.normal(LUNG_HU, 20, (60, 80, 80))
    masks = {
        "tube": (y - 20) ** 2 + (x - 20) ** 2 + 0 * z < 2**2,
        "oblique": (y - 40 - 0.3 * (z - 45)) ** 2 + (x - 40) ** 2 < 1.8**2,
        "ball": (y - 20) ** 2 + (x - 60) ** 2 + (z - 45) ** 2 < 4**2,
        "large ball": (y - 60) ** 2 + (x - 60) ** 2 + (z - 45) ** 2 < 8**2,
    }
    for mask in masks.values():
        hu[np.broadcast_to(mask, hu.shape)] = 30
    lungs = Lungs(np.ones(hu.shape, np.uint8), np.zeros(hu.shape, bool))
    return find_vessels(lungs, hu.astype(np.int16), SPACING), masks


@pytest.mark.parametrize("tube", ["tube", "oblique"])
def test_tubes_are_vessels(found, tube):
    vessels, masks = found
    inner = np.broadcast_to(masks[tube], vessels.shape)[8:-8]
    assert vessels[8:-8][inner].mean() > 0.75


@pytest.mark.parametrize("ball", ["ball", "large ball"])
def test_balls_are_not(found, ball):
    vessels, masks = found
    assert vessels[np.broadcast_to(masks[ball], vessels.shape)].mean() < 0.15


def test_lung_without_vessels_has_none(found):
    vessels, masks = found
    near = np.zeros(vessels.shape, bool)
    for mask in masks.values():
        near |= np.broadcast_to(mask, vessels.shape)
    assert vessels.sum() < 2.5 * near.sum()


def test_eigenvalues_are_those_of_a_general_solver():
    rng = np.random.default_rng(1)
    image = rng.normal(0, 1, (7, 7, 7)).astype(np.float32)
    flat = np.array([3 * 49 + 3 * 7 + 3])
    from readingroom.readers.lungnodule.hessian import hessian_at

    kk, jj, ii, kj, ki, ji = (float(v[0]) for v in hessian_at(image, flat))
    wanted = np.linalg.eigvalsh([[kk, kj, ki], [kj, jj, ji], [ki, ji, ii]])
    np.testing.assert_allclose(eigenvalues_at(image, flat)[:, 0], wanted, atol=1e-4)
