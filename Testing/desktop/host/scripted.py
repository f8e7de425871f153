"""``slicer.ScriptedLoadableModule``: the base classes of scripted modules.

Mirrors Base/Python/slicer/ScriptedLoadableModule.py: which attributes they have, which they
take from where, and when ``cleanup`` is called.
"""

from __future__ import annotations

import unittest
from pathlib import Path
from types import ModuleType

import slicer
from PySide6.QtGui import QIcon


class ScriptedLoadableModule:
    """Mirrors the class of that name."""

    def __init__(self, parent):
        self.parent = parent
        self.moduleName = type(self).__name__
        parent.title, parent.categories, parent.dependencies = "", [], []
        icons = Path(parent.path).parent / "Resources" / "Icons"
        for ending in (".svg", ".png"):
            icon = icons / (self.moduleName + ending)
            if icon.is_file():
                parent.icon = QIcon(str(icon))
                break


class ScriptedLoadableModuleWidget:
    """Mirrors the class of that name, without the developer's section."""

    def __init__(self, parent=None):
        self.moduleName = type(self).__name__.removesuffix("Widget")
        self.parent = parent
        self.layout = parent.layout()
        signal = "moduleAboutToBeUnloaded(QString)"
        slicer.app.moduleManager().connect(signal, self._onModuleAboutToBeUnloaded)

    def resourcePath(self, filename: str) -> str:  # noqa: N802
        folder = Path(slicer.util.modulePath(self.moduleName)).parent
        return str(folder / "Resources" / filename)

    def setup(self) -> None:
        return

    def cleanup(self) -> None:
        return

    def _onModuleAboutToBeUnloaded(self, name: str) -> None:  # noqa: N802
        if name == self.moduleName:
            self.cleanup()
            signal = "moduleAboutToBeUnloaded(QString)"
            slicer.app.moduleManager().disconnect(signal, self._onModuleAboutToBeUnloaded)


class ScriptedLoadableModuleLogic:
    """Mirrors the class of that name: one parameter node for a scene and module."""

    def __init__(self, parent=None):
        self.moduleName = type(self).__name__.removesuffix("Logic")
        self.isSingletonParameterNode = True

    def getParameterNode(self):  # noqa: N802
        scene = slicer.mrmlScene
        node = scene.GetSingletonNode(self.moduleName, "vtkMRMLScriptedModuleNode")
        if node is None:
            node = scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
            node.UnRegister(None)
            node.SetSingletonTag(self.moduleName)
            node.SetName(scene.GenerateUniqueName(self.moduleName))
            node = scene.AddNode(node)
        node.SetAttribute("ModuleName", self.moduleName)
        return node


class ScriptedLoadableModuleTest(unittest.TestCase):
    """Mirrors the class of that name."""

    def delayDisplay(self, message, requestedDelay=None, msec=None) -> None:  # noqa: N802
        slicer.util.delayDisplay(message, 100)

    def runTest(self) -> None:  # noqa: N802
        return


def make() -> ModuleType:
    """Return the module."""
    module = ModuleType("slicer.ScriptedLoadableModule")
    for known in (
        ScriptedLoadableModule,
        ScriptedLoadableModuleWidget,
        ScriptedLoadableModuleLogic,
        ScriptedLoadableModuleTest,
    ):
        setattr(module, known.__name__, known)
    return module
