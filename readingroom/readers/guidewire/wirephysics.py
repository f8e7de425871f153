"""What X-rays do to a wire: Beer-Lambert attenuation of thin tubes, seen by a detector.

Everything is an *optical depth*: the integral of the linear attenuation coefficient along
the ray, without unit. Optical depths of anatomy and devices add; the detector sees
``exp(-sum)``. Pictures are ``[row, column]``, points ``(x, y)`` = column, row in px with
pixel centres at whole numbers.

Coefficients are those of NIST (XCOM/NISTIR 5632) near the mean energy of a filtered 70-80
kV fluoroscopy beam, about 55-60 keV.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Picture = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

#: Linear attenuation coefficients at 60 keV, 1/mm.
ATTENUATION_PER_MM = {
    "water": 0.0206,
    "bone": 0.060,
    "nitinol": 0.76,
    "steel": 0.95,
    "platinum_coil": 4.2,
    "tungsten_jacket": 1.6,
    "catheter": 0.22,
    "braided_catheter": 0.42,
    "lead_coil": 0.55,
    "electrode": 3.0,
    "copper_strand": 0.5,
    "iodine": 0.28,
    "transducer": 0.6,
}
MM_PER_INCH = 25.4
MM_PER_FRENCH = 1.0 / 3.0
#: Beyond this optical depth nothing more is seen, and tables stay finite.
_DEEPEST = 6.0
_TABLE_STEP = 0.05


@dataclass(frozen=True)
class Tube:
    """A straight piece of device: its diameters in mm and what it is made of (1/mm)."""

    outer_mm: float
    attenuation: float
    inner_mm: float = 0.0


def chord_mm(tube: Tube, distance_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return how much wall a perpendicular ray crosses at a distance from the axis, mm."""
    squared = np.asarray(distance_mm, np.float64) ** 2
    outer = np.sqrt(np.maximum((tube.outer_mm / 2) ** 2 - squared, 0.0))
    inner = np.sqrt(np.maximum((tube.inner_mm / 2) ** 2 - squared, 0.0))
    return np.asarray(2.0 * (outer - inner))


