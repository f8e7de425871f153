"""Findings as rows of the page's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from readingroom.reader import FindingClass
from readingroom.reading import Finding, Reading
from readingroom.report.layout import Layout
from readingroom.report.layouts import attribute_text, finding_label, layout_of
from readingroom.report.phrases import Language, pick
from readingroom.workbench.reading import labels
from readingroom.workbench.reading.methods import method

FILTERS = ("all", "open", "counted", "rejected")
_DEFAULT_COLUMNS = 2


def columns(reading: Reading, language: Language) -> list[dict[str, str]]:
    """Return the measurements that the table shows of each finding: key and title."""
    layout = layout_of(reading)
    if layout is not None:
        return [
            {"key": c.quantity or c.attribute, "title": pick(c.label, language)}
            for c in layout.finding_columns
        ]
    first = next((f.measurements for f in reading.findings if f.measurements), {})
    return [
        {"key": name, "title": labels.quantity(name, language)}
        for name in list(first)[:_DEFAULT_COLUMNS]
    ]


def rows(
    reading: Reading, classes: Sequence[FindingClass], language: Language
) -> list[dict[str, Any]]:
    """Return all findings; the browser filters them by ``state``."""
    layout = layout_of(reading)
    shown = [column["key"] for column in columns(reading, language)]
    colors = {one.label: one.color for one in classes}
    return [_row(finding, shown, colors, classes, layout, language) for finding in reading.findings]


def _row(
    finding: Finding,
    shown: Sequence[str],
    colors: dict[str, tuple[float, float, float]],
    classes: Sequence[FindingClass],
    layout: Layout | None,
    language: Language,
) -> dict[str, Any]:
    color = colors.get(finding.label, (0.6, 0.6, 0.6))
    return {
        "id": finding.id,
        "label": finding.label,
        "title": _title(finding, classes, layout, language),
        "color": labels.css(color),
        "ink": labels.ink(color),
        "state": finding.state,
        "confidence": "" if finding.confidence is None else f"{finding.confidence:.0%}",
        "doubtful": finding.confidence is not None and finding.confidence < 0.7,
        "values": [_shown(finding, name, layout, language) for name in shown],
    }


def _title(
    finding: Finding, classes: Sequence[FindingClass], layout: Layout | None, language: Language
) -> str:
    if layout is not None and layout.numbered:
        return finding_label(finding, layout, language)
    return labels.short_title(finding.label, classes, layout, language)


def _shown(finding: Finding, name: str, layout: Layout | None, language: Language) -> str:
    """Return the value of one column: an attribute in words, or a measurement."""
    for column in () if layout is None else layout.finding_columns:
        if column.attribute == name:
            return attribute_text(finding, column, language) or "–"
    measured = finding.measurements.get(name)
    return "–" if measured is None else labels.value(measured.value, measured.unit)


def details(
    finding: Finding, language: Language, layout: Layout | None = None
) -> list[dict[str, str]]:
    """Return everything that is said of one finding: attributes, measurements, reasons."""
    said = [
        {"label": pick(column.label, language), "value": text, "method": ""}
        for column in (() if layout is None else layout.said)
        if (text := attribute_text(finding, column, language))
    ]
    return [*said, *_measured(finding, language), *_reasons(finding, language)]


#: What moved a probability, by where a finding keeps it, and what stands before it.
_ESTIMATES = (
    ("malignancy", ("", "")),
    ("malignancy_by_network", ("Network: ", "网络：")),
)


def _reasons(finding: Finding, language: Language) -> list[dict[str, str]]:
    """Return what moved the probabilities of malignancy, and how far (log odds)."""
    chinese = language == "zh"
    return [
        {
            "label": before[chinese] + str(reason["text_zh" if chinese else "text"]),
            "value": f"{float(reason['contribution']):+.2f}",
            "method": "",
        }
        for name, before in _ESTIMATES
        for reason in (finding.evidence.get(name) or {}).get("reasons") or []
    ]


def _measured(finding: Finding, language: Language) -> list[dict[str, str]]:
    return [
        {
            "label": labels.quantity(name.removeprefix("contrast_derived_"), language),
            "value": f"{labels.value(m.value, m.unit)} {labels.unit(m.unit, language)}".strip(),
            "method": method(m.method, language),
        }
        for name, m in finding.measurements.items()
    ]


def visible(rows_: Sequence[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Return the rows that a filter shows; the page does the same in the browser."""
    states = {
        "open": {"proposed"},
        "counted": {"proposed", "accepted", "added"},
        "rejected": {"rejected"},
    }
    kept = states.get(wanted)
    return [row for row in rows_ if kept is None or row["state"] in kept]


def neighbour(rows_: Sequence[dict[str, Any]], current: str | None, step: int) -> str | None:
    """Return the id of the next row in reading order; the first or last one to begin with."""
    ids: list[str] = [row["id"] for row in rows_]
    if not ids:
        return None
    if current is None or current not in ids:
        return ids[0 if step > 0 else -1]
    place = ids.index(current) + step
    return ids[min(max(place, 0), len(ids) - 1)]
