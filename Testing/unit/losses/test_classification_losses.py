"""Classification losses against numbers worked out by hand, and their gradients."""

from __future__ import annotations

import math

import pytest
import torch

from readingroom.losses.classification import (
    balanced_cross_entropy,
    balanced_weights,
    focal,
    smoothed_cross_entropy,
)

# Probabilities (0.2, 0.5, 0.3) and (0.7, 0.2, 0.1); labels 1 and 0.
LOGITS = torch.log(torch.tensor([[0.2, 0.5, 0.3], [0.7, 0.2, 0.1]], dtype=torch.float64))
LABELS = torch.tensor([1, 0], dtype=torch.uint8)


def test_focal_by_hand():
    wanted = -(0.25 * math.log(0.5) + 0.09 * math.log(0.7)) / 2
    assert focal(LOGITS, LABELS, gamma=2).item() == pytest.approx(wanted)
    weights = torch.tensor([1.0, 4.0, 1.0], dtype=torch.float64)
    wanted = -(4 * 0.25 * math.log(0.5) + 0.09 * math.log(0.7)) / 2
    assert focal(LOGITS, LABELS, class_weights=weights).item() == pytest.approx(wanted)


def test_focal_without_focus_is_the_cross_entropy():
    entropy = -(math.log(0.5) + math.log(0.7)) / 2
    assert focal(LOGITS, LABELS, gamma=0).item() == pytest.approx(entropy)


def test_smoothed_cross_entropy_by_hand():
    first = 0.8 * math.log(0.5) + 0.1 * (math.log(0.2) + math.log(0.3))
    second = 0.8 * math.log(0.7) + 0.1 * (math.log(0.2) + math.log(0.1))
    found = smoothed_cross_entropy(LOGITS, LABELS, smoothing=0.3).item()
    assert found == pytest.approx(-(first + second) / 2)


def test_balanced_weights_by_hand():
    # beta = 0.5: effective numbers 1, 1.5, 1.75 -> 1/E in the ratio 42 : 28 : 24.
    found = balanced_weights([1, 2, 3], beta=0.5).tolist()
    assert found == pytest.approx([42 / 94 * 3, 28 / 94 * 3, 24 / 94 * 3], rel=1e-6)
    assert balanced_weights([5, 50, 0], beta=0.0).tolist() == [1, 1, 1]


def test_balanced_weights_approach_inverse_counts():
    rare, frequent = balanced_weights([10, 1000], beta=1 - 1e-7).tolist()
    assert rare / frequent == pytest.approx(100, rel=1e-3)


def test_balanced_cross_entropy_by_hand():
    w0, w1, _ = (42 / 94 * 3, 28 / 94 * 3, 24 / 94 * 3)
    wanted = -(w1 * math.log(0.5) + w0 * math.log(0.7)) / (w0 + w1)
    found = balanced_cross_entropy(LOGITS, LABELS, [1, 2, 3], beta=0.5).item()
    assert found == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 2, 3)])
@pytest.mark.parametrize(
    "loss",
    [focal, smoothed_cross_entropy, lambda x, y: balanced_cross_entropy(x, y, [3, 9, 1])],
    ids=["focal", "smoothed", "balanced"],
)
def test_gradients(loss, shape):
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(*shape, dtype=torch.float64, generator=generator)
    labels = torch.randint(0, 3, (shape[0], *shape[2:]), generator=generator)
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), logits.requires_grad_())
