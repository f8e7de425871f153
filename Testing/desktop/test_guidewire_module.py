"""The guidewire module: frames of a DICOM cine, of a volume and of a sequence; review."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import slicer

from readingroom import folder, imaging
from readingroom.slicerdesktop import frames as inscene
from Testing.desktop.host.desk import Desk
from Testing.fixtures.dicom_phantom import an_angiogram, save
from Testing.fixtures.guidewire_case import SHAPE, a_reading, frames


def a_volume_node(name: str, pixels: np.ndarray):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    slicer.util.updateVolumeFromArray(node, pixels)
    return node


@pytest.fixture
def a_node():
    """The frames in the scene, in a place of the host's own making."""
    node = a_volume_node("Frames", frames())
    node.SetSpacing(0.7, 0.7, 3.0)
    return node


@pytest.fixture
def a_desk(the_application, a_node, tmp_path):
    desk = Desk(the_application, "ModuleGuidewire")
    desk.work.jobs.command = [sys.executable, "-m", "Testing.desktop.host.darkworker"]
    desk.ui.outputFolderEdit.text = str(tmp_path / "readings")
    yield desk
    desk.widget.cleanup()


def test_a_saved_reading_is_reviewed_on_its_own_frames(a_desk, a_node, tmp_path):
    dataset = an_angiogram(frames().astype(np.uint16) * 4)
    save(dataset, tmp_path / "xa.dcm")
    study = imaging.load(tmp_path / "xa.dcm")
    folder.save(a_reading(study), tmp_path / "reading")
    a_desk.open(tmp_path / "reading")
    assert len(a_desk.shown("findingsTable")) == SHAPE[0]
    shown = a_desk.work.review.volume
    assert shown is not a_node
    assert not a_desk.ui.showReadingButton.enabled  # it is open on the node that was chosen
    layouts, kinds = a_desk.application.layouts, slicer.vtkMRMLLayoutNode
    assert layouts.layout == kinds.SlicerLayoutOneUpRedSliceView
    assert np.array_equal(slicer.util.arrayFromVolume(shown), study.cines[0].array)
    first = a_desk.reading.findings[0].id
    a_desk.session.reject(first)
    assert a_desk.reading.measurements["frames_with_wire"].value == SHAPE[0] - 1
    a_desk.work.review.undo()
    assert a_desk.reading.measurements["frames_with_wire"].value == SHAPE[0]
    a_desk.work.close_review()
    assert shown.GetScene() is None
    assert layouts.layout == kinds.SlicerLayoutFourUpView
    assert a_node.GetScene() is slicer.mrmlScene


def test_frames_are_reviewed_without_a_main_window(a_desk, tmp_path, monkeypatch):
    monkeypatch.setattr(a_desk.application, "layouts", None)
    save(an_angiogram(frames().astype(np.uint16) * 4), tmp_path / "xa.dcm")
    folder.save(a_reading(imaging.load(tmp_path / "xa.dcm")), tmp_path / "reading")
    a_desk.open(tmp_path / "reading")
    assert len(a_desk.shown("findingsTable")) == SHAPE[0]


def test_choosing_a_wire_keeps_the_whole_frame_in_view(a_desk, tmp_path):
    save(an_angiogram(frames().astype(np.uint16) * 4), tmp_path / "xa.dcm")
    folder.save(a_reading(imaging.load(tmp_path / "xa.dcm")), tmp_path / "reading")
    a_desk.open(tmp_path / "reading")
    red = slicer.mrmlScene.GetSingletonNode("Red", "vtkMRMLSliceNode")
    last = a_desk.reading.findings[-1]
    a_desk.choose(last.id)
    place = [red.GetSliceToRAS().GetElement(row, 3) for row in range(3)]
    assert place == [0.0, 0.0, last.position_lps_mm[2]]


def test_the_slices_of_a_volume_are_read_as_frames(a_desk):
    a_desk.click("runButton")
    a_desk.wait()
    assert a_desk.message == "The reading is shown. Check every finding."
    assert {f.attributes["frame"] for f in a_desk.reading.findings} == set(range(SHAPE[0]))
    assert a_desk.reading.measurements["number_of_wires"].value == 1
    assert not a_desk.ui.exportSegBox.enabled


def test_a_chosen_proxy_stands_for_its_whole_sequence():
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", "Cine")
    for number, pixels in enumerate(frames()):
        item = slicer.vtkMRMLScalarVolumeNode()
        slicer.util.updateVolumeFromArray(item, pixels[None])
        sequence.SetDataNodeAtValue(item, str(number))
    proxy = a_volume_node("Cine", frames()[:1])
    browser = slicer.vtkMRMLSequenceBrowserNode()
    slicer.mrmlScene.AddNode(browser)
    browser.AddSynchronizedSequenceNode(sequence)
    browser.AddProxyNode(proxy, sequence, False)
    assert np.array_equal(inscene.frames_of(proxy), frames())


def test_frames_are_written_as_they_are(tmp_path):
    deep = frames().astype(np.int16) * 16
    for pixels in (frames(), deep):
        files = inscene.written(a_volume_node("Frames", pixels), tmp_path / pixels.dtype.name)
        (cine,) = imaging.load(files).cines
        assert np.array_equal(cine.array, pixels)
