"""Voxels between numpy, indexed ``[k, j, i]``, and VTK's images."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import slicer
import vtk
from vtk.util import numpy_support

from readingroom.maskregion import Box, Index
from readingroom.review.mrml import boxes

Voxels = npt.NDArray[Any]


def image_of(voxels: Voxels) -> vtk.vtkImageData:
    """Return an image that shares the memory of `voxels`, which it keeps alive.

    The image must only be read from: what is shown is the study itself. A copy is made
    only of voxels that VTK cannot hold (other byte order, not contiguous, bool).
    """
    native = voxels.dtype.newbyteorder("=")
    wanted = np.uint8 if voxels.dtype == np.bool_ else native
    shared = np.ascontiguousarray(voxels, dtype=wanted)
    image = vtk.vtkImageData()
    image.SetDimensions(*shared.shape[::-1])
    scalars = numpy_support.numpy_to_vtk(shared.reshape(-1), deep=False)
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    return image


def new_labelmap(
    voxels: Voxels, start: Index, matrix: vtk.vtkMatrix4x4
) -> slicer.vtkOrientedImageData:
    """Return a label map with a copy of `voxels`, which begin at ``(k, j, i)`` `start`."""
    k, j, i = (int(first) for first in start)
    depth, height, width = voxels.shape
    image = slicer.vtkOrientedImageData()
    image.SetExtent(i, i + width - 1, j, j + height - 1, k, k + depth - 1)
    # Segment editors write into the image: its memory must be its own.
    scalars = numpy_support.numpy_to_vtk(np.array(voxels, order="C").reshape(-1), deep=False)
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    image.SetGeometryFromImageToWorldMatrix(matrix)
    return image


def extent_box(image: vtk.vtkImageData) -> Box:
    """Return the place of `image` on its grid as ``(k, j, i)`` slices, empty if it has none."""
    i0, i1, j0, j1, k0, k1 = image.GetExtent()
    if image.GetPointData().GetScalars() is None:
        return boxes.EMPTY
    return slice(k0, k1 + 1), slice(j0, j1 + 1), slice(i0, i1 + 1)


def voxels_of(image: vtk.vtkImageData) -> Voxels:
    """Return a view ``[k, j, i]`` of the image's voxels; writing changes the image."""
    shape = boxes.size(extent_box(image))
    scalars = image.GetPointData().GetScalars()
    if scalars is None or 0 in shape:
        return np.zeros((0, 0, 0), np.uint8)
    return np.asarray(numpy_support.vtk_to_numpy(scalars)).reshape(shape)


def touch(image: vtk.vtkImageData) -> None:
    """Tell everyone that the voxels were written."""
    image.GetPointData().GetScalars().Modified()
    image.Modified()
