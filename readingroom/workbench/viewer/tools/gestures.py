"""What each tool makes of a gesture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from readingroom.maskregion import Box, Index
from readingroom.review.mrml.geometry import turned
from readingroom.workbench.viewer.overlay import slice_geometry
from readingroom.workbench.viewer.tools import parts, shapes
from readingroom.workbench.viewer.tools.painter import Painter
from readingroom.workbench.viewer.tools.pipelines import Gesture

if TYPE_CHECKING:
    from readingroom.workbench.viewer.tools.controller import Tools

#: Change of the window per pixel of the page that the mouse is dragged, HU.
HU_PER_PIXEL = 2.0


class Navigate:
    """A click links the slices to the place, a drag sets the grey-value window."""

    in_3d = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._window: tuple[float, float] | None = None

    def moved(self, gesture: Gesture) -> None:
        """Set the window: to the right wider, upwards darker."""
        if len(gesture.xy) == 1:
            self._window = self._tools.viewer.navigator.window()
        elif not gesture.is_click and self._window is not None:
            scale = self._tools.scale_of(gesture)
            right, up = (
                (now - then) * HU_PER_PIXEL / scale
                for now, then in zip(gesture.xy[-1], gesture.xy[0], strict=True)
            )
            center, width = self._window
            self._tools.viewer.set_window(center + up, max(width + right, 1.0))

    def finished(self, gesture: Gesture) -> None:
        """Link the slices."""
        if gesture.is_click:
            self.clicked(gesture)

    def clicked(self, gesture: Gesture) -> None:
        """Take a click."""
        navigator = self._tools.viewer.navigator
        navigator.link(gesture.ras[0], but=self._tools.name_of(gesture))
        self._tools.viewer.annotate()


class Pick(Navigate):
    """A click is reported to the page with the tool's name; a drag sets the window."""

    def __init__(self, tools: Tools, name: str) -> None:
        super().__init__(tools)
        self._name = name

    def clicked(self, gesture: Gesture) -> None:
        """Report the place, LPS mm."""
        self._tools.viewer.on_pick(turned(gesture.ras[0]), self._name)


class Edit:
    """Base of the tools that change the active segment once the button is up."""

    in_3d = False

    def __init__(self, tools: Tools, name: str) -> None:
        self._tools, self._name = tools, name

    @property
    def _state(self) -> Any:
        return self._tools.viewer.state

    def moved(self, gesture: Gesture) -> None:
        """Nothing: the page draws the trail."""

    def finished(self, gesture: Gesture) -> None:
        """Edit, unless no segment is active."""
        painter = self._tools.painter()
        if painter is not None:
            with self._tools.viewer.told():
                self.edit(painter, gesture)

    def edit(self, painter: Painter, gesture: Gesture) -> None:
        """Change the segment."""
        raise NotImplementedError


class Brush(Edit):
    """Paint, erase, or paint where the image is bright enough."""

    def edit(self, painter: Painter, gesture: Gesture) -> None:
        """Paint or erase along the way."""
        normal = None if self._state.view_sphere else _normal(gesture)
        radius = float(self._state.view_brush_mm) / 2
        area = shapes.brushed(painter.grid, np.array(gesture.ras), radius, normal)
        if self._name == "erase":
            painter.erase(area, self._name)
        elif self._name == "threshold_brush":
            painter.paint(area, self._name, float(self._state.view_threshold))
        else:
            painter.paint(area, self._name)


class Draw(Edit):
    """Fill an outline in its slice."""

    def edit(self, painter: Painter, gesture: Gesture) -> None:
        """Fill."""
        outline, ras_to_xy, size = _screen(gesture)
        box = shapes.box_of_outline(painter.grid, outline, ras_to_xy)
        area = shapes.outlined(painter.grid, outline, ras_to_xy, size, box, slice_only=True)
        painter.paint(area, self._name)


