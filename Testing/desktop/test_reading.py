"""Reading in a process of its own: run, cancel, faults, scenes and volumes that go."""

from __future__ import annotations

import os
import signal

import psutil
import pytest
import slicer


@pytest.fixture
def gate(tmp_path):
    """Return the file that a reading waits for."""
    return tmp_path / "gate"


@pytest.fixture
def a_busy_desk(a_desk, gate):
    """Return the panel while a reading is under way; it goes on once `gate` is there."""
    a_desk.use_quick_reader(gate)
    a_desk.click("runButton")
    a_desk.application.until(lambda: "%" in a_desk.message)
    return a_desk


def test_a_reading_comes_into_the_scene(a_desk, a_volume, tmp_path):
    a_desk.click("runButton")
    assert a_desk.ui.runButton.text == "Cancel"
    a_desk.wait()
    assert a_desk.message == "The reading is shown. Check every finding."
    assert a_desk.ui.runButton.text == "Read"
    assert a_desk.session.directory.parents[1] == tmp_path / "readings"
    assert a_desk.work.dicom_possible
    assert len(a_desk.shown("findingsTable")) == len(a_desk.reading.findings) > 0
    assert a_desk.work.review.segmentation.GetScene() is slicer.mrmlScene
    assert a_desk.application.status().endswith("Check every finding.")
    # the process stays warm for the next one
    assert a_desk.work.jobs.pid is not None


def test_a_reading_that_cannot_be_shown_is_told(a_desk, monkeypatch):
    def fail() -> None:
        raise AttributeError("what the patient is called")

    monkeypatch.setattr(a_desk.widget.review, "update", fail)
    a_desk.click("runButton")
    a_desk.wait()
    assert "(INTERNAL_ERROR)" in a_desk.message
    assert "patient" not in a_desk.message
    assert a_desk.ui.runButton.text == "Read"


def test_a_volume_without_dicom_is_read_from_a_copy(the_application, a_volume_without_dicom):
    from Testing.desktop.host.desk import Desk

    desk = Desk(the_application, "ModuleCACS")
    desk.use_quick_reader()
    desk.click("runButton")
    desk.wait()
    copy = desk.session.directory.parent / "volume.nrrd"
    assert copy.is_file()
    assert str(the_application.temporaryPath) in str(copy)
    assert not desk.ui.exportSegBox.enabled
    assert "did not come from the DICOM" in desk.ui.exportSegBox.toolTip
    assert len(desk.reading.findings) > 0
    desk.widget.cleanup()


def test_options_reach_the_reader(a_desk):
    a_desk.widget.run.options.fields["sensitivity"].widget.value = 0.9
    a_desk.click("runButton")
    a_desk.wait()
    assert a_desk.reading.options["sensitivity"] == 0.9


def test_cancel_kills_the_process_tree(a_busy_desk, tmp_path):
    process = psutil.Process(a_busy_desk.work.jobs.pid)
    a_busy_desk.click("runButton")
    assert a_busy_desk.message == "Cancelled."
    assert not process.is_running()
    assert a_busy_desk.ui.runButton.text == "Read"
    assert a_busy_desk.application.shown == []
    assert not list((tmp_path / "readings").rglob("reading.json"))


def test_after_cancelling_it_reads_again(a_busy_desk):
    a_busy_desk.click("runButton")
    a_busy_desk.use_quick_reader()
    a_busy_desk.widget.work.jobs.close()
    a_busy_desk.click("runButton")
    a_busy_desk.wait()
    assert a_busy_desk.work.review is not None


def test_a_killed_process_is_told_once(a_busy_desk):
    os.kill(a_busy_desk.work.jobs.pid, signal.SIGKILL)
    a_busy_desk.wait()
    assert [text for text in a_busy_desk.application.shown if "WORKER_DIED" in text] != []
    assert len(a_busy_desk.application.shown) == 1
    assert a_busy_desk.ui.runButton.enabled


def test_images_without_a_heart_are_refused_in_words(a_desk, a_volume):
    voxels = slicer.util.arrayFromVolume(a_volume)
    voxels[:] = 0
    a_volume.RemoveAttribute("DICOM.instanceUIDs")
    a_desk.click("runButton")
    a_desk.wait()
    assert len(a_desk.application.shown) == 1
    assert "(HEART_ABSENT)" in a_desk.message
    assert a_desk.work.review is None


def test_a_refused_copy_leaves_no_file_behind(a_desk, a_volume, tmp_path):
    slicer.util.arrayFromVolume(a_volume)[:] = 0
    a_volume.RemoveAttribute("DICOM.instanceUIDs")
    a_desk.click("runButton")
    a_desk.wait()
    assert not list((tmp_path / "readings").rglob("*.nrrd"))


def test_the_scene_closed_meanwhile_ends_the_work(a_busy_desk):
    a_busy_desk.close_scene()
    assert not a_busy_desk.work.busy
    assert a_busy_desk.work.review is None
    assert a_busy_desk.message == "The scene was closed; the work was cancelled."


def test_a_module_reloaded_meanwhile_ends_the_work(a_busy_desk):
    process = psutil.Process(a_busy_desk.work.jobs.pid)
    a_busy_desk.reload()
    assert not process.is_running()
    a_busy_desk.enter()
    assert a_busy_desk.ui.runButton.text == "Read"
    assert a_busy_desk.ui.runButton.enabled


def test_a_volume_removed_meanwhile_leaves_its_reading_in_the_folder(
    a_busy_desk, a_volume, gate, tmp_path
):
    slicer.mrmlScene.RemoveNode(a_volume)
    gate.touch()
    a_busy_desk.wait()
    assert a_busy_desk.work.review is None
    assert "(VOLUME_REMOVED)" in a_busy_desk.message
    assert list((tmp_path / "readings").rglob("reading.json"))


def test_two_volumes_keep_their_own_readings(a_desk, a_volume, a_volume_without_dicom, a_reading):
    a_desk.open(a_reading)
    first = a_desk.session.directory
    a_desk.ui.inputSelector.setCurrentNode(a_volume_without_dicom)
    assert a_desk.work.review.volume is a_volume
    a_desk.click("runButton")
    a_desk.wait()
    assert a_desk.work.review.volume is a_volume_without_dicom
    assert a_desk.session.directory != first
    assert not a_desk.ui.showReadingButton.enabled
    a_desk.ui.inputSelector.setCurrentNode(a_volume)
    a_desk.click("showReadingButton")
    assert a_desk.session.directory == first
    nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert len(nodes) == 1


def test_the_volume_chosen_when_it_began_gets_the_reading(
    a_busy_desk, a_volume, a_volume_without_dicom, gate
):
    a_busy_desk.ui.inputSelector.setCurrentNode(a_volume_without_dicom)
    gate.touch()
    a_busy_desk.wait()
    assert a_busy_desk.work.review.volume is a_volume


def test_a_file_in_place_of_the_folder_is_told(a_desk, tmp_path):
    (tmp_path / "file").write_text("x")
    a_desk.ui.outputFolderEdit.text = str(tmp_path / "file")
    a_desk.click("runButton")
    a_desk.wait()
    assert len(a_desk.application.shown) == 1
    assert a_desk.ui.runButton.text == "Read"
