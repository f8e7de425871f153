"""Where the views look: jump, scroll, fit, linked crosshair, slab, window."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import vtk

from readingroom.workbench.viewer.layouts import SLICES
from readingroom.workbench.viewer.stage import Stage

Point = npt.NDArray[np.float64]
SlabMode = Literal["max", "mean", "min"]

#: Width that a jump shows where the whole image was shown before, mm: a heart.
_JUMP_FIELD_MM = 130.0
_SLAB_TYPES = {
    "max": vtk.VTK_IMAGE_SLAB_MAX,
    "mean": vtk.VTK_IMAGE_SLAB_MEAN,
    "min": vtk.VTK_IMAGE_SLAB_MIN,
}
_SAME = 0.01


class Navigator:
    """Moves the slices and the camera.

    All positions are RAS, mm.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._volume: Any = None
        self._fitted: dict[str, float] = {}
        self._whole: set[str] = set()
        self._jumped_3d = False
        for name in SLICES:
            stage.views[name].before_resize.append(partial(self._note_whole, name))
            stage.views[name].after_resize.append(partial(self._on_resize, name))

    def show(self, volume_node: Any) -> None:
        """Show a volume in all slices, whole."""
        self._volume, self._jumped_3d = volume_node, False
        for view in self._stage.slices.values():
            view.set_background_volume_id(volume_node.GetID())
        self.fit()

    def clear(self) -> None:
        """Show no volume."""
        self._volume = None
        for view in self._stage.slices.values():
            view.set_background_volume_id(None)

    def fit(self, name: str | None = None) -> None:
        """Show the whole image in one slice view, or in all."""
        for each in [name] if name else SLICES:
            self._stage.slices[each].fit_view_to_content()
            self._fitted[each] = self.mm_per_pixel(each)

    def is_fitted(self, name: str) -> bool:
        """Say whether a slice shows the whole image as `fit` left it."""
        fitted = self._fitted.get(name, 0.0)
        return abs(self.mm_per_pixel(name) - fitted) <= _SAME * fitted

    def jump(self, ras: Sequence[float]) -> None:
        """Centre all views on a point; whole images are zoomed in so that it can be seen."""
        for name in SLICES:
            if self.is_fitted(name):
                self._zoom_to(name, _JUMP_FIELD_MM)
            self._node(name).JumpSliceByCentering(*ras)
        self._look_at(np.asarray(ras, dtype=np.float64))

    def link(self, ras: Sequence[float], but: str = "") -> None:
        """Let all slices, but the one called `but`, go through a point without centring it."""
        for name in SLICES:
            if name != but:
                self._node(name).JumpSliceByOffsetting(*ras)

    def crossing(self) -> Point:
        """Return the point that all three slices go through."""
        planes = [_plane(self._node(name)) for name in SLICES]
        normals = np.array([normal for normal, _ in planes])
        return np.asarray(np.linalg.solve(normals, [offset for _, offset in planes]))

    def scroll(self, name: str, steps: int) -> None:
        """Move a slice by whole slices of the volume."""
        view = self._stage.slices[name]
        low, high = view.get_slice_range()
        value = view.get_slice_value() + steps * view.get_slice_step()
        view.set_slice_value(min(max(value, low), high))

    def set_window(self, center: float, width: float) -> None:
        """Set the grey-value window of the volume."""
        if self._volume is not None:
            self._volume.GetDisplayNode().SetWindowLevel(max(width, 1.0), center)

    def window(self) -> tuple[float, float]:
        """Return centre and width of the grey-value window."""
        if self._volume is None:
            return 0.0, 1.0
        display = self._volume.GetDisplayNode()
        return float(display.GetLevel()), float(display.GetWindow())

    def set_slab(self, mm: float, mode: str) -> None:
        """Project a slab `mm` thick; 0 shows the plane."""
        for name in SLICES:
            node = self._node(name)
            node.SetSlabReconstructionType(_SLAB_TYPES[mode])
            node.SetSlabReconstructionThickness(max(mm, 0.0))
            node.SetSlabReconstructionOversamplingFactor(1.0)  # twice as fast as 3D Slicer's 2
            node.SetSlabReconstructionEnabled(mm > 0)

    def _node(self, name: str) -> Any:
        return self._stage.slices[name].get_view_node()

    def mm_per_pixel(self, name: str) -> float:
        """Return the size of a pixel of a slice view."""
        node = self._node(name)
        return float(node.GetFieldOfView()[0] / max(node.GetDimensions()[0], 1))

    def _zoom_to(self, name: str, field_mm: float) -> None:
        node = self._node(name)
        x, y, z = node.GetFieldOfView()
        factor = field_mm / min(x, y)
        if factor < 1:
            node.SetFieldOfView(x * factor, y * factor, z)

    def _note_whole(self, name: str) -> None:
        (self._whole.add if self.is_fitted(name) else self._whole.discard)(name)

    def _on_resize(self, name: str) -> None:
        """Show as much as before if that was the whole image; never leave the place."""
        if self._volume is None or name not in self._whole:
            return
        place = vtk.vtkMatrix4x4()
        place.DeepCopy(self._node(name).GetSliceToRAS())
        self.fit(name)
        self._node(name).GetSliceToRAS().DeepCopy(place)
        self._node(name).UpdateMatrices()

    def _look_at(self, ras: Point) -> None:
        camera = self._stage.three_d.get_camera_node()
        if camera is None:
            return
        focal, position = np.array(camera.GetFocalPoint()), np.array(camera.GetPosition())
        away = position - focal
        distance = float(np.linalg.norm(away))
        wanted = _JUMP_FIELD_MM / (2 * np.tan(np.radians(camera.GetViewAngle()) / 2)) * 1.3
        if not self._jumped_3d and distance > wanted:
            away *= wanted / distance
        self._jumped_3d = True
        camera.SetFocalPoint(*ras)
        camera.SetPosition(*(ras + away))
        self._stage.three_d.renderer().ResetCameraClippingRange()
        self._stage.views["three_d"].request()


def _plane(node: Any) -> tuple[Point, float]:
    """Return normal and offset of a slice's plane: points x with normal · x = offset."""
    matrix = node.GetSliceToRAS()
    normal = np.array([matrix.GetElement(row, 2) for row in range(3)])
    point = np.array([matrix.GetElement(row, 3) for row in range(3)])
    return normal, float(normal @ point)
