"""Labels on the native grid against SciPy's and torch's interpolation of every score."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import ndimage

from readingroom.inference.upsampling import upsample_labels


def smooth_scores(shape, classes=5, seed=0):
    rng = np.random.default_rng(seed)
    scores = [ndimage.gaussian_filter(rng.normal(size=shape), 2) for _ in range(classes)]
    return np.stack(scores).astype(np.float32)


def by_map_coordinates(scores, matrix, shape):
    """Every class interpolated at every voxel, in double precision."""
    voxels = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"))
    at = np.einsum("ab,bkji->akji", matrix[:3, :3], voxels) + matrix[:3, 3, None, None, None]
    return np.stack([ndimage.map_coordinates(s, at, order=1, mode="nearest") for s in scores])


def assert_same_but_for_ties(found, values):
    """Where classes differ, their scores must be equal but for rounding."""
    taken = np.take_along_axis(values, found[None].astype(np.intp), axis=0)[0]
    assert (values.max(axis=0) - taken).max() < 1e-5
    assert (found == values.argmax(axis=0)).mean() > 0.999


SHAPE = (23, 31, 37)
PERMUTED = np.array([[0, 0, 0.4, 0.3], [-0.35, 0, 0, 9.0], [0, 0.3, 0, 1.0], [0, 0, 0, 1]])
TURN = np.array([[0.96, -0.28, 0], [0.28, 0.96, 0], [0, 0, 1]])
OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = 0.4 * TURN
OBLIQUE[:3, 3] = (1.0, 0.5, -1.0)


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([0.5, 0.4, 0.3, 1.0]) + np.array([[0, 0, 0, o] for o in (0.2, -1.7, 3.0, 0.0)]),
        PERMUTED,
        OBLIQUE,
        np.diag([1.0, 1.0, 1.0, 1.0]),
        np.diag([2.5, 1.5, 0.1, 1.0]),
    ],
    ids=["scaled and beyond the edges", "permuted and flipped", "oblique", "same", "coarser"],
)
def test_labels_are_those_of_every_score_interpolated(matrix):
    scores = smooth_scores((12, 14, 13))
    found = upsample_labels(scores, matrix, SHAPE, slab=5)
    assert found.shape == SHAPE and found.dtype == np.uint8
    assert_same_but_for_ties(found, by_map_coordinates(scores, matrix, SHAPE))


def test_class_that_wins_only_between_coarse_voxels_is_found():
    scores = np.zeros((3, 1, 1, 2), np.float32)
    scores[:, 0, 0, 0], scores[:, 0, 0, 1] = (0, 10, 6), (0, 0, 6)
    scores[1, 0, 0, 1] = -10
    matrix = np.diag([1, 1, 0.1, 1.0])
    row = upsample_labels(scores, matrix, (1, 1, 11))[0, 0]
    assert row.tolist() == [1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2]


def test_small_object_in_much_background_keeps_its_place():
    scores = np.zeros((2, 20, 20, 20), np.float32)
    scores[0] = 1
    scores[1, 6, 15, 3] = 3
    matrix = np.diag([0.25, 0.25, 0.25, 1.0])
    found = upsample_labels(scores, matrix, (80, 80, 80))
    assert_same_but_for_ties(found, by_map_coordinates(scores, matrix, (80, 80, 80)))
    assert ndimage.center_of_mass(found) == pytest.approx((24, 60, 12))


def test_coarse_grid_of_a_single_slice():
    scores = smooth_scores((1, 9, 9))
    matrix = np.diag([0.5, 0.5, 0.5, 1.0])
    found = upsample_labels(scores, matrix, (4, 17, 17))
    assert (found == found[0]).all()
    assert_same_but_for_ties(found, by_map_coordinates(scores, matrix, (4, 17, 17)))


def test_threads_and_slabs_change_nothing():
    scores, matrix = smooth_scores((12, 14, 13)), np.diag([0.5, 0.4, 0.3, 1.0])
    one = upsample_labels(scores, matrix, SHAPE, threads=1)
    assert np.array_equal(one, upsample_labels(scores, matrix, SHAPE, threads=7))


def test_native_grid_is_filled_at_interactive_speed():
    scores = smooth_scores((40, 96, 96), classes=8)
    matrix = np.diag([39 / 39, 95 / 511, 95 / 511, 1.0])
    started = time.process_time()
    upsample_labels(scores, matrix, (40, 512, 512), threads=1)
    # 40 of 300 slices, all foreground; the bound is 3 s for 300 slices on two cores.
    assert time.process_time() - started < 40 / 300 * 3 * 2 * 2
