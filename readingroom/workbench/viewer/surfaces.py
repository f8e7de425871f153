"""Surfaces of the segments in 3D: findings opaque in full resolution, organs light.

Built once after the first slices are on the screen, one label map per turn of the event
loop, and again some time after the last stroke.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import vtk
from vtk.util import numpy_support

from readingroom.maskregion import Box
from readingroom.reading import Masks, Segment
from readingroom.review.mrml import boxes
from readingroom.review.mrml.geometry import ijk_to_ras
from readingroom.workbench.viewer.style import Rgb

Labels = npt.NDArray[Any]

#: Organs are sampled at about this distance: 1 % of the triangles of the full resolution.
_ORGAN_MM = 2.6
_ORGAN_OPACITY = 0.32
_ORGAN_SMOOTHING, _FINDING_SMOOTHING = 24, 6
_SHOWN_ORGANS = ("HEART", "AORTA")
_HIGHLIGHT_COLOR = (1.0, 1.0, 1.0)
_STEPPED_BACK = 0.45


class Surfaces:
    """The 3D models of a reading's masks.

    Parameters
    ----------
    scene : vtkMRMLScene
    threed_id : str
        View node in which they are shown, and in no slice.
    """

    def __init__(self, scene: Any, threed_id: str) -> None:
        self._scene, self._view_id = scene, threed_id
        self._models: dict[str, Any] = {}
        self._classes: set[str] = set()
        self._colors: dict[str, Rgb] = {}
        self._highlight: Any = None
        self.visible: set[str] = set()

    def names(self) -> list[str]:
        """Return the segments that have a surface."""
        return [name for name, node in self._models.items() if node.GetPolyData() is not None]

    def model(self, name: str) -> Any:
        """Return the model node of a segment."""
        return self._models[name]

    def begin(self, masks: Masks, classes: set[str], colors: dict[str, Rgb]) -> None:
        """Forget everything and choose what is visible: findings, heart and aorta."""
        self.clear()
        self._classes, self._colors = classes, colors
        self.visible = {s.name for s in masks.segments if s.name in classes | set(_SHOWN_ORGANS)}

    def build(self, masks: Masks, layer: int | None = None) -> Iterator[str]:
        """Build the visible surfaces of one layer or all; yield after each piece of work."""
        for number in range(len(masks.layers)) if layer is None else [layer]:
            segments = [s for s in masks.segments if s.layer == number and s.name in self.visible]
            for fine in (True, False):
                group = [s for s in segments if (s.name in self._classes) == fine]
                if group:
                    yield from self._build_group(masks, number, group, fine)

    def set_visible(self, name: str, visible: bool) -> None:
        """Show or hide a segment's surface; `build` makes it if it is not there yet."""
        (self.visible.add if visible else self.visible.discard)(name)
        if name in self._models:
            self._models[name].SetDisplayVisibility(visible)

    def highlight(self, voxels: Labels | None, start: tuple[int, int, int], masks: Masks) -> None:
        """Show one finding's own voxels bright, and let the others step back; None for none."""
        for name, node in self._models.items():
            opacity = self._opacity(name) * (1.0 if voxels is None else _STEPPED_BACK)
            node.GetDisplayNode().SetOpacity(
                opacity if name in self._classes else self._opacity(name)
            )
        if self._highlight is None:
            if voxels is None:
                return
            self._highlight = self._new_model("highlight", _HIGHLIGHT_COLOR, 1.0)
        self._highlight.SetDisplayVisibility(voxels is not None)
        if voxels is not None:
            data = _surface(np.pad(voxels.astype(np.uint8), 1), _FINDING_SMOOTHING)
            matrix = _placed(masks, tuple(x - 1 for x in start), (1, 1, 1))  # type: ignore[arg-type]
            self._highlight.SetAndObservePolyData(_moved(data, matrix))

    def clear(self) -> None:
        """Remove all models."""
        for node in [*self._models.values(), self._highlight]:
            if node is not None:
                self._scene.RemoveNode(node.GetDisplayNode())
                self._scene.RemoveNode(node)
        self._models, self._highlight = {}, None

    def bounds(self) -> list[float] | None:
        """Return the RAS bounds of what is visible, mm."""
        box = vtk.vtkBoundingBox()
        for name in self.visible & self._models.keys():
            data = self._models[name].GetPolyData()
            if data is not None and data.GetNumberOfPoints():
                box.AddBounds(data.GetBounds())
        found = [0.0] * 6
        box.GetBounds(found)
        return found if box.IsValid() else None

    def _build_group(
        self, masks: Masks, layer: int, group: list[Segment], fine: bool
    ) -> Iterator[str]:
        labels, box, steps = _sampled(masks, layer, fine)
        for segment in group:
            data = None
            if labels.size:
                own = (labels == segment.value).astype(np.uint8)
                if own.any():
                    data = _surface(own, _FINDING_SMOOTHING if fine else _ORGAN_SMOOTHING)
                    data = _moved(data, _placed(masks, boxes.first(box), steps))
            self._show(segment, data)
            yield segment.name

    def _show(self, segment: Segment, data: Any) -> None:
        if segment.name not in self._models:
            opacity = self._opacity(segment.name)
            color = self._colors.get(segment.name, segment.color)
            self._models[segment.name] = self._new_model(segment.name, color, opacity)
        node = self._models[segment.name]
        node.SetAndObservePolyData(data if data is not None else vtk.vtkPolyData())
        node.SetDisplayVisibility(segment.name in self.visible)

    def _opacity(self, name: str) -> float:
        return 1.0 if name in self._classes else _ORGAN_OPACITY

    def _new_model(self, name: str, color: tuple[float, float, float], opacity: float) -> Any:
        node = self._scene.AddNewNodeByClass("vtkMRMLModelNode", f"{name} surface")
        node.SetSaveWithScene(False)
        node.SetSelectable(False)
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetColor(*color)
        display.SetOpacity(opacity)
        display.SetViewNodeIDs([self._view_id])
        display.SetBackfaceCulling(opacity < 1)
        display.SetVisibility2D(False)
        return node


