"""How the mouse reaches a tool: press, way, release in one view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from slicer import vtkMRMLAbstractWidget, vtkMRMLSliceNode
from trame_slicer.segmentation import SegmentationEffect, SegmentationEffectPipeline
from vtkmodules.vtkCommonCore import vtkCommand

#: A press and release no farther apart than this is a click, pixels.
CLICK_PIXELS = 4
#: Loses against anything that is under the mouse, as a landmark.
_FAR = 1e9


@dataclass
class Gesture:
    """What the mouse did between press and release.

    Attributes
    ----------
    view : SliceView or ThreeDView
    ras : list of tuple
        World positions, mm.
    xy : list of tuple
        Pixels of the view, y upwards.
    """

    view: Any
    ras: list[tuple[float, float, float]] = field(default_factory=list)
    xy: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_click(self) -> bool:
        """Whether the mouse stayed where it was pressed."""
        x, y = self.xy[0]
        return all(abs(u - x) <= CLICK_PIXELS and abs(v - y) <= CLICK_PIXELS for u, v in self.xy)

    @property
    def in_slice(self) -> bool:
        """Whether it was in a slice view."""
        return isinstance(self.view.get_view_node(), vtkMRMLSliceNode)

    def add(self, event: Any) -> None:
        """Note where the mouse is."""
        x, y, z = event.GetWorldPosition()
        u, v = event.GetDisplayPosition()
        self.ras.append((float(x), float(y), float(z)))
        self.xy.append((int(u), int(v)))


class ToolEffect(SegmentationEffect):  # type: ignore[misc]
    """A tool as an effect of the segment editor.

    The controller sets `tool`, which is told of gestures.
    """

    in_3d = False

    def __init__(self) -> None:
        super().__init__()
        self.tool: Any = None

    def _create_pipeline(self, view_node: Any, _parameter: Any) -> Any:
        if isinstance(view_node, vtkMRMLSliceNode) or self.in_3d:
            return GesturePipeline()
        return None


class GesturePipeline(SegmentationEffectPipeline):  # type: ignore[misc]
    """Collects a gesture of the left button and hands it to the effect's tool."""

    def __init__(self) -> None:
        super().__init__()
        self._gesture: Gesture | None = None

    # Names and signatures below are those that the C++ side calls.

    def CanProcessInteractionEvent(self, eventData: Any) -> tuple[bool, float]:  # noqa: N802
        """Want presses of the left button, and the way until it is up."""
        if not self.IsActive():
            return False, 0.0
        kind = eventData.GetType()
        if kind == int(vtkCommand.LeftButtonPressEvent):
            return not eventData.GetModifiers(), _FAR
        wanted = (int(vtkCommand.MouseMoveEvent), int(vtkCommand.LeftButtonReleaseEvent))
        return self._gesture is not None and kind in wanted, 0.0

    def ProcessInteractionEvent(self, event_data: Any) -> bool:  # noqa: N802
        """Note the place; tell the tool."""
        kind = event_data.GetType()
        if kind == int(vtkCommand.LeftButtonPressEvent):
            self._gesture = Gesture(self._view)
        if self._gesture is None:
            return False
        self._gesture.add(event_data)
        if kind == int(vtkCommand.LeftButtonReleaseEvent):
            gesture, self._gesture = self._gesture, None
            self._effect.tool.finished(gesture)
        else:
            self._effect.tool.moved(self._gesture)
        return True

    def GetWidgetState(self) -> int:  # noqa: N802
        """Say that a gesture is under way."""
        # Anything but idle keeps the mouse here until the button is up.
        if self._gesture is None:
            return int(super().GetWidgetState())
        return int(vtkMRMLAbstractWidget.WidgetStateUser)

    def LoseFocus(self, eventData: Any) -> None:  # noqa: N802
        """Finish the gesture where it was left."""
        super().LoseFocus(eventData)
        gesture, self._gesture = self._gesture, None
        if gesture is not None and gesture.xy:
            self._effect.tool.finished(gesture)
