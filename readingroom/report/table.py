"""Findings and totals as CSV tables that open in a spreadsheet without harm.

UTF-8 with a byte order mark, so that Excel shows Chinese; ``CRLF`` line ends (RFC 4180).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from readingroom.reading import Finding, Measurement, Reading
from readingroom.report.saving import complete_or_absent

Cell = str | int | float | bool | None

#: Spreadsheets take text with such a beginning for a formula, full-width forms included
#: (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_ORIGIN = ("study_uid", "series_uid", "reader", "reader_version", "revision", "status")
_FACTS = ("id", "type", "label", "state", "confidence")
_POSITION = ("position_l_mm", "position_p_mm", "position_s_mm")
_TOTALS = ("kind", "name", "value", "unit", "method", "meaning", "source")


def write(reading: Reading, directory: Path) -> list[Path]:
    """Write ``findings.csv`` and ``measurements.csv``.

    Every row begins with study, series, reader, revision and status, so that tables of
    many readings can be put below each other.

    Parameters
    ----------
    reading : Reading
    directory : Path
        Folder to write to; made if it is not there.

    Returns
    -------
    list of Path
        ``findings.csv``: one row per finding, rejected ones included (column ``state``),
        its position in LPS mm, one column per measurement with the unit in its name
        (``volume [mm3]``; pure numbers have none), one per attribute that is a single
        value. ``measurements.csv``: one row per total of the reading, then one per
        category. Cells are empty where there is no value.
    """
    return [
        _save(directory / "findings.csv", *_findings(reading)),
        _save(directory / "measurements.csv", *_totals(reading)),
    ]


def _findings(reading: Reading) -> tuple[list[str], list[list[Cell]]]:
    measured = _measurement_columns(reading.findings)
    attributes = _attribute_columns(reading.findings)
    header = [*_ORIGIN, *_FACTS, *_POSITION, "mask_segment"]
    header += [_heading(name, unit) for name, unit in measured]
    header += [f"attribute_{name}" for name in attributes]
    origin = _origin(reading)
    rows = [[*origin, *_finding(f, measured, attributes)] for f in reading.findings]
    return header, rows


def _finding(
    finding: Finding, measured: Sequence[tuple[str, str]], attributes: Sequence[str]
) -> list[Cell]:
    row: list[Cell] = [getattr(finding, fact) for fact in _FACTS]
    row += finding.position_lps_mm
    row.append(finding.mask_segment)
    row += [_value_in(finding, name, unit) for name, unit in measured]
    row += [_single(finding.attributes.get(name)) for name in attributes]
    return row


def _totals(reading: Reading) -> tuple[list[str], list[list[Cell]]]:
    origin = _origin(reading)
    rows: list[list[Cell]] = [
        [*origin, "measurement", name, m.value, m.unit, m.method, "", ""]
        for name, m in reading.measurements.items()
    ]
    rows += [
        [*origin, "category", name, c.value, "", "", c.meaning, c.source]
        for name, c in reading.categories.items()
    ]
    return [*_ORIGIN, *_TOTALS], rows


def _origin(reading: Reading) -> list[Cell]:
    series = reading.study.series[0].uid if reading.study.series else ""
    made: list[Cell] = [reading.reader, reading.reader_version, reading.revision, reading.status]
    return [reading.study.study_uid, series, *made]


def _measurement_columns(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    """Return ``(name, unit)`` in the order of first appearance: never two units in one."""
    pairs = ((name, m.unit) for f in findings for name, m in f.measurements.items())
    return list(dict.fromkeys(pairs))


def _attribute_columns(findings: Iterable[Finding]) -> list[str]:
    pairs = ((name, value) for f in findings for name, value in f.attributes.items())
    return list(dict.fromkeys(name for name, value in pairs if _single(value) is not None))


def _single(value: object) -> Cell:
    """Return a value that fits into a cell; None for lists and the like."""
    return value if isinstance(value, (str, bool, int, float)) else None


def _value_in(finding: Finding, name: str, unit: str) -> Cell:
    measurement: Measurement | None = finding.measurements.get(name)
    return measurement.value if measurement is not None and measurement.unit == unit else None


def _heading(name: str, unit: str) -> str:
    return name if unit in ("", "1") else f"{name} [{unit}]"


def _save(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Path:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_harmless(name) for name in header])
    writer.writerows([_shown(cell) for cell in row] for row in rows)
    with complete_or_absent(path) as partial:
        partial.write_bytes(text.getvalue().encode("utf-8-sig"))
    return path


def _shown(cell: Cell) -> str:
    """Return the text of a cell; numbers keep their sign and all their digits."""
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return _harmless(cell) if isinstance(cell, str) else repr(cell)


def _harmless(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    return f"'{text}" if text.lstrip(" \u00a0\u3000").startswith(_FORMULA) else text
