"""The stand-ins refuse what the real classes refuse."""

from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import pytest
import slicer


@pytest.fixture
def the(the_application):
    """Return what the host has put in place."""
    import ctk
    import qt
    from slicer import parameterNodeWrapper as wrapping

    names = ("Choice", "WithinRange", "parameterNodeWrapper")
    return SimpleNamespace(qt=qt, ctk=ctk, **{name: getattr(wrapping, name) for name in names})


def a_node():
    return slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")


def bound(parameters: type, name: str, widget):
    """Bind a widget to a parameter, as a .ui file's SlicerParameterName does."""
    widget.setProperty("SlicerParameterName", name)
    wrapped = parameters(a_node())
    wrapped.connectGui(SimpleNamespace(widget=widget))
    return wrapped


def test_a_slider_needs_a_range(the):
    @the.parameterNodeWrapper
    class Parameters:
        level: float = 0.5

    with pytest.raises(RuntimeError, match="unbounded"):
        bound(Parameters, "level", the.ctk.ctkSliderWidget())


def test_a_slider_with_a_range_is_bound_both_ways(the):
    @the.parameterNodeWrapper
    class Parameters:
        level: Annotated[float, the.WithinRange(0.0, 2.0)] = 0.5

    slider = the.ctk.ctkSliderWidget()
    wrapped = bound(Parameters, "level", slider)
    assert (slider.minimum, slider.maximum, slider.value) == (0.0, 2.0, 0.5)
    slider.value = 1.5
    assert wrapped.level == 1.5
    wrapped.level = 1.0
    assert slider.value == 1.0


def test_a_value_out_of_range_is_refused(the):
    @the.parameterNodeWrapper
    class Parameters:
        level: Annotated[float, the.WithinRange(0.0, 2.0)] = 0.5

    with pytest.raises(ValueError, match="2"):
        Parameters(a_node()).level = 3.0


def test_a_value_of_another_type_is_refused(the):
    @the.parameterNodeWrapper
    class Parameters:
        name: str

    with pytest.raises((TypeError, ValueError)):
        Parameters(a_node()).name = 3


def test_a_type_without_serializer_is_refused(the):
    with pytest.raises(Exception, match=r"[Uu]nable to create serializer"):

        @the.parameterNodeWrapper
        class Parameters:
            number: complex


def test_a_name_that_is_no_parameter_is_refused(the):
    @the.parameterNodeWrapper
    class Parameters:
        name: str

    with pytest.raises(ValueError, match="Cannot find a param"):
        bound(Parameters, "nmae", the.qt.QLineEdit())


def test_a_widget_of_another_kind_is_refused(the):
    @the.parameterNodeWrapper
    class Parameters:
        name: str

    with pytest.raises(RuntimeError, match="Unable to create GUI connector"):
        bound(Parameters, "name", the.qt.QCheckBox())


def test_a_combo_box_needs_choices(the):
    @the.parameterNodeWrapper
    class Parameters:
        name: Annotated[str, the.Choice(["a", "b"])] = "b"

    @the.parameterNodeWrapper
    class Free:
        name: str

    box = the.qt.QComboBox()
    assert bound(Parameters, "name", box).name == "b"
    assert box.currentText == "b"
    with pytest.raises(RuntimeError, match="Choice"):
        bound(Free, "name", the.qt.QComboBox())


def test_a_reserved_name_is_refused(the):
    with pytest.raises(ValueError, match="reserved"):

        @the.parameterNodeWrapper
        class Parameters:
            name: str

            def connectGui(self):  # noqa: N802
                return


def test_an_unbound_widget_changes_nothing_any_more(the):
    @the.parameterNodeWrapper
    class Parameters:
        name: str

    line = the.qt.QLineEdit()
    line.setProperty("SlicerParameterName", "name")
    wrapped = Parameters(a_node())
    tag = wrapped.connectGui(SimpleNamespace(widget=line))
    line.text = "before"
    wrapped.disconnectGui(tag)
    line.text = "after"
    assert wrapped.name == "before"


def test_setters_that_pythonqt_and_pyside_do_not_share_are_gone(the):
    with pytest.raises((AttributeError, TypeError)):
        the.qt.QLabel().setText("x")


def test_a_selector_lists_only_its_own_kind(the):
    selector = slicer.qMRMLNodeComboBox()
    selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    selector.showChildNodeTypes = False
    selector.setMRMLScene(slicer.mrmlScene)
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode")
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    assert selector.currentNode() is None
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    assert selector.currentNode() is volume
    assert selector.nodeCount() == 1
    slicer.mrmlScene.RemoveNode(volume)
    assert selector.currentNode() is None


def test_the_segment_editor_wants_its_own_node_and_scene_first(the):
    editor = slicer.qMRMLSegmentEditorWidget()
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    with pytest.raises(RuntimeError, match="parameter node"):
        editor.setSegmentationNode(segmentation)
    node = slicer.mrmlScene.AddNode(slicer.vtkMRMLSegmentEditorNode())
    editor.setMRMLSegmentEditorNode(node)
    with pytest.raises(RuntimeError, match="scene"):
        editor.setSegmentationNode(segmentation)
    editor.setMRMLScene(slicer.mrmlScene)
    with pytest.raises(TypeError):
        editor.setSourceVolumeNode(segmentation)
    editor.setSegmentationNode(segmentation)
    assert editor.segmentationNode() is segmentation


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('<widget class="ctkRangeWidget" name="w"/>', "does not know"),
        ('<widget class="NoSuchWidget" name="w"/>', "does not know"),
    ],
)
def test_a_ui_file_with_an_unknown_widget_is_refused(tmp_path, content, words):
    file = tmp_path / "x.ui"
    file.write_text(f'<ui version="4.0"><class>X</class>{content}</ui>')
    with pytest.raises(RuntimeError, match=words):
        slicer.util.loadUI(str(file))
    with pytest.raises(RuntimeError, match="file not found"):
        slicer.util.loadUI(str(tmp_path / "y.ui"))


def test_a_question_that_nobody_answers_is_a_fault(the):
    with pytest.raises(AssertionError, match="nobody answers"):
        slicer.util.confirmOkCancelDisplay("Really?")


def test_pip_takes_a_list_or_one_line(the):
    with pytest.raises(ValueError, match="string or list"):
        slicer.packaging.pip_install(("a", "b"))


def test_the_database_keeps_its_own_copies(the):
    indexer = the.ctk.ctkDICOMIndexer()
    with pytest.raises(TypeError):
        indexer.addFile(slicer.dicomDatabase, Path("x"), True)
    slicer.dicomDatabase.isOpen = False
    with pytest.raises(RuntimeError):
        indexer.addFile(slicer.dicomDatabase, "x", True)
