"""Losses of box detectors: which anchors there are to find, and where their boxes lie."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def binary_focal(
    logits: Tensor, targets: Tensor, *, gamma: float = 2.0, alpha: float = 0.25
) -> Tensor:
    """Return the focal loss of every element (Lin et al., ICCV 2017), not averaged.

    Parameters
    ----------
    logits, targets : Tensor
        Of one shape; targets 0 or 1.
    gamma : float
        How fast elements that are already right lose weight.
    alpha : float
        Weight of the positive elements; the others have ``1 - alpha``.
    """
    loss = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    right = torch.where(targets > 0.5, logits.sigmoid(), 1 - logits.sigmoid())
    weight = torch.where(targets > 0.5, alpha, 1 - alpha)
    return weight * (1 - right) ** gamma * loss


def hardest_negatives(logits: Tensor, targets: Tensor, ratio: float, least: int) -> Tensor:
    """Return the mask of elements that count: all positives and the hardest negatives.

    Parameters
    ----------
    targets : Tensor
        1 positive, 0 negative, below 0 neither.
    ratio : float
        Negatives per positive (online hard example mining: Shrivastava et al., CVPR 2016).
    least : int
        Negatives that count where there is no positive.
    """
    positive, negative = targets > 0.5, targets == 0
    count = min(max(int(ratio * int(positive.sum())), least), int(negative.sum()))
    chosen = torch.zeros_like(positive).flatten()
    scores = torch.where(negative, logits.detach(), -torch.inf).flatten()
    chosen[scores.topk(count).indices] = True
    return positive | chosen.view_as(positive)


def anchor_loss(
    proposals: Tensor, targets: Tensor, boxes: Tensor, *, ratio: float = 8.0, least: int = 32
) -> Tensor:
    """Return classification plus box loss of anchor proposals.

    Focal loss on positives and the hardest negatives, smooth-L1 on the boxes of positives;
    both per positive.

    Parameters
    ----------
    proposals : Tensor, shape (n, anchors, 7, k, j, i)
        Logit and six box numbers of every anchor.
    targets : Tensor, shape (n, anchors, k, j, i)
        1 a nodule's anchor, 0 none, -1 neither (does not count).
    boxes : Tensor, shape (n, anchors, 6, k, j, i)
        The numbers wanted where the target is 1.
    """
    logits = proposals[:, :, 0]
    counted = hardest_negatives(logits, targets, ratio, least)
    positive = targets > 0.5
    share = positive.sum().clamp(min=1)
    found = binary_focal(logits, targets.clamp(min=0), alpha=0.5)
    error = functional.smooth_l1_loss(proposals[:, :, 1:], boxes, reduction="none", beta=0.1)
    return ((found * counted).sum() + (error.mean(2) * positive).sum()) / share
