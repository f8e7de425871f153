"""Nodules of known volume, outlined from a point: free, at a vessel, at the pleura, pale."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.errors import RefusedInput
from readingroom.evaluation.overlap import dice
from readingroom.readers.lungnodule.outline import outline
from Testing.fixtures.lungs import a_block, an_anatomy

OFFSETS = ((0.3, 0.1, -0.2), (-0.4, 0.4, 0.0), (0.0, -0.3, 0.45))


def outlined(block, diameter_mm=None, seed=None):
    found = outline(
        block.hu,
        block.spacing_mm,
        block.anatomy,
        seed or block.seed,
        diameter_hint_mm=diameter_mm,
    )
    mask = np.zeros(block.hu.shape, bool)
    place = tuple(slice(s, s + n) for s, n in zip(found.start_kji, found.mask.shape, strict=True))
    mask[place] = found.mask
    return found, mask


def volume_error(mask, block):
    return mask.sum() * np.prod(block.spacing_mm) / block.volume_mm3 - 1


@pytest.mark.parametrize(("diameter", "limit"), [(4, 0.15), (6, 0.05), (8, 0.05), (14, 0.05)])
def test_volume_of_solid_nodules(diameter, limit):
    blocks = [a_block(diameter, offset=o, noise_hu=25.0) for o in OFFSETS]
    errors = [volume_error(outlined(block, diameter)[1], block) for block in blocks]
    assert abs(np.mean(errors)) < limit, errors


@pytest.mark.parametrize(("diameter", "limit"), [(8, 0.08), (14, 0.05)])
def test_volume_of_ground_glass(diameter, limit):
    block = a_block(diameter, nodule_hu=-600.0, noise_hu=25.0)
    found, mask = outlined(block, diameter)
    assert found.kind_hint == "ground_glass"
    assert abs(volume_error(mask, block)) < limit


def test_a_part_solid_nodule_is_outlined_whole():
    block = a_block(16, nodule_hu=-600.0, core_mm=8.0, noise_hu=25.0)
    found, mask = outlined(block, 16)
    assert found.kind_hint == "part_solid"
    assert abs(volume_error(mask, block)) < 0.12


@pytest.mark.parametrize("spacing", [(0.8, 0.7, 0.7), (1.25, 0.7, 0.7)])
def test_ground_glass_on_one_side_of_a_core_is_outlined_whole(spacing):
    block = a_block(
        10,
        nodule_hu=-580.0,
        core_mm=6.0,
        core_offset_mm=(0.0, 1.4, 1.0),
        noise_hu=25.0,
        spacing_mm=spacing,
    )
    found, mask = outlined(block, 10)
    assert found.kind_hint == "part_solid"
    assert abs(volume_error(mask, block)) < 0.15


def test_a_vessel_through_a_solid_nodule_is_no_ground_glass():
    found, _ = outlined(a_block(8, vessel_mm=2.0, noise_hu=25.0), 8)
    assert found.kind_hint == "solid"


def test_a_solid_nodule_at_the_pleura_is_not_taken_for_part_solid():
    found, _ = outlined(a_block(8, wall_at_mm=3.5, noise_hu=25.0), 8)
    assert found.kind_hint == "solid"


@pytest.mark.parametrize("offset", OFFSETS)
def test_wide_voxels_do_not_make_a_halo(offset):
    block = a_block(8, spacing_mm=(2.0, 2.0, 2.0), offset=offset, noise_hu=8.0, extent_mm=40.0)
    found, mask = outlined(block, 8)
    assert found.kind_hint == "solid"
    assert abs(volume_error(mask, block)) < 0.3


def test_a_small_halo_is_seen_on_thick_slices():
    block = a_block(
        8, nodule_hu=-600.0, core_mm=4.0, noise_hu=25.0, spacing_mm=(2.5, 0.7, 0.7), extent_mm=28.0
    )
    found, mask = outlined(block, 8)
    assert found.kind_hint == "part_solid"
    assert abs(volume_error(mask, block)) < 0.15


def test_a_solid_nodule_is_not_taken_for_part_solid():
    assert outlined(a_block(10, noise_hu=25.0), 10)[0].kind_hint == "solid"


def test_a_vessel_is_cut_off():
    block = a_block(10, vessel_mm=3.0, noise_hu=25.0)
    found, mask = outlined(block, 10)
    assert found.leaked
    assert dice(mask, block.truth) > 0.9


def test_a_nodule_at_the_pleura_does_not_leak_into_the_wall():
    block = a_block(10, wall_at_mm=3.0, noise_hu=25.0)
    _, mask = outlined(block, 10)
    assert dice(mask, block.truth) > 0.9


def test_a_seed_beside_the_middle_finds_the_same_nodule():
    block = a_block(10, noise_hu=25.0)
    k, j, i = block.seed
    assert dice(outlined(block, 10)[1], outlined(block, 10, (k, j + 4, i - 3))[1]) > 0.95


def test_noise_hardly_changes_the_volume():
    volumes = [outlined(a_block(8, noise_hu=30.0, seed=s), 8)[1].sum() for s in range(4)]
    assert np.std(volumes) / np.mean(volumes) < 0.03


def test_plain_lung_is_refused():
    block = a_block(6, nodule_hu=-860.0, noise_hu=20.0)
    with pytest.raises(RefusedInput) as refusal:
        outlined(block)
    assert refusal.value.code == "NOTHING_TO_GROW"


def test_a_place_outside_the_images_is_refused():
    block = a_block(6)
    with pytest.raises(RefusedInput) as refusal:
        outlined(block, seed=(-1, 4, 4))
    assert refusal.value.code == "NOTHING_TO_GROW"


def test_growth_without_an_end_is_refused():
    hu = np.full((50, 110, 110), 40, np.int16)
    hu[:, :, :4] = -860
    anatomy = an_anatomy(np.ones(hu.shape, np.uint8), (1.5, 0.8, 0.8))
    with pytest.raises(RefusedInput) as refusal:
        outline(hu, (1.5, 0.8, 0.8), anatomy, (25, 55, 55))
    assert refusal.value.code == "GROWTH_LEAKS"
