"""The networks and the losses of the detectors."""

from __future__ import annotations

import pytest
import torch

from readingroom.losses.detection import anchor_loss, binary_focal, hardest_negatives
from readingroom.networks import build
from readingroom.networks.anchornet3d import AnchorNet3d
from readingroom.networks.foldedunet3d import folded, unfolded


def test_the_judge_maps_two_cubes_to_numbers():
    network = build("nodulenet3d", inputs=2, outputs=6).eval()
    cubes = torch.randn(3, 2, 24, 24, 24)
    assert network(cubes, cubes).shape == (3, 6)
    assert sum(p.numel() for p in network.parameters()) < 1_500_000


def test_both_cubes_count():
    torch.manual_seed(0)
    network = build("nodulenet3d", inputs=1, outputs=2, widths=(2, 4, 4, 4)).eval()
    one, other = torch.randn(2, 1, 1, 24, 24, 24)
    first = network(one, one)
    assert not torch.allclose(first, network(other, one))
    assert not torch.allclose(first, network(one, other))


def test_proposals_lie_a_quarter_apart():
    network = AnchorNet3d(widths=(2, 4, 4, 4, 4)).eval()
    found = network(torch.randn(2, 1, 32, 48, 64))
    assert found.shape == (2, 3 * 7, 8, 12, 16)


def test_folded_voxels_come_back_where_they_were():
    image = torch.randn(2, 3, 4, 8, 6)
    small = folded(image)
    assert small.shape == (2, 24, 2, 4, 3)
    assert torch.equal(unfolded(small), image)
    # The eight voxels of a cube are the channels of one place.
    assert set(small[0, :8, 0, 0, 0].tolist()) == set(image[0, 0, :2, :2, :2].flatten().tolist())


def test_the_folded_network_marks_single_voxels():
    network = build("foldedunet3d", inputs=1, outputs=2, widths=(2, 2, 2)).eval()
    image = torch.randn(1, 1, 16, 16, 24)
    found = network(image)
    assert found.shape == (1, 2, 16, 16, 24)
    blocks = torch.nn.functional.avg_pool3d(found, 2)
    even = torch.nn.functional.interpolate(blocks, scale_factor=2.0)
    assert not torch.allclose(found, even)


def test_proposals_of_folded_images_lie_where_those_of_others_do():
    network = AnchorNet3d(widths=(2, 4, 4, 4, 4), fold=True).eval()
    assert network(torch.randn(2, 1, 32, 48, 64)).shape == (2, 3 * 7, 8, 12, 16)


def test_an_untrained_detector_says_no_nodule():
    network = AnchorNet3d(widths=(2, 4, 4, 4, 4)).eval()
    with torch.no_grad():
        found = network(torch.zeros(1, 1, 32, 32, 32)).view(1, 3, 7, 8, 8, 8)
    assert found[:, :, 0].sigmoid().max() < 0.1


def test_focal_loss_falls_faster_than_cross_entropy():
    right, wrong = torch.tensor([4.0]), torch.tensor([-4.0])
    yes = torch.tensor([1.0])
    plain = [binary_focal(x, yes, gamma=0.0, alpha=1.0) for x in (right, wrong)]
    focal = [binary_focal(x, yes, gamma=2.0, alpha=1.0) for x in (right, wrong)]
    assert focal[0] / plain[0] < 0.01 < focal[1] / plain[1]
    expected = torch.nn.functional.binary_cross_entropy_with_logits(wrong, yes)
    assert plain[1].item() == pytest.approx(expected.item())


def test_positives_and_the_hardest_negatives_count():
    logits = torch.tensor([0.1, 3.0, 2.0, -1.0, 5.0])
    targets = torch.tensor([1.0, 0.0, 0.0, 0.0, -1.0])
    counted = hardest_negatives(logits, targets, ratio=1.0, least=1)
    assert counted.tolist() == [True, True, False, False, False]
    nothing = hardest_negatives(logits, torch.zeros(5), ratio=1.0, least=2)
    assert nothing.tolist() == [False, True, False, False, True]


def test_the_anchor_loss_is_least_for_what_is_right():
    torch.manual_seed(0)
    targets = torch.zeros(1, 3, 4, 4, 4)
    targets[0, 1, 2, 2, 2], targets[0, 2, 0, 0, 0] = 1, -1
    boxes = torch.randn(1, 3, 6, 4, 4, 4)
    right = torch.cat([20 * (targets[:, :, None] - 0.5), boxes], 2)
    shifted = right.clone()
    shifted[:, :, 1:] += 0.3
    silent = right.clone()
    silent[:, :, 0] = -10
    best = anchor_loss(right, targets, boxes)
    assert best < 1e-3
    assert anchor_loss(shifted, targets, boxes) > 0.1
    assert anchor_loss(silent, targets, boxes) > 1.0
