"""Augmentation: image and labels stay together, the seed decides, ranges hold."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.training.augmentation import (
    Augmentation,
    affine_coordinates,
    blur,
    change_gamma,
    deform,
)

STILL = {"scale": 0, "rotation_deg": 0, "shear": 0, "shift": 0, "elastic": (), "probability": 0}


@pytest.fixture
def example():
    """A box whose image equals its label, so that the two can be compared afterwards."""
    labels = np.zeros((24, 28, 32), np.uint8)
    labels[6:16, 8:20, 10:24] = 1
    return np.stack([labels, 2 * labels]).astype(np.float32), labels


def test_nothing_asked_changes_nothing(example):
    image, labels = Augmentation(**STILL)(np.random.default_rng(0), *example)
    np.testing.assert_allclose(image, example[0], atol=1e-4)
    assert np.array_equal(labels, example[1])


def test_image_and_labels_move_together(example):
    strong = Augmentation(**STILL | {"scale": 0.3, "rotation_deg": 30, "elastic": ((8, 2),)})
    image, labels = strong(np.random.default_rng(3), *example)
    assert not np.array_equal(labels, example[1])
    # Interpolated and nearest-neighbour outlines agree up to half a voxel.
    assert ((image[0] > 0.5) == labels).mean() > 0.99
    np.testing.assert_allclose(image[1], 2 * image[0], atol=1e-4)


def test_quarter_turn_is_exact():
    labels = np.random.default_rng(0).integers(0, 5, (9, 9, 9)).astype(np.uint8)
    turn = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    at = affine_coordinates(turn, np.zeros(3), labels.shape)
    image, turned = deform(labels[None].astype(np.float32), labels, at)
    # Row j, column i is taken from row -i, column j about the centre.
    assert np.array_equal(turned, np.rot90(labels, -1, axes=(1, 2)))
    np.testing.assert_allclose(image[0], turned, atol=1e-4)


def test_flip_mirrors_image_and_labels(example):
    flip = Augmentation(**STILL | {"flips": (2,)})
    seen = {flip(np.random.default_rng(s), *example)[1].tobytes() for s in range(12)}
    assert seen == {example[1].tobytes(), np.flip(example[1], 2).tobytes()}


def test_seed_decides(example):
    first, again, other = (
        Augmentation(probability=1)(np.random.default_rng(s), *example)[0] for s in (5, 5, 6)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert first.dtype == np.float32


def test_gamma_keeps_the_range_and_the_order():
    image = np.linspace(-1, 3, 50, dtype=np.float32)
    changed = change_gamma(image, 2.0)
    assert (changed[0], changed[-1]) == (-1, 3) and (np.diff(changed) > 0).all()
    assert changed[25] < image[25]
    assert change_gamma(np.ones(3, np.float32), 2.0).tolist() == [1, 1, 1]


def test_blur_keeps_the_sum_and_spreads_by_sigma():
    image = np.zeros((1, 31, 31, 31), np.float32)
    image[0, 15, 15, 15] = 1
    spread = blur(image, 1.5)[0]
    line = spread.sum(axis=(1, 2))
    assert spread.sum() == pytest.approx(1, abs=1e-4)
    variance = (line * (np.arange(31) - 15) ** 2).sum()
    assert np.sqrt(variance) == pytest.approx(1.5, rel=0.05)