@lru_cache(maxsize=4096)
def depth_table(tube: Tube, pixel_mm: float, blur_px: float) -> npt.NDArray[np.float64]:
    """Return the seen optical depth of a tube by distance from its axis.

    The transmission profile is blurred by the pixel's aperture and the detector's and
    focal spot's point spread (a Gaussian of `blur_px`). Blurring transmission, not depth,
    is what makes a thin opaque coil look greyer than a thick one.

    Returns
    -------
    ndarray of float64
        Entry ``n`` is for a distance of ``0.05 n`` px; the last one is near zero.
    """
    sigma = float(np.hypot(blur_px, np.sqrt(1.0 / 12.0)))
    reach = tube.outer_mm / 2 / pixel_mm + 3.5 * sigma
    at = np.arange(-np.ceil(2 * reach / _TABLE_STEP), np.ceil(2 * reach / _TABLE_STEP) + 1)
    absorbed = 1.0 - np.exp(-tube.attenuation * chord_mm(tube, at * _TABLE_STEP * pixel_mm))
    near = np.abs(at * _TABLE_STEP) <= 4 * sigma
    kernel = np.exp(-0.5 * (at[near] * _TABLE_STEP / sigma) ** 2)
    seen = np.convolve(absorbed, kernel / kernel.sum(), mode="same")
    half = seen[len(at) // 2 :][: int(np.ceil(reach / _TABLE_STEP)) + 1]
    depth = -np.log(np.maximum(1.0 - half, np.exp(-_DEEPEST)))
    depth.flags.writeable = False
    return np.asarray(depth)


@dataclass(frozen=True)
class Device:
    """A curve in the picture and the tubes it is made of.

    Attributes
    ----------
    points : ndarray of float64, shape (n, 2)
        Axis, ``(x, y)`` px, in order, not more than about 1 px apart.
    tubes : tuple of Tube
        Different pieces along it.
    piece : ndarray of int, shape (n,)
        Which of `tubes` each point belongs to.
    gain : ndarray of float64, shape (n,) or None
        How much longer the ray's way through the tube is where it runs obliquely to the
        picture (1 / sine of the angle between tube and ray).
    catheter : bool
        Whether it is one, and to be labelled.
    """

    points: Points
    tubes: tuple[Tube, ...]
    piece: npt.NDArray[np.intp]
    gain: npt.NDArray[np.float64] | None = None
    catheter: bool = False

    @classmethod
    def uniform(cls, points: Points, tube: Tube, *, catheter: bool = False) -> Device:
        """Return a device made of one tube."""
        return cls(points, (tube,), np.zeros(len(points), np.intp), catheter=catheter)


def render(depth: Picture, device: Device, pixel_mm: float, blur_px: float) -> None:
    """Add a device's optical depth to a picture in place."""
    pixel = round(pixel_mm, 3)
    tables = [depth_table(tube, pixel, round(blur_px, 2)) for tube in device.tubes]
    reach = max((len(table) - 1) * _TABLE_STEP for table in tables)
    # Most of a device may lie beyond the border: that costs time and adds nothing.
    limit = np.array(depth.shape[::-1]) + reach + 1
    kept = ((device.points >= -reach - 2) & (device.points <= limit)).all(axis=1)
    points, piece = device.points[kept], device.piece[kept]
    if len(points) < 2:
        return
    near = nearby(depth.shape, points, reach)
    if near.size == 0:
        return
    distance, nearest = distances(near, depth.shape[1], points, reach)
    added = np.zeros(near.size)
    for number, table in enumerate(tables):
        mine = piece[nearest] == number
        added[mine] = np.interp(
            distance[mine] / _TABLE_STEP, np.arange(len(table)), table, right=0.0
        )
    if device.gain is not None:
        added *= device.gain[kept][nearest]
    depth.reshape(-1)[near] += added.astype(np.float32)


def nearby(shape: tuple[int, ...], points: Points, reach_px: float) -> npt.NDArray[np.intp]:
    """Return the flat indices of the pixels within about `reach_px` of a curve."""
    step = max(int(reach_px), 1)
    # Half-way between two discs a step apart, the reach must still be covered.
    radius = float(np.hypot(reach_px, step / 2)) + 0.8
    grid = np.arange(-int(radius), int(radius) + 1)
    dy, dx = np.meshgrid(grid, grid, indexing="ij")
    disc = dx**2 + dy**2 <= radius**2
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.searchsorted(length, np.arange(0.0, length[-1] + step, step))
    centre = np.rint(points[np.minimum(at, len(points) - 1)]).astype(np.intp)
    column = centre[:, 0, None] + dx[disc]
    row = centre[:, 1, None] + dy[disc]
    inside = (column >= 0) & (row >= 0) & (column < shape[1]) & (row < shape[0])
    marked = np.zeros(shape[0] * shape[1], bool)
    marked[row[inside] * shape[1] + column[inside]] = True
    return np.flatnonzero(marked)


def distances(
    pixels: npt.NDArray[np.intp], columns: int, points: Points, reach_px: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Return each pixel's distance to the curve's axis (px) and its nearest point.

    The distance is perpendicular to the curve between points, and to the end point beyond
    the ends, so that a tip is a hemisphere.
    """
    at = np.stack([pixels % columns, pixels // columns], axis=1).astype(np.float64)
    tree = cKDTree(points, balanced_tree=False, compact_nodes=False)
    straight, found = tree.query(at, distance_upper_bound=reach_px + 1)
    beyond = found == len(points)
    nearest = np.where(beyond, 0, found)
    tangent = np.gradient(points, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    offset = at - points[nearest]
    along, axis = tangent[nearest], np.where(beyond, np.inf, straight)
    sideways = np.abs(offset[:, 0] * along[:, 1] - offset[:, 1] * along[:, 0])
    inner = (nearest > 0) & (nearest < len(points) - 1) & ~beyond
    # Only between neighbours is the way to the axis perpendicular to it.
    inner &= straight < sideways + 1.0
    return np.where(inner, sideways, axis), nearest


def mask_of(shape: tuple[int, int], points: Points, radius_px: float) -> npt.NDArray[np.uint8]:
    """Return the pixels whose centre lies within `radius_px` of a curve, 0 or 1."""
    mask = np.zeros(shape, np.uint8)
    limit = np.array(shape[::-1]) + radius_px + 1
    points = points[((points >= -radius_px - 2) & (points <= limit)).all(axis=1)]
    if len(points) < 2:
        return mask
    near = nearby(shape, points, radius_px + 1)
    if near.size:
        distance, _ = distances(near, shape[1], points, radius_px + 1)
        mask.reshape(-1)[near[distance <= radius_px]] = 1
    return mask
