"""``slicer.parameterNodeWrapper``: typed parameters of a vtkMRMLScriptedModuleNode.

Mirrors Base/Python/slicer/parameterNodeWrapper/{wrapper,serializers,validators,guiConnectors}.py
for the types and widgets that the modules use, and refuses what it refuses: types it cannot
keep, widgets it cannot bind to a type, sliders bound to a number without range, combo boxes
without choices, names the class does not have, values of another type.
"""

from __future__ import annotations

import logging
import pathlib
import typing
from types import ModuleType

import slicer
import vtk
from PySide6 import QtWidgets

from Testing.desktop.host import ctkmodule, mrmlwidgets

PROPERTY = "SlicerParameterName"
_RESERVED = (
    "allParameters",
    "default",
    "isCached",
    "dataType",
    "getValue",
    "setValue",
    "connectGui",
    "disconnectGui",
    "connectParametersToGui",
    "StartModify",
    "EndModify",
    "AddObserver",
    "RemoveObserver",
    "Modified",
)


class Default:
    """Annotation: the value to begin with."""

    def __init__(self, value=None):
        self.value = value


class WithinRange:
    """Annotation: both limits of a number."""

    def __init__(self, minimum, maximum):
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value) -> None:
        if value is not None and not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within [{self.minimum}, {self.maximum}]")


class Minimum:
    """Annotation: lower limit."""

    def __init__(self, minimum):
        self.minimum = minimum

    def validate(self, value) -> None:
        if value is not None and value < self.minimum:
            raise ValueError(f"Value must be >= {self.minimum}")


class Maximum:
    """Annotation: upper limit."""

    def __init__(self, maximum):
        self.maximum = maximum

    def validate(self, value) -> None:
        if value is not None and value > self.maximum:
            raise ValueError(f"Value must be <= {self.maximum}")


class Choice:
    """Annotation: the values there are."""

    def __init__(self, choices):
        self.choices = choices

    def validate(self, value) -> None:
        if value not in self.choices:
            raise ValueError(f"Value must be one of {self.choices}")


_VALIDATORS = (WithinRange, Minimum, Maximum, Choice)


class _Parameter:
    def __init__(self, name: str, annotated, owner: type):
        self.name = name
        args = typing.get_args(typing.Annotated[annotated, None])
        self.type, self.annotations = args[0], args[1:-1]
        self.is_node = isinstance(self.type, type) and issubclass(self.type, slicer.vtkMRMLNode)
        if not (self.is_node or self.type in _EMPTY):
            raise Exception(f"Unable to create serializer for {owner} member {name}")
        self.validators = [a for a in self.annotations if isinstance(a, _VALIDATORS)]
        unused = [a for a in self.annotations if not isinstance(a, (*_VALIDATORS, Default))]
        if unused:
            logging.warning("Unused annotations: %s", unused)
        self.default = self._default(owner)

    def _default(self, owner: type):
        noted = [a.value for a in self.annotations if isinstance(a, Default)]
        if self.name in vars(owner) or hasattr(owner, self.name):
            return getattr(owner, self.name)
        if noted:
            return noted[0]
        return None if self.is_node else _EMPTY[self.type]

    def read(self, node):
        if self.is_node:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        return text == "True" if self.type is bool else self.type(text)

    def write(self, node, value) -> None:
        for validator in self.validators:
            validator.validate(value)
        if self.is_node:
            if value is not None and not isinstance(value, self.type):
                raise TypeError(f"{self.name}: not a {self.type.__name__}")
            # None is a value too: the parameter of the same name tells that it was written.
            node.SetParameter(self.name, "")
            node.SetNodeReferenceID(self.name, None if value is None else value.GetID())
            return
        allowed = (int, float) if self.type is float else self.type
        if not isinstance(value, allowed) or (isinstance(value, bool) and self.type is not bool):
            raise TypeError(f"{self.name}: not a {self.type.__name__}")
        node.SetParameter(self.name, str(value))

    def is_in(self, node) -> bool:
        return bool(node.HasParameter(self.name))


_EMPTY = {bool: False, int: 0, float: 0.0, str: "", pathlib.Path: pathlib.Path()}


def parameterNodeWrapper(cls=None):  # noqa: N802
    """Class decorator, with or without parentheses."""
    return _wrap if cls is None else _wrap(cls)


def _wrap(cls: type) -> type:
    hints = typing.get_type_hints(cls, include_extras=True)
    parameters = {name: _Parameter(name, hint, cls) for name, hint in hints.items()}
    for name in _RESERVED:
        if hasattr(cls, name):
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
    for name in parameters:
        setattr(cls, name, _property(name))
    cls.allParameters = parameters
    for name, method in _METHODS.items():
        setattr(cls, name, method)
    return cls


def _property(name: str) -> property:
    def write(self, value) -> None:
        with slicer.util.NodeModify(self.parameterNode):
            self.allParameters[name].write(self.parameterNode, value)

    return property(lambda self: self.allParameters[name].read(self.parameterNode), write)


def _init(self, parameterNode, prefix=None) -> None:
    self.parameterNode = parameterNode
    self._guis: dict[int, dict[str, typing.Any]] = {}
    self._tags: dict[int, int] = {}
    self._updating = False
    for parameter in self.allParameters.values():
        if not parameter.is_in(parameterNode):
            parameter.write(parameterNode, parameter.default)


