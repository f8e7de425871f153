"""Show a point in the views, and ask for one click in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from readingroom.slicerdesktop.host import Host, Position


def jump(scene: Any, position_lps_mm: Position) -> None:
    """Centre every slice view on a point."""
    import slicer

    x, y, z = position_lps_mm
    slicer.vtkMRMLSliceNode.JumpAllSlices(
        scene, -x, -y, z, slicer.vtkMRMLSliceNode.CenteredJumpSlice
    )


class PlaceOnce:
    """One click in a view, told as a point in LPS millimetres.

    Parameters
    ----------
    host : Host
    placed : Callable[[tuple of float], None]
        Called once, after the click has been dealt with.
    """

    def __init__(self, host: Host, placed: Callable[[Position], None]) -> None:
        self._host = host
        self._placed = placed
        self._node: Any = None
        self._tag = 0

    @property
    def active(self) -> bool:
        """Whether the click is still awaited."""
        return self._node is not None

    def start(self, name: str) -> None:
        """Wait for the click; `name` stands at the mouse pointer's point."""
        import slicer

        self.stop()
        scene = self._host.scene
        self._node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
        self._node.SetSaveWithScene(False)
        self._node.SetHideFromEditors(True)
        event = slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent
        self._tag = self._node.AddObserver(event, self._defined)
        selection = scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
        selection.SetReferenceActivePlaceNodeClassName("vtkMRMLMarkupsFiducialNode")
        selection.SetActivePlaceNodeID(self._node.GetID())
        interaction = scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.Place)

    def stop(self) -> None:
        """Wait no longer."""
        if self._node is None:
            return
        import slicer

        node, self._node = self._node, None
        node.RemoveObserver(self._tag)
        scene = self._host.scene
        interaction = scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
        if interaction is not None:
            interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.ViewTransform)
        if scene.IsNodePresent(node):
            scene.RemoveNode(node)

    def _defined(self, caller: Any, event: Any) -> None:
        position = [0.0, 0.0, 0.0]
        caller.GetNthControlPointPositionWorld(caller.GetNumberOfControlPoints() - 1, position)
        x, y, z = position
        # The node must not go while it still tells its observers.
        self._host.soon(lambda: self._finish((-x, -y, z)))

    def _finish(self, position: Position) -> None:
        if self.active:
            self.stop()
            self._placed(position)
