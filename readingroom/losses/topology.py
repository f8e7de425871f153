"""Losses for thin structures: what counts is that a line is found, whole and in place.

All work on probabilities and binary targets ``(n, c, h, w)``, each channel on its own, since a
wire runs inside a catheter. Sums run over the batch, so that a channel without a target in one
example still has a gradient from the others.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Added above and below each fraction: an empty target and an empty answer agree.
SMOOTH = 1.0


def soft_erode(image: Tensor) -> Tensor:
    """Return the minimum over the cross-shaped neighbourhood; nothing is lost at the border.

    Source: Shit et al., "clDice", CVPR 2021.
    """
    eroded = -functional.max_pool2d(-image, (3, 1), 1, (1, 0))
    return torch.minimum(eroded, -functional.max_pool2d(-image, (1, 3), 1, (0, 1)))


def soft_dilate(image: Tensor) -> Tensor:
    """Return the maximum over the 3 × 3 neighbourhood."""
    return functional.max_pool2d(image, 3, 1, 1)


def soft_skeleton(image: Tensor, iterations: int = 3) -> Tensor:
    """Return a differentiable skeleton of values 0…1 (Shit et al., CVPR 2021, algorithm 1).

    Parameters
    ----------
    image : Tensor, shape (n, c, h, w)
    iterations : int
        At least the largest radius in pixels.
    """
    skeleton = torch.relu(image - soft_dilate(soft_erode(image)))
    for _ in range(iterations):
        image = soft_erode(image)
        left = torch.relu(image - soft_dilate(soft_erode(image)))
        skeleton = skeleton + torch.relu(left - skeleton * left)
    return skeleton


def soft_dice(probability: Tensor, target: Tensor) -> Tensor:
    """Return one minus the soft Dice coefficient, mean over channels."""
    both = _total(probability * target)
    return 1 - ((2 * both + SMOOTH) / (_total(probability) + _total(target) + SMOOTH)).mean()


def soft_cldice(probability: Tensor, target: Tensor, iterations: int = 3) -> Tensor:
    """Return one minus the soft centreline Dice (Shit et al., CVPR 2021), mean over channels.

    The harmonic mean of the part of the found skeleton that lies in the target, and the part
    of the target's skeleton that lies in what was found.
    """
    found, true = soft_skeleton(probability, iterations), soft_skeleton(target, iterations)
    precision = (_total(found * target) + SMOOTH) / (_total(found) + SMOOTH)
    recall = (_total(true * probability) + SMOOTH) / (_total(true) + SMOOTH)
    return 1 - (2 * precision * recall / (precision + recall)).mean()


def soft_cbdice(probability: Tensor, target: Tensor, iterations: int = 3) -> Tensor:
    """Return one minus the centreline-boundary Dice, mean over channels.

    clDice in which every skeleton point weighs by the radius there, and what it is compared
    with by its distance from the border: width and small shifts count too. After Shi et
    al., "Centerline boundary Dice", MICCAI 2024; distances by repeated soft erosion, so that
    the gradient flows through them.
    """
    depth_found, depth_true = _depth(probability, iterations), _depth(target, iterations)
    found, true = soft_skeleton(probability, iterations), soft_skeleton(target, iterations)
    radius_found, radius_true = found * depth_found, true * depth_true
    inside = torch.minimum(depth_true, depth_found)
    precision = (_total(found * inside) + SMOOTH) / (_total(radius_found) + SMOOTH)
    recall = (_total(true * inside) + SMOOTH) / (_total(radius_true) + SMOOTH)
    return 1 - (2 * precision * recall / (precision + recall)).mean()


def skeleton_recall(probability: Tensor, skeleton: Tensor) -> Tensor:
    """Return one minus the part of a true skeleton that was found, mean over channels.

    Source: Kirchhoff et al., "Skeleton recall loss", ECCV 2024. The skeleton, a little
    widened, is made once with the example and not at every step: see `tubed_skeleton`.

    Parameters
    ----------
    skeleton : Tensor, shape (n, c, h, w)
        0 or 1.
    """
    hit = _total(probability * skeleton)
    return 1 - ((hit + SMOOTH) / (_total(skeleton) + SMOOTH)).mean()


def tubed_skeleton(target: Tensor, iterations: int = 3) -> Tensor:
    """Return the skeleton of a binary target ``(n, c, h, w)`` widened by one pixel."""
    with torch.no_grad():
        return soft_dilate((soft_skeleton(target.float(), iterations) > 0.5).float()) * target


def balanced_entropy(logits: Tensor, target: Tensor, positive_weight: float = 4.0) -> Tensor:
    """Return the binary cross-entropy in which pixels of the target weigh more."""
    weight = torch.tensor(positive_weight, dtype=logits.dtype, device=logits.device)
    return functional.binary_cross_entropy_with_logits(logits, target, pos_weight=weight)


#: The topology terms by name; each takes probabilities, targets and their tubed skeletons.
TERMS: dict[str, Callable[[Tensor, Tensor, Tensor | None], Tensor]] = {
    "cldice": lambda p, t, _: soft_cldice(p, t),
    "cbdice": lambda p, t, _: soft_cbdice(p, t),
    "skeleton_recall": lambda p, t, s: skeleton_recall(p, tubed_skeleton(t) if s is None else s),
}


class HybridLoss(nn.Module):
    """Cross-entropy, Dice and a topology term whose weight rises during training.

    ``E + D + w(f) T`` at the fraction f of the training: w is 0 until `start`, then rises
    like half a cosine to `weight` at `full`. First the region is found, then its gaps are
    closed.

    Parameters
    ----------
    term : str or None
        One of `TERMS`; None for no topology term.
    """

    def __init__(
        self,
        term: str | None = "cldice",
        *,
        weight: float = 0.5,
        start: float = 0.2,
        full: float = 0.6,
        positive_weight: float = 4.0,
    ) -> None:
        super().__init__()
        self.term = None if term is None else TERMS[term]
        self.weight, self.start, self.full = weight, start, full
        self.positive_weight = positive_weight

    def topology_weight(self, fraction: float) -> float:
        """Return the weight of the topology term at a fraction 0…1 of the training."""
        done = min(max((fraction - self.start) / (self.full - self.start), 0.0), 1.0)
        return self.weight * 0.5 * (1 - float(torch.cos(torch.tensor(torch.pi * done))))

    def forward(
        self,
        logits: Tensor,
        target: Tensor,
        fraction: float = 1.0,
        skeleton: Tensor | None = None,
    ) -> Tensor:
        """Return the scalar loss of `logits` for a binary `target`, both ``(n, c, h, w)``.

        `skeleton` is the target's tubed skeleton, made here if it is needed and missing.
        """
        probability, target = logits.sigmoid(), target.to(logits.dtype)
        loss = balanced_entropy(logits, target, self.positive_weight)
        loss = loss + soft_dice(probability, target)
        weight = self.topology_weight(fraction)
        if self.term is None or weight == 0.0:
            return loss
        return loss + weight * self.term(probability, target, skeleton)


def _depth(image: Tensor, iterations: int) -> Tensor:
    """Return how deep inside every pixel lies: the sum of `iterations` soft erosions."""
    total = image
    for _ in range(iterations):
        image = soft_erode(image)
        total = total + image
    return total


def _total(image: Tensor) -> Tensor:
    """Return the sum per channel, over the batch and all pixels."""
    return image.transpose(0, 1).flatten(1).sum(dim=1)
