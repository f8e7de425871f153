"""What findings and measurements are called on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from readingroom.slicerdesktop.texts import pick

if TYPE_CHECKING:
    from readingroom.reading import Finding, Measurement, Reading

_COLUMN = {"en": 0, "zh": 1}
_UNITS = {"1": "", "mm3": "mm³", "mm2": "mm²", "[hnsf'U]": "HU", "{score}": "", "a": "y"}
_STATES = {"proposed": "?", "accepted": "✓", "rejected": "✗", "added": "+"}


def class_title(reader: Any, label: str) -> str:
    """Return what a class of findings is called."""
    for known in reader.finding_classes:
        if known.label == label:
            return pick(known.title)
    return label


def state_sign(finding: Finding) -> str:
    """Return one character for a finding's state."""
    return _STATES[finding.state]


def value_text(measurement: Measurement | None) -> str:
    """Return a value with few digits; a dash where there is none."""
    if measurement is None or measurement.value is None:
        return "–"
    value = float(measurement.value)
    if value == 0:
        return "0"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def unit_text(measurement: Measurement) -> str:
    """Return a unit as people write it."""
    return _UNITS.get(measurement.unit, measurement.unit)


def finding_columns(reading: Reading, language: str) -> list[tuple[str, str]]:
    """Return ``(measurement name, heading)`` for the table of findings."""
    from readingroom.report.layouts import layout_of

    layout = layout_of(reading)
    if layout is not None:
        column = _COLUMN[language]
        return [(c.quantity, c.label[column]) for c in layout.finding_columns]
    names = dict.fromkeys(n for f in reading.findings for n in f.measurements)
    return [(name, plain(name)) for name in list(names)[:3]]


def measurement_title(reading: Reading, name: str, language: str) -> str:
    """Return what a measurement is called, as the report calls it where it does."""
    return _titles(reading, _COLUMN[language]).get(name, plain(name))


def plain(name: str) -> str:
    """Return a measurement's own name as words."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _titles(reading: Reading, column: int) -> dict[str, str]:
    from readingroom.report.layouts import layout_of, measurement_name

    layout = layout_of(reading)
    if layout is None:
        return {}
    titles = {layout.headline: layout.headline_label[column]}
    titles |= {name: label[column] for name, label in layout.single.items()}
    for structure, label in {**layout.rows, **layout.beside}.items():
        for part in layout.columns:
            if part.quantity:
                name = measurement_name(reading.reader, structure, part.quantity)
                titles[name] = f"{label[column]} · {part.label[column]}"
    return titles
