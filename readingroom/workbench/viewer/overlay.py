"""The masks on top of a slice: filled, outlined, the highlighted finding bright.

3D Slicer's own display renders two images per segment, which without a graphics card
takes longer than the slice; here all segments of a label map are one small image, cut out
by index. With slab projection on, the masks of the whole slab show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import vtk
from vtk.util import numpy_support

from readingroom.workbench.viewer.cutting import cut_out
from readingroom.workbench.viewer.style import HIGHLIGHT, MaskStyle

Labels = npt.NDArray[Any]
Matrix = npt.NDArray[np.float64]
#: Colours ``[row, column, rgba]`` in uint8, the lowest row first, and row and column of the first.
Patch = tuple[Labels, tuple[int, int]]
#: Pixel ``(x, y, z, 1)`` to RAS ``(4, 4)``, (rows, columns), slab in units of z.
Geometry = tuple[Matrix, tuple[int, int], float]


@dataclass(frozen=True)
class LabelImage:
    """Labels of some segments.

    Attributes
    ----------
    labels : ndarray ``[k, j, i]``
    ras_to_index : ndarray, shape (4, 4)
        From RAS mm to ``(i, j, k, 1)`` of `labels`.
    names : dict of int to str
        Segment by label value.
    """

    labels: Labels
    ras_to_index: Matrix
    names: dict[int, str]


class Overlay:
    """Draws label images into one slice view.

    Attributes
    ----------
    patches : list of Patch
        What is drawn, for whoever draws without OpenGL.
    """

    def __init__(self, renderer: Any, slice_node: Any) -> None:
        self._renderer, self._slice_node = renderer, slice_node
        self.patches: list[Patch] = []
        self._pictures: list[_Picture] = []
        self._drawn: Any = None

    def draw(
        self, images: Sequence[LabelImage], style: MaskStyle, revision: int, thickness: int
    ) -> None:
        """Bring the overlay up to date; costs nothing if nothing changed since.

        Parameters
        ----------
        revision : int
            Another number whenever `images` or `style` changed.
        thickness : int
            Of the outlines, in pixels of the view.
        """
        xy_to_ras, size, slab = slice_geometry(self._slice_node)
        key = (revision, xy_to_ras.tobytes(), size, slab, thickness)
        if key == self._drawn:
            return
        self._drawn = key
        self.patches = patches_of(images, style, (xy_to_ras, size, slab), thickness)
        self._show()

    def _show(self) -> None:
        """Hand the patches to OpenGL."""
        while len(self._pictures) < len(self.patches):
            self._pictures.append(_Picture(self._renderer))
        for number, picture in enumerate(self._pictures):
            if number < len(self.patches):
                picture.show(*self.patches[number])
            else:
                picture.hide()


def patches_of(
    images: Sequence[LabelImage], style: MaskStyle, geometry: Geometry, thickness: int
) -> list[Patch]:
    """Return what of `images` is seen in a slice, see `slice_geometry`."""
    xy_to_ras, size, slab = geometry
    found = []
    for image in images:
        if _is_seen(image, style):
            margin = 2 * thickness if HIGHLIGHT in image.names.values() else 0
            matrix = image.ras_to_index @ xy_to_ras
            cut, place = cut_out(image.labels, matrix, size, slab, margin)
            if cut.any():
                found.append(_on_screen(style.colored(cut, image.names, thickness), place))
    return found


def slice_geometry(slice_node: Any) -> Geometry:
    """Return pixel to RAS ``(4, 4)``, (rows, columns) and the slab in units of z."""
    matrix = slice_node.GetXYToRAS()
    xy_to_ras = np.array([[matrix.GetElement(r, c) for c in range(4)] for r in range(4)])
    width, height, _ = slice_node.GetDimensions()
    slab_mm = 0.0
    if slice_node.GetSlabReconstructionEnabled():
        slab_mm = float(slice_node.GetSlabReconstructionThickness())
    return xy_to_ras, (int(height), int(width)), slab_mm / float(np.linalg.norm(xy_to_ras[:3, 2]))


def _is_seen(image: LabelImage, style: MaskStyle) -> bool:
    return any(style.is_visible(name) for name in image.names.values())


class _Picture:
    """An image with transparency at a place of the view."""

    def __init__(self, renderer: Any) -> None:
        self._image = vtk.vtkImageData()
        mapper = vtk.vtkImageMapper()
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        mapper.SetInputData(self._image)
        self._actor = vtk.vtkActor2D()
        self._actor.SetMapper(mapper)
        self._actor.SetVisibility(False)
        renderer.AddViewProp(self._actor)

    def hide(self) -> None:
        self._actor.SetVisibility(False)

    def show(self, colors: Labels, place: tuple[int, int]) -> None:
        self._actor.SetVisibility(True)
        height, width, _ = colors.shape
        self._image.SetDimensions(width, height, 1)
        flat = np.ascontiguousarray(colors).reshape(-1, 4)
        self._image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(flat, deep=True))
        self._image.Modified()
        self._actor.SetPosition(place[1], place[0])


def _on_screen(colors: Labels, place: tuple[int, int]) -> tuple[Labels, tuple[int, int]]:
    """Cut off what a margin pushed over the left and lower edge."""
    row, column = place
    return colors[max(-row, 0) :, max(-column, 0) :], (max(row, 0), max(column, 0))
