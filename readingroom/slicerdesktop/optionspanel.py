"""The form of a reader's options, generated from their one description."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import ctk
import qt

from readingroom.slicerdesktop.texts import choice_text, pick, tr

if TYPE_CHECKING:
    from readingroom.options import OptionDescription, ReaderOptions

#: UCUM as people write it.
_UNITS = {"a": "years", "mm[Hg]": "mmHg", "mm3": "mm³", "1": ""}
#: Reach of a number that states no limit.
_FAR = 1e6


class OptionsPanel:
    """One row for each option, the advanced ones behind "More".

    Parameters
    ----------
    form, more : QFormLayout
        Where the usual and the advanced options go.
    options_type : type of ReaderOptions
    without : collection of str
        Options that the module answers otherwise.
    changed : Callable[[], None]
        Called when a person changes a value.
    """

    def __init__(
        self,
        form: Any,
        more: Any,
        options_type: type[ReaderOptions],
        *,
        without: Collection[str] = (),
        changed: Callable[[], None],
    ) -> None:
        from readingroom.options import describe

        self.fields: dict[str, Field] = {}
        for option in describe(options_type):
            if option.name in without:
                continue
            field = _field(option)
            (more if option.advanced else form).addRow(_label(option), field.widget)
            field.changed(changed)
            self.fields[option.name] = field

    def values(self) -> dict[str, Any]:
        """Return the options that differ from what the reader would take by itself."""
        values = {name: field.value() for name, field in self.fields.items()}
        return {n: v for n, v in values.items() if v != self.fields[n].option.default}

    def show(self, values: dict[str, Any]) -> None:
        """Show `values`; options that are not in it get their default."""
        for name, field in self.fields.items():
            field.show(values.get(name, field.option.default))

    def to_text(self) -> str:
        """Return the values as one line, as the parameter node keeps them."""
        return json.dumps(self.values(), sort_keys=True)

    def show_text(self, text: str) -> None:
        """Show what `to_text` returned; what no longer fits is left at its default."""
        try:
            values = json.loads(text or "{}")
        except ValueError:
            values = {}
        self.show(values if isinstance(values, dict) else {})


class Field:
    """A widget that holds the value of one option."""

    def __init__(self, option: OptionDescription, widget: Any) -> None:
        self.option = option
        self.widget = widget
        widget.toolTip = _help(option)

    def value(self) -> Any:
        """Return the option's value."""
        raise NotImplementedError

    def show(self, value: Any) -> None:
        """Show a value, or the default if the widget cannot show it."""
        raise NotImplementedError

    def changed(self, callback: Callable[[], None]) -> None:
        """Call back when a person changes the value."""
        raise NotImplementedError


class _Tick(Field):
    def __init__(self, option: OptionDescription) -> None:
        super().__init__(option, qt.QCheckBox())

    def value(self) -> bool:
        return bool(self.widget.checked)

    def show(self, value: Any) -> None:
        self.widget.checked = bool(value)

    def changed(self, callback: Callable[[], None]) -> None:
        self.widget.toggled.connect(lambda checked: callback())


class _Choice(Field):
    def __init__(self, option: OptionDescription, entries: list[tuple[str, Any]]) -> None:
        super().__init__(option, qt.QComboBox())
        self._values = [value for _, value in entries]
        for text, _ in entries:
            self.widget.addItem(text)

    def value(self) -> Any:
        return self._values[self.widget.currentIndex]

    def show(self, value: Any) -> None:
        shown = value if value in self._values else self.option.default
        self.widget.currentIndex = self._values.index(shown)

    def changed(self, callback: Callable[[], None]) -> None:
        self.widget.currentIndexChanged.connect(lambda index: callback())


class _Number(Field):
    """A spin box or slider; an optional number has one place below its range for "none"."""

    def __init__(self, option: OptionDescription, widget: Any) -> None:
        super().__init__(option, widget)
        self._none = None if not option.optional else widget.minimum

    def value(self) -> Any:
        value = self.widget.value
        if self._none is not None and value <= self._none:
            return None
        return int(value) if self.option.kind == "int" else round(float(value), 6)

    def show(self, value: Any) -> None:
        number = value if isinstance(value, (int, float)) else self.option.default
        self.widget.value = self._none if number is None else number

    def changed(self, callback: Callable[[], None]) -> None:
        self.widget.valueChanged.connect(lambda value: callback())


class _Text(Field):
    def __init__(self, option: OptionDescription) -> None:
        super().__init__(option, qt.QLineEdit())

    def value(self) -> str | None:
        text = str(self.widget.text).strip()
        return text or (None if self.option.optional else "")

    def show(self, value: Any) -> None:
        self.widget.text = "" if value is None else str(value)

    def changed(self, callback: Callable[[], None]) -> None:
        self.widget.textEdited.connect(lambda text: callback())


def _field(option: OptionDescription) -> Field:
    if option.kind == "bool" and not option.optional:
        return _Tick(option)
    if option.kind == "bool":
        return _Choice(option, [("–", None), (tr("Yes"), True), (tr("No"), False)])
    if option.kind == "choice":
        none: list[tuple[str, Any]] = [("–", None)] if option.optional else []
        return _Choice(option, none + [(choice_text(choice), choice) for choice in option.choices])
    if option.kind == "str":
        return _Text(option)
    return _Number(option, _slider(option) if _is_bounded(option) else _spin_box(option))


def _is_bounded(option: OptionDescription) -> bool:
    bounded = option.minimum is not None and option.maximum is not None
    return bounded and option.kind == "float" and not option.optional


def _slider(option: OptionDescription) -> Any:
    slider = ctk.ctkSliderWidget()
    slider.decimals = 2
    slider.minimum, slider.maximum = option.minimum, option.maximum
    slider.singleStep = (slider.maximum - slider.minimum) / 100.0
    slider.value = option.default
    return slider


def _spin_box(option: OptionDescription) -> Any:
    spin = qt.QDoubleSpinBox()
    spin.decimals = 0 if option.kind == "int" else 2
    low = -_FAR if option.minimum is None else option.minimum
    spin.minimum = low - 1.0 if option.optional else low
    spin.maximum = _FAR if option.maximum is None else option.maximum
    spin.specialValueText = "–" if option.optional else ""
    unit = tr(_UNITS.get(option.unit, option.unit))
    spin.suffix = f" {unit}" if unit else ""
    # Scrolling the panel must not change a value on the way.
    spin.focusPolicy = qt.Qt.StrongFocus
    spin.value = spin.minimum if option.default is None else option.default
    return spin


def _label(option: OptionDescription) -> Any:
    label = qt.QLabel(pick(option.label))
    label.toolTip = _help(option)
    return label


def _help(option: OptionDescription) -> str:
    if option.minimum is None or option.maximum is None:
        return pick(option.help)
    unit = tr(_UNITS.get(option.unit, option.unit))
    return f"{pick(option.help)} ({option.minimum:g}–{option.maximum:g} {unit}".rstrip() + ")"
