"""``slicer.app`` and what hangs on it, as far as the modules look."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import slicer
import vtk
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMainWindow, QMessageBox, QVBoxLayout

from Testing.desktop.host.mrmlwidgets import qMRMLWidget


class ModuleManager:
    """Mirrors qSlicerModuleManager: one signal, connected by its full name."""

    SIGNAL = "moduleAboutToBeUnloaded(QString)"

    def __init__(self) -> None:
        self.slots: list[Callable[[str], None]] = []

    def connect(self, signal: str, slot: Callable[[str], None]) -> None:
        assert signal == self.SIGNAL
        self.slots.append(slot)

    def disconnect(self, signal: str, slot: Callable[[str], None]) -> None:
        assert signal == self.SIGNAL
        if slot in self.slots:
            self.slots.remove(slot)


class LayoutManager:
    """Mirrors qSlicerLayoutManager as far as the modules look: no view is drawn."""

    def __init__(self) -> None:
        self.layout = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
        self.fitted = 0

    def setLayout(self, layout: int) -> None:  # noqa: N802
        assert isinstance(layout, int)
        self.layout = layout

    def mrmlSliceLogics(self) -> vtk.vtkCollection:  # noqa: N802
        self.fitted += 1
        return vtk.vtkCollection()


class Application:
    """Mirrors qSlicerApplication (Base/QTCore/qSlicerCoreApplication.h).

    Attributes
    ----------
    shown : list of str
        Every message box and status line, in order.
    answers : deque of bool
        How the person answers the next questions; a question without one is a fault.
    """

    applicationName = "Slicer"  # noqa: N815

    def __init__(self, folder: Path) -> None:
        self.temporaryPath = str(folder)
        self.applicationLocaleName = "en_US"
        self.testing = False
        self.shown: list[str] = []
        self.answers: deque[bool] = deque()
        self.window = QMainWindow()
        self.window.setObjectName("qSlicerMainWindow")
        self._manager = ModuleManager()
        self.layouts: LayoutManager | None = LayoutManager()

    def testingEnabled(self) -> bool:  # noqa: N802
        return self.testing

    def thread(self) -> None:
        """Return no thread: the real ``pip_install`` then works without its window."""
        return

    def moduleManager(self) -> ModuleManager:  # noqa: N802
        return self._manager

    def layoutManager(self) -> LayoutManager | None:  # noqa: N802
        """Return the layout manager, or None as an application without a main window does."""
        return self.layouts

    def topLevelWidgets(self) -> list[QMainWindow]:  # noqa: N802
        return [self.window]

    def translate(self, context: str, text: str) -> str:
        return QCoreApplication.translate(context, text)

    def processEvents(self) -> None:  # noqa: N802
        QCoreApplication.processEvents()

    def restart(self) -> None:
        raise AssertionError("no module restarts 3D Slicer")

    def status(self) -> str:
        """Return what the status bar shows."""
        return self.window.statusBar().currentMessage()

    def message_box(self, text: str, parent=None, **kwargs: Any) -> int:
        """Answer a message box; mirrors ``slicer.util.messageBox``."""
        unknown = kwargs.keys() - {"windowTitle", "detailedText", "icon", "standardButtons"}
        assert not unknown, f"QMessageBox has no {unknown}"
        self.shown.append(text)
        buttons = kwargs.get("standardButtons", QMessageBox.Ok)
        if buttons == QMessageBox.Ok:
            return QMessageBox.Ok
        assert self.answers, f"nobody answers: {text}"
        yes = QMessageBox.Ok if buttons & QMessageBox.Ok else QMessageBox.Yes
        no = QMessageBox.Cancel if buttons & QMessageBox.Cancel else QMessageBox.No
        return yes if self.answers.popleft() else no

    def delay_display(self, message: str, autoCloseMsec: int = 1000, parent=None) -> None:
        """Keep what a self-test says; mirrors ``slicer.util.delayDisplay``."""
        self.shown.append(message)

    def until(self, done: Callable[[], bool], seconds: float = 180.0) -> None:
        """Run the event loop until `done`."""
        limit = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < limit, "it did not come about in time"
            QCoreApplication.processEvents()
            time.sleep(0.005)


class Database:
    """Mirrors ctkDICOMDatabase: files by their SOP Instance UID."""

    def __init__(self) -> None:
        self.isOpen = True
        self.files: dict[str, str] = {}
        self.inserted: list[Path] = []

    def fileForInstance(self, uid: str) -> str:  # noqa: N802
        return self.files.get(uid, "")

    def insert(self, file: Path, copy: bool) -> None:
        assert copy, "a reading folder may go: the database needs its own copy"
        self.inserted.append(file)


def module_parent() -> qMRMLWidget:
    """Return the widget that a module's panel goes into (qSlicerScriptedLoadableModuleWidget)."""
    parent = qMRMLWidget()
    QVBoxLayout(parent)
    parent.isEntered = False
    return parent


def module_representation(path: str) -> SimpleNamespace:
    """Return what ``slicer.modules.<name>`` and a module's ``parent`` are."""
    return SimpleNamespace(path=path, name=Path(path).stem)
