"""A reading as short tables of text, ready to be put on a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from readingroom import terminology
from readingroom.readers.guidewire import display as guidewire
from readingroom.reading import Finding, Measurement, Reading
from readingroom.report.codes import spoken
from readingroom.report.layout import Column, Layout
from readingroom.report.layouts import (
    attribute_text,
    finding_label,
    meaning,
    measurement_name,
    score,
    shown_findings,
)
from readingroom.report.phrases import Language, number, phrase, pick
from readingroom.report.regions import Region, regions_of
from readingroom.study import Volume


@dataclass(frozen=True)
class Table:
    """A header and rows of text; the first column names the row."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def columns_of(
        self, first: float
    ) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], list[float]]:
        """Return header, rows and column widths with the first column `first` wide (0…1)."""
        others = len(self.header) - 1
        return self.header, self.rows, [first, *[(1 - first) / max(others, 1)] * others]


@dataclass(frozen=True)
class Entry:
    """One value with its label and what it means."""

    label: str
    value: str
    meaning: str = ""


def headline(reading: Reading, layout: Layout, language: Language) -> Entry:
    """Return the large number of the report and the meaning of its class."""
    category = reading.categories.get(layout.headline_category)
    words = "" if category is None else meaning(reading.reader, category, language)
    words = words[:1].upper() + words[1:]
    if layout.headline_warning is not None:
        words = pick(layout.headline_warning, language)
    value = _value(reading.measurements.get(layout.headline), 1)
    return Entry(pick(layout.headline_label, language), value, words)


def totals(reading: Reading, layout: Layout, language: Language, *, beside: bool = False) -> Table:
    """Return the structures inside the total, with the total last, or those beside it."""
    columns = [c for c in layout.columns if not c.optional or c.quantity in reading.measurements]
    structures = layout.beside if beside else layout.rows
    if beside:
        columns = [c for c in columns if _measured(reading, structures, c.quantity)]
    rows = [
        (pick(label, language), *(_total(reading, layout, key, c) for c in columns))
        for key, label in structures.items()
    ]
    if not beside:
        whole = [_whole(reading, layout, column) for column in columns]
        rows.append((phrase("total", language), *whole))
    first = phrase("outside" if beside else "structure", language)
    if layout.structure_label is not None:
        first = pick(layout.structure_label, language)
    return Table((first, *(pick(c.label, language) for c in columns)), tuple(rows))


def _measured(reading: Reading, structures: Iterable[str], quantity: str) -> bool:
    """Whether any structure beside the total has this quantity."""
    names = (measurement_name(reading.reader, key, quantity) for key in structures)
    return bool(quantity) and any(name in reading.measurements for name in names)


def _total(reading: Reading, layout: Layout, key: str, column: Column) -> str:
    if not column.quantity:
        return str(sum(f.label == key for f in _scored(reading, layout)))
    name = measurement_name(reading.reader, key, column.quantity)
    return _value(reading.measurements.get(name), column.decimals)


def _whole(reading: Reading, layout: Layout, column: Column) -> str:
    if not column.quantity:
        return str(sum(f.label in layout.rows for f in _scored(reading, layout)))
    return _value(reading.measurements.get(column.quantity), column.decimals)


def _scored(reading: Reading, layout: Layout) -> list[Finding]:
    return [f for f in shown_findings(reading, layout) if score(f, layout) > 0]


def categories(reading: Reading, layout: Layout | None, language: Language) -> list[Entry]:
    """Return the categories with what they mean."""
    labels = {} if layout is None else layout.categories
    return [
        Entry(
            pick(labels[name], language) if name in labels else spoken(name),
            category.value.replace(">=", "≥"),
            meaning(reading.reader, category, language),
        )
        for name, category in reading.categories.items()
    ]


def single_values(reading: Reading, layout: Layout | None, language: Language) -> list[Entry]:
    """Return the measurements that stand one by one under the categories."""
    single = {} if layout is None else layout.single
    return [
        Entry(pick(label, language), _with_unit(reading.measurements[name], language))
        for name, label in single.items()
        if name in reading.measurements and reading.measurements[name].value is not None
    ]


def findings(reading: Reading, volume: Volume, layout: Layout | None, language: Language) -> Table:
    """Return the findings with the slice that shows them best, the most important first."""
    shown = shown_findings(reading, layout)
    if layout is None:
        return _plain_findings(shown, language)
    regions = regions_of(reading, volume, shown)
    columns = layout.wide_columns or layout.finding_columns
    start = (phrase("lesion", language), phrase("slice", language))
    rows = [
        (
            finding.id if layout.wide_columns else finding_label(finding, layout, language),
            str(_slice_of(finding, regions.get(finding.id), volume) + 1),
            *(finding_cell(finding, c, language) for c in columns),
        )
        for finding in shown
    ]
    return Table((*start, *(pick(c.label, language) for c in columns)), tuple(rows))


def finding_cell(finding: Finding, column: Column, language: Language) -> str:
    """Return what a column shows of a finding."""
    if column.attribute:
        return attribute_text(finding, column, language) or "–"
    return _value(finding.measurements.get(column.quantity), column.decimals)


def _slice_of(finding: Finding, region: Region | None, volume: Volume) -> int:
    if region is not None:
        return region.main_slice
    return round(float(volume.kji_from_lps(finding.position_lps_mm)[0]))


def _plain_findings(shown: Sequence[Finding], language: Language) -> Table:
    """Return label and first measurement of findings of a reader without a layout."""
    rows = []
    for finding in shown:
        first = next(iter(finding.measurements.items()), None)
        value = "" if first is None else f"{_name(first[0], language)} "
        value += "" if first is None else _with_unit(first[1], language)
        known = terminology.concept(finding.label)
        rows.append((pick((known.english, known.chinese), language), value))
    return Table((phrase("lesion", language), phrase("value", language)), tuple(rows))


def all_measurements(reading: Reading, language: Language) -> Table:
    """Return every measurement of the reading with its unit."""
    rows = [
        (_name(name, language), _with_unit(measurement, language))
        for name, measurement in reading.measurements.items()
    ]
    header = (phrase("measurement", language), phrase("value", language))
    return Table(header, tuple(rows))


def _name(name: str, language: Language) -> str:
    known = guidewire.NAMES.get(name)
    return known[language] if known else spoken(name)


def _value(measurement: Measurement | None, decimals: int) -> str:
    return number(None if measurement is None else measurement.value, decimals)


_UNITS: dict[str, tuple[str, str]] = {
    "1": ("", ""),
    "": ("", ""),
    "mm3": ("mm³", "mm³"),
    "mm2": ("mm²", "mm²"),
    "a": ("years", "岁"),
    "years": ("years", "岁"),
    "%": ("%", "%"),
    "{pixels}": ("px", "像素"),
    "{pixels}/s": ("px/s", "像素/秒"),
}


def _with_unit(measurement: Measurement, language: Language) -> str:
    unit = pick(_UNITS.get(measurement.unit, (measurement.unit, measurement.unit)), language)
    ratio = measurement.unit in ("1", "") and isinstance(measurement.value, float)
    value = _value(measurement, 2 if ratio else 1)
    return f"{value} {unit}".strip()