def _connect_gui(self, gui) -> int:
    widgets = [w for w in vars(gui).values() if w.property(PROPERTY)]
    mapping = {}
    for widget in widgets:
        name = widget.property(PROPERTY)
        if name not in self.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}")
        mapping[name] = _connector(widget, self.allParameters[name])
    tag = len(self._tags) + max(self._tags, default=0)
    self._guis[tag] = mapping
    for name, connector in mapping.items():
        connector.write(getattr(self, name))
        connector.connect(lambda name=name, c=connector: _from_gui(self, name, c))
    event = vtk.vtkCommand.ModifiedEvent
    self._tags[tag] = self.parameterNode.AddObserver(event, lambda *_: _to_gui(self))
    return tag


def _disconnect_gui(self, tag) -> None:
    for connector in self._guis.pop(tag, {}).values():
        connector.disconnect()
    if tag in self._tags:
        self.parameterNode.RemoveObserver(self._tags.pop(tag))


def _from_gui(self, name: str, connector) -> None:
    if not self._updating:
        setattr(self, name, connector.read())


def _to_gui(self) -> None:
    if self._updating:
        return
    self._updating = True
    try:
        for mapping in self._guis.values():
            for name, connector in mapping.items():
                connector.write(getattr(self, name))
    finally:
        self._updating = False


_METHODS = {
    "__init__": _init,
    "connectGui": _connect_gui,
    "disconnectGui": _disconnect_gui,
    "AddObserver": lambda self, event, f, priority=0.0: self.parameterNode.AddObserver(event, f),
    "RemoveObserver": lambda self, tag: self.parameterNode.RemoveObserver(tag),
    "Modified": lambda self: self.parameterNode.Modified(),
    "StartModify": lambda self: self.parameterNode.StartModify(),
    "EndModify": lambda self, was: self.parameterNode.EndModify(was),
}


class _Connector:
    """Binds a widget through its reader, its writer and its signal."""

    def __init__(self, signal, read, write):
        self._signal, self.read, self.write = signal, read, write
        self._slot = None

    def connect(self, callback) -> None:
        self._slot = lambda *_: callback()
        self._signal.connect(self._slot)

    def disconnect(self) -> None:
        self._signal.disconnect(self._slot)


def _connector(widget, parameter: _Parameter) -> _Connector:
    """Return the connector for exactly this class of widget, as the real table does."""
    kind, wanted = type(widget), parameter.type
    if wanted is bool and kind is QtWidgets.QCheckBox:
        return _Connector(widget.stateChanged, widget.isChecked, widget.setChecked)
    if wanted is str and kind is QtWidgets.QLineEdit:
        return _Connector(widget.textChanged, widget.text, lambda t: _write_line(widget, t))
    if wanted in (int, float) and kind in (QtWidgets.QDoubleSpinBox, ctkmodule.ctkSliderWidget):
        _limit(widget, parameter, must=kind is ctkmodule.ctkSliderWidget)
        return _Connector(widget.valueChanged, lambda: widget.value, lambda v: _value(widget, v))
    if wanted in (int, float, str, bool) and kind is QtWidgets.QComboBox:
        return _combo(widget, parameter)
    if parameter.is_node and kind is mrmlwidgets.qMRMLNodeComboBox:
        widget.nodeTypes = [wanted.__name__]
        signal = widget.currentNodeChanged
        return _Connector(signal, widget.currentNode, widget.setCurrentNode)
    raise RuntimeError(
        f"Unable to create GUI connector from datatype '{wanted}' to widget type '{kind}'."
    )


def _limit(widget, parameter: _Parameter, *, must: bool) -> None:
    ranges = [a for a in parameter.annotations if isinstance(a, WithinRange)]
    if must and not ranges:
        raise RuntimeError(
            "Cannot have a connection to ctkSliderWidget where the float types is unbounded."
        )
    low, high = (ranges[0].minimum, ranges[0].maximum) if ranges else (-1e300, 1e300)
    if isinstance(widget, QtWidgets.QDoubleSpinBox):
        widget.setRange(low, high)
    else:
        widget.minimum, widget.maximum = low, high


def _value(widget, value) -> None:
    if isinstance(widget, QtWidgets.QDoubleSpinBox):
        widget.setValue(value)
    else:
        widget.value = value


def _combo(widget, parameter: _Parameter) -> _Connector:
    choices = [a.choices for a in parameter.annotations if isinstance(a, Choice)]
    if not choices:
        raise RuntimeError("ComboBoxToStringableConnector requires the Choice annotation")
    widget.clear()
    widget.addItems([str(choice) for choice in choices[0]])
    return _Connector(
        widget.currentIndexChanged,
        lambda: choices[0][widget.currentIndex()],
        lambda value: widget.setCurrentIndex(choices[0].index(value)),
    )


def _write_line(widget, text: str) -> None:
    if text != widget.text():
        widget.setText(text)


def make() -> ModuleType:
    """Return the module."""
    module = ModuleType("slicer.parameterNodeWrapper")
    for known in (parameterNodeWrapper, Default, *_VALIDATORS):
        setattr(module, known.__name__, known)
    return module
