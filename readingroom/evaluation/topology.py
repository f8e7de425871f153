"""How well the centrelines of thin devices agree: tolerance scores, clDice, breaks, tips.

Curves are ``[n, 2]`` in pixels, ``(x, y)`` = ``(column, row)``, pixel centres at integers, in
order from the proximal end to the tip. Masks are ``[row, column]``. Labels of wires are good
to one or two pixels, so that curves are compared within a tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import KDTree

from readingroom.evaluation import overlap

Curve = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: Curves are compared at points this far apart, px.
STEP_PX = 0.5
#: A piece that follows a wire for less than this is no part of it, px.
_PIECE_PX = 3.0


@dataclass(frozen=True)
class CurveScore:
    """Agreement of found with true centrelines.

    Attributes
    ----------
    precision, recall, f1 : float
        Share of the found length that lies within the tolerance of the truth, share of the
        true length within the tolerance of what was found, and their harmonic mean, 0…1.
        NaN where a side has no length; ``f1`` is 0 if just one side has none.
    """

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class FrameScore:
    """Everything that is scored in one frame.

    Attributes
    ----------
    f1_2px, f1_3px : CurveScore
        Centreline agreement within 2 and 3 px.
    breaks : int
        Breaks over all true wires, see `breaks`.
    tip_errors_px : tuple of float
        Distance from each true tip to the nearest found one, px; infinite if none was found.
    hd95_px : float
        See `hausdorff_95`.
    false_length_px : float
        Found length farther than 3 px from any true wire, px.
    """

    f1_2px: CurveScore
    f1_3px: CurveScore
    breaks: int
    tip_errors_px: tuple[float, ...]
    hd95_px: float
    false_length_px: float


def score_frame(found: Sequence[Curve], truth: Sequence[Curve]) -> FrameScore:
    """Score the centrelines of one frame; tips are the curves' last points."""
    within_3 = curve_score(found, truth, 3.0)
    length = sum(curve_length(one) for one in found)
    hits = 0.0 if math.isnan(within_3.precision) else within_3.precision
    return FrameScore(
        f1_2px=curve_score(found, truth, 2.0),
        f1_3px=within_3,
        breaks=sum(breaks(found, one) for one in truth),
        tip_errors_px=tuple(tip_error(found, one) for one in truth),
        hd95_px=hausdorff_95(found, truth),
        false_length_px=length * (1.0 - hits),
    )


#: Numbers of `frame_numbers` that are infinite where a wire was missed.
MEDIANS = ("tip_error_px", "hd95_px")


def frame_numbers(
    found: Sequence[Curve],
    truth: Sequence[Curve],
    tips: Sequence[bool],
    found_mask: Mask,
    truth_mask: Mask,
) -> dict[str, float]:
    """Return all numbers of one frame by name; NaN where one is not defined.

    Parameters
    ----------
    tips : sequence of bool
        Whether each true centreline ends in a tip (and not at the picture's border).
    """
    score = score_frame(found, truth)
    errors = [e for e, is_tip in zip(score.tip_errors_px, tips, strict=True) if is_tip]
    return {
        "f1_2px": score.f1_2px.f1,
        "precision_2px": score.f1_2px.precision,
        "recall_2px": score.f1_2px.recall,
        "f1_3px": score.f1_3px.f1,
        "cl_dice": cl_dice(found_mask, truth_mask),
        "dice": overlap.dice(found_mask, truth_mask),
        "breaks": float(score.breaks) if truth else math.nan,
        "tip_error_px": max(errors) if errors else math.nan,
        "hd95_px": score.hd95_px,
        "false_length_px": score.false_length_px,
    }


def curve_length(curve: Curve) -> float:
    """Return the length of a polyline, px."""
    return float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum()) if len(curve) > 1 else 0.0


def resampled(curve: Curve, step: float = STEP_PX) -> Curve:
    """Return points on a polyline, `step` px apart or slightly less, both ends included."""
    if len(curve) < 2:
        return np.asarray(curve, np.float64).reshape(-1, 2)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    places = np.linspace(0.0, along[-1], max(math.ceil(along[-1] / step) + 1, 2))
    return np.column_stack([np.interp(places, along, curve[:, axis]) for axis in (0, 1)])


