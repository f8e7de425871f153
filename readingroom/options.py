"""Options of a reader: one pydantic model is the only place where they are described.

Command-line flags, the REST schema, the workbench form and the desktop panel are all
generated from it through `describe`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field


class ReaderOptions(BaseModel):
    """Base of every reader's options; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


def option(
    default: Any,
    *,
    en: str,
    zh: str,
    help_en: str,
    help_zh: str,
    unit: str = "",
    advanced: bool = False,
    **limits: Any,
) -> Any:
    """Declare one option: its default, labels and help in two languages, unit, limits.

    Parameters
    ----------
    en, zh : str
        Label in English and Chinese.
    help_en, help_zh : str
        One sentence of help in each language.
    unit : str
        UCUM unit; empty for a pure number or a choice.
    advanced : bool
        Whether forms hide it behind "more".
    **limits
        ``ge``, ``le``, ``gt``, ``lt`` as in `pydantic.Field`.
    """
    extra = {
        "label": {"en": en, "zh": zh},
        "help": {"en": help_en, "zh": help_zh},
        "unit": unit,
        "advanced": advanced,
    }
    field: Any = Field(default, description=help_en, json_schema_extra=extra, **limits)  # type: ignore[arg-type]
    return field


class ComputeOptions(ReaderOptions):
    """Base of the options of readers that run networks: where and how they compute."""

    device: Literal["auto", "cpu", "cuda"] = option(
        "auto",
        en="Device",
        zh="计算设备",
        help_en="Where the networks run; 'auto' takes what is there.",
        help_zh="网络运行设备；“auto”按现有硬件选择。",
        advanced=True,
    )
    precision: Literal["auto", "float32", "float16"] = option(
        "auto",
        en="Precision",
        zh="精度",
        help_en="Arithmetic of the networks; 'auto' halves it on a GPU only.",
        help_zh="网络运算精度；“auto”仅在 GPU 上使用半精度。",
        advanced=True,
    )
    deterministic: bool = option(
        False,
        en="Deterministic",
        zh="可重复",
        help_en="Bit-equal readings on one machine, at some cost in time.",
        help_zh="在同一台机器上结果逐位一致，会稍慢。",
        advanced=True,
    )


@dataclass(frozen=True)
class OptionDescription:
    """One option as a form or a command line needs it."""

    name: str
    kind: Literal["bool", "int", "float", "str", "choice"]
    default: Any
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    unit: str
    label: dict[str, str]
    help: dict[str, str]
    advanced: bool
    optional: bool


def describe(options_type: type[ReaderOptions]) -> list[OptionDescription]:
    """Return the options of a reader: its own as declared, then those of its base."""
    fields = options_type.model_fields
    names = sorted(fields, key=lambda name: name in ComputeOptions.model_fields)
    return [_describe_field(name, fields[name]) for name in names]


def _describe_field(name: str, field: Any) -> OptionDescription:
    annotation, optional = _without_none(field.annotation)
    is_choice = get_origin(annotation) is Literal
    choices = tuple(str(c) for c in get_args(annotation)) if is_choice else ()
    kinds = {bool: "bool", int: "int", float: "float", str: "str"}
    extra = field.json_schema_extra or {}
    limits = {type(m).__name__.lower(): m for m in field.metadata}
    low = limits.get("ge") or limits.get("gt")
    high = limits.get("le") or limits.get("lt")
    return OptionDescription(
        name=name,
        kind="choice" if choices else kinds[annotation],  # type: ignore[arg-type]
        default=field.default,
        choices=choices,
        minimum=getattr(low, "ge", getattr(low, "gt", None)),
        maximum=getattr(high, "le", getattr(high, "lt", None)),
        unit=extra.get("unit", ""),
        label=extra.get("label", {"en": name}),
        help=extra.get("help", {"en": field.description or ""}),
        advanced=extra.get("advanced", False),
        optional=optional,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    inner = [a for a in get_args(annotation) if a is not type(None)]
    if get_origin(annotation) is Literal or not inner or len(inner) == len(get_args(annotation)):
        return annotation, False
    return inner[0], True
