"""The picture of a slice without OpenGL, which a CPU draws four times as fast.

Slicer's own pipeline cuts out a stencil with every slice, passes it through ten filters and
draws the result; 30 ms of a core at 640 x 640. Nothing of that shows in a grey volume with
masks on top: here the same voxels are cut out by the same filter with the same matrix, and
only what is drawn as nodes (landmarks) needs the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import vtk
from vtk.util import numpy_support

from readingroom.workbench.viewer.encode import Pixels
from readingroom.workbench.viewer.overlay import Patch

_GREY = "vtkMRMLColorTableNodeGrey"
#: Voxels per pixel that are taken for rounding: 0.001 voxel from one side of a 4K screen to the
#: other. VTK cuts along the voxels' axes five times as fast, if it is exactly along them.
_ROUNDING = 2e-7


class Plane:
    """Cuts the background volume of a slice view, in its window.

    Parameters
    ----------
    view : SliceView
    """

    def __init__(self, view: Any) -> None:
        self._view = view
        self._axes: list[float] = []
        self._reslice = vtk.vtkImageReslice()
        self._reslice.SetOutputDimensionality(3)
        self._reslice.SetOutputOrigin(0, 0, 0)
        self._reslice.SetOutputSpacing(1, 1, 1)
        self._windowed = vtk.vtkImageMapToWindowLevelColors()
        self._windowed.SetOutputFormatToLuminance()
        self._windowed.SetInputConnection(self._reslice.GetOutputPort())

    def picture(self, patches: Sequence[Patch]) -> Pixels | None:
        """Return the slice with `patches` on top, or None if this is no plain grey volume.

        Returns
        -------
        ndarray of uint8 or None
            ``[row, column]``, or ``[row, column, rgb]`` if a patch is seen; top row first.
        """
        layer = self._view.get_volume_layer_logic()
        volume = layer.GetVolumeNode()
        if volume is None or not self._is_plain(volume):
            return None
        display = volume.GetDisplayNode()
        self._windowed.SetWindow(display.GetWindow())
        self._windowed.SetLevel(display.GetLevel())
        self._aim(layer, volume)
        self._windowed.Update()
        image = self._windowed.GetOutput()
        columns, rows, _ = image.GetDimensions()
        grey = numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns)
        return np.ascontiguousarray(blended(grey, patches)[::-1])

    def _is_plain(self, volume: Any) -> bool:
        display, color = volume.GetDisplayNode(), volume.GetDisplayNode().GetColorNode()
        image = volume.GetImageData()
        return (
            self._view.get_foreground_volume_id() is None
            and image is not None
            and image.GetNumberOfScalarComponents() == 1
            and not display.GetApplyThreshold()
            and color is not None
            and color.GetID() == _GREY
        )

    def _aim(self, layer: Any, volume: Any) -> None:
        """Cut where, as thick and as smoothly as Slicer's own filter does."""
        node, own, slicers = self._view.get_view_node(), self._reslice, layer.GetReslice()
        to_ijk = vtk.vtkMatrix4x4()
        volume.GetRASToIJKMatrix(to_ijk)
        vtk.vtkMatrix4x4.Multiply4x4(to_ijk, node.GetXYToRAS(), to_ijk)
        self._turn(straight(to_ijk.GetData()))
        own.SetInputConnection(slicers.GetInputConnection(0, 0))
        columns, rows, _ = node.GetDimensions()
        own.SetOutputExtent(0, columns - 1, 0, rows - 1, 0, 0)
        own.SetInterpolationMode(slicers.GetInterpolationMode())
        as_thick_as(own, slicers)
        own.SetBackgroundLevel(volume.GetImageData().GetScalarTypeMin())  # black in any window

    def _turn(self, axes: list[float]) -> None:
        """Cut along other axes; the same ones cost nothing."""
        if axes != self._axes:
            self._axes, matrix = axes, vtk.vtkMatrix4x4()
            matrix.DeepCopy(axes)
            self._reslice.SetResliceAxes(matrix)


def as_thick_as(own: Any, other: Any) -> None:
    """Let one ``vtkImageReslice`` cut a slab as thick, and projected, as another one does."""
    own.SetSlabMode(other.GetSlabMode())
    thick = other.GetSlabNumberOfSlices()
    own.SetSlabNumberOfSlices(thick)
    # Of one slice it says nothing, but any other than 1 takes VTK five times as long.
    own.SetSlabSliceSpacingFraction(other.GetSlabSliceSpacingFraction() if thick > 1 else 1.0)


def straight(matrix: Iterable[float]) -> list[float]:
    """Return a matrix's elements, row by row; 0 where they are 0 but for rounding.

    With exact zeros VTK takes its fast way along the voxels' axes.
    """
    return [0.0 if abs(element) < _ROUNDING else float(element) for element in matrix]


def blended(grey: npt.NDArray[np.uint8], patches: Sequence[Patch]) -> Pixels:
    """Return a grey picture ``[row, column]``, the lowest row first, with patches on top."""
    if not patches:
        return grey
    picture = np.stack((grey, grey, grey), axis=-1)
    for colors, (row, column) in patches:
        part = picture[row : row + colors.shape[0], column : column + colors.shape[1]]
        own = colors[: part.shape[0], : part.shape[1]].astype(np.int32)
        mixed = part + (own[..., :3] - part) * own[..., 3:] / 255.0
        part[...] = np.rint(mixed).astype(np.uint8)
    return picture
