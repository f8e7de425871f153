"""The MRML widgets that pip does not bring."""

from __future__ import annotations

import slicer
from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget


class qMRMLWidget(QWidget):  # noqa: N801
    """Mirrors 3D Slicer Libs/MRML/Widgets/qMRMLWidget.h."""

    mrmlSceneChanged = Signal(object)  # noqa: N815

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene = None

    def mrmlScene(self):  # noqa: N802
        return self._scene

    def setMRMLScene(self, scene) -> None:  # noqa: N802
        if scene is not None and not isinstance(scene, slicer.vtkMRMLScene):
            raise TypeError("setMRMLScene(vtkMRMLScene*)")
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)


def _flag(name: str) -> Property:
    """Return a switch of the node selector, after which it lists its nodes anew."""

    def write(self, on: bool) -> None:
        self._flags[name] = bool(on)
        self._refresh()

    return Property(bool, lambda self: self._flags[name], write)


class qMRMLNodeComboBox(QWidget):  # noqa: N801
    """Mirrors 3D Slicer Libs/MRML/Widgets/qMRMLNodeComboBox.h.

    Lists the scene's nodes of its types, follows the scene, and never selects a node that is
    not in its list. As in the real one the two ``currentNodeChanged`` signals are told apart
    by their full signature.
    """

    currentNodeChanged = Signal(object)  # noqa: N815

    def __init__(self, parent=None):
        super().__init__(parent)
        QHBoxLayout(self).addWidget(box := QComboBox())
        self._box = box
        self._scene = None
        self._tags: list[int] = []
        self._types: list[str] = []
        self._flags = {"noneEnabled": False, "addEnabled": True, "removeEnabled": True}
        self._child_types = True
        self._ids: list[str] = []
        box.currentIndexChanged.connect(lambda _: self.currentNodeChanged.emit(self.currentNode()))

    def setMRMLScene(self, scene) -> None:  # noqa: N802
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene, self._tags = scene, []
        if scene is not None:
            events = (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndCloseEvent)
            self._tags = [scene.AddObserver(event, self._refresh) for event in events]
        self._refresh()

    def currentNode(self):  # noqa: N802
        index = self._box.currentIndex()
        identity = self._ids[index] if 0 <= index < len(self._ids) else ""
        return self._scene.GetNodeByID(identity) if self._scene is not None and identity else None

    def setCurrentNode(self, node) -> None:  # noqa: N802
        identity = node.GetID() if isinstance(node, slicer.vtkMRMLNode) else (node or "")
        if identity in self._ids:
            self._box.setCurrentIndex(self._ids.index(identity))
        elif self._flags["noneEnabled"]:
            self._box.setCurrentIndex(0)

    def nodeCount(self) -> int:  # noqa: N802
        return sum(bool(identity) for identity in self._ids)

    def _refresh(self, *_) -> None:
        current = self.currentNode()
        before = "" if current is None else current.GetID()
        self._box.blockSignals(True)
        self._box.clear()
        self._ids = []
        if self._flags["noneEnabled"]:
            self._add("", "None")
        for node in self._nodes():
            self._add(node.GetID(), node.GetName())
        self._box.setCurrentIndex(self._ids.index(before) if before in self._ids else 0)
        self._box.blockSignals(False)
        after = self.currentNode()
        if ("" if after is None else after.GetID()) != before:
            self.currentNodeChanged.emit(after)

    def _add(self, identity: str, name: str) -> None:
        self._ids.append(identity)
        self._box.addItem(name)

    def _nodes(self):
        if self._scene is None:
            return []
        nodes = [self._scene.GetNthNode(n) for n in range(self._scene.GetNumberOfNodes())]
        fits = (lambda n, t: n.IsA(t)) if self._child_types else _is_exactly
        shown = [n for n in nodes if any(fits(n, t) for t in self._types)]
        return [n for n in shown if not n.GetHideFromEditors()]

    def _set_types(self, types) -> None:
        self._types = [str(t) for t in types]
        self._refresh()

    def _set_child_types(self, on: bool) -> None:
        self._child_types = bool(on)
        self._refresh()

    nodeTypes = Property("QStringList", lambda self: self._types, _set_types)  # noqa: N815
    showChildNodeTypes = Property(bool, lambda self: self._child_types, _set_child_types)  # noqa: N815
    noneEnabled = _flag("noneEnabled")  # noqa: N815
    addEnabled = _flag("addEnabled")  # noqa: N815
    removeEnabled = _flag("removeEnabled")  # noqa: N815