class Scissors(Edit):
    """Cut the segment with an outline, through one slice or all, in 2D or 3D."""

    in_3d = True

    def edit(self, painter: Painter, gesture: Gesture) -> None:
        """Erase inside or outside, or fill inside."""
        outline, ras_to_xy, size = _screen(gesture)
        slice_only = gesture.in_slice and not self._state.view_scissors_all
        mode = self._state.view_scissors_mode
        box = self._box(painter, gesture, outline, ras_to_xy, mode)
        area = shapes.outlined(painter.grid, outline, ras_to_xy, size, box, slice_only)
        if mode == "fill_inside":
            painter.paint(area, self._name)
        elif mode == "erase_inside":
            painter.erase(area, self._name)
        else:
            whole = np.array([[0, 0], [size[1], 0], [size[1], size[0]], [0, size[0]]], float)
            slab = shapes.outlined(painter.grid, whole, ras_to_xy, size, box, slice_only)
            reach = slab.mask if slice_only else np.ones_like(area.mask)
            painter.erase(shapes.Area(area.start, reach & ~area.mask), self._name)

    def _box(
        self, painter: Painter, gesture: Gesture, outline: Any, ras_to_xy: Any, mode: str
    ) -> Box:
        """Return where voxels may change: a segment is cut where it is, filled where drawn."""
        if mode != "fill_inside" or not gesture.in_slice:
            return painter.own()[0]
        box = shapes.box_of_outline(painter.grid, outline, ras_to_xy)
        if not self._state.view_scissors_all:
            return box
        normal = np.abs(painter.grid.ijk_to_ras[:3, :3].T @ _normal(gesture))
        through = 2 - int(normal.argmax())
        sides = list(box)
        sides[through] = slice(0, painter.grid.shape[through])
        return sides[0], sides[1], sides[2]


class Islands(Edit):
    """Keep or remove the island that is clicked."""

    def edit(self, painter: Painter, gesture: Gesture) -> None:
        """Keep or remove."""
        mode = self._state.view_islands_mode
        if mode == "split":
            self._tools.viewer.on_pick(turned(gesture.ras[0]), "split")
            return
        if not mode.endswith("clicked"):
            return
        box, own = painter.own()
        at = [x - s.start for x, s in zip(painter.voxel_at(gesture.ras[0]), box, strict=True)]
        island = parts.island_at(own, at)
        if island.any():
            painter.replace(box, island if mode == "keep_clicked" else own & ~island, self._name)


class Curve:
    """Drag the points of a centreline."""

    in_3d = False

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def moved(self, gesture: Gesture) -> None:
        """Move a point."""
        self._tools.viewer.curve.moved(gesture)

    def finished(self, gesture: Gesture) -> None:
        """Let the point go."""
        self._tools.viewer.curve.finished(gesture)


class Still(Edit):
    """A tool that works by its button: clicks change nothing."""

    def edit(self, painter: Painter, gesture: Gesture) -> None:
        """Nothing."""


def _normal(gesture: Gesture) -> Any:
    matrix, _, _ = slice_geometry(gesture.view.get_view_node())
    return matrix[:3, 2] / np.linalg.norm(matrix[:3, 2])


def _screen(gesture: Gesture) -> tuple[Any, Any, Index]:
    """Return the outline in pixels, the matrix from RAS to them, and the view's size."""
    outline = np.array(gesture.xy, dtype=np.float64)
    if gesture.in_slice:
        xy_to_ras, (rows, columns), _ = slice_geometry(gesture.view.get_view_node())
        return outline, np.linalg.inv(xy_to_ras), (rows, columns, 1)
    columns, rows = gesture.view.render_window().GetSize()
    camera = gesture.view.renderer().GetActiveCamera()
    matrix = camera.GetCompositeProjectionTransformMatrix(columns / max(rows, 1), -1, 1)
    project = np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])
    to_pixels = np.array(
        [
            [columns / 2, 0, 0, columns / 2],
            [0, rows / 2, 0, rows / 2],
            [0, 0, 1, 0],
            [0, 0, 0, 1],
        ]
    )
    return outline, to_pixels @ project, (rows, columns, 1)
