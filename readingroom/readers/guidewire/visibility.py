"""How well a wire can be seen at all, segment by segment, whatever a reader makes of it.

A quarter of the dose over the mediastinum leaves parts of a thin wire below the noise: nobody
finds them, and what a score says of a network depends on how many there are. The index of a
segment is that of an ideal observer who *knows the wire's course* and need only say whether it is
there: the mean contrast along the segment over the deviation of the same mean beside it, where
there is no wire (a non-prewhitening matched filter; Burgess, J Opt Soc Am A 1999;16:633; for
guidewires in fluoroscopy Aufrichtig and Wilson, IEEE Trans Med Imaging 1995;14:733). Rose (J Opt
Soc Am 1948;38:196) puts reliable seeing at about 5 where the place is known. Anatomy that runs
along the wire counts as noise, as it does for an eye.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import KDTree

Curve = npt.NDArray[np.float64]
Frame = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

#: Length of a segment, px; a rest shorter than half of it belongs to the one before.
SEGMENT_PX = 40
#: From this index on a segment counts as one that can be seen: above Rose's 5, since where the
#: wire runs has to be found too.
SEEN_FROM = 6.0
#: Smoothing across single pixels, and distance of the two lines that the wire is held against, px.
_SMOOTH_PX, _BESIDE_PX = 0.7, 5
#: Parallel places whose contrasts are the noise, px from the wire.
_FIRST_PX, _LAST_PX = 8, 25
#: With fewer places in the field, nothing is known of the noise.
_LEAST_PLACES = 10
#: What was found this near to a part of the wire belongs to it, px; masks are as wide.
_NEAR_PX = 6.0


@dataclass(frozen=True)
class Segment:
    """A part of a wire.

    Attributes
    ----------
    points : ndarray of float64, shape (n, 2)
        ``(x, y)`` px.
    index : float
        Contrast in standard deviations of the noise; NaN where that is not known.
    last : bool
        Whether the wire ends with it.
    """

    points: Curve
    index: float
    last: bool


def segments(frame: Frame, line: Curve, field: Mask) -> list[Segment]:
    """Return the segments of a wire's true centreline and how well each can be seen.

    Parameters
    ----------
    frame : ndarray of float, ``[row, column]``
        Devices dark.
    line : ndarray, shape (n, 2)
        ``(x, y)`` px, in order, about 1 px apart.
    field : ndarray of bool, ``[row, column]``
        What the collimator leaves.
    """
    if len(line) < 3:
        return []
    offsets = np.arange(-_LAST_PX, _LAST_PX + 1)
    contrast, inside = _contrasts(frame, line, field, offsets)
    beside = np.abs(offsets) >= _FIRST_PX
    found = []
    for start, stop in _pieces(len(line)):
        mean = contrast[:, start:stop].mean(axis=1)
        known = inside[:, start:stop].all(axis=1)
        index = _index(mean[offsets == 0][0], mean[beside & known])
        found.append(Segment(line[start:stop], index, stop == len(line)))
    return found


def _contrasts(
    frame: Frame, line: Curve, field: Mask, offsets: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.float64], Mask]:
    """Return how much darker than its sides each parallel line is, ``(offset, point)``.

    And whether all that was taken for it lies in the field.
    """
    image = ndimage.gaussian_filter(np.asarray(frame, np.float64), _SMOOTH_PX)
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
    room = np.arange(offsets[0] - _BESIDE_PX, offsets[-1] + _BESIDE_PX + 1)
    x, y = np.moveaxis(line + room[:, None, None] * normal, -1, 0)
    profile = ndimage.map_coordinates(image, [y, x], order=1, mode="nearest")
    seen = ndimage.map_coordinates(field.astype(np.float32), [y, x], order=0, cval=0.0) > 0
    low, middle, high = (slice(k, k + len(offsets)) for k in (0, _BESIDE_PX, 2 * _BESIDE_PX))
    contrast = 0.5 * (profile[low] + profile[high]) - profile[middle]
    return contrast, seen[low] & seen[middle] & seen[high]


def _pieces(count: int) -> list[tuple[int, int]]:
    starts = list(range(0, max(count - SEGMENT_PX // 2, 1), SEGMENT_PX))
    return list(zip(starts, [*starts[1:], count], strict=True))


def _index(contrast: float, noise: npt.NDArray[np.float64]) -> float:
    """Return a robust z-score: median and median absolute deviation, times 1.4826."""
    if len(noise) < _LEAST_PLACES:
        return float("nan")
    middle = float(np.median(noise))
    spread = 1.4826 * float(np.median(np.abs(noise - middle)))
    return (float(contrast) - middle) / max(spread, 1e-9)


def recall(segment: Segment, found: list[Curve], tolerance_px: float = 2.0) -> float:
    """Return the share of a segment's points within a tolerance of a found line."""
    points = [line for line in found if len(line)]
    if not points:
        return 0.0
    return float((KDTree(np.concatenate(points)).query(segment.points)[0] <= tolerance_px).mean())


def parts_seen(found: list[Segment]) -> list[tuple[Curve, bool]]:
    """Return the parts of a wire that can be seen, and whether each ends with the wire.

    Neighbouring segments make one part.
    """
    parts: list[list[Segment]] = []
    before = False
    for segment in found:
        now = segment.index >= SEEN_FROM
        if now and before:
            parts[-1].append(segment)
        elif now:
            parts.append([segment])
        before = now
    return [(np.concatenate([one.points for one in part]), part[-1].last) for part in parts]


def unseen(found: list[Segment], shape: tuple[int, ...]) -> Mask:
    """Return the pixels around the parts that cannot be seen, ``[row, column]``.

    Those nearer to a part that can be seen are left out.
    """
    groups = [[one.points for one in found if (one.index >= SEEN_FROM) == seen] for seen in (0, 1)]
    hidden, plain = (_distance(points, shape) for points in groups)
    return np.asarray((hidden <= _NEAR_PX) & (hidden < plain))


def _distance(curves: list[Curve], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    if not curves:
        return np.full(shape, np.inf)
    away = np.ones(shape, bool)
    columns, rows = np.rint(np.concatenate(curves)).astype(int).T
    away[rows.clip(0, shape[0] - 1), columns.clip(0, shape[1] - 1)] = False
    return np.asarray(ndimage.distance_transform_edt(away))