def curve_score(found: Sequence[Curve], truth: Sequence[Curve], tolerance_px: float) -> CurveScore:
    """Return precision, recall and F1 of centrelines within a tolerance, px.

    Both sides are sampled at equal steps, so that long and short wires count by length.
    All three are NaN if both sides are empty.
    """
    ours, theirs = _points(found), _points(truth)
    if not len(ours) or not len(theirs):
        none = math.nan if not len(ours) and not len(theirs) else 0.0
        return CurveScore(none if len(ours) else math.nan, none if len(theirs) else math.nan, none)
    precision = float((KDTree(theirs).query(ours)[0] <= tolerance_px).mean())
    recall = float((KDTree(ours).query(theirs)[0] <= tolerance_px).mean())
    total = precision + recall
    return CurveScore(precision, recall, 2 * precision * recall / total if total else 0.0)


def breaks(found: Sequence[Curve], truth: Curve, tolerance_px: float = 3.0) -> int:
    """Return in how many places a true wire is interrupted in what was found.

    The pieces are the fewest found curves that together follow all that was found of the
    wire, each for at least 3 px more than the others; there is one break fewer than pieces.
    A wire that was not found at all is not broken but missed, and shows in the recall.
    """
    points = resampled(truth)
    covered = [KDTree(resampled(one)).query(points)[0] <= tolerance_px for one in found if len(one)]
    left, pieces = np.ones(len(points), bool), 0
    while covered:
        best = max(covered, key=lambda piece: int((piece & left).sum()))
        if (best & left).sum() * STEP_PX < _PIECE_PX:
            break
        left &= ~best
        pieces += 1
    return max(pieces - 1, 0)


def breaks_in_mask(found: Mask, truth: Curve, tolerance_px: float = 3.0) -> int:
    """Return in how many places a true wire is interrupted in a mask.

    Counts the 8-connected parts of the mask within the tolerance of the wire, less one.
    """
    tube = ndimage.distance_transform_edt(~drawn([truth], found.shape)) <= tolerance_px
    labels, count = ndimage.label(found & tube, np.ones((3, 3), bool))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return max(int((sizes >= _PIECE_PX).sum()) - 1, 0)


def tip_error(found: Sequence[Curve], truth: Curve) -> float:
    """Return the distance from the true tip to the nearest found tip, px; inf if none."""
    tips = [one[-1] for one in found if len(one)]
    if not tips:
        return math.inf
    return float(np.linalg.norm(np.asarray(tips) - truth[-1], axis=1).min())


def hausdorff_95(found: Sequence[Curve], truth: Sequence[Curve]) -> float:
    """Return the larger of the two directed 95th percentile distances between curves, px.

    NaN if both sides are empty, infinite if just one is.
    """
    ours, theirs = _points(found), _points(truth)
    if not len(ours) or not len(theirs):
        return math.nan if not len(ours) and not len(theirs) else math.inf
    there, back = KDTree(theirs).query(ours)[0], KDTree(ours).query(theirs)[0]
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def cl_dice(found: Mask, truth: Mask) -> float:
    """Return clDice: how much of each mask's skeleton lies in the other mask.

    Source: Shit et al., clDice, CVPR 2021, equations 1 and 2. Skeletons by Zhang and Suen's
    thinning. NaN if both masks are empty, 0 if just one is.
    """
    from skimage.morphology import skeletonize

    if not found.any() or not truth.any():
        return math.nan if not (found.any() or truth.any()) else 0.0
    ours: Mask = skeletonize(found)  # type: ignore[no-untyped-call]
    theirs: Mask = skeletonize(truth)  # type: ignore[no-untyped-call]
    precision = float(truth[ours].mean())
    sensitivity = float(found[theirs].mean())
    total = precision + sensitivity
    return 2 * precision * sensitivity / total if total else 0.0


def drawn(curves: Sequence[Curve], shape: tuple[int, ...], radius_px: float = 0.0) -> Mask:
    """Return the mask of curves: the pixels they pass, or those within `radius_px` of them."""
    mask = np.zeros(shape, bool)
    points = _points(curves)
    if not len(points):
        return mask
    columns, rows = np.rint(points).astype(int).T
    inside = (rows >= 0) & (columns >= 0) & (rows < shape[0]) & (columns < shape[1])
    mask[rows[inside], columns[inside]] = True
    if radius_px <= 0:
        return mask
    return np.asarray(ndimage.distance_transform_edt(~mask) <= radius_px)


def _points(curves: Sequence[Curve]) -> Curve:
    parts = [resampled(one) for one in curves if len(one)]
    return np.concatenate(parts) if parts else np.zeros((0, 2))
