"""The numbers of a reading as CSV tables, for spreadsheets and statistics."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from readingroom.reading import Finding, Reading

_FINDING = ("id", "type", "label", "state", "confidence", "x_lps_mm", "y_lps_mm", "z_lps_mm")


def encode_tables(reading: Reading) -> dict[str, bytes]:
    """Return the content of the tables by file name."""
    tables = {
        "findings.csv": findings_table(reading),
        "measurements.csv": measurements_table(reading),
    }
    return {name: text.encode("utf-8") for name, text in tables.items()}


def measurements_table(reading: Reading) -> str:
    """Return name, value, unit and method of each measurement of the whole reading."""
    rows = [(name, m.value, m.unit, m.method) for name, m in reading.measurements.items()]
    return _csv(("name", "value", "unit", "method"), rows)


def findings_table(reading: Reading) -> str:
    """Return one row per finding; a column per measurement, headed ``name [unit]``."""
    columns = list(
        dict.fromkeys(
            (name, m.unit)
            for finding in reading.findings
            for name, m in finding.measurements.items()
        )
    )
    header = (*_FINDING, "mask_segment", *(f"{name} [{unit}]" for name, unit in columns))
    return _csv(header, (_row(finding, columns) for finding in reading.findings))


def _row(finding: Finding, columns: Sequence[tuple[str, str]]) -> list[Any]:
    facts = [finding.id, finding.type, finding.label, finding.state, finding.confidence]
    numbers = {(name, m.unit): m.value for name, m in finding.measurements.items()}
    values = [numbers.get(column) for column in columns]
    return [*facts, *finding.position_lps_mm, finding.mask_segment, *values]


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
