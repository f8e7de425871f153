from __future__ import annotations

import numpy as np
import vtk
from vtk.util import numpy_support

from readingroom.review.mrml import present_volume
from readingroom.study import Volume


def a_volume(voxels: np.ndarray, matrix: np.ndarray | None = None, **facts) -> Volume:
    matrix = np.diag([0.7, 0.7, 2.5, 1.0]) if matrix is None else matrix
    return Volume(pixels=lambda: voxels, shape=voxels.shape, ijk_to_lps=matrix, **facts)


def some_voxels(dtype=np.int16) -> np.ndarray:
    return np.arange(4 * 5 * 6).reshape(4, 5, 6).astype(dtype)


def shown_voxels(node) -> np.ndarray:
    scalars = node.GetImageData().GetPointData().GetScalars()
    return numpy_support.vtk_to_numpy(scalars).reshape(node.GetImageData().GetDimensions()[::-1])


def test_the_node_shows_the_memory_of_the_study_itself(a_scene):
    volume = a_volume(some_voxels())
    node = present_volume(volume, a_scene)
    assert np.array_equal(shown_voxels(node), volume.array)
    assert np.shares_memory(shown_voxels(node), volume.array)


def test_voxels_outlive_the_volume_that_they_came_from(a_scene):
    node = present_volume(a_volume(some_voxels()), a_scene)
    assert np.array_equal(shown_voxels(node), some_voxels())


def test_other_byte_orders_and_booleans_are_shown_too(a_scene):
    for dtype in (np.dtype(">i2"), np.dtype(bool), np.dtype(np.float32), np.dtype(np.uint16)):
        voxels = some_voxels(dtype)
        node = present_volume(a_volume(voxels), a_scene)
        assert np.array_equal(shown_voxels(node), voxels)


def test_a_voxel_lies_where_the_study_says_in_an_oblique_scan(a_scene):
    angle = np.radians(20)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ np.diag([0.7, 0.8, 2.5])
    matrix[:3, 3] = [-10, 20, 30]
    volume = a_volume(some_voxels(), matrix)
    node = present_volume(volume, a_scene)
    to_ras = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(to_ras)
    x, y, z, _ = to_ras.MultiplyPoint([3, 2, 1, 1])
    assert np.allclose([-x, -y, z], volume.lps_from_kji([1, 2, 3]))


def test_the_node_names_the_slices_where_they_are_known(a_scene):
    known = present_volume(a_volume(some_voxels(), instance_uids=("1.2.3", "1.2.4")), a_scene)
    assert known.GetAttribute("DICOM.instanceUIDs") == "1.2.3 1.2.4"
    assert (
        present_volume(a_volume(some_voxels()), a_scene).GetAttribute("DICOM.instanceUIDs") is None
    )
