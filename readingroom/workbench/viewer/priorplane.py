"""The picture of a prior scan's slice, cut where the current scan's view looks.

The prior scan is shown as it was acquired, never warped: the current view's slice is shifted by
as much as the place under the crosshair lies elsewhere in the prior scan. Both pictures so have
one scale, one orientation and one thickness, and a nodule its own shape and size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import vtk
from vtk.util import numpy_support

from readingroom.review.mrml.images import image_of
from readingroom.study import Volume
from readingroom.workbench.viewer.encode import Pixels
from readingroom.workbench.viewer.plane import as_thick_as, straight

Matrix = npt.NDArray[np.float64]

#: From LPS to RAS and back.
_TURN = np.diag([-1.0, -1.0, 1.0, 1.0])


class PriorPlane:
    """Cuts slices out of one volume.

    Parameters
    ----------
    volume : Volume
    """

    def __init__(self, volume: Volume) -> None:
        image = image_of(volume.array)
        self._ras_to_ijk = np.linalg.inv(_TURN @ volume.ijk_to_lps)
        self._reslice = vtk.vtkImageReslice()
        self._reslice.SetInputData(image)
        self._reslice.SetOutputDimensionality(3)
        self._reslice.SetOutputOrigin(0, 0, 0)
        self._reslice.SetOutputSpacing(1, 1, 1)
        self._reslice.SetInterpolationModeToLinear()
        self._reslice.SetBackgroundLevel(image.GetScalarTypeMin())  # black in any window
        self._windowed = vtk.vtkImageMapToWindowLevelColors()
        self._windowed.SetOutputFormatToLuminance()
        self._windowed.SetInputConnection(self._reslice.GetOutputPort())

    def picture(
        self, xy_to_ras: Matrix, size: tuple[int, int], window: tuple[float, float], like: Any
    ) -> Pixels:
        """Return the slice ``[row, column]`` in grey, the lowest row first.

        Parameters
        ----------
        xy_to_ras : ndarray, shape (4, 4)
            From pixels of the view, y upwards, to the prior scan's RAS mm.
        size : tuple of int
            ``(rows, columns)``.
        window : tuple of float
            Centre and width.
        like : vtkImageReslice
            Of the current view; the slab is as thick and projected as there.
        """
        axes = vtk.vtkMatrix4x4()
        axes.DeepCopy(straight((self._ras_to_ijk @ xy_to_ras).ravel()))
        self._reslice.SetResliceAxes(axes)
        rows, columns = size
        self._reslice.SetOutputExtent(0, columns - 1, 0, rows - 1, 0, 0)
        as_thick_as(self._reslice, like)
        self._windowed.SetLevel(window[0])
        self._windowed.SetWindow(window[1])
        self._windowed.Update()
        scalars = self._windowed.GetOutput().GetPointData().GetScalars()
        return np.asarray(numpy_support.vtk_to_numpy(scalars)).reshape(rows, columns)
