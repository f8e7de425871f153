"""Topology losses against hard skeletons and numbers worked out by hand; their gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.morphology import skeletonize

from readingroom.losses import topology
from readingroom.losses.topology import HybridLoss


def a_line(gap=0, row=10, width=3, size=(24, 48)):
    """Return a horizontal line of odd `width`, interrupted in the middle by `gap` pixels."""
    image = torch.zeros(1, 1, *size, dtype=torch.float64)
    image[..., row - width // 2 : row + width // 2 + 1, 4:44] = 1
    middle = 24
    image[..., middle - gap // 2 : middle - gap // 2 + gap] = 0
    return image


def a_wire():
    """Return a bent wire three pixels wide."""
    image = np.zeros((64, 64), bool)
    for t in np.linspace(0, 1, 400):
        y, x = 8 + 44 * t, 10 + 40 * np.sin(1.5 * t)
        image[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2] = True
    return image


def as_tensor(mask):
    return torch.from_numpy(mask.astype(np.float64))[None, None]


def test_soft_skeleton_of_a_straight_line_is_its_middle_row():
    found = topology.soft_skeleton(a_line())[0, 0]
    rows, columns = np.nonzero(found.numpy() > 0.5)
    assert set(rows) == {10}
    assert columns.min() <= 6 and columns.max() >= 41


def test_soft_skeleton_follows_the_hard_one():
    wire = a_wire()
    soft = topology.soft_skeleton(as_tensor(wire))[0, 0].numpy() > 0.5
    hard = skeletonize(wire)
    ys, xs = np.nonzero(hard)
    for y, x in zip(*np.nonzero(soft), strict=True):
        assert np.hypot(ys - y, xs - x).min() <= 1.5
    assert soft.sum() > 0.7 * hard.sum()


def test_cldice_agrees_with_hard_skeletons():
    wire = a_wire()
    cut = wire.copy()
    cut[30:40] = False
    precision = wire[skeletonize(cut)].mean()
    recall = cut[skeletonize(wire)].mean()
    hard = 2 * precision * recall / (precision + recall)
    soft = 1 - topology.soft_cldice(as_tensor(cut), as_tensor(wire)).item()
    assert soft == pytest.approx(hard, abs=0.02)


def test_cldice_by_hand():
    # A line 1 px wide is its own skeleton: 40 true px, of which 30 were found, none false.
    found, truth = a_line(gap=10, width=1), a_line(width=1)
    recall = (30 + 1) / (40 + 1)
    wanted = 1 - 2 * recall / (1 + recall)
    assert topology.soft_cldice(found, truth).item() == pytest.approx(wanted)


def test_a_gap_costs_more_topology_than_overlap():
    whole = a_line()
    assert topology.soft_cldice(whole, whole).item() == pytest.approx(0, abs=1e-6)
    thin = a_line(width=1)
    # A thinner line keeps the skeleton and loses two thirds of the area.
    assert topology.soft_cldice(thin, whole) < 0.05 < topology.soft_dice(thin, whole)


def test_cbdice_sees_the_width_that_cldice_does_not():
    whole, thin = a_line(width=5), a_line(width=1)
    assert topology.soft_cbdice(whole, whole).item() == pytest.approx(0, abs=1e-6)
    assert topology.soft_cbdice(thin, whole) > topology.soft_cldice(thin, whole) + 0.2


def test_cbdice_sees_a_shift():
    whole = a_line(width=5)
    losses = [topology.soft_cbdice(a_line(width=5, row=10 + n), whole).item() for n in range(4)]
    assert losses == sorted(losses) and losses[2] > losses[0] + 0.1


def test_skeleton_recall_by_hand():
    skeleton = a_line(width=1)
    found = 0.5 * a_line(gap=10)
    wanted = 1 - (0.5 * 30 + 1) / (40 + 1)
    assert topology.skeleton_recall(found, skeleton).item() == pytest.approx(wanted)


def test_tubed_skeleton_stays_within_the_target():
    target = a_line(width=5)
    tube = topology.tubed_skeleton(target)
    assert (tube <= target).all()
    assert set(np.nonzero(tube[0, 0].numpy())[0]) == {9, 10, 11}


def test_empty_target_and_empty_answer_cost_nothing():
    empty = torch.zeros(2, 1, 16, 16)
    for loss in (topology.soft_dice, topology.soft_cldice, topology.soft_cbdice):
        assert loss(empty, empty).item() == pytest.approx(0)


def test_channels_count_alike():
    line, empty = a_line(width=1), torch.zeros_like(a_line())
    both = torch.cat([line, line], dim=1)
    half = torch.cat([line, empty], dim=1)
    one = topology.soft_dice(empty, line).item()
    assert topology.soft_dice(half, both).item() == pytest.approx(one / 2)


def test_weight_of_topology_rises_like_half_a_cosine():
    loss = HybridLoss("cldice", weight=0.8, start=0.2, full=0.6)
    weights = [loss.topology_weight(f) for f in (0.0, 0.2, 0.4, 0.6, 1.0)]
    assert weights == pytest.approx([0, 0, 0.4, 0.8, 0.8])


@pytest.mark.parametrize("term", ["cldice", "cbdice", "skeleton_recall"])
def test_hybrid_is_the_sum_of_its_parts(term):
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(1, 1, 24, 48, dtype=torch.float64, generator=generator)
    target = a_line()
    plain = HybridLoss(None)(logits, target)
    part = topology.TERMS[term](logits.sigmoid(), target, None)
    hybrid = HybridLoss(term, weight=0.5, start=0.0, full=0.5)
    assert hybrid(logits, target, 0.0).item() == pytest.approx(plain.item())
    assert hybrid(logits, target, 1.0).item() == pytest.approx((plain + 0.5 * part).item())


def test_given_skeleton_is_used():
    logits, target = torch.zeros(1, 1, 24, 48, dtype=torch.float64), a_line()
    hybrid = HybridLoss("skeleton_recall", weight=1.0, start=0.0, full=0.5)
    made = hybrid(logits, target, 1.0, topology.tubed_skeleton(target))
    assert made.item() == pytest.approx(hybrid(logits, target, 1.0).item())
    assert hybrid(logits, target, 1.0, torch.zeros_like(target)) < made


@pytest.mark.parametrize("loss", [topology.soft_dice, topology.soft_cldice, topology.soft_cbdice])
def test_gradients(loss):
    generator = torch.Generator().manual_seed(1)
    probability = torch.rand(1, 2, 6, 7, dtype=torch.float64, generator=generator)
    target = (torch.rand(1, 2, 6, 7, generator=generator) > 0.6).double()
    probability.requires_grad_()
    assert torch.autograd.gradcheck(lambda p: loss(p, target, 1) if loss is not topology.soft_dice
                                    else loss(p, target), probability)  # fmt: skip


def test_descending_cldice_closes_a_gap():
    truth = a_line()
    logits = (6 * a_line(gap=4) - 3).requires_grad_()
    optimiser = torch.optim.Adam([logits], lr=0.5)
    for _ in range(30):
        optimiser.zero_grad()
        topology.soft_cldice(logits.sigmoid(), truth).backward()
        optimiser.step()
    assert (logits.sigmoid()[0, 0, 10, 5:43] > 0.5).all()
