"""Losses on the overlap of regions: soft Dice and its relatives.

All take logits ``(n, classes, ...)`` and integer labels ``(n, ...)`` and return the mean
over classes of ``1 - overlap``, a scalar in 0…1. Sums run over the batch and all voxels,
so that a class missing from one example still has a gradient from the others.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def soft_dice(logits: Tensor, labels: Tensor, *, background: bool = False) -> Tensor:
    """Return one minus the soft Dice coefficient.

    ``Dice = 2 Σ p g / (Σ p + Σ g)`` with softmax probabilities p and one-hot labels g
    (Milletari et al., V-Net, 3DV 2016, with plain instead of squared sums).

    Parameters
    ----------
    logits : Tensor, shape (n, classes, ...)
    labels : Tensor of integers, shape (n, ...)
    background : bool
        Whether class 0 counts.
    """
    both, predicted, wanted = _sums(logits, labels)
    overlap = _ratio(2 * both, predicted + wanted)
    return 1 - _kept(overlap, background).mean()


def generalised_dice(logits: Tensor, labels: Tensor) -> Tensor:
    """Return one minus the generalised Dice coefficient, background included.

    ``2 Σ_c w_c Σ p g / Σ_c w_c Σ (p + g)`` with ``w_c = 1 / (Σ g)²``: small classes weigh
    as much as large ones (Sudre et al., DLMIA 2017). Classes without a labelled voxel
    take the largest weight of those that have one, so that they cannot outweigh them.
    """
    both, predicted, wanted = _sums(logits, labels)
    present = wanted > 0
    weights = torch.where(present, 1 / wanted.clamp(min=1) ** 2, torch.zeros_like(wanted))
    weights = torch.where(present, weights, weights.max())
    return 1 - 2 * (weights * both).sum() / (weights * (predicted + wanted)).sum()


def tversky(
    logits: Tensor,
    labels: Tensor,
    *,
    false_positives: float = 0.3,
    false_negatives: float = 0.7,
    background: bool = False,
) -> Tensor:
    """Return one minus the Tversky index, which weighs the two errors differently.

    ``Σ p g / (Σ p g + a Σ p (1 - g) + b Σ (1 - p) g)`` (Salehi et al., MLMI 2017); with
    a = b = 0.5 it is `soft_dice`.

    Parameters
    ----------
    false_positives, false_negatives : float
        The weights a and b; a larger b favours sensitivity.
    """
    both, predicted, wanted = _sums(logits, labels)
    errors = false_positives * (predicted - both) + false_negatives * (wanted - both)
    return 1 - _kept(_ratio(both, both + errors), background).mean()


def dice_and_cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    dice_weight: float = 1.0,
    class_weights: Tensor | None = None,
    background: bool = False,
) -> Tensor:
    """Return ``dice_weight`` × `soft_dice` plus the cross-entropy.

    The sum trains more evenly than either part (Isensee et al., Nat Methods 2021).

    Parameters
    ----------
    class_weights : Tensor, shape (classes,), optional
        Weights of the cross-entropy.
    """
    entropy = functional.cross_entropy(logits, labels.long(), weight=class_weights)
    return dice_weight * soft_dice(logits, labels, background=background) + entropy


class DiceCrossEntropyLoss(nn.Module):
    """`dice_and_cross_entropy` as a module; parameters are those of the function."""

    class_weights: Tensor | None

    def __init__(
        self,
        *,
        dice_weight: float = 1.0,
        class_weights: Tensor | None = None,
        background: bool = False,
    ) -> None:
        super().__init__()
        self.dice_weight = dice_weight
        self.background = background
        self.register_buffer("class_weights", class_weights)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the scalar loss of `logits` ``(n, classes, ...)`` for `labels`."""
        return dice_and_cross_entropy(
            logits,
            labels,
            dice_weight=self.dice_weight,
            class_weights=self.class_weights,
            background=self.background,
        )


def _sums(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return per class Σ p g, Σ p and Σ g over batch and voxels."""
    probabilities = logits.softmax(dim=1).transpose(0, 1).flatten(1)
    flat = labels.long().flatten()
    wanted = torch.bincount(flat, minlength=logits.shape[1]).to(probabilities.dtype)
    # Adding each voxel's own probability to its class costs no one-hot copy of the labels.
    own = probabilities.gather(0, flat[None])[0]
    both = torch.zeros_like(wanted).index_add(0, flat, own)
    return both, probabilities.sum(dim=1), wanted


def _ratio(top: Tensor, bottom: Tensor) -> Tensor:
    # Softmax probabilities are never all 0; the bound only guards against underflow.
    return top / bottom.clamp(min=1e-8)


def _kept(per_class: Tensor, background: bool) -> Tensor:
    return per_class if background or len(per_class) == 1 else per_class[1:]
