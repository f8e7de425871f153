"""The training recipes: examples follow from their seed, a step learns, cards load."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from readingroom.inference.engine import Engine
from readingroom.inference.publish import save_card
from readingroom.readers.guidewire import train as recipes
from readingroom.readers.guidewire.networkinput import coarse, standardised
from readingroom.readers.guidewire.photometric import Photometric, turned
from readingroom.training.loop import train


@pytest.fixture(autouse=True)
def two_backgrounds(monkeypatch):
    """Replace the bank of backgrounds, which takes a while to make."""
    slopes = np.stack([np.add.outer(np.arange(512), n * np.arange(512)) / 400 for n in (1, 2)])
    monkeypatch.setattr("readingroom.readers.guidewire.simulatedpair.bank", lambda: slopes)


def a_segment_recipe():
    recipe = recipes.SegmentRecipe(size=64, cases=2, scenes=3)
    recipe.steps, recipe.batch_size, recipe.validate_every = 3, 2, 3
    recipe.arguments = {"widths": [8, 8, 16], "depths": [1, 1], "hessian_scales": [1.0]}
    return recipe


def a_locate_recipe():
    recipe = recipes.LocateRecipe(size=64, cases=2, scenes=3)
    recipe.steps, recipe.batch_size, recipe.validate_every = 3, 2, 3
    recipe.arguments = {"widths": [4, 8, 8]}
    return recipe


@pytest.mark.parametrize("make", [a_segment_recipe, a_locate_recipe])
def test_recipe_trains_and_validates(make, tmp_path):
    result = train(make(), tmp_path, workers=0, device="cpu", precision="fp32")
    assert result.finished
    shares = {name: value for name, value in result.metrics.items() if "px_" not in name}
    assert shares and all(0 <= value <= 1 for value in shares.values())
    assert result.metrics.get("false_px_angiogram", 0) >= 0


def test_a_third_of_the_scenes_has_no_wire_but_what_is_taken_for_one():
    for number in range(18, 22):
        pair = recipes.random_scene(1, number, 64)
        assert not pair.wire.any() and not pair.centerlines


def test_examples_follow_from_their_seed_whoever_makes_them():
    first, second = a_segment_recipe(), a_segment_recipe()
    first.sample(np.random.default_rng(9))
    for a, b in zip(
        first.sample(np.random.default_rng(5)), second.sample(np.random.default_rng(5)), strict=True
    ):
        assert np.array_equal(a, b)


def test_shapes_and_values_of_an_example():
    frames, target, skeleton = a_segment_recipe().sample(np.random.default_rng(1))
    assert frames.shape == target.shape == skeleton.shape == (2, 64, 64)
    assert frames.dtype == np.float32 and np.isfinite(frames).all()
    assert set(np.unique(target)) <= {0, 1} and (skeleton <= target).all()


def test_topology_weight_follows_the_step():
    recipe = a_segment_recipe()
    samples = (recipe.sample(np.random.default_rng(seed)) for seed in range(99))
    with_a_device = next(sample for sample in samples if sample[2].any())
    frames, target, skeleton = (torch.from_numpy(a)[None] for a in with_a_device)
    output = torch.zeros(1, 8, 32, 32)
    losses = []
    for step in (0, recipe.steps):
        recipe.at_step(step)
        losses.append(recipe.loss(output, (frames, target, skeleton)).item())
    assert losses[1] > losses[0]


def test_coarse_frame_is_the_mean_of_blocks():
    frame = np.random.default_rng(0).normal(size=(32, 64)).astype(np.float32)
    wanted = frame.reshape(8, 4, 16, 4).mean(axis=(1, 3))
    assert coarse(frame) == pytest.approx(wanted, abs=1e-6)


def test_standardised_frame_does_not_depend_on_scale_or_offset():
    frame = np.random.default_rng(0).normal(size=(40, 50))
    assert standardised(3 * frame + 7) == pytest.approx(standardised(frame), abs=1e-3)
    assert standardised(frame).shape == (40, 50)
    assert not standardised(np.full((40, 40), 5)).any()


def test_slow_change_is_taken_out_and_a_faint_line_kept():
    noise = np.random.default_rng(0).normal(0, 0.01, (160, 160))
    slope = np.linspace(0, 40, 160) + noise
    slope[:, 80] -= 0.2
    found = standardised(slope)[40:120, 40:120]
    assert np.abs(found.mean(axis=1)).max() < 1.0
    assert found[:, 40].mean() < -3 * np.delete(found, 40, axis=1).std()


def test_cells_hold_what_their_pixels_hold():
    target = np.zeros((2, 64, 96), np.uint8)
    target[1, 40, 70] = 1
    assert np.argwhere(recipes._cells(target)).tolist() == [[0, 1, 2]]


def test_counts_of_a_shifted_line():
    line, near, far = (np.zeros((40, 40), bool) for _ in range(3))
    line[10, 5:35], near[12, 5:35], far[13, 5:35] = True, True, True
    assert recipes.centreline_counts(near, line).tolist() == [30, 30, 30, 30]
    assert recipes.centreline_counts(far, line).tolist() == [0, 30, 0, 30]
    assert recipes.centreline_counts(np.zeros_like(line), line).tolist() == [0, 0, 0, 30]


def test_tubed_skeleton_is_three_pixels_wide_at_most():
    mask = np.zeros((30, 60), np.uint8)
    mask[10:17, 5:55] = 1
    rows = np.nonzero(recipes.tubed_skeleton(mask))[0]
    assert set(rows) <= {11, 12, 13, 14, 15} and 13 in rows


def test_turned_pictures_stay_together():
    image = np.arange(16).reshape(1, 4, 4)
    for seed in range(8):
        a, b = turned(np.random.default_rng(seed), image, 2 * image)
        assert np.array_equal(2 * a, b)
        assert np.array_equal(np.sort(a, axis=None), np.arange(16))


def test_photometric_changes_follow_from_the_seed_and_keep_the_place():
    frames = np.full((2, 48, 48), 0.7, np.float32)
    frames[:, 24] = 0.2
    change = Photometric(probability=1.0, inverted=0.0, noise=0.05)
    for seed in range(6):
        found = change(np.random.default_rng(seed), frames)
        assert np.array_equal(found, change(np.random.default_rng(seed), frames))
        profile = found.mean(axis=(0, 2))
        assert profile[24] < profile[18] and profile[24] < profile[30]


@pytest.mark.parametrize("make", [a_segment_recipe, a_locate_recipe])
def test_published_card_computes_what_was_trained(make, tmp_path, monkeypatch):
    recipe = make()
    torch.manual_seed(0)
    network = recipe.build_network().eval()
    example = torch.randn(2, 2, 64, 96)
    save_card(network, recipe.card(), tmp_path, onnx=False)
    monkeypatch.setattr("readingroom.inference.cards.search_folders", lambda: (Path(tmp_path),))
    found = Engine("cpu", "fp32").session(recipe.name)(example.numpy())
    with torch.no_grad():
        assert found == pytest.approx(network(example).numpy(), abs=1e-4)
