"""Overlap losses against numbers worked out by hand, and their gradients."""

from __future__ import annotations

import math

import pytest
import torch

from readingroom.losses.overlap import (
    DiceCrossEntropyLoss,
    dice_and_cross_entropy,
    generalised_dice,
    soft_dice,
    tversky,
)

# Two classes, four voxels. Probabilities of class 1: 0.8, 0.6, 0.3, 0.1; labels 1 1 0 0.
# Σpg = 1.4, Σp = 1.8, Σg = 2; for class 0: Σpg = 1.6, Σp = 2.2, Σg = 2.
P1 = torch.tensor([0.8, 0.6, 0.3, 0.1], dtype=torch.float64)
LOGITS = torch.stack([torch.log(1 - P1), torch.log(P1)])[None]
LABELS = torch.tensor([[1, 1, 0, 0]], dtype=torch.uint8)
DICE_1, DICE_0 = 2.8 / 3.8, 3.2 / 4.2


def test_soft_dice_by_hand():
    assert soft_dice(LOGITS, LABELS).item() == pytest.approx(1 - DICE_1)
    both = soft_dice(LOGITS, LABELS, background=True).item()
    assert both == pytest.approx(1 - (DICE_0 + DICE_1) / 2)


def test_tversky_by_hand():
    found = tversky(LOGITS, LABELS, false_positives=0.3, false_negatives=0.7).item()
    assert found == pytest.approx(1 - 1.4 / (1.4 + 0.3 * 0.4 + 0.7 * 0.6))


def test_tversky_with_equal_weights_is_dice():
    found = tversky(LOGITS, LABELS, false_positives=0.5, false_negatives=0.5)
    assert found.item() == pytest.approx(soft_dice(LOGITS, LABELS).item())


def test_generalised_dice_by_hand():
    # One labelled voxel of class 1 weighs 1, three of class 0 weigh 1/9.
    labels = torch.tensor([[1, 0, 0, 0]])
    both_1, sum_1 = 0.8, 1.8 + 1
    both_0, sum_0 = 0.4 + 0.7 + 0.9, 2.2 + 3
    wanted = 1 - 2 * (both_1 + both_0 / 9) / (sum_1 + sum_0 / 9)
    assert generalised_dice(LOGITS, labels).item() == pytest.approx(wanted)


def test_dice_and_cross_entropy_by_hand():
    entropy = -(math.log(0.8) + math.log(0.6) + math.log(0.7) + math.log(0.9)) / 4
    found = dice_and_cross_entropy(LOGITS, LABELS, dice_weight=0.5).item()
    assert found == pytest.approx(0.5 * (1 - DICE_1) + entropy)
    module = DiceCrossEntropyLoss(dice_weight=0.5)
    assert module(LOGITS, LABELS).item() == found


@pytest.mark.parametrize("loss", [soft_dice, generalised_dice, tversky])
def test_certainty_gives_nought_and_its_opposite_one(loss):
    labels = torch.randint(0, 3, (2, 4, 4, 4), generator=torch.Generator().manual_seed(0))
    right = torch.nn.functional.one_hot(labels, 3).movedim(-1, 1) * 60.0
    assert loss(right, labels).item() == pytest.approx(0, abs=1e-6)
    assert loss(right.roll(1, dims=1), labels).item() == pytest.approx(1, abs=1e-6)


def test_class_that_no_voxel_has_does_not_drown_the_others():
    labels = torch.zeros(1, 1000, dtype=torch.long)
    labels[0, :10] = 1
    right = torch.nn.functional.one_hot(labels, 3).movedim(-1, 1) * 60.0
    assert generalised_dice(right, labels).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", [soft_dice, generalised_dice, tversky, dice_and_cross_entropy])
def test_gradients(loss):
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 3, 2, 2, 3, dtype=torch.float64, generator=generator)
    labels = torch.randint(0, 3, (2, 2, 2, 3), generator=generator)
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), logits.requires_grad_())
