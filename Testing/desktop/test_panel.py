"""The panel before anything is read: loading, binding, choosing, options, language."""

from __future__ import annotations

import json

import pytest
import slicer


def test_the_module_says_what_it_is(a_desk):
    parent = slicer.modules.modulecacs
    assert parent.title == "Coronary Artery Calcium"
    assert parent.categories == ["ReadingRoom"]
    assert "Not a medical device" in parent.helpText
    assert parent.icon.availableSizes()[0].width() == 128


def test_the_first_volume_is_chosen_and_can_be_read(a_desk, a_volume):
    assert a_desk.ui.inputSelector.currentNode() is a_volume
    assert a_desk.ui.runButton.enabled
    assert a_desk.ui.runButton.text == "Read"


def test_without_a_volume_the_button_says_why(a_desk):
    a_desk.ui.inputSelector.setCurrentNode(None)
    assert not a_desk.ui.runButton.enabled
    assert a_desk.ui.runButton.toolTip == "Choose a volume."


def test_an_empty_volume_is_not_read(a_desk):
    empty = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
    a_desk.ui.inputSelector.setCurrentNode(empty)
    assert a_desk.ui.runButton.toolTip == "The volume holds no image."


def test_a_moved_volume_is_not_read(a_desk, a_volume):
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    a_volume.SetAndObserveTransformNodeID(transform.GetID())
    a_desk.widget.check()
    assert "transform" in a_desk.ui.runButton.toolTip
    assert not a_desk.ui.runButton.enabled


def test_the_parameter_node_keeps_what_is_typed(a_desk):
    a_desk.name_reviewer("Dr. Reader")
    a_desk.ui.exportCsvBox.checked = True
    parameters = a_desk.widget.logic.getParameterNode()
    assert parameters.reviewer == "Dr. Reader"
    assert parameters.exportCsv is True


def test_every_option_of_the_reader_but_the_series_has_a_field(a_desk):
    from readingroom import readers

    names = set(readers.options_type("cacs").model_fields)
    assert set(a_desk.widget.run.options.fields) == names - {"series"}


def test_options_are_kept_with_the_scene(a_desk):
    fields = a_desk.widget.run.options.fields
    fields["sensitivity"].widget.value = 0.8
    fields["age"].widget.value = 61
    fields["sex"].widget.currentIndex = 2
    fields["deterministic"].widget.checked = True
    kept = json.loads(a_desk.widget.logic.getParameterNode().readerOptions)
    assert kept == {"age": 61.0, "sensitivity": 0.8, "sex": "female", "deterministic": True}


def test_an_option_left_alone_is_left_to_the_reader(a_desk):
    assert a_desk.widget.run.options.values() == {}


@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"sensitivity": 0.3, "gone": 1}'])
def test_options_of_any_scene_can_be_shown(a_desk, text):
    options = a_desk.widget.run.options
    options.show_text(text)
    assert options.values() == ({"sensitivity": 0.3} if "sensitivity" in text else {})


def test_help_and_units_come_from_the_one_description(a_desk):
    cholesterol = a_desk.widget.run.options.fields["total_cholesterol"].widget
    assert cholesterol.suffix == " mg/dL"
    assert cholesterol.toolTip == "For the MESA risk. (50–800 mg/dL)"


def test_advanced_options_are_behind_more(a_desk):
    fields = a_desk.widget.run.options.fields
    assert fields["device"].widget.parent() is a_desk.ui.moreSection
    assert fields["age"].widget.parent() is a_desk.ui.optionsForm


def test_the_panel_speaks_chinese(the_application, a_volume):
    from Testing.desktop.host.desk import Desk

    the_application.applicationLocaleName = "zh_CN"
    desk = Desk(the_application, "ModuleCACS")
    assert slicer.modules.modulecacs.title == "冠状动脉钙化"
    assert desk.ui.runButton.text == "判读"
    assert desk.ui.findingsSection.text == "所见"
    assert desk.ui.outputFolderEdit.placeholderText == "临时文件夹"
    assert desk.widget.run.options.fields["gated"].widget.currentText == "自动"
    desk.widget.cleanup()


def test_folders_are_chosen_through_the_dialog(a_desk, tmp_path):
    from Testing.desktop.host.qtmodule import QFileDialog

    QFileDialog.answers.extend([str(tmp_path), ""])
    a_desk.click("outputFolderButton")
    assert a_desk.widget.logic.getParameterNode().outputFolder == str(tmp_path)
    a_desk.click("outputFolderButton")  # dismissed: nothing changes
    assert a_desk.ui.outputFolderEdit.text == str(tmp_path)


def test_leaving_and_coming_back_keeps_everything(a_desk, a_volume):
    a_desk.leave()
    a_desk.enter()
    assert a_desk.ui.inputSelector.currentNode() is a_volume


def test_a_volume_loaded_meanwhile_is_chosen_on_coming_back(a_desk, a_volume):
    slicer.mrmlScene.RemoveNode(a_volume)
    a_desk.leave()
    labels = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    a_desk.enter()
    assert a_desk.ui.inputSelector.currentNode() is None  # a label map is no study
    a_desk.leave()
    later = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Later")
    a_desk.enter()
    assert a_desk.ui.inputSelector.currentNode() is later
    assert labels.GetScene() is slicer.mrmlScene


def test_a_loaded_scene_brings_its_volume(a_desk, a_volume):
    """A scene file names the volume before the volume is there."""
    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Other")
    node = slicer.mrmlScene.GetSingletonNode("ModuleCACS", "vtkMRMLScriptedModuleNode")
    node.DisableModifiedEventOn()
    node.SetNodeReferenceID("inputVolume", other.GetID())
    node.DisableModifiedEventOff()
    assert a_desk.ui.inputSelector.currentNode() is a_volume
    slicer.mrmlScene.InvokeEvent(slicer.vtkMRMLScene.EndImportEvent)
    assert a_desk.ui.inputSelector.currentNode() is other


def test_closing_the_scene_starts_anew(a_desk):
    a_desk.close_scene()
    assert a_desk.ui.runButton.toolTip == "Choose a volume."
    a_desk.leave()
    a_desk.close_scene()
    a_desk.enter()
    assert a_desk.widget.logic.getParameterNode().inputVolume is None
