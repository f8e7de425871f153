"""Correcting in 3D Slicer: findings, painting, clicks, landmarks, undo, saving, signing."""

from __future__ import annotations

import errno
import json

import numpy as np
import pytest
import slicer

from Testing.desktop.host.qtmodule import QFileDialog
from Testing.fixtures import review_cases


def total(desk) -> float:
    return desk.reading.measurements["agatston_score"].value


def shown_total(desk) -> list[str]:
    """Return title, machine, reviewed, unit of the score as the panel shows it."""
    names = desk.session.reader.measurement_rows(desk.reading)
    return desk.shown("numbersTable")[names.index("agatston_score")]


def finding(desk, label: str):
    return next(f for f in desk.reading.findings if f.label == label)


def lps_of(desk, kji) -> tuple[float, float, float]:
    return tuple(float(x) for x in desk.session.volume.lps_from_kji(kji))


def click_in_a_view(lps) -> None:
    """Put down the point that the place mode waits for, as a click in a view does."""
    selection = slicer.mrmlScene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    node = slicer.mrmlScene.GetNodeByID(selection.GetActivePlaceNodeID())
    node.AddControlPoint(-lps[0], -lps[1], lps[2])


def paint(desk, segment: str, kji, value: int) -> None:
    """Paint one voxel of a segment's shared label map, as an effect of the editor does."""
    from vtk.util.numpy_support import vtk_to_numpy

    inside = desk.work.review.segmentation.GetSegmentation()
    part = inside.GetSegment(inside.GetSegmentIdBySegmentName(segment))
    image = part.GetRepresentation("Binary labelmap")
    i0, i1, j0, j1, k0, k1 = image.GetExtent()
    voxels = vtk_to_numpy(image.GetPointData().GetScalars())
    grid = voxels.reshape(k1 - k0 + 1, j1 - j0 + 1, i1 - i0 + 1)
    k, j, i = kji
    grid[k - k0, j - j0, i - i0] = part.GetLabelValue() if value else 0
    image.GetPointData().GetScalars().Modified()
    image.Modified()
    part.Modified()
    inside.InvokeEvent(slicer.vtkSegmentation.SourceRepresentationModified)
    desk.settle()


def test_opening_shows_findings_numbers_and_notes(a_review, a_volume):
    assert len(a_review.shown("findingsTable")) == 6
    title, machine, reviewed, _ = shown_total(a_review)
    assert "Agatston" in title
    assert machine == reviewed
    assert a_review.ui.readingLabel.text == "Reading of CT, revision 1"
    assert "not reviewed" in a_review.ui.statusLabel.text
    assert a_review.work.review.volume is a_volume


def test_the_segment_editor_edits_the_reading(a_review, a_volume):
    editor = a_review.widget.review.editor.widget
    assert editor.segmentationNode() is a_review.work.review.segmentation
    assert editor.sourceVolumeNode() is a_volume
    assert editor.undoEnabled is False
    assert editor.mrmlSegmentEditorNode().GetOverwriteMode() == 2  # overlap: nothing is eaten


def test_choosing_a_finding_jumps_there(a_review):
    chosen = finding(a_review, "RCA")
    a_review.choose(chosen.id)
    red = slicer.mrmlScene.GetSingletonNode("Red", "vtkMRMLSliceNode")
    matrix = red.GetSliceToRAS()
    x, y, z = chosen.position_lps_mm
    assert matrix.GetElement(2, 3) == pytest.approx(z, abs=1e-3)
    assert matrix.GetElement(0, 3) == pytest.approx(-x, abs=1e-3)
    assert matrix.GetElement(1, 3) == pytest.approx(-y, abs=1e-3)
    editor = a_review.widget.review.editor.widget
    inside = editor.segmentationNode().GetSegmentation()
    assert editor.currentSegmentID() == inside.GetSegmentIdBySegmentName("RCA")
    assert a_review.ui.classBox.currentText == "Right coronary artery"


