"""How a reading looks when it is opened: what it is about in front, the rest behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from readingroom.review import ReviewSession


def organs_as_outlines(segmentation: Any, session: ReviewSession) -> None:
    """Leave the inside of organs clear: a lesion in them must be seen.

    Parameters
    ----------
    segmentation : vtkMRMLSegmentationNode or None
    session : ReviewSession
    """
    if segmentation is None:
        return
    findings = {one.label for one in session.reader.finding_classes}
    display, segments = segmentation.GetDisplayNode(), segmentation.GetSegmentation()
    for segment_id in segments.GetSegmentIDs():
        if segments.GetSegment(segment_id).GetName() not in findings:
            display.SetSegmentVisibility2DFill(segment_id, False)


def first_window(volume: Any, session: ReviewSession) -> None:
    """Give a volume the reader's first window where nobody has chosen one yet."""
    display, presets = volume.GetDisplayNode(), session.reader.window_presets
    if presets and display is not None and display.GetAutoWindowLevel():
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(presets[0].width, presets[0].center)


def in_views(scene: Any, volume: Any) -> None:
    """Show a volume in every slice view, all of it, where another one is shown."""
    import slicer

    views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode", scene)
    if any(view.GetBackgroundVolumeID() != volume.GetID() for view in views):
        slicer.util.setSliceViewerLayers(background=volume, fit=True)


class FramesAlone:
    """Frames in one view, and the layout of before at the end: frames have no other planes.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode
        The frames, as slices.
    """

    def __init__(self, volume: Any) -> None:
        import slicer

        volume.GetDisplayNode().SetAutoWindowLevel(True)
        self._manager = slicer.app.layoutManager()
        if self._manager is None:  # no main window
            return
        self._before = self._manager.layout
        self._manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)

    def end(self) -> None:
        """Bring back the layout of before."""
        if self._manager is not None:
            self._manager.setLayout(self._before)
