"""The module ``qt``: PySide6 with the spelling of PythonQt.

Properties are attributes through PySide6's ``true_property``, which also takes ``setText`` and
its like away: code that works here uses what both have. PythonQt returns one string from the
file dialogs, where PySide6 returns a pair; the dialogs here answer what a test has laid ready.
"""

from __future__ import annotations

import sys
from collections import deque
from types import ModuleType

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets


class QFileDialog:
    """Mirrors the static functions of QFileDialog as PythonQt calls them; never modal."""

    answers: deque[str] = deque()

    @classmethod
    def getExistingDirectory(cls, parent=None, caption="", directory="", *options) -> str:  # noqa: N802
        _expect(parent, caption, directory)
        return cls.answers.popleft()

    @classmethod
    def getOpenFileName(cls, parent=None, caption="", directory="", filter="") -> str:  # noqa: N802
        _expect(parent, caption, directory)
        return cls.answers.popleft()


class QDesktopServices:
    """Mirrors QDesktopServices; keeps what would have been opened."""

    opened: list[str] = []

    @classmethod
    def openUrl(cls, url: QtCore.QUrl) -> bool:  # noqa: N802
        cls.opened.append(url.toLocalFile())
        return True


def make() -> ModuleType:
    """Return the module."""
    module = ModuleType("qt")
    for part in (QtCore, QtGui, QtWidgets, QtUiTools):
        for name in dir(part):
            if not name.startswith("_"):
                setattr(module, name, getattr(part, name))
    module.QFileDialog = QFileDialog
    module.QDesktopServices = QDesktopServices
    return module


def as_pythonqt(*names: str) -> None:
    """Give the modules called `names` properties as attributes."""
    # PySide6 looks into every loaded module; what only poses as one (torch.classes) breaks it.
    posing = {name: held for name, held in sys.modules.items() if type(held) is not ModuleType}
    for name in posing:
        del sys.modules[name]
    try:
        for name in names:
            exec("from __feature__ import true_property", {"__name__": name})
    finally:
        sys.modules.update(posing)


def application() -> QtWidgets.QApplication:
    """Return the one QApplication."""
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication(sys.argv[:1])


def _expect(parent, caption, directory) -> None:
    assert parent is None or isinstance(parent, QtWidgets.QWidget)
    assert isinstance(caption, str) and isinstance(directory, str)
