"""``slicer.util.loadUI`` and its kin: ``.ui`` files as 3D Slicer loads them.

Mirrors Base/Python/slicer/util.py (``loadUI``, ``findChildren``, ``childWidgetVariables``).
QUiLoader of the real application knows its widgets through designer plug-ins; here a class
that is not stood in for is refused, and so is a connection of a signal or slot that the
classes do not have.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

from PySide6.QtCore import QBuffer, QIODevice, QObject
from PySide6.QtUiTools import QUiLoader
from PySide6.QtWidgets import QWidget

from Testing.desktop.host import ctkmodule, mrmlwidgets

_CUSTOM = {
    c.__name__: c
    for c in (*mrmlwidgets.CLASSES, ctkmodule.ctkCollapsibleButton, ctkmodule.ctkSliderWidget)
}


def load_ui(path: str) -> QWidget:
    """Return the widget of a ``.ui`` file."""
    if not isinstance(path, str) or not Path(path).is_file():
        raise RuntimeError(f"Could not load UI file: file not found {path}")
    tree = ElementTree.parse(path)
    used = {element.get("class") for element in tree.iter("widget")}
    unknown = {name for name in used if not name.startswith("Q")} - set(_CUSTOM)
    if unknown:
        raise RuntimeError(f"QUiLoader does not know {unknown}")
    loader = QUiLoader()
    for known in _CUSTOM.values():
        loader.registerCustomWidget(known)
    connections = list(tree.iter("connection"))
    for part in tree.findall("connections"):
        tree.getroot().remove(part)  # PySide6 spells a signal of Python otherwise
    content = QBuffer()
    content.setData(ElementTree.tostring(tree.getroot()))
    content.open(QIODevice.ReadOnly)
    widget = loader.load(content)
    if widget is None:
        raise RuntimeError(f"Could not load UI file: {path}")
    for connection in connections:
        _connect(widget, connection)
    return widget


def _connect(root: QWidget, connection: ElementTree.Element) -> None:
    def named(tag: str) -> QObject:
        name = connection.findtext(tag)
        return root if root.objectName() == name else root.findChild(QObject, name)

    signal = re.match(r"\w+", connection.findtext("signal")).group()
    slot = re.match(r"\w+", connection.findtext("slot")).group()
    getattr(named("sender"), signal).connect(getattr(named("receiver"), slot))


def child_widget_variables(widget: QWidget) -> SimpleNamespace:
    """Return the named descendants, widgets and layouts, as attributes."""
    return SimpleNamespace(
        **{c.objectName(): c for c in [widget, *widget.findChildren(QObject)] if c.objectName()}
    )
