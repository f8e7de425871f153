"""The module ``ctk``: the few widgets and the indexer that the modules use."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QAbstractButton, QDoubleSpinBox, QHBoxLayout, QSlider, QWidget


class ctkCollapsibleButton(QAbstractButton):  # noqa: N801
    """Mirrors CTK Libs/Widgets/ctkCollapsibleButton.h: a button with contents."""

    contentsCollapsed = Signal(bool)  # noqa: N815

    def __init__(self, text="", parent=None):
        if isinstance(text, QWidget):
            text, parent = "", text
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.toggled.connect(lambda on: self.contentsCollapsed.emit(not on))

    def paintEvent(self, event):  # noqa: N802
        return

    def _collapsed(self) -> bool:
        return not self.isChecked()

    def _collapse(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    collapsed = Property(bool, _collapsed, _collapse)


def _spin_property(kind: type, getter: str, setter: str) -> Property:
    """Return a property that is the spin box's own."""

    def read(self):
        return getattr(self._spin, getter)()

    def write(self, value) -> None:
        getattr(self._spin, setter)(value)

    return Property(kind, read, write)


class ctkSliderWidget(QWidget):  # noqa: N801
    """Mirrors CTK Libs/Widgets/ctkSliderWidget.h: a slider with a spin box.

    Like the real one it keeps its value inside its range.
    """

    valueChanged = Signal(float)  # noqa: N815

    def __init__(self, parent=None):
        super().__init__(parent)
        layout = QHBoxLayout(self)
        self._spin = QDoubleSpinBox()
        layout.addWidget(QSlider())
        layout.addWidget(self._spin)
        self._spin.setRange(0.0, 99.0)
        self._spin.valueChanged.connect(self.valueChanged)

    value = _spin_property(float, "value", "setValue")
    minimum = _spin_property(float, "minimum", "setMinimum")
    maximum = _spin_property(float, "maximum", "setMaximum")
    singleStep = _spin_property(float, "singleStep", "setSingleStep")  # noqa: N815
    decimals = _spin_property(int, "decimals", "setDecimals")
    suffix = _spin_property(str, "suffix", "setSuffix")


class ctkDICOMIndexer:  # noqa: N801
    """Mirrors CTK Libs/DICOM/Core/ctkDICOMIndexer.h: files go into a database."""

    def addFile(self, database, path: str, copy: bool = False) -> None:  # noqa: N802
        if not isinstance(path, str) or not isinstance(copy, bool):
            raise TypeError("addFile(ctkDICOMDatabase*, QString, bool)")
        if not database.isOpen:
            raise RuntimeError("the database is not open")
        database.insert(Path(path), copy)

    def waitForImportFinished(self, msecTimeout: int = -1) -> None:  # noqa: N802
        return


def make() -> ModuleType:
    """Return the module."""
    module = ModuleType("ctk")
    for known in (ctkCollapsibleButton, ctkSliderWidget, ctkDICOMIndexer):
        setattr(module, known.__name__, known)
    # Named by the connectors of the real parameterNodeWrapper; the modules do not use them.
    for name in _NAMED:
        setattr(module, name, type(name, (QWidget,), {}))
    return module


_NAMED = (
    "ctkCheckBox",
    "ctkCheckablePushButton",
    "ctkComboBox",
    "ctkDoubleSlider",
    "ctkDoubleSpinBox",
    "ctkRangeWidget",
    "ctkDoubleRangeSlider",
    "ctkPathLineEdit",
    "ctkDirectoryButton",
    "ctkColorPickerButton",
)
