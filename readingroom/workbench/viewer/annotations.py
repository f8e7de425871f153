"""What is written around the images: letters, slice, ruler, crosshair lines, marker.

The page draws it over the pictures from one small dictionary per view, so that it is sharp
at any resolution and moving the crosshair of one view renders no other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from readingroom.workbench.viewer.cine import Player
from readingroom.workbench.viewer.navigation import Navigator
from readingroom.workbench.viewer.overlay import slice_geometry
from readingroom.workbench.viewer.stage import Stage

Point = npt.NDArray[np.float64]

#: Letters at the positive and negative end of the RAS axes.
_LETTERS = (("R", "L"), ("A", "P"), ("S", "I"))
_OBLIQUE = 0.2
_RULERS_MM = (200, 100, 50, 20, 10, 5, 2, 1)
_RULER_SHARE = 0.3
#: Smallest half side of the marker around a finding, in pixels of the page.
_MARKER_PX = 16.0


def direction_letters(direction: npt.ArrayLike) -> str:
    """Return where a RAS direction points, main axis first: ``"L"``, ``"LP"``."""
    way = np.asarray(direction, dtype=np.float64)
    size = np.abs(way)
    order = [axis for axis in np.argsort(-size) if size[axis] > _OBLIQUE]
    return "".join(_LETTERS[axis][0 if way[axis] > 0 else 1] for axis in order[:2])


def place_of(matrix: Point) -> str:
    """Return how far a slice lies from the origin and on which side: ``"R 79.2"``."""
    normal = matrix[:3, 2] / np.linalg.norm(matrix[:3, 2])
    mm = float(matrix[:3, 3] @ normal)
    return f"{direction_letters(normal * (1 if mm >= 0 else -1))} {abs(mm):.1f}"


def letters_of(matrix: Point) -> dict[str, str]:
    """Return the letters at the four sides of a view."""
    right, up = (matrix[:3, axis] / np.linalg.norm(matrix[:3, axis]) for axis in (0, 1))
    sides = {"right": right, "left": -right, "top": up, "bottom": -up}
    return {side: direction_letters(way) for side, way in sides.items()}


class Annotations:
    """Computes the dictionaries; all places are per cent of the view, y downwards."""

    def __init__(self, stage: Stage, navigator: Navigator, player: Player) -> None:
        self._stage, self._navigator, self._player = stage, navigator, player
        self.show_crosshair = True
        #: Corners of the highlighted finding's box in RAS, shape (n, 3).
        self.marked: Point | None = None

    def of_slice(self, name: str) -> dict[str, Any]:
        """Return what is written around a slice view."""
        node = self._stage.slices[name].get_view_node()
        matrix, (rows, columns), _ = slice_geometry(node)
        if self._player.count:
            own: dict[str, Any] = {"frame": self._player.place()}
        else:
            own = {
                **letters_of(matrix),
                "slice": self._slice(name, matrix),
                "lines": self._lines(name, matrix, rows, columns),
            }
        return {
            **own,
            "ruler": ruler_of(matrix, columns) if self._player.has_millimetres else None,
            "marker": self._slice_marker(name, matrix, rows, columns),
            "mm_per_px": self._navigator.mm_per_pixel(name) * self._stage.views[name].scale,
        }

    def of_three_d(self) -> dict[str, Any]:
        """Return what is written on the 3D view: the marker."""
        if self.marked is None:
            return {"marker": None}
        renderer = self._stage.three_d.renderer()
        size = self._stage.three_d.render_window().GetSize()
        camera = renderer.GetActiveCamera()
        matrix = camera.GetCompositeProjectionTransformMatrix(size[0] / max(size[1], 1), -1, 1)
        project = np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])
        clip = np.c_[self.marked, np.ones(len(self.marked))] @ project.T
        if (clip[:, 3] <= 0).any():
            return {"marker": None}
        flat = clip[:, :2] / clip[:, 3:]
        xy = (flat + 1) / 2 * np.array(size)
        scale = self._stage.views["three_d"].scale
        return {"marker": _framed(xy, (size[1], size[0]), scale, True)}

    def _slice(self, name: str, matrix: Point) -> dict[str, Any]:
        view = self._stage.slices[name]
        low, high = view.get_slice_range()
        step = view.get_slice_step() or 1.0
        count = max(round((high - low) / step) + 1, 1)
        number = round((view.get_slice_value() - low) / step) + 1
        return {
            "number": int(min(max(number, 1), count)),
            "count": int(count),
            "mm": round(float(view.get_slice_value()), 1),
            "place": place_of(matrix),
        }

    def _lines(self, name: str, matrix: Point, rows: int, columns: int) -> dict[str, float] | None:
        """Return where the other slices cut this one: x of the upright, y of the level line."""
        if not self.show_crosshair:
            return None
        return lines_through(self._navigator.crossing(), matrix, (rows, columns))

    def _slice_marker(
        self, name: str, matrix: Point, rows: int, columns: int
    ) -> dict[str, Any] | None:
        if self.marked is None:
            return None
        return marker_of(self.marked, matrix, (rows, columns), self._stage.views[name].scale)


def ruler_of(matrix: Point, columns: int) -> dict[str, float]:
    """Return the ruler of a view: its length in mm and in per cent of the width."""
    width_mm = float(np.linalg.norm(matrix[:3, 0])) * columns
    mm = next((mm for mm in _RULERS_MM if mm <= width_mm * _RULER_SHARE), _RULERS_MM[-1])
    return {"mm": mm, "percent": round(100 * mm / width_mm, 2)}


def lines_through(ras: Point, matrix: Point, size: tuple[int, int]) -> dict[str, float]:
    """Return where the crosshair lies that crosses at a point ``(3,)``."""
    rows, columns = size
    x, y = _xy(ras[None], matrix)[0]
    return {
        "x": round(100 * (x + 0.5) / columns, 2),
        "y": round(100 - 100 * (y + 0.5) / rows, 2),
    }


def marker_of(corners: Point, matrix: Point, size: tuple[int, int], scale: float) -> dict[str, Any]:
    """Return the frame around corners ``(n, 3)`` in RAS in a slice, and if that meets them."""
    normal = matrix[:3, 2] / np.linalg.norm(matrix[:3, 2])
    depths = (corners - matrix[:3, 3]) @ normal
    through = bool(depths.min() <= 0.0 <= depths.max())
    return _framed(_xy(corners, matrix), size, scale, through)


def _framed(xy: Point, size: tuple[int, int], scale: float, through: bool) -> dict[str, Any]:
    rows, columns = size
    smallest = _MARKER_PX * scale
    center = (xy.min(axis=0) + xy.max(axis=0)) / 2
    half = np.maximum((xy.max(axis=0) - xy.min(axis=0)) / 2 + smallest / 3, smallest)
    (left, low), (right, high) = center - half, center + half
    return {
        "x": round(100 * left / columns, 2),
        "y": round(100 - 100 * high / rows, 2),
        "w": round(100 * (right - left) / columns, 2),
        "h": round(100 * (high - low) / rows, 2),
        "through": through,
    }


def _xy(ras: Point, xy_to_ras: Point) -> Point:
    """Return the pixels ``(n, 2)`` of points ``(n, 3)``."""
    whole = np.c_[ras, np.ones(len(ras))]
    return np.asarray((whole @ np.linalg.inv(xy_to_ras).T)[:, :2])
