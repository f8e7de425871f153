"""Overlap and surface distances against SimpleITK's filters and plain geometry."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK
from scipy.spatial import cKDTree

from readingroom.evaluation.overlap import dice, jaccard, surface_distances, volume_difference

SPACING = (2.5, 0.8, 0.7)


def ball(centre, radius, shape=(24, 60, 64)):
    grid = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), axis=-1)
    return np.linalg.norm(grid * SPACING - centre, axis=-1) <= radius


@pytest.fixture
def truth():
    return ball((30, 24, 22), 12)


@pytest.fixture
def found(truth):
    """A shifted ball with a far speck, which makes maximum and percentile differ."""
    mask = ball((31, 26, 21), 11)
    mask[2, 50, 55] = True
    return mask


def as_image(mask):
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(SPACING[::-1])
    return image


def test_overlap_is_that_of_simpleitk(found, truth):
    measures = SimpleITK.LabelOverlapMeasuresImageFilter()
    measures.Execute(as_image(truth), as_image(found))
    assert dice(found, truth) == pytest.approx(measures.GetDiceCoefficient())
    assert jaccard(found, truth) == pytest.approx(measures.GetJaccardCoefficient())


def test_hausdorff_is_that_of_simpleitk(found, truth):
    distance = SimpleITK.HausdorffDistanceImageFilter()
    distance.Execute(as_image(truth), as_image(found))
    ours = surface_distances(found, truth, SPACING)
    assert ours.hausdorff == pytest.approx(distance.GetHausdorffDistance(), rel=1e-5)


def surface_points(mask):
    padded = np.pad(mask, 1)
    inside = padded.copy()
    for axis in range(3):
        for step in (1, -1):
            inside &= np.roll(padded, step, axis)
    return (np.argwhere(padded & ~inside) - 1) * SPACING


def test_percentile_and_mean_by_nearest_neighbours(found, truth):
    first, second = surface_points(found), surface_points(truth)
    there, back = cKDTree(second).query(first)[0], cKDTree(first).query(second)[0]
    ours = surface_distances(found, truth, SPACING)
    wanted = max(np.percentile(there, 95), np.percentile(back, 95))
    assert ours.hausdorff_95 == pytest.approx(wanted)
    assert ours.mean == pytest.approx(np.concatenate([there, back]).mean())
    assert ours.hausdorff_95 < 0.2 * ours.hausdorff


def test_shift_by_one_slice_is_one_increment():
    slab = np.zeros((12, 20, 20), bool)
    slab[4:8] = True
    ours = surface_distances(np.roll(slab, 1, axis=0), slab, SPACING)
    assert ours.hausdorff == ours.hausdorff_95 == pytest.approx(2.5)
    assert ours.mean < 2.5


def test_same_mask_is_perfect(truth):
    ours = surface_distances(truth, truth, SPACING)
    assert (dice(truth, truth), jaccard(truth, truth)) == (1, 1)
    assert (ours.hausdorff, ours.hausdorff_95, ours.mean) == (0, 0, 0)


def test_volume_difference_in_cubic_millimetres():
    small, large = np.zeros((3, 3, 3), bool), np.ones((3, 3, 3), bool)
    assert volume_difference(small, large, SPACING) == pytest.approx(-27 * 2.5 * 0.8 * 0.7)


def test_empty_masks_have_no_invented_score(truth):
    empty = np.zeros_like(truth)
    assert math.isnan(dice(empty, empty)) and math.isnan(jaccard(empty, empty))
    assert dice(empty, truth) == 0
    assert math.isinf(surface_distances(empty, truth, SPACING).hausdorff_95)
    assert math.isnan(surface_distances(empty, empty, SPACING).hausdorff_95)