def _is_exactly(node, name: str) -> bool:
    return node.GetClassName() == name


class qMRMLSegmentEditorWidget(qMRMLWidget):  # noqa: N801
    """Mirrors Modules/Loadable/Segmentations/Widgets/qMRMLSegmentEditorWidget.h.

    Keeps its choices in the parameter node, as the real one does, and refuses to take a node
    before it has a parameter node and that node's scene. Where the real one prints an error,
    this one raises. Without a segmentation it takes no source volume, and lets go of none.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        QVBoxLayout(self)
        self._node = None
        self.shortcuts = False
        self.effect = ""
        self._shown = dict.fromkeys(_FLAGS, True)

    def setMRMLSegmentEditorNode(self, node) -> None:  # noqa: N802
        if node is not None and not isinstance(node, slicer.vtkMRMLSegmentEditorNode):
            raise TypeError("setMRMLSegmentEditorNode(vtkMRMLSegmentEditorNode*)")
        self._node = node

    def mrmlSegmentEditorNode(self):  # noqa: N802
        return self._node

    def segmentationNode(self):  # noqa: N802
        return None if self._node is None else self._node.GetSegmentationNode()

    def setSegmentationNode(self, node) -> None:  # noqa: N802
        if node is not None and not isinstance(node, slicer.vtkMRMLSegmentationNode):
            raise TypeError("setSegmentationNode(vtkMRMLNode*): not a segmentation")
        if self._ready(node):
            self._node.SetAndObserveSegmentationNode(node)

    def sourceVolumeNode(self):  # noqa: N802
        return None if self._node is None else self._node.GetSourceVolumeNode()

    def setSourceVolumeNode(self, node) -> None:  # noqa: N802
        if node is not None and not isinstance(node, slicer.vtkMRMLScalarVolumeNode):
            raise TypeError("setSourceVolumeNode(vtkMRMLNode*): not a volume")
        if self.segmentationNode() is None:
            if node is not None:
                raise RuntimeError("need to set segment editor and segmentation nodes first")
            return
        if self._ready(node):
            self._node.SetAndObserveSourceVolumeNode(node)

    def currentSegmentID(self) -> str:  # noqa: N802
        return "" if self._node is None else self._node.GetSelectedSegmentID() or ""

    def setCurrentSegmentID(self, identity: str) -> None:  # noqa: N802
        known = self.segmentationNode().GetSegmentation().GetSegment(identity)
        if known is None:
            raise ValueError(f"there is no segment {identity!r}")
        self._node.SetSelectedSegmentID(identity)

    def setActiveEffectByName(self, name: str) -> None:  # noqa: N802
        if not isinstance(name, str):
            raise TypeError("setActiveEffectByName(QString)")
        self.effect = name

    def installKeyboardShortcuts(self, parent=None) -> None:  # noqa: N802
        self.shortcuts = True

    def uninstallKeyboardShortcuts(self) -> None:  # noqa: N802
        self.shortcuts = False

    def removeViewObservations(self) -> None:  # noqa: N802
        return

    def _ready(self, node) -> bool:
        if self._node is None and node is not None:
            raise RuntimeError("no parameter node: set the segment editor node first")
        if node is not None and self.mrmlScene() is not node.GetScene():
            raise RuntimeError("the node is not in the scene of the widget")
        return self._node is not None


_FLAGS = (
    "undoEnabled",
    "segmentationNodeSelectorVisible",
    "sourceVolumeNodeSelectorVisible",
    "switchToSegmentationsButtonVisible",
    "addRemoveSegmentButtonsVisible",
    "jumpToSelectedSegmentEnabled",
)


def _visible(name):
    def write(self, on: bool) -> None:
        self._shown[name] = bool(on)

    return Property(bool, lambda self: self._shown[name], write)


def _with_flags(base: type) -> type:
    """Return the class with its properties: Qt reads them when the class is made."""
    return type(base.__name__, (base,), {name: _visible(name) for name in _FLAGS})


qMRMLSegmentEditorWidget = _with_flags(qMRMLSegmentEditorWidget)  # noqa: N816

CLASSES = (qMRMLWidget, qMRMLNodeComboBox, qMRMLSegmentEditorWidget)
#: Named by the connectors of the real parameterNodeWrapper; the modules do not use them.
NAMED = ("qMRMLSliderWidget", "qMRMLSpinBox", "qMRMLRangeWidget")
