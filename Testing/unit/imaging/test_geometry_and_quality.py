"""Canonical axes, resampling and back; noise and field of view."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
import SimpleITK

from readingroom.imaging import quality
from readingroom.imaging.geometry import canonical, resample, resample_to_spacing
from readingroom.study import Volume
from Testing.fixtures.dicom_phantom import a_sphere, centre_of_mass_lps, some_anatomy


def a_volume(array: np.ndarray, matrix: np.ndarray) -> Volume:
    return Volume(pixels=lambda: array.copy(), shape=array.shape, ijk_to_lps=matrix)


def every_orientation() -> list[np.ndarray]:
    found = []
    for order in permutations(range(3)):
        for signs in product((1, -1), repeat=3):
            matrix = np.eye(4)
            for voxel_axis, (world_axis, sign) in enumerate(zip(order, signs, strict=True)):
                matrix[:3, voxel_axis] = 0.1
                matrix[world_axis, voxel_axis] = sign * (0.7, 0.9, 2.0)[voxel_axis]
            matrix[:3, 3] = (5, -6, 7)
            found.append(matrix)
    return found


@pytest.mark.parametrize("matrix", every_orientation())
def test_canonical_axes_only_swap_and_flip(matrix):
    volume = a_volume(some_anatomy(3, 4, 5), matrix)

    view = canonical(volume)

    directions = view.ijk_to_lps[:3, :3]
    assert (np.abs(directions).argmax(axis=0) == [0, 1, 2]).all()
    assert (directions.diagonal() > 0).all()
    np.testing.assert_allclose(
        view.spacing_mm, np.linalg.norm(directions, axis=0)[::-1], rtol=1e-12
    )
    for kji in ((0, 0, 0), (1, 2, 3), (2, 3, 4)):
        lps = volume.lps_from_kji(kji)
        index = np.linalg.solve(view.ijk_to_lps, (*lps, 1))[:3]
        k, j, i = np.rint(index[::-1]).astype(int)
        np.testing.assert_allclose(index[::-1], (k, j, i), atol=1e-9)
        assert view.array[k, j, i] == volume.array[kji]
    np.testing.assert_array_equal(view.to_native(view.array), volume.array)
    assert np.shares_memory(view.array, volume.array)


@pytest.mark.parametrize("matrix", every_orientation()[::7])
def test_resampling_keeps_a_sphere_in_its_place_and_labels_find_their_way_back(matrix):
    shape = (20, 40, 50)
    centre = matrix[:3, :3] @ (26.3, 18.8, 9.6) + matrix[:3, 3]
    volume = a_volume(a_sphere(shape, matrix, centre, 9.0), matrix)

    coarse = resample(volume, 3.0)

    found = centre_of_mass_lps(coarse.array, coarse.ijk_to_lps)
    assert np.linalg.norm(found - centre) < 0.05
    assert coarse.array.dtype == np.float32
    labels = (coarse.array > 0).astype(np.uint8)
    truth = np.asarray(volume.array) > 0
    scores = np.stack([np.zeros_like(coarse.array), coarse.array])
    blocky, smooth = coarse.labels_to_native(labels), coarse.argmax_to_native(scores)
    assert blocky.shape == smooth.shape == truth.shape
    assert dice(blocky, truth) > 0.85
    assert dice(smooth, truth) > 0.93 > dice(blocky, truth)


def test_the_cropped_argmax_is_the_argmax_of_all_interpolated_scores():
    volume = a_volume(some_anatomy(14, 40, 44), np.diag([0.8, -0.8, 1.5, 1.0]))
    coarse = resample(volume, (3.0, 2.5, 2.2))
    scores = np.random.default_rng(2).normal(size=(4, *coarse.array.shape)).astype(np.float32)
    scores[0, :2] += 9
    scores[0, :, 8:] += 9

    fast = coarse.argmax_to_native(scores)

    whole = np.stack([np.stack(list(coarse.slices_on_source(field))) for field in scores])
    np.testing.assert_array_equal(fast, coarse.source.to_native(whole.argmax(axis=0)))
    assert set(np.unique(fast)) == {0, 1, 2, 3}


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * np.sum((one > 0) & (other > 0)) / (np.sum(one > 0) + np.sum(other > 0)))


def test_growing_voxels_are_means_and_shrinking_ones_agree_with_simpleitk():
    voxels = some_anatomy(6, 24, 32)

    halved = resample_to_spacing(voxels, (1.0, 1.0, 1.0), (2.0, 4.0, 8.0))
    np.testing.assert_allclose(
        halved, voxels.reshape(3, 2, 6, 4, 4, 8).mean(axis=(1, 3, 5)), rtol=1e-4, atol=1e-2
    )

    finer = resample_to_spacing(voxels, (1.0, 1.0, 1.0), (0.5, 0.8, 0.4))
    image = SimpleITK.GetImageFromArray(voxels.astype(np.float32))
    filter_ = SimpleITK.ResampleImageFilter()
    filter_.SetSize(finer.shape[::-1])
    filter_.SetOutputSpacing((0.4, 0.8, 0.5))
    filter_.SetOutputOrigin((-0.3, -0.1, -0.25))
    filter_.SetInterpolator(SimpleITK.sitkLinear)
    filter_.UseNearestNeighborExtrapolatorOn()
    expected = SimpleITK.GetArrayFromImage(filter_.Execute(image))
    np.testing.assert_allclose(finer, expected, atol=0.01)


def test_nothing_is_lost_at_the_far_edge():
    ramp = np.broadcast_to(np.arange(11.0), (3, 5, 11))

    out = resample_to_spacing(ramp, (1.0, 1.0, 1.0), (1.0, 1.0, 4.0))

    np.testing.assert_allclose(out[0, 0], [1.5, 5.5, 9.0])


@pytest.mark.parametrize("sd", [8.0, 25.0, 60.0])
def test_noise_is_found_among_edges_vessels_and_air(sd):
    rng = np.random.default_rng(int(sd))
    truth = np.full((12, 200, 200), -1000.0)
    truth[:, 20:180, 20:180] = 50
    truth[:, 60:90, 60:120] = -800
    truth[:, 110:118, 40:160:12] = 180
    truth[:, 150:153, 30:170] = -90
    voxels = np.rint(truth + rng.normal(0, sd, truth.shape)).astype(np.int16)

    assert quality.noise_sd(voxels, (3.0, 0.7, 0.7)) == pytest.approx(sd, rel=0.08)


def test_noise_is_unknown_without_soft_tissue():
    assert quality.noise_sd(np.full((4, 64, 64), -1000, np.int16), (1.0, 1.0, 1.0)) is None


@pytest.mark.parametrize("round_field", [False, True])
@pytest.mark.parametrize(("radius", "cut"), [(0.8, False), (1.2, True)])
def test_a_body_that_leaves_the_field_is_seen(round_field, radius, cut):
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    body = np.hypot(x * 0.85, y * 1.3) < radius
    image = np.where(body, 40, -1000)
    image[100:102] = 0  # the table crosses the field
    if round_field:
        image[np.hypot(x, y) > 1] = -1024
    voxels = np.repeat(image[None], 3, axis=0).astype(np.int16)

    assert (quality.body_cut_fraction(voxels) > quality.CUT_ABOVE) is cut
