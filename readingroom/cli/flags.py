"""Command-line flags generated from a reader's options: nothing is described twice."""

from __future__ import annotations

import argparse
from typing import Any

from readingroom.options import OptionDescription, ReaderOptions, describe

_TYPES = {"int": int, "float": float, "str": str}
_PREFIX = "option_"


def add_flags(
    parser: argparse.ArgumentParser, options_type: type[ReaderOptions], language: str
) -> None:
    """Add one flag per option; ranges are checked later, by the options model itself."""
    group = parser.add_argument_group("options of the reader")
    for option in describe(options_type):
        _add_flag(group, option, language)


def values(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options that were given on the command line."""
    given = vars(args).items()
    return {name.removeprefix(_PREFIX): value for name, value in given if name.startswith(_PREFIX)}


def _add_flag(group: Any, option: OptionDescription, language: str) -> None:
    arguments: dict[str, Any] = {
        "dest": _PREFIX + option.name,
        "default": argparse.SUPPRESS,
        "help": _help(option, language),
    }
    if option.kind == "bool":
        arguments["action"] = argparse.BooleanOptionalAction
    elif option.kind == "choice":
        arguments["choices"] = option.choices
    else:
        arguments["type"] = _TYPES[option.kind]
        arguments["metavar"] = option.unit or option.kind.upper()
    group.add_argument("--" + option.name.replace("_", "-"), **arguments)


def _help(option: OptionDescription, language: str) -> str:
    text = option.help.get(language) or option.help["en"]
    facts = [part for part in (_range(option), _default(option)) if part]
    return (text + (f" ({'; '.join(facts)})" if facts else "")).replace("%", "%%")


def _range(option: OptionDescription) -> str:
    if option.minimum is None and option.maximum is None:
        return ""
    low = "" if option.minimum is None else f"{option.minimum:g}"
    high = "" if option.maximum is None else f"{option.maximum:g}"
    return f"{low}…{high} {option.unit}".strip()


def _default(option: OptionDescription) -> str:
    return "" if option.default is None else f"default {option.default}"
