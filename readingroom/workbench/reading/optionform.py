"""The reader's options as a form, generated from their one description."""

from __future__ import annotations

from typing import Any

from readingroom import readers
from readingroom.options import OptionDescription, describe
from readingroom.report.phrases import Language
from readingroom.workbench.reading import labels
from readingroom.workbench.texts import CHOICES


def fields(reader: str, language: Language) -> list[dict[str, Any]]:
    """Return the form's fields in the order of their declaration."""
    return [_field(option, language) for option in describe(readers.options_type(reader))]


def _field(option: OptionDescription, language: Language) -> dict[str, Any]:
    label = option.label.get(language) or option.label["en"]
    unit = labels.unit(option.unit, language)
    # An optional yes/no has three answers: it is a choice for people.
    kind = "choice" if option.kind == "bool" and option.optional else option.kind
    choices = ("yes", "no") if kind == "choice" and option.kind == "bool" else option.choices
    return {
        "name": option.name,
        "kind": kind,
        "label": f"{label} ({unit})" if unit else label,
        "help": option.help.get(language) or option.help["en"],
        "items": [{"value": c, "title": choice_text(c, language)} for c in choices],
        "minimum": option.minimum,
        "maximum": option.maximum,
        "advanced": option.advanced,
        "optional": option.optional,
    }


def choice_text(choice: str, language: Language) -> str:
    """Return a choice as words."""
    known = CHOICES.get(choice)
    return known[language] if known else choice.replace("_", " ")


def defaults(reader: str) -> dict[str, Any]:
    """Return the values that the form begins with."""
    return shown(reader, {})


def shown(reader: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a reading as the form shows them."""
    described = describe(readers.options_type(reader))
    return {o.name: _shown(o, options.get(o.name, o.default)) for o in described}


def _shown(option: OptionDescription, value: Any) -> Any:
    """Return a value for its field; an optional yes/no is a choice there."""
    if option.kind == "bool" and option.optional and value is not None:
        return "yes" if value else "no"
    return value


def parse(reader: str, values: dict[str, Any]) -> dict[str, Any]:
    """Turn what the form holds into options, checked.

    Returns
    -------
    dict
        Options that differ from their defaults.

    Raises
    ------
    RefusedInput
        ``OPTION_INVALID``.
    """
    described = {o.name: o for o in describe(readers.options_type(reader))}
    given = {
        name: _typed(described[name], value)
        for name, value in values.items()
        if name in described and not _empty(value)
    }
    readers.parse_options(reader, given)
    return {name: value for name, value in given.items() if value != described[name].default}


def _empty(value: Any) -> bool:
    return value is None or value == ""


def _typed(option: OptionDescription, value: Any) -> Any:
    if option.kind == "bool":
        return {"yes": True, "no": False}.get(value, value)
    if option.kind in ("int", "float") and isinstance(value, str):
        try:
            return float(value) if option.kind == "float" else int(value)
        except ValueError:
            return value  # the options model says what is wrong with it
    return value
