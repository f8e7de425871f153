"""The machine's numbers beside the reviewed ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from readingroom.reader import Reader
from readingroom.reading import Category, Measurement, Reading
from readingroom.report.layouts import layout_of, meaning, measurement_name
from readingroom.report.phrases import Language, pick
from readingroom.workbench.reading import labels
from readingroom.workbench.reading.methods import method
from readingroom.workbench.texts import say


def headline(machine: Reading, reviewed: Reading, language: Language) -> dict[str, Any]:
    """Return the one number that answers the reader's question, before and after review."""
    layout = layout_of(reviewed)
    name = layout.headline if layout else next(iter(reviewed.measurements), "")
    label = pick(layout.headline_label, language) if layout else labels.quantity(name, language)
    warning = layout.headline_warning if layout else None
    category = reviewed.categories.get(layout.headline_category) if layout else None
    words = meaning(reviewed.reader, category, language) if category else ""
    pair = _pair(machine.measurements.get(name), reviewed.measurements.get(name), language)
    return {
        **pair,
        "label": label,
        "meaning": pick(warning, language) if warning else words,
        "warn": warning is not None,
    }


def structures(machine: Reading, reviewed: Reading, language: Language) -> dict[str, Any]:
    """Return the table of structures: main score of both, volume and mass as reviewed.

    Returns
    -------
    dict
        ``header`` and ``rows``; a row has ``label``, ``machine``, ``reviewed``,
        ``changed``, ``others`` and ``group`` (``inside``, the ``total`` itself, ``beside``).
    """
    layout = layout_of(reviewed)
    if layout is None:
        return {"header": [], "rows": []}
    main = layout.columns[0].quantity
    others = [c for c in layout.columns[1:] if c.quantity and not c.optional]

    def row(group: str, label: str, names: Sequence[str]) -> dict[str, Any]:
        return {**_row(machine, reviewed, names, language), "group": group, "label": label}

    quantities = [main, *(c.quantity for c in others)]
    rows = [
        row(
            group,
            labels.short_title(key, (), layout, language),
            [measurement_name(reviewed.reader, key, quantity) for quantity in quantities],
        )
        for group, places in (("inside", layout.rows), ("beside", layout.beside))
        for key in places
    ]
    total = row("total", say("total", language), quantities)
    inside = [r for r in rows if r["group"] == "inside"]
    beside = [r for r in rows if r["group"] == "beside" and _measured(r)]
    header = [pick(layout.columns[0].label, language), *(pick(c.label, language) for c in others)]
    return {"header": header, "rows": [*inside, total, *beside]}


def _measured(row: dict[str, Any]) -> bool:
    return any(row[side] not in ("0", "–") for side in ("machine", "reviewed"))


def _row(
    machine: Reading, reviewed: Reading, names: Sequence[str], language: Language
) -> dict[str, Any]:
    rest = [reviewed.measurements.get(name) for name in names[1:]]
    return {
        **_pair(machine.measurements.get(names[0]), reviewed.measurements.get(names[0]), language),
        "others": ["–" if m is None else labels.value(m.value, m.unit) for m in rest],
    }


def everything(
    machine: Reading, reviewed: Reading, reader: Reader[Any], language: Language
) -> list[dict[str, Any]]:
    """Return every measurement in the reader's order."""
    return [
        {
            **_pair(machine.measurements.get(name), reviewed.measurements.get(name), language),
            "name": name,
            "label": labels.measurement(reviewed.reader, name, language),
        }
        for name in reader.measurement_rows(reviewed)
    ]


def categories(machine: Reading, reviewed: Reading, language: Language) -> list[dict[str, Any]]:
    """Return the categories with what they mean and where they were published."""
    names = [*reviewed.categories, *(n for n in machine.categories if n not in reviewed.categories)]
    return [_category(machine, reviewed, name, language) for name in names]


def _category(machine: Reading, reviewed: Reading, name: str, language: Language) -> dict[str, Any]:
    before, now = machine.categories.get(name), reviewed.categories.get(name)
    shown = now or before
    assert shown is not None  # `name` comes from one of the two
    return {
        "label": labels.category(reviewed, name, language),
        "machine": _spoken(before),
        "reviewed": _spoken(now),
        "changed": _spoken(before) != _spoken(now),
        "meaning": meaning(reviewed.reader, shown, language),
        "source": shown.source,
    }


def _spoken(category: Category | None) -> str:
    return "–" if category is None else category.value.replace(">=", "≥")


def _pair(
    before: Measurement | None, now: Measurement | None, language: Language
) -> dict[str, Any]:
    shown = now or before
    unit = "" if shown is None else shown.unit
    machine = "–" if before is None else labels.value(before.value, unit)
    reviewed = "–" if now is None else labels.value(now.value, unit)
    return {
        "machine": machine,
        "reviewed": reviewed,
        "unit": labels.unit(unit, language),
        "changed": machine != reviewed,
        "method": "" if shown is None else method(shown.method, language),
    }
