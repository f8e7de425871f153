"""Augmentation changes frame, mask and centreline alike."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.readers.guidewire.augment import Augmentation, overexposed
from readingroom.readers.guidewire.wirephysics import mask_of
from Testing.fixtures.fluoroscopy import a_curve, a_frame

SIZE = 96


def an_example() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    line = a_curve(SIZE)
    mask = mask_of((SIZE, SIZE), line, 1.5)
    return a_frame(SIZE, noise=0)[None], mask[None], [line]


def inside(points: np.ndarray, margin: float = 3.0) -> np.ndarray:
    return points[((points > margin) & (points < SIZE - 1 - margin)).all(axis=1)]


@pytest.mark.parametrize("seed", range(6))
def test_the_line_stays_on_the_mask_and_on_the_dark(seed):
    change = Augmentation(probability=0.0)

    frames, masks, (line,) = change(np.random.default_rng(seed), *an_example())

    within = (a_curve(SIZE) > 1).all(axis=1)  # what comes from beyond has no label
    seen = inside(line[within])
    x, y = np.rint(seen.T).astype(int)
    assert len(seen) > 20
    assert masks[0][y, x].mean() > 0.97
    assert frames[0][masks[0] > 0].mean() < frames[0].mean() - 0.08


def test_places_and_points_are_each_other_s_inverse():
    mapping = Augmentation().mapping(np.random.default_rng(1), SIZE)
    points = np.random.default_rng(2).uniform(20, 70, (50, 2))

    np.testing.assert_allclose(mapping.source_of(mapping.moved(points)), points, atol=0.01)


def test_nothing_is_changed_where_nothing_is_asked_for():
    still = Augmentation(0, 0, 0, 0, 0, probability=0.0)
    frames, masks, lines = an_example()

    changed, labels, (line,) = still(np.random.default_rng(0), frames, masks, lines)

    np.testing.assert_allclose(changed, frames, atol=1e-5)
    np.testing.assert_array_equal(labels, masks)
    np.testing.assert_allclose(line, lines[0], atol=1e-9)


def test_grey_values_change_alike_in_neighbouring_frames_but_for_noise():
    frames = np.repeat(an_example()[0], 2, axis=0)

    quiet = Augmentation(noise=0.0, probability=1.0).grey(np.random.default_rng(4), frames)
    noisy = Augmentation(noise=0.2, probability=1.0).grey(np.random.default_rng(4), frames)

    np.testing.assert_array_equal(quiet[0], quiet[1])
    assert np.abs(noisy[0] - noisy[1]).mean() > 0.001
    assert quiet.min() >= 0 and quiet.max() <= 1
    assert np.abs(quiet - frames).mean() > 0.01


def test_a_spot_is_overexposed_and_nothing_gets_darker():
    frames = an_example()[0]

    spotted = overexposed(np.random.default_rng(3), frames, 0.9)

    assert (spotted >= frames - 1e-6).all() and (spotted <= 1).all()
    assert (spotted - frames).max() > 0.05


def test_the_same_seed_gives_the_same_example():
    first, second = (Augmentation()(np.random.default_rng(9), *an_example()) for _ in range(2))

    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[2][0], second[2][0])