def test_rejecting_takes_the_finding_out_of_the_total_and_undo_brings_it_back(a_review):
    before = total(a_review)
    a_review.choose(finding(a_review, "RCA").id)
    a_review.click("rejectButton")
    assert total(a_review) < before
    _, machine, reviewed, _ = shown_total(a_review)
    assert machine != reviewed
    assert "✗" in [row[0] for row in a_review.shown("findingsTable")]
    assert a_review.ui.undoButton.toolTip == "Reject"
    a_review.click("undoButton")
    assert total(a_review) == before
    a_review.click("redoButton")
    assert total(a_review) < before


def test_accepting_and_restoring(a_review):
    chosen = finding(a_review, "LM").id
    a_review.choose(chosen)
    a_review.click("acceptButton")
    assert a_review.reading.finding(chosen).state == "accepted"
    a_review.click("restoreButton")
    assert a_review.reading.finding(chosen).state == "proposed"


def test_without_a_chosen_finding_nothing_happens(a_review):
    a_review.ui.findingsTable.clearSelection()
    a_review.click("acceptButton")
    a_review.click("reassignButton")
    assert not a_review.session.dirty


def test_reassigning_moves_the_lesion_out_of_the_total(a_review):
    before = total(a_review)
    chosen = finding(a_review, "LCX").id
    a_review.choose(chosen)
    classes = [known.label for known in a_review.session.reader.finding_classes]
    a_review.ui.classBox.currentIndex = classes.index("MITRAL_VALVE")
    a_review.click("reassignButton")
    assert a_review.reading.finding(chosen).label == "MITRAL_VALVE"
    assert total(a_review) < before


def test_what_was_missed_grows_at_a_click(a_review):
    classes = [known.label for known in a_review.session.reader.finding_classes]
    a_review.ui.classBox.currentIndex = classes.index("RCA")
    before, count = total(a_review), len(a_review.reading.findings)
    a_review.click("growButton")
    interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    assert interaction.GetCurrentInteractionMode() == slicer.vtkMRMLInteractionNode.Place
    click_in_a_view(lps_of(a_review, review_cases.MISSED[0]))
    a_review.settle()
    assert len(a_review.reading.findings) == count + 1
    assert total(a_review) > before
    assert not a_review.ui.growButton.checked
    assert interaction.GetCurrentInteractionMode() != slicer.vtkMRMLInteractionNode.Place
    names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")]
    assert "RCA_1" not in names


def test_a_click_on_nothing_is_told(a_review):
    a_review.click("growButton")
    click_in_a_view(lps_of(a_review, (2, 8, 8)))
    a_review.settle()
    assert [text for text in a_review.application.shown if "NOTHING_TO_GROW" in text]
    assert not a_review.ui.growButton.checked
    assert not a_review.session.dirty


def test_the_click_can_be_called_off(a_review):
    a_review.click("growButton")
    a_review.click("growButton")
    assert not a_review.work.review.growing
    interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    assert interaction.GetCurrentInteractionMode() != slicer.vtkMRMLInteractionNode.Place


def test_painting_changes_the_numbers_and_undo_covers_it(a_review):
    before = total(a_review)
    k, j, i = review_cases.LESIONS[4][1]
    for corner in np.ndindex(2, 3, 3):
        paint(a_review, "RCA", (k + corner[0], j + corner[1], i + corner[2]), 0)
    assert total(a_review) < before
    assert a_review.session.dirty
    while a_review.ui.undoButton.enabled:
        a_review.click("undoButton")
    assert total(a_review) == before


def test_a_dragged_landmark_is_an_edit(a_review):
    node = a_review.work.review._presented.landmarks
    node.SetNthControlPointPosition(0, -11.0, -12.0, 13.0)
    node.InvokeEvent(slicer.vtkMRMLMarkupsNode.PointEndInteractionEvent)
    a_review.settle()
    assert a_review.reading.landmarks[0].position_lps_mm == pytest.approx((11.0, 12.0, 13.0))
    assert a_review.ui.undoButton.toolTip == "Move landmark"


