"""What findings and measurements are called: the same words as in the browser workbench."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from readingroom.reading import Finding, Measurement, Reading

_STATES = {"proposed": "?", "accepted": "✓", "rejected": "✗", "added": "+"}
_PLAIN_COLUMNS = 3
Language = Literal["en", "zh"]


def class_title(reader: Any, label: str, language: Language) -> str:
    """Return what a class of findings is called."""
    from readingroom.workbench.reading import labels

    return labels.class_title(label, reader.finding_classes, language)


def state_sign(finding: Finding) -> str:
    """Return one character for a finding's state."""
    return _STATES[finding.state]


def value_text(measurement: Measurement | None) -> str:
    """Return a value as people read it; a dash where there is none."""
    from readingroom.workbench.reading import labels

    if measurement is None or measurement.value is None:
        return "–"
    return labels.value(measurement.value, measurement.unit)


def unit_text(measurement: Measurement, language: Language) -> str:
    """Return a unit as people write it."""
    from readingroom.workbench.reading import labels

    return labels.unit(measurement.unit, language)


def finding_columns(reading: Reading, language: Language) -> list[tuple[str, str]]:
    """Return ``(measurement name, heading)`` for the table of findings."""
    from readingroom.report.layouts import layout_of

    layout = layout_of(reading)
    if layout is not None:
        return [
            (c.quantity or c.attribute, c.label[language == "zh"]) for c in layout.finding_columns
        ]
    names = dict.fromkeys(name for f in reading.findings for name in f.measurements)
    return [(n, quantity_title(n, language)) for n in list(names)[:_PLAIN_COLUMNS]]


def finding_title(reader: Any, finding: Finding, reading: Reading, language: Language) -> str:
    """Return what a finding is called: its class, or its number where findings have one."""
    from readingroom.report.layouts import finding_label, layout_of

    layout = layout_of(reading)
    if layout is not None and layout.numbered:
        return finding_label(finding, layout, language)
    return class_title(reader, finding.label, language)


def finding_value(finding: Finding, name: str) -> str:
    """Return a measurement or an attribute of a finding as people read it."""
    said = finding.attributes.get(name)
    if name not in finding.measurements and isinstance(said, str):
        return said
    return value_text(finding.measurements.get(name))


def measurement_title(reading: Reading, name: str, language: Language) -> str:
    """Return what a measurement of the reading is called."""
    from readingroom.workbench.reading import labels

    return labels.measurement(reading.reader, name, language)


def quantity_title(name: str, language: Language) -> str:
    """Return what a measurement of a finding is called."""
    from readingroom.workbench.reading import labels

    return labels.quantity(name, language)
