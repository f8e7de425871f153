"""The anchor detector and the U-Net over whole lungs: tiles, regions, calibration."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from readingroom.inference.cards import CardMetric
from readingroom.readers.lungnodule import anchors, detectvolume
from readingroom.readers.lungnodule.detectvolume import (
    CALIBRATION,
    LungImage,
    anchor_boxes,
    segment_regions,
)
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
def test_calibration_makes_an_overconfident_detector_modest(kind, tmp_path, monkeypatch):
    recipe = kind(tmp_path)
    # Sure of everything, and right in a third of it.
    logits, hits = np.full(90, 6.0), np.arange(90) % 3 == 0
    monkeypatch.setattr(recipe, "held_out", lambda network: (logits, hits))
    fitted = recipe.calibration(torch.nn.Identity())
    score = 6.0 * fitted["logit_slope"] + fitted["logit_offset"]
    # The 36 nodules of a simulated scan weigh as 8.
    assert 1 / (1 + np.exp(-score)) == pytest.approx((8 / 36) / (8 / 36 + 2), abs=0.01)


@pytest.mark.parametrize("kind", [AnchorRecipe, SegmentRecipe])
def test_probabilities_follow_what_the_card_says(kind, tmp_path):
    card = kind(tmp_path).card()
    logits = np.array([-2.0, 0.0, 2.0])
    plain = detectvolume._probabilities(card, logits)
    assert plain == pytest.approx(1 / (1 + np.exp(-logits)))
    known = {
        name: CardMetric(value=value, dataset="held-out scans")
        for name, value in zip(CALIBRATION, (0.5, -1.0), strict=True)
    }
    calibrated = detectvolume._probabilities(card.model_copy(update={"metrics": known}), logits)
    assert calibrated == pytest.approx(1 / (1 + np.exp(1.0 - 0.5 * logits)))


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
