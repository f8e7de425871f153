"""A curve that clings to the device between clicked points, and follows it to other frames.

Works on ridge strength (see `ridge`) or on any map of evidence, and runs no network.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.readers.guidewire.centerlinecurve import smooth, spline

Curve = npt.NDArray[np.float64]
Image = npt.NDArray[np.float32]

#: Cost of a pixel without evidence against one with full evidence is about 1 / this.
_FLOOR = 0.03
#: Room around two clicked points in which the path may run, and the least, px.
_ROOM_SHARE, _ROOM_PX = 0.35, 24
#: Distance of a followed curve's nodes, how far each may move across it, and in what steps, px.
_NODE_PX, _REACH_PX, _STEP_PX = 8.0, 10.0, 1.0
#: How far a whole curve may shift between neighbouring frames, px.
_SHIFT_PX = 16
#: A curve is not followed where its evidence falls below this share of the corrected one's.
_LOST = 0.45


@dataclass(frozen=True)
class Followed:
    """A correction carried to another frame.

    Attributes
    ----------
    frame : int
    points : ndarray, shape (n, 2)
    evidence : float
        Mean evidence along the curve as a share of that in the corrected frame.
    """

    frame: int
    points: Curve
    evidence: float


def live_wire(evidence: Image, clicks: Sequence[Sequence[float]]) -> Curve:
    """Return the smooth curve through clicked points that follows the evidence between them.

    Minimal paths by Dijkstra's method (Mortensen and Barrett, Graph Models Image Process
    1998;60:349), then a smoothing spline.

    Parameters
    ----------
    evidence : ndarray of float32, ``[row, column]``
        0…1, or any strength >= 0; scaled by its 99.5th percentile.
    clicks : sequence of (x, y)
        In order; at least two.
    """
    scaled = _scaled(evidence)
    places = np.asarray(clicks, np.float64).reshape(-1, 2)
    parts = [places[:1]]
    for start, stop in itertools.pairwise(places):
        parts.append(_path(scaled, start, stop)[1:])
    return spline(smooth(np.concatenate(parts)), noise_px=0.3)


def follow(curve: Curve, here: Image, there: Image) -> tuple[Curve, float]:
    """Return a curve carried from one frame to a neighbouring one, and its evidence there.

    The whole curve shifts to where the evidence is best; then each node moves across the
    curve, the moves of neighbours kept alike by dynamic programming (Amini et al., IEEE
    Trans Pattern Anal Mach Intell 1990;12:855).

    Returns
    -------
    points : ndarray, shape (n, 2)
    evidence : float
        Mean evidence along it as a share of that of `curve` in its own frame.
    """
    before = max(float(_sampled(_scaled(here), curve).mean()), 1e-6)
    scaled = _scaled(there)
    nodes = spline(curve, step_px=_NODE_PX)
    moved = _across(scaled, nodes + _shift(scaled, nodes))
    points = spline(moved, noise_px=0.5)
    return points, float(_sampled(scaled, points).mean()) / before


def propagate(
    curve: Curve, evidence: Sequence[Image], frame: int, reach: int = 5
) -> list[Followed]:
    """Carry a corrected curve to the neighbouring frames, on both sides, until it is lost.

    Parameters
    ----------
    evidence : sequence of ndarray
        Evidence of every frame of the sequence, as `live_wire` takes it.
    frame : int
        Where the curve was corrected.
    reach : int
        Largest number of frames on each side.
    """
    found = []
    for step in (-1, 1):
        points, share = curve, 1.0
        for number in range(frame + step, frame + step * (reach + 1), step):
            if not 0 <= number < len(evidence):
                break
            points, kept = follow(points, evidence[number - step], evidence[number])
            share *= kept
            if share < _LOST or kept < _LOST:
                break
            found.append(Followed(number, points, min(share, 1.0)))
    return sorted(found, key=lambda one: one.frame)


def _scaled(evidence: Image) -> Image:
    top = float(np.percentile(evidence, 99.5))
    return np.asarray(np.clip(evidence / max(top, 1e-9), 0.0, 1.0), np.float32)


def _path(scaled: Image, start: Curve, stop: Curve) -> Curve:
    from skimage.graph import route_through_array

    rows, columns = scaled.shape
    room = max(_ROOM_PX, _ROOM_SHARE * float(np.hypot(*(stop - start))))
    limit = np.array([columns, rows])
    low = np.clip(np.floor(np.minimum(start, stop) - room), 0, limit - 1).astype(int)
    high = np.clip(np.ceil(np.maximum(start, stop) + room) + 1, 1, limit).astype(int)
    box = scaled[low[1] : high[1], low[0] : high[0]]
    inner = np.clip(np.rint([start, stop]) - low, 0, np.array(box.shape[::-1]) - 1).astype(int)
    (x0, y0), (x1, y1) = inner.tolist()
    route, _ = route_through_array(  # type: ignore[no-untyped-call]
        1.0 / (_FLOOR + box), (y0, x0), (y1, x1), geometric=True
    )
    return np.asarray(np.asarray(route, np.float64)[:, ::-1] + low)


def _sampled(image: Image, points: Curve) -> npt.NDArray[np.float32]:
    return np.asarray(
        ndimage.map_coordinates(image, [points[..., 1], points[..., 0]], order=1, mode="nearest")
    )


def _shift(scaled: Image, nodes: Curve) -> Curve:
    """Return the shift of the whole curve with the most evidence; small ones preferred."""
    blurred = ndimage.gaussian_filter(scaled, 2.0)
    steps = np.arange(-_SHIFT_PX, _SHIFT_PX + 1, 2, dtype=np.float64)
    moves = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 1, 2)
    gain = _sampled(blurred, nodes[None] + moves).mean(axis=1)
    size = np.linalg.norm(moves[:, 0], axis=1) / _SHIFT_PX
    return np.asarray(moves[int(np.argmax(gain - 0.15 * gain.max() * size)), 0])


def _across(scaled: Image, nodes: Curve) -> Curve:
    """Return the nodes moved across their curve by the best smooth sequence of steps."""
    tangent = np.gradient(nodes, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
    offsets = np.arange(-_REACH_PX, _REACH_PX + 1e-6, _STEP_PX)
    gain = _sampled(scaled, nodes[:, None] + offsets[:, None] * normal[:, None])
    bend = 0.02 * (offsets[:, None] - offsets[None]) ** 2
    total, choice = gain[0].astype(np.float64), []
    for row in gain[1:]:
        scores = total[None] - bend
        choice.append(scores.argmax(axis=1))
        total = scores.max(axis=1) + row
    best = [int(total.argmax())]
    for back in reversed(choice):
        best.append(int(back[best[-1]]))
    return np.asarray(nodes + offsets[best[::-1]][:, None] * normal)