def _sampled(masks: Masks, layer: int, fine: bool) -> tuple[Labels, Box, tuple[int, int, int]]:
    """Return the marked part of a layer with an empty voxel around, its box, and the steps."""
    voxels = masks.layers[layer]
    box = boxes.marked(voxels)
    if boxes.is_empty(box):
        return np.zeros((0, 0, 0), np.uint8), box, (1, 1, 1)
    spacing = np.linalg.norm(masks.ijk_to_lps[:3, :3], axis=0)[::-1]
    steps = (1, 1, 1) if fine else tuple(max(round(_ORGAN_MM / mm), 1) for mm in spacing)
    part = voxels[box][:: steps[0], :: steps[1], :: steps[2]]
    k, j, i = (slice(s.start - step, s.stop) for s, step in zip(box, steps, strict=True))
    return np.pad(part, 1), (k, j, i), steps


def _surface(own: Labels, smoothing: int) -> Any:
    """Return the surface of a mask ``[k, j, i]`` in its own voxel units."""
    image = vtk.vtkImageData()
    image.SetDimensions(*own.shape[::-1])
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(own.reshape(-1), deep=True))
    nets = vtk.vtkSurfaceNets3D()
    nets.SetInputData(image)
    nets.SetValue(0, 1)
    nets.SetNumberOfIterations(smoothing)
    nets.SetOutputMeshTypeToTriangles()
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputConnection(nets.GetOutputPort())
    normals.SplittingOff()
    normals.Update()
    data = normals.GetOutput()
    data.GetCellData().Initialize()
    return data


def _placed(masks: Masks, start: tuple[int, int, int], steps: tuple[int, int, int]) -> Any:
    """Return the matrix from sampled voxels, the first at `start`, to RAS."""
    own = np.diag([float(step) for step in reversed(steps)] + [1.0])
    own[:3, 3] = list(reversed(start))
    return ijk_to_ras(masks.ijk_to_lps @ own)


def _moved(data: Any, matrix: Any) -> Any:
    transform = vtk.vtkTransform()
    transform.SetMatrix(matrix)
    moving = vtk.vtkTransformPolyDataFilter()
    moving.SetTransform(transform)
    moving.SetInputData(data)
    moving.Update()
    return moving.GetOutput()
