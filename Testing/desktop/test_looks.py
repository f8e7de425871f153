"""How an opened reading looks in 3D Slicer: windows, outlines, layouts, what is left behind."""

from __future__ import annotations

import numpy as np
import slicer


def points_that_nothing_owns() -> list[str]:
    """Return the displays whose points have gone: the views go on drawing them."""
    displays = slicer.util.getNodesByClass("vtkMRMLMarkupsDisplayNode")
    return [node.GetID() for node in displays if node.GetDisplayableNode() is None]


def interaction():
    return slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")


def test_organs_are_outlines_and_lesions_are_filled(a_review):
    classes = {one.label for one in a_review.session.reader.finding_classes}
    shown = a_review.work.review.segmentation
    inside, display = shown.GetSegmentation(), shown.GetDisplayNode()
    filled = {
        inside.GetSegment(segment_id).GetName(): display.GetSegmentVisibility2DFill(segment_id)
        for segment_id in inside.GetSegmentIDs()
    }
    assert set(filled) - classes
    assert all(fill == (name in classes) for name, fill in filled.items())


def test_a_volume_without_a_window_gets_the_readers_first(a_desk, a_volume, a_reading):
    a_volume.CreateDefaultDisplayNodes()
    display = a_volume.GetDisplayNode()
    display.SetAutoWindowLevel(True)
    a_desk.open(a_reading)
    first = a_desk.session.reader.window_presets[0]
    assert (display.GetWindow(), display.GetLevel()) == (first.width, first.center)


def test_a_window_that_somebody_chose_stays(a_desk, a_volume, a_reading):
    a_volume.CreateDefaultDisplayNodes()
    display = a_volume.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(77.0, 33.0)
    a_desk.open(a_reading)
    assert (display.GetWindow(), display.GetLevel()) == (77.0, 33.0)


def test_the_volume_of_the_reading_comes_into_view(a_desk, a_volume, a_reading):
    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Other")
    slicer.util.updateVolumeFromArray(other, np.zeros((2, 3, 4), np.int16))
    slicer.util.setSliceViewerLayers(background=other)
    fitted = a_desk.application.layouts.fitted
    a_desk.open(a_reading)
    layers = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    assert {node.GetBackgroundVolumeID() for node in layers} == {a_volume.GetID()}
    assert a_desk.application.layouts.fitted == fitted + 1


def test_a_volume_in_view_keeps_its_place(a_desk, a_volume, a_reading):
    slicer.util.setSliceViewerLayers(background=a_volume)
    fitted = a_desk.application.layouts.fitted
    a_desk.open(a_reading)
    assert a_desk.application.layouts.fitted == fitted


def test_a_click_leaves_no_point_behind(a_review):
    a_review.click("growButton")
    selection = slicer.mrmlScene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    node = slicer.mrmlScene.GetNodeByID(selection.GetActivePlaceNodeID())
    node.CreateDefaultDisplayNodes()  # as adding it to 3D Slicer's scene does
    node.AddControlPoint(-1.0, -2.0, 3.0)
    a_review.settle()
    assert not node.GetScene()
    assert not points_that_nothing_owns()


def test_a_right_click_calls_the_click_off(a_review):
    a_review.click("growButton")
    interaction().SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.ViewTransform)
    a_review.settle()
    assert not a_review.work.review.growing
    assert not a_review.ui.growButton.checked
    names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")]
    assert "LM" not in names


def test_the_segmentation_goes_before_its_display(a_review):
    """Lists of segments warn of a segmentation without display."""
    gone: list[str] = []
    segmentation = a_review.work.review.segmentation
    display = segmentation.GetDisplayNode()
    told = {segmentation.GetID(): "segmentation", display.GetID(): "display"}

    def note(caller, event) -> None:
        here = {n for n in told if slicer.mrmlScene.GetNodeByID(n) is None}
        gone.extend(told[n] for n in told if n in here and told[n] not in gone)

    tag = slicer.mrmlScene.AddObserver(slicer.vtkMRMLScene.NodeRemovedEvent, note)
    a_review.work.close_review()
    slicer.mrmlScene.RemoveObserver(tag)
    assert gone == ["segmentation", "display"]


def test_the_editor_lets_go_of_the_volume(a_review):
    a_review.widget.review.editor.clear()
    assert a_review.widget.review.editor.widget.sourceVolumeNode() is None


def test_the_class_follows_an_undo(a_review):
    first = a_review.reading.findings[0]
    a_review.choose(first.id)
    before = a_review.ui.classBox.currentIndex
    a_review.ui.classBox.currentIndex = before + 1
    a_review.click("reassignButton")
    assert a_review.ui.classBox.currentIndex == before + 1
    a_review.click("undoButton")
    assert a_review.ui.classBox.currentIndex == before


def test_the_panel_names_the_revision_that_was_saved(a_review):
    a_review.choose(a_review.reading.findings[0].id)
    a_review.click("acceptButton")
    a_review.name_reviewer("Dr. Reader")
    a_review.click("saveButton")
    assert a_review.ui.readingLabel.text.endswith("revision 2")
