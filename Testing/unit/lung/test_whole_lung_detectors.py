"""The anchor detector and the U-Net over whole lungs: tiles, regions, calibration."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from readingroom.readers.lungnodule import anchors, detectvolume
from readingroom.readers.lungnodule.detectvolume import LungImage, anchor_boxes, segment_regions
from readingroom.readers.lungnodule.trainvolume import AnchorRecipe, SegmentRecipe


def an_image(shape=(112, 128, 176), balls=(((30, 40, 50), 4), ((60, 88, 92), 6))) -> LungImage:
    values = np.full(shape, -0.8, np.float32)
    grid = np.ogrid[tuple(slice(n) for n in shape)]
    for centre, radius in balls:
        gap = sum((line - c) ** 2 for line, c in zip(grid, centre, strict=True))
        values[gap <= radius**2] = 0.5
    return LungImage(values, np.ones(shape, bool), np.zeros(3))


class BrightIsMarked:
    """Says "nodule" where it is bright, with nonsense in an outermost layer of each tile."""

    def __init__(self) -> None:
        self.tiles = 0

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.tiles += len(images)
        nodule = np.where(images[:, 0] > 0, 5.0, -5.0).astype(np.float32)
        nodule[:, :3] = nodule[:, -3:] = -5.0
        return np.stack([np.zeros_like(nodule), nodule], axis=1)


def test_marked_regions_lie_where_the_balls_are():
    places, diameters, logits = segment_regions(BrightIsMarked(), an_image())
    assert np.allclose(places, [(30, 40, 50), (60, 88, 92)], atol=0.2)
    assert np.allclose(diameters, [8, 12], atol=0.6)
    assert (logits > 4).all()


def test_a_ball_at_the_seam_of_two_tiles_is_one_region():
    places, diameters, _ = segment_regions(BrightIsMarked(), an_image(balls=(((92, 40, 88), 7),)))
    assert np.allclose(places, [(92, 40, 88)], atol=0.2)
    assert np.allclose(diameters, [14], atol=0.6)


def test_specks_are_no_regions():
    places, diameters, logits = segment_regions(
        BrightIsMarked(), an_image(balls=(((30, 40, 50), 1),))
    )
    assert len(places) == len(diameters) == len(logits) == 0


def test_tiles_without_lung_are_left_out():
    image = an_image(shape=(96, 96, 176), balls=(((30, 40, 50), 4),))
    image.lungs[:] = False
    image.lungs[20:40, 30:50, 40:60] = True
    network = BrightIsMarked()
    assert len(segment_regions(network, image)[0]) == 1
    assert network.tiles == 1


def test_boxes_of_overlapping_tiles_are_given_once():
    shape = (96, 96, 176)
    wanted = np.array([[40.0, 40.0, 88.0, 10.0, 10.0, 10.0]])

    def network(images: np.ndarray) -> np.ndarray:
        out = []
        for start in (0, 80)[: len(images)]:
            local = wanted - np.array([0, 0, start, 0, 0, 0])
            labels, numbers = anchors.targets(local, (96, 96, 96))
            proposals = np.concatenate([np.where(labels > 0, 3.0, -9.0)[:, None], numbers], axis=1)
            out.append(proposals.reshape(-1, *labels.shape[1:]))
        return np.stack(out).astype(np.float32)

    boxes, logits = anchor_boxes(network, an_image(shape, ()))
    assert np.allclose(boxes, wanted, atol=0.01)
    assert logits.tolist() == [3.0]


@pytest.mark.parametrize("kind", [AnchorRecipe, SegmentRecipe])
def test_calibration_scales_only_what_says_nodule(kind, tmp_path, monkeypatch):
    tiny = {"widths": [2, 2, 4, 4, 4]} if kind is AnchorRecipe else {"widths": [2, 2, 2]}
    monkeypatch.setattr(kind, "arguments", {**kind.arguments, **tiny})
    recipe = kind(tmp_path)
    # Sure of everything, and right in a third of it.
    logits, hits = np.full(90, 6.0), np.arange(90) % 3 == 0
    monkeypatch.setattr(recipe, "held_out", lambda network: (logits, hits))
    torch.manual_seed(0)
    network = recipe.build_network().eval()
    image = torch.randn(1, 1, 32, 32, 32)
    before = network(image).detach()
    after = recipe.calibrated(network)(image).detach()
    if kind is AnchorRecipe:
        parts = (x.view(3, 7, -1) for x in (before, after))
        (old, old_boxes), (new, new_boxes) = ((p[:, 0], p[:, 1:]) for p in parts)
        assert torch.allclose(new_boxes, old_boxes)
    else:
        old, new = (x[0, 1] - x[0, 0] for x in (before, after))
    slope = float((new.max() - new.min()) / (old.max() - old.min()))
    offset = float(new.mean() - slope * old.mean())
    # A third of what is found is right; 36 nodules of a simulated scan weigh as 8.
    share = 1 / (1 + np.exp(-(6.0 * slope + offset)))
    assert share == pytest.approx((8 / 36) / (8 / 36 + 2), abs=0.01)


def test_places_far_from_every_box_are_false(tmp_path, monkeypatch):
    recipe = SegmentRecipe(tmp_path)
    case = an_image(shape=(48, 48, 48), balls=(((20, 20, 20), 4), ((36, 36, 36), 4)))
    hu = (case.values + 1) * 700 - 1000
    file = tmp_path / "0007.npz"
    np.savez(
        file,
        hu=hu.astype(np.int16),
        lungs=np.ones(hu.shape, bool),
        mask=hu > 0,
        boxes=np.array([[20.0, 20.0, 20.0, 8.0, 8.0, 8.0]]),
    )
    monkeypatch.setattr(recipe, "_files", [file] * 8)
    network = torch.nn.Module()
    network.forward = lambda x: torch.from_numpy(BrightIsMarked()(x.numpy()))  # type: ignore[method-assign]
    logits, hits = recipe.held_out(network)
    assert hits.tolist() == [True, False]
    assert (logits > 4).all()


def test_the_tile_is_a_multiple_of_what_the_networks_need():
    assert detectvolume._TILE % 16 == detectvolume._SHARED % 16 == 0
