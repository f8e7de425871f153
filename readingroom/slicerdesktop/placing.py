"""Show a point in the views, and ask for one click in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from readingroom.slicerdesktop.host import Host, Position


def jump(scene: Any, position_lps_mm: Position, *, centred: bool = True) -> None:
    """Show a point in every slice view, in its middle or wherever in the slice it lies."""
    from slicer import vtkMRMLSliceNode

    x, y, z = position_lps_mm
    mode = vtkMRMLSliceNode.CenteredJumpSlice if centred else vtkMRMLSliceNode.OffsetJumpSlice
    vtkMRMLSliceNode.JumpAllSlices(scene, -x, -y, z, mode)


class PlaceOnce:
    """One click in a view, told as a point in LPS millimetres.

    Parameters
    ----------
    host : Host
    placed : Callable[[tuple of float], None]
        Called once, after the click has been dealt with.
    given_up : Callable[[], None]
        Called instead if the person chose another mode of the mouse, as a right click does.
    """

    def __init__(
        self, host: Host, placed: Callable[[Position], None], given_up: Callable[[], None]
    ) -> None:
        self._host = host
        self._placed, self._given_up = placed, given_up
        self._node: Any = None
        self._hit = False
        self._tags: list[tuple[Any, int]] = []

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
        self._hit = False
        self._observe(
            self._node, slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent, self._defined
        )
        selection = scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
        selection.SetReferenceActivePlaceNodeClassName("vtkMRMLMarkupsFiducialNode")
        selection.SetActivePlaceNodeID(self._node.GetID())
        interaction = scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.Place)
        self._observe(interaction, interaction.InteractionModeChangedEvent, self._mode_changed)

    def stop(self) -> None:
        """Wait no longer."""
        if self._node is None:
            return
        node, self._node = self._node, None
        for subject, tag in self._tags:
            subject.RemoveObserver(tag)
        self._tags = []
        scene = self._host.scene
        interaction = scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
        if interaction is not None:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)
        if scene.IsNodePresent(node):
            _remove(node)

    def _observe(self, subject: Any, event: int, callback: Callable[[Any, Any], None]) -> None:
        self._tags.append((subject, subject.AddObserver(event, callback)))

    def _mode_changed(self, caller: Any, event: Any) -> None:
        # The click itself also ends the mode: look once it has been dealt with.
        if caller.GetCurrentInteractionMode() != caller.Place:
            self._host.soon(self._give_up)

    def _give_up(self) -> None:
        if self.active and not self._hit:
            self.stop()
            self._given_up()

    def _defined(self, caller: Any, event: Any) -> None:
        self._hit = True
        position = [0.0, 0.0, 0.0]
        caller.GetNthControlPointPositionWorld(caller.GetNumberOfControlPoints() - 1, position)
        x, y, z = position
        # The node must not go while it still tells its observers.
        self._host.soon(lambda: self._finish((-x, -y, z)))

    def _finish(self, position: Position) -> None:
        if self.active:
            self.stop()
            self._placed(position)


def _remove(node: Any) -> None:
    """Remove a node, and first what shows it: the views would go on drawing its points."""
    scene = node.GetScene()
    for display in [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]:
        scene.RemoveNode(display)
    scene.RemoveNode(node)