def test_masks_of_another_grid_are_refused(a_review, tmp_path):
    from readingroom.imaging.write import write_volume

    file = write_volume(np.zeros((4, 5, 6), np.uint8), np.eye(4), tmp_path / "other.nrrd")
    QFileDialog.answers.append(str(file))
    a_review.click("importMasksButton")
    assert len(a_review.application.shown) == 1
    assert not a_review.session.dirty


def test_masks_of_this_reading_can_be_loaded(a_review, the_case):
    a_review.choose(finding(a_review, "RCA").id)
    QFileDialog.answers.extend(["", str(the_case.folder / "masks.seg.nrrd")])
    a_review.click("importMasksButton")  # dismissed
    a_review.click("importMasksButton")
    assert a_review.application.shown == []


def test_saving_needs_a_name_and_makes_a_revision(a_review):
    a_review.choose(finding(a_review, "RCA").id)
    a_review.click("rejectButton")
    assert not a_review.ui.saveButton.enabled
    assert a_review.ui.saveButton.toolTip == "Enter your name first."
    a_review.name_reviewer("Dr. Reader")
    assert a_review.ui.saveButton.toolTip.startswith("Save the corrections")
    a_review.click("saveButton")
    record = json.loads((a_review.session.directory / "reading.json").read_text())
    assert record["revision"] == 2
    assert record["reviewer"] == "Dr. Reader"
    assert (a_review.session.directory / "revisions" / "0001" / "reading.json").is_file()
    assert "saved" in a_review.ui.statusLabel.text


def test_a_signed_reading_refuses_until_it_is_reopened(a_review):
    a_review.name_reviewer("Dr. Reader")
    a_review.click("signButton")
    assert a_review.ui.statusLabel.text == "Signed: Dr. Reader"
    assert not a_review.ui.signButton.enabled
    a_review.choose(finding(a_review, "RCA").id)
    a_review.click("rejectButton")
    assert "(SIGNED)" in a_review.message
    a_review.click("reopenButton")
    a_review.click("rejectButton")
    assert finding(a_review, "RCA").state == "rejected"


def test_a_stroke_on_a_signed_reading_is_put_back(a_review):
    a_review.name_reviewer("Dr. Reader")
    a_review.click("signButton")
    before = total(a_review)
    paint(a_review, "RCA", review_cases.LESIONS[4][1], 0)
    assert total(a_review) == before
    assert "(SIGNED)" in a_review.message


def test_a_full_disk_loses_nothing(a_review, monkeypatch):
    from readingroom.folder import store

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "no space")

    a_review.choose(finding(a_review, "RCA").id)
    a_review.click("rejectButton")
    a_review.name_reviewer("Dr. Reader")
    with monkeypatch.context() as patch:
        patch.setattr(store, "write_content", full)
        a_review.click("saveButton")
    assert "(DISK_FULL)" in a_review.message
    assert a_review.session.dirty
    a_review.click("saveButton")
    assert a_review.reading.revision == 2


def test_somebody_else_saved_meanwhile(a_review):
    from readingroom.review import ReviewSession

    other = ReviewSession.open(a_review.session.directory, autosave=False)
    other.accept(other.reading.findings[0].id)
    other.save("Dr. Other")
    other.close()
    a_review.choose(finding(a_review, "RCA").id)
    a_review.click("rejectButton")
    a_review.name_reviewer("Dr. Reader")
    a_review.application.answers.extend([False, True])
    a_review.click("saveButton")
    assert "(READING_CHANGED)" in a_review.message
    a_review.click("saveButton")
    assert a_review.reading.revision == 3


def test_a_reading_of_a_newer_program_is_refused(a_desk, a_reading):
    record = json.loads((a_reading / "reading.json").read_text())
    (a_reading / "reading.json").write_text(json.dumps({**record, "schema": "readingroom/9"}))
    a_desk.open(a_reading)
    assert "(SCHEMA_NEWER)" in a_desk.message
    assert a_desk.work.review is None


