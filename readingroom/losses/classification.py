"""Losses on classes: cross-entropy for rare classes, easy examples and doubtful labels.

All take logits ``(n, classes, ...)`` and integer labels ``(n, ...)`` and return a scalar.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def focal(
    logits: Tensor, labels: Tensor, *, gamma: float = 2.0, class_weights: Tensor | None = None
) -> Tensor:
    """Return the mean focal loss ``-w (1 - p)^gamma log p`` of the true class.

    Examples that are already right count less (Lin et al., ICCV 2017); with gamma = 0 it
    is the cross-entropy.

    Parameters
    ----------
    gamma : float
        How fast right examples lose weight.
    class_weights : Tensor, shape (classes,), optional
        The weights w, the source's alpha; the mean is over examples, not over weights.
    """
    labels = labels.long()
    log_p = functional.log_softmax(logits, dim=1).gather(1, labels[:, None])[:, 0]
    loss = -((1 - log_p.exp()) ** gamma) * log_p
    if class_weights is not None:
        loss = loss * class_weights[labels]
    return loss.mean()


def smoothed_cross_entropy(
    logits: Tensor, labels: Tensor, *, smoothing: float = 0.1, class_weights: Tensor | None = None
) -> Tensor:
    """Return the cross-entropy against labels that leave `smoothing` to all classes.

    The target is ``1 - s + s / classes`` for the label and ``s / classes`` for the others
    (Szegedy et al., CVPR 2016): it keeps confidences moderate where labels are doubtful.
    """
    return functional.cross_entropy(
        logits, labels.long(), weight=class_weights, label_smoothing=smoothing
    )


def balanced_weights(counts: Sequence[float], *, beta: float = 0.999) -> Tensor:
    """Return class weights by the effective number of examples; their mean is 1.

    ``w = (1 - beta) / (1 - beta^n)`` (Cui et al., CVPR 2019): equal weights for beta = 0,
    towards 1/n for beta near 1.

    Parameters
    ----------
    counts : sequence of float
        Training examples per class; a class without any is given the weight of one with
        a single example.

    Returns
    -------
    Tensor of float32, shape (classes,)
    """
    number = torch.as_tensor(counts, dtype=torch.float64).clamp(min=1)
    weights = (1 - beta) / (1 - beta**number)
    return (weights / weights.mean()).float()


def balanced_cross_entropy(
    logits: Tensor, labels: Tensor, counts: Sequence[float], *, beta: float = 0.999
) -> Tensor:
    """Return the cross-entropy weighted by `balanced_weights`."""
    weights = balanced_weights(counts, beta=beta).to(logits)
    return functional.cross_entropy(logits, labels.long(), weight=weights)
