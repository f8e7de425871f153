"""Anchors: boxes of a few sizes at every place, which nodule is whose, and back to boxes.

A box is ``(k, j, i, dk, dj, di)``: centre and extents in voxels of the network's grid.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Array32 = npt.NDArray[np.float32]

#: Sizes of the cubic anchors, voxels of 1 mm.
SIZES = (5.0, 10.0, 20.0)
STRIDE = 4
#: Overlaps above which an anchor is a nodule's, and below which it is nobody's.
_POSITIVE, _NEGATIVE = 0.3, 0.05


def centres(shape: tuple[int, int, int]) -> FloatArray:
    """Return the anchors' centres ``(3, k/4, j/4, i/4)`` for an image of `shape`."""
    axes = [np.arange(n // STRIDE) * STRIDE + (STRIDE - 1) / 2 for n in shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"))


def targets(boxes: FloatArray, shape: tuple[int, int, int]) -> tuple[Array32, Array32]:
    """Return what the network shall say about an image with `boxes` ``(n, 6)``.

    Returns
    -------
    labels : ndarray, shape (anchors, k/4, j/4, i/4)
        1, 0, or -1 where an anchor overlaps a nodule somewhat.
    numbers : ndarray, shape (anchors, 6, k/4, j/4, i/4)
    """
    at = centres(shape)
    labels = np.zeros((len(SIZES), *at.shape[1:]), np.float32)
    numbers = np.zeros((len(SIZES), 6, *at.shape[1:]), np.float32)
    best = np.zeros_like(labels)
    for box in boxes:
        overlap = np.stack([_overlap(at, size, box) for size in SIZES])
        labels[(overlap > _NEGATIVE) & (labels == 0)] = -1
        mine = (overlap >= _POSITIVE) & (overlap > best)
        # Also a nodule between all anchors has one.
        mine.flat[int(overlap.argmax())] = True
        labels[mine] = 1
        best = np.maximum(best, overlap)
        for n, size in enumerate(SIZES):
            numbers[n][:, mine[n]] = _encoded(at[:, mine[n]], size, box)
    return labels, numbers


def boxes_of(
    proposals: Array32, least_logit: float, start: tuple[int, int, int] = (0, 0, 0)
) -> tuple[FloatArray, FloatArray]:
    """Return boxes ``(n, 6)`` and logits ``(n,)`` of proposals ``(anchors * 7, k, j, i)``.

    Parameters
    ----------
    start : tuple of int
        First voxel of the image that the proposals are for.
    """
    numbers = proposals.reshape(len(SIZES), 7, *proposals.shape[1:]).astype(np.float64)
    k, j, i = (n * STRIDE for n in proposals.shape[1:])
    at = centres((k, j, i)) + np.array(start, float)[:, None, None, None]
    rows, logits = [], []
    for n, size in enumerate(SIZES):
        chosen = numbers[n, 0] >= least_logit
        shift, scale = numbers[n, 1:4][:, chosen], np.clip(numbers[n, 4:][:, chosen], -2, 2)
        rows.append(np.concatenate([at[:, chosen] + shift * size, size * np.exp(scale)]).T)
        logits.append(numbers[n, 0][chosen])
    return np.concatenate(rows), np.concatenate(logits)


def non_maximum_suppression(
    boxes: FloatArray, scores: FloatArray, most_overlap: float = 0.1, most: int = 200
) -> npt.NDArray[np.intp]:
    """Return the indices of the best boxes that hardly overlap each other, best first."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order) and len(kept) < most:
        first, order = int(order[0]), order[1:]
        kept.append(first)
        order = order[iou(boxes[order], boxes[first]) <= most_overlap]
    return np.array(kept, np.intp)


def iou(boxes: FloatArray, box: FloatArray) -> FloatArray:
    """Return the intersection over union of `boxes` ``(n, 6)`` with one box."""
    low = np.maximum(boxes[:, :3] - boxes[:, 3:] / 2, box[:3] - box[3:] / 2)
    high = np.minimum(boxes[:, :3] + boxes[:, 3:] / 2, box[:3] + box[3:] / 2)
    shared = np.clip(high - low, 0, None).prod(1)
    return np.asarray(shared / (boxes[:, 3:].prod(1) + box[3:].prod() - shared))


def _overlap(at: FloatArray, size: float, box: FloatArray) -> FloatArray:
    flat = np.concatenate([at.reshape(3, -1), np.full((3, at[0].size), size)]).T
    return iou(flat, box).reshape(at.shape[1:])


def _encoded(at: FloatArray, size: float, box: FloatArray) -> FloatArray:
    shift = (box[:3, None] - at) / size
    scale = np.broadcast_to(np.log(box[3:, None] / size), shift.shape)
    return np.concatenate([shift, scale])
