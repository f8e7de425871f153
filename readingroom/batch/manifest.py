"""The list of studies to read: a CSV table or a JSON array."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readingroom.errors import RefusedInput

_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Case:
    """One study of a manifest.

    Parameters
    ----------
    name : str
        Name of the case and of its folder.
    study : str
        Path of the study.
    options : dict
        Options of this case, laid over those of the whole batch.
    """

    name: str
    study: str
    options: dict[str, Any] = field(default_factory=dict)


def load_manifest(path: Path) -> list[Case]:
    """Return the cases in `path`.

    A CSV has the columns ``study``, optionally ``case``, and any option of the reader; an
    empty cell leaves that option alone. A JSON file holds an array of objects with
    ``study``, optionally ``case`` and ``options``. Relative studies are looked up from
    the manifest's own folder.

    Raises
    ------
    RefusedInput
        ``MANIFEST_INVALID`` with the row that does not fit.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise _invalid("The manifest cannot be read as text.") from None
    rows = _json_rows(text) if path.suffix.lower() == ".json" else _csv_rows(text)
    cases = [_case(number, row, path.parent) for number, row in enumerate(rows, start=1)]
    if not cases:
        raise _invalid("The manifest lists no study.")
    _refuse_doubles(cases)
    return cases


def _json_rows(text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError:
        raise _invalid("The manifest is not JSON.") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _invalid("The manifest is not an array of objects.")
    return rows


def _csv_rows(text: str) -> list[dict[str, Any]]:
    rows = []
    for row in csv.DictReader(text.splitlines()):
        cells = {k: v.strip() for k, v in row.items() if isinstance(v, str) and v.strip()}
        options = {k: v for k, v in cells.items() if k not in ("case", "study")}
        rows.append({**{k: cells[k] for k in ("case", "study") if k in cells}, "options": options})
    return rows


def _case(number: int, row: dict[str, Any], base: Path) -> Case:
    options = row.get("options") or {}
    if not row.get("study"):
        raise _invalid(f"Row {number} names no study.")
    if not isinstance(options, dict):
        raise _invalid(f"The options in row {number} are not an object.")
    study = base / str(row["study"])
    name = _UNSAFE.sub("_", str(row.get("case") or study.name)).strip(".")
    return Case(name or f"case{number}", str(study), options)


def _refuse_doubles(cases: list[Case]) -> None:
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            raise _invalid(f"The case '{case.name}' is listed twice.")
        seen.add(case.name)


def _invalid(what_happened: str) -> RefusedInput:
    return RefusedInput(
        "MANIFEST_INVALID",
        what_happened,
        "Give a CSV with the column 'study' (and 'case'), or a JSON array of such objects.",
    )
