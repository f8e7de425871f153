"""3D Slicer's own Segment Editor, embedded and set to the masks of a reading."""

from __future__ import annotations

from typing import Any

_TAG = "ReadingRoomSegmentEditor"


class MaskEditor:
    """The Segment Editor's widget inside a frame of the panel.

    Its own undo is off: the review's undo covers painting together with everything else.

    Parameters
    ----------
    frame : QWidget
        Has a layout.
    """

    def __init__(self, frame: Any) -> None:
        import slicer

        self.widget = slicer.qMRMLSegmentEditorWidget()
        self.widget.undoEnabled = False
        self.widget.segmentationNodeSelectorVisible = False
        self.widget.sourceVolumeNodeSelectorVisible = False
        self.widget.switchToSegmentationsButtonVisible = False
        self.widget.addRemoveSegmentButtonsVisible = False
        self.widget.jumpToSelectedSegmentEnabled = False
        frame.layout().addWidget(self.widget)

    def show(self, scene: Any, segmentation: Any, volume: Any) -> None:
        """Edit `segmentation` on `volume`."""
        # The parameter node first, so that what the scene selects is kept in it.
        self.widget.setMRMLSegmentEditorNode(_parameters(scene))
        self.widget.setMRMLScene(scene)
        self.widget.setSegmentationNode(segmentation)
        self.widget.setSourceVolumeNode(volume)

    def choose(self, segment: str) -> None:
        """Make the segment with this name the one that is painted."""
        node = self.widget.segmentationNode()
        if node is not None:
            found = node.GetSegmentation().GetSegmentIdBySegmentName(segment)
            if found:
                self.widget.setCurrentSegmentID(found)

    def clear(self) -> None:
        """Edit nothing, and let go of the views."""
        if self.widget.mrmlSegmentEditorNode() is None:
            return  # nothing was ever edited
        self.widget.setActiveEffectByName("")
        if self.widget.segmentationNode() is not None:
            # In this order: without a segmentation the editor takes no volume, not even none.
            self.widget.setSourceVolumeNode(None)
            self.widget.setSegmentationNode(None)
        self.widget.removeViewObservations()

    def enter(self) -> None:
        """Listen to the editor's keys while the module is shown."""
        self.widget.installKeyboardShortcuts()

    def exit(self) -> None:
        """Leave views and keys to other modules."""
        self.widget.setActiveEffectByName("")
        self.widget.uninstallKeyboardShortcuts()
        self.widget.removeViewObservations()


def _parameters(scene: Any) -> Any:
    """Return the scene's parameter node of this editor; other editors keep their own."""
    import slicer

    node = scene.GetSingletonNode(_TAG, "vtkMRMLSegmentEditorNode")
    if node is None:
        node = slicer.vtkMRMLSegmentEditorNode()
        node.SetSingletonTag(_TAG)
        node.SetName(_TAG)
        node.SetHideFromEditors(True)
        node = scene.AddNode(node)
    # Painting one class must not eat its neighbour. Set each time: closing the scene brings
    # the mode back to its default, and the node stays.
    node.SetOverwriteMode(slicer.vtkMRMLSegmentEditorNode.OverwriteNone)
    return node