def test_a_folder_without_a_reading_is_refused(a_desk, tmp_path):
    a_desk.open(tmp_path)
    assert "(NOT_A_READING)" in a_desk.message
    QFileDialog.answers.append("")  # dismissed
    a_desk.click("openReadingButton")
    assert len(a_desk.application.shown) == 1


def test_a_reading_of_another_volume_is_refused(a_desk, a_volume, a_reading):
    a_volume.SetOrigin(500.0, 0.0, 0.0)
    a_desk.open(a_reading)
    assert "(VOLUME_DIFFERS)" in a_desk.message
    assert a_desk.work.review is None
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")


def test_a_removed_volume_ends_the_review_and_keeps_the_corrections(a_review, a_volume, the_case):
    a_review.choose(finding(a_review, "RCA").id)
    a_review.click("rejectButton")
    folder = a_review.session.directory
    slicer.mrmlScene.RemoveNode(a_volume)
    a_review.settle()
    assert a_review.work.review is None
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    from readingroom.review import ReviewSession

    again = ReviewSession.open(folder, autosave=True)
    assert again.recovered == 1
    again.discard()


def test_a_removed_segmentation_ends_the_review(a_review):
    slicer.mrmlScene.RemoveNode(a_review.work.review.segmentation)
    a_review.settle()
    assert a_review.work.review is None
    assert "kept in the folder" in a_review.message
    assert a_review.ui.showReadingButton.enabled


def test_corrections_survive_a_closed_scene(a_review, a_reading, the_case):
    a_review.choose(finding(a_review, "RCA").id)
    a_review.click("rejectButton")
    a_review.close_scene()
    assert a_review.work.review is None
    from Testing.desktop.conftest import a_node

    volume = a_node("CT again", the_case.study.volumes[0])
    a_review.ui.inputSelector.setCurrentNode(volume)
    a_review.open(a_reading)
    assert finding(a_review, "RCA").state == "rejected"
    assert "recovered" in a_review.ui.notesLabel.text


def test_a_saved_scene_does_not_show_the_reading_twice(a_review, a_reading):
    a_review.work.review.close(keep_nodes=True)  # as if these nodes came with a loaded scene
    a_review.work.review = None
    a_review.open(a_reading)
    assert len(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")) == 1
    assert len(slicer.util.getNodesByClass("vtkMRMLTableNode")) == 2


def test_corrections_survive_a_reload_of_the_module(a_review):
    a_review.choose(finding(a_review, "RCA").id)
    a_review.click("rejectButton")
    a_review.reload()
    a_review.enter()
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    a_review.click("showReadingButton")
    assert finding(a_review, "RCA").state == "rejected"


def test_another_reading_asks_to_save_first(a_review):
    a_review.name_reviewer("Dr. Reader")
    a_review.choose(finding(a_review, "RCA").id)
    a_review.click("rejectButton")
    folder = a_review.session.directory
    a_review.application.answers.append(True)
    a_review.click("runButton")
    a_review.wait()
    assert json.loads((folder / "reading.json").read_text())["revision"] == 2
    assert a_review.session.directory != folder


def test_the_editor_lets_go_while_another_module_is_shown(a_review):
    editor = a_review.widget.review.editor.widget
    a_review.enter()
    assert editor.shortcuts
    a_review.leave()
    assert not editor.shortcuts


def test_the_machine_and_the_review_stand_side_by_side_in_chinese(a_desk, a_reading):
    a_desk.application.applicationLocaleName = "zh_CN"
    a_desk.open(a_reading)
    headers = a_desk.ui.numbersTable
    titles = [headers.horizontalHeaderItem(n).text() for n in range(4)]
    assert titles == ["测量", "机器", "复核", "单位"]
    a_desk.choose(finding(a_desk, "RCA").id)
    a_desk.click("rejectButton")
    assert a_desk.ui.undoButton.toolTip == "拒绝"
