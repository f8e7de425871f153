"""A wire in three dimensions from two views: epipolar matching, triangulation, spline.

Points in pictures are ``(x, y)`` px, pixel centres at integers; points in space are mm in LPS
axes from the isocentre. Geometry after Hartley and Zisserman, Multiple View Geometry, 2004,
chapters 9 and 12.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import interpolate
from scipy.spatial import KDTree

from readingroom.errors import RefusedInput
from readingroom.readers.guidewire.centerlinecurve import resampled
from readingroom.readers.guidewire.simulatedgeometry import CArm

FloatArray = npt.NDArray[np.float64]

#: Distance of the points that are matched, px, and the price of standing still in one view.
_STEP_PX, _STILL = 2.0, 0.05
#: Views that differ by less than this see no depth, degrees.
_LEAST_ANGLE_DEG = 15.0
#: Rounds in which the spline is drawn to both curves.
_ROUNDS = 4

_TAGS = {
    "PositionerPrimaryAngle": "(0018,1510)",
    "PositionerSecondaryAngle": "(0018,1511)",
    "DistanceSourceToDetector": "(0018,1110)",
    "DistanceSourceToPatient": "(0018,1111)",
    "ImagerPixelSpacing": "(0018,1164)",
}


@dataclass(frozen=True)
class View:
    """One projection.

    Attributes
    ----------
    matrix : ndarray, shape (3, 4)
        LPS mm, homogeneous, to ``(x, y, 1)`` px times depth.
    """

    matrix: FloatArray

    @classmethod
    def of(cls, arm: CArm, shape: tuple[int, int] | None = None) -> View:
        """Return the view of a C-arm; `shape` gives rows and columns where they differ."""
        matrix = arm.matrix
        if shape is not None and shape[0] != arm.size:
            matrix = matrix.copy()
            matrix[1] += (shape[0] - arm.size) / 2.0 * matrix[2]
        return cls(matrix)

    @property
    def source(self) -> FloatArray:
        """Place of the focal spot, mm."""
        return np.asarray(-np.linalg.solve(self.matrix[:, :3], self.matrix[:, 3]))

    def project(self, points_mm: FloatArray) -> FloatArray:
        """Return the picture points ``(n, 2)`` of points in space ``(n, 3)``."""
        seen = points_mm @ self.matrix[:, :3].T + self.matrix[:, 3]
        return np.asarray(seen[:, :2] / seen[:, 2:])


@dataclass(frozen=True)
class Reconstruction:
    """A wire in space.

    Attributes
    ----------
    points_mm : ndarray, shape (n, 3)
        From the proximal end to the tip, about 1 mm apart.
    residual_px : tuple of float
        Mean distance of its projection from the centreline, in each view.
    angle_deg : float
        Angle between the two views.
    """

    points_mm: FloatArray
    residual_px: tuple[float, float]
    angle_deg: float

    @property
    def length_mm(self) -> float:
        """Length of the wire, mm."""
        return float(np.linalg.norm(np.diff(self.points_mm, axis=0), axis=1).sum())


def view_of(dataset: Any) -> View:
    """Return the view of an XA object from its header.

    Parameters
    ----------
    dataset : pydicom.Dataset

    Raises
    ------
    RefusedInput
        ``GEOMETRY_MISSING`` with the tags that are not there.
    """
    missing = [f"{name} {tag}" for name, tag in _TAGS.items() if dataset.get(name) in (None, "")]
    if missing:
        raise RefusedInput(
            "GEOMETRY_MISSING",
            f"The C-arm's geometry is not in the images: {', '.join(missing)}.",
            "Use sequences that carry it, or read each view for itself.",
        )
    spacing = [float(value) for value in dataset.ImagerPixelSpacing]
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    arm = CArm(
        primary_deg=float(dataset.PositionerPrimaryAngle),
        secondary_deg=float(dataset.PositionerSecondaryAngle),
        sid_mm=float(dataset.DistanceSourceToDetector),
        sod_mm=float(dataset.DistanceSourceToPatient),
        imager_mm=(spacing[0] + spacing[1]) / 2.0,
        size=columns,
    )
    return View.of(arm, (rows, columns))


def reconstruct(
    first: FloatArray, first_view: View, second: FloatArray, second_view: View
) -> Reconstruction:
    """Return the wire whose projections are two centrelines, both ordered to the tip.

    The tips are the same point; where each point of one curve is on the other follows from
    its epipolar line and from the order along the wire. One view may see more of the
    proximal end. The spline through the triangulated points is then drawn to both curves.

    Raises
    ------
    RefusedInput
        ``VIEWS_TOO_CLOSE`` if the two views see no depth, ``CURVES_DIFFER`` if no wire
        can have both projections.
    """
    angle = _angle(first_view, second_view)
    if angle < _LEAST_ANGLE_DEG:
        raise RefusedInput(
            "VIEWS_TOO_CLOSE",
            f"The views differ by {angle:.0f} degrees only; depth cannot be seen.",
            f"Use views at least {_LEAST_ANGLE_DEG:.0f} degrees apart.",
        )
    ours, theirs = resampled(first, _STEP_PX), resampled(second, _STEP_PX)
    matched = _matched(_epipolar_distances(ours, theirs, first_view, second_view))
    points = triangulate(ours[matched[:, 0]], first_view, theirs[matched[:, 1]], second_view)
    points = _spline(points)
    for _ in range(_ROUNDS):
        points = _spline(
            triangulate(
                _nearest(first_view.project(points), ours),
                first_view,
                _nearest(second_view.project(points), theirs),
                second_view,
            )
        )
    residual = tuple(
        float(np.linalg.norm(view.project(points) - _nearest(view.project(points), curve), axis=1)
              .mean())
        for view, curve in ((first_view, ours), (second_view, theirs))
    )  # fmt: skip
    return Reconstruction(points, (residual[0], residual[1]), angle)


def triangulate(
    first: FloatArray, first_view: View, second: FloatArray, second_view: View
) -> FloatArray:
    """Return the points ``(n, 3)`` mm seen at matching points of two pictures.

    Homogeneous linear method of Hartley and Zisserman, section 12.2, with coordinates scaled.
    """
    a, b = first_view.matrix, second_view.matrix
    rows = np.stack(
        [
            first[:, :1] * a[2] - a[0],
            first[:, 1:] * a[2] - a[1],
            second[:, :1] * b[2] - b[0],
            second[:, 1:] * b[2] - b[1],
        ],
        axis=1,
    )
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    solution, *_ = zip(
        *(np.linalg.lstsq(row[:, :3], -row[:, 3], rcond=None) for row in rows), strict=True
    )
    return np.array(solution)


def error_mm(found: FloatArray, truth: FloatArray) -> float:
    """Return the mean distance of a found curve from the true one, mm."""
    dense = np.concatenate(
        [np.linspace(a, b, 8, endpoint=False) for a, b in itertools.pairwise(truth)] + [truth[-1:]]
    )
    return float(KDTree(dense).query(found)[0].mean())


def _angle(first: View, second: View) -> float:
    one, other = first.source, second.source
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    angle = float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
    return min(angle, 180.0 - angle)


def _epipolar_distances(
    ours: FloatArray, theirs: FloatArray, first: View, second: View
) -> FloatArray:
    """Return the distances, px, of points of the second picture from the lines of the first's.

    The second curve is shifted so that the tips match: an error of the C-arm's geometry
    moves all lines alike, to first order.
    """
    inverse = np.linalg.pinv(first.matrix)
    epipole = second.matrix @ np.append(first.source, 1.0)
    cross = np.array(
        [[0, -epipole[2], epipole[1]], [epipole[2], 0, -epipole[0]], [-epipole[1], epipole[0], 0]]
    )
    lines = np.column_stack([ours, np.ones(len(ours))]) @ (cross @ second.matrix @ inverse).T
    lines /= np.linalg.norm(lines[:, :2], axis=1, keepdims=True)
    signed = lines @ np.column_stack([theirs, np.ones(len(theirs))]).T
    return np.asarray(signed - signed[-1, -1])


def _matched(distances: FloatArray) -> npt.NDArray[np.intp]:
    """Return pairs of indices, ``[n, 2]``, in order, that follow the epipolar lines best.

    Dynamic time warping from the tips backwards; it ends where either curve ends.
    """
    price = (np.abs(distances[::-1, ::-1])).clip(max=50.0)
    rows, columns = price.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(1, rows + 1):
        before, row, own = total[i - 1], total[i], price[i - 1].tolist()
        for j in range(1, columns + 1):
            least = min(before[j - 1], before[j] + _STILL, row[j - 1] + _STILL)
            row[j] = own[j - 1] + least
    return _backwards(total, rows, columns)


def _backwards(total: FloatArray, rows: int, columns: int) -> npt.NDArray[np.intp]:
    """Walk back from where a curve ends at the lowest mean price."""
    ends = [(i, columns) for i in range(1, rows + 1)] + [(rows, j) for j in range(1, columns)]
    i, j = min(ends, key=lambda end: total[end] / max(end))
    if total[i, j] / max(i, j) > 20.0:
        raise RefusedInput(
            "CURVES_DIFFER",
            "The two centrelines cannot be projections of one wire.",
            "Check that they show the same wire at the same time, with the tip at the same end.",
        )
    pairs = []
    while i > 0 and j > 0:
        pairs.append((rows - i, columns - j))
        steps = ((i - 1, j - 1), (i - 1, j), (i, j - 1))
        i, j = min(steps, key=lambda step: total[step])
    return np.array(pairs, np.intp)


def _nearest(points: FloatArray, curve: FloatArray) -> FloatArray:
    dense = resampled(curve, 0.2)
    return np.asarray(dense[KDTree(dense).query(points)[1]])


def _spline(points: FloatArray, noise_mm: float = 0.15, step_mm: float = 1.0) -> FloatArray:
    """Return points on a smoothing cubic B-spline, `step_mm` apart."""
    kept = points[np.append(True, np.linalg.norm(np.diff(points, axis=0), axis=1) > 1e-2)]
    if len(kept) < 5:
        return points
    knots, _ = interpolate.splprep(kept.T, s=len(kept) * noise_mm**2, k=3, quiet=True)
    dense = np.column_stack(interpolate.splev(np.linspace(0, 1, 4 * len(kept)), knots))
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
    places = np.linspace(0.0, along[-1], max(round(along[-1] / step_mm) + 1, 2))
    return np.column_stack([np.interp(places, along, dense[:, axis]) for axis in range(3)])
