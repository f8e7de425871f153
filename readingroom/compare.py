"""Two readings of one person at two times: what changed, and how fast."""

from __future__ import annotations

import importlib
import importlib.util
import math
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from readingroom.errors import RefusedInput
from readingroom.reading import Category, Measurement, NoteRecord, Reading

_DAYS_A_YEAR = 365.25
#: A rate from a shorter interval would magnify scan-rescan noise.
_SHORTEST_YEARS = 0.25
_ACQUISITION = ("kvp", "slice_thickness_mm", "slice_increment_mm", "kernel", "gated", "model")


@dataclass(frozen=True)
class Change:
    """One measurement at both times.

    Attributes
    ----------
    old, new, difference : float or None
        In ``unit``; None where one reading lacks the value.
    percent : float or None
        ``100 · difference / old``; None for an old value of zero.
    per_year, percent_per_year : float or None
        Difference and percent divided by the interval (linear, as in the MESA follow-up,
        Kronmal et al., Circulation 2007;115:2722); None below three months.
    """

    name: str
    unit: str
    old: float | None
    new: float | None
    difference: float | None
    percent: float | None
    per_year: float | None
    percent_per_year: float | None


@dataclass(frozen=True)
class Comparison:
    """Everything that can be said about two readings."""

    reader: str
    old_date: str | None
    new_date: str | None
    years: float | None
    changes: list[Change]
    categories: dict[str, tuple[str | None, str | None]]
    progression: dict[str, Category]
    notes: list[NoteRecord]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            **asdict(self),
            "progression": {name: c.model_dump() for name, c in self.progression.items()},
            "notes": [note.model_dump() for note in self.notes],
        }


def compare(old: Reading, new: Reading) -> Comparison:
    """Compare two readings of the same reader.

    Parameters
    ----------
    old, new : Reading
        The earlier and the later one.

    Raises
    ------
    RefusedInput
        ``READERS_DIFFER`` or ``PATIENTS_DIFFER``, and ``DATES_REVERSED`` where the images
        say that `new` was acquired first.
    """
    _same_question(old, new)
    years = _years_between(old, new)
    return Comparison(
        reader=new.reader,
        old_date=_acquired(old),
        new_date=_acquired(new),
        years=None if years is None else round(years, 3),
        changes=_changes(old, new, years),
        categories=_categories(old, new),
        progression=_progression(old, new),
        notes=_notes(old, new, years),
    )


def _same_question(old: Reading, new: Reading) -> None:
    if old.reader != new.reader:
        raise RefusedInput(
            "READERS_DIFFER",
            f"The readings answer different questions ('{old.reader}' and '{new.reader}').",
            "Compare two readings of the same reader.",
        )
    people = [r.study.patient.get("id") for r in (old, new)]
    if all(people) and people[0] != people[1]:
        raise RefusedInput(
            "PATIENTS_DIFFER",
            "The two readings belong to different patients.",
            "Choose two readings of the same patient.",
        )


def _changes(old: Reading, new: Reading, years: float | None) -> list[Change]:
    names = [*new.measurements, *(n for n in old.measurements if n not in new.measurements)]
    return [_change(n, old.measurements.get(n), new.measurements.get(n), years) for n in names]


def _change(
    name: str, before: Measurement | None, after: Measurement | None, years: float | None
) -> Change:
    old, new = _number(before), _number(after)
    difference = None if old is None or new is None else new - old
    percent = None if difference is None or not old else 100.0 * difference / old
    rate = years if years is not None and years >= _SHORTEST_YEARS else None
    unit = next(m.unit for m in (after, before) if m is not None)
    return Change(
        name, unit, old, new, difference, percent, _over(difference, rate), _over(percent, rate)
    )


def _number(measurement: Measurement | None) -> float | None:
    value = None if measurement is None else measurement.value
    return None if value is None or not math.isfinite(value) else float(value)


def _over(value: float | None, years: float | None) -> float | None:
    return None if value is None or years is None else value / years


def _categories(old: Reading, new: Reading) -> dict[str, tuple[str | None, str | None]]:
    def value(reading: Reading, name: str) -> str | None:
        found = reading.categories.get(name)
        return None if found is None else found.value

    names = [*new.categories, *(n for n in old.categories if n not in new.categories)]
    return {name: (value(old, name), value(new, name)) for name in names}


def _progression(old: Reading, new: Reading) -> dict[str, Category]:
    """Ask the reader's own rules, where it has any (``readers/<name>/followup.py``)."""
    module = f"readingroom.readers.{new.reader}.followup"
    try:
        if importlib.util.find_spec(module) is None:
            return {}
    except ModuleNotFoundError:
        return {}
    rules: dict[str, Category] = importlib.import_module(module).progression(old, new)
    return rules


def _acquired(reading: Reading) -> str | None:
    for series in reading.study.series:
        if series.acquisition.get("acquired_at"):
            return str(series.acquisition["acquired_at"])
    return None


def _years_between(old: Reading, new: Reading) -> float | None:
    dates = [_date(_acquired(reading)) for reading in (old, new)]
    if dates[0] is None or dates[1] is None:
        return None
    years = (dates[1] - dates[0]).total_seconds() / 86400.0 / _DAYS_A_YEAR
    if years < 0:
        raise RefusedInput(
            "DATES_REVERSED",
            "The reading given as the old one was acquired after the new one.",
            "Give the earlier reading first.",
        )
    return years


def _date(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _notes(old: Reading, new: Reading, years: float | None) -> list[NoteRecord]:
    found = []
    if years is None:
        found.append(_note("DATE_MISSING"))
    elif years < _SHORTEST_YEARS:
        found.append(_note("INTERVAL_SHORT"))
    if differing := _differing_acquisition(old, new):
        found.append(_note("ACQUISITION_DIFFERS", ", ".join(differing)))
    if old.options != new.options:
        found.append(_note("OPTIONS_DIFFER"))
    if _method(old) != _method(new):
        found.append(_note("METHOD_DIFFERS"))
    if not set(old.measurements) & set(new.measurements):
        found.append(_note("NOTHING_IN_COMMON"))
    return found


def _differing_acquisition(old: Reading, new: Reading) -> list[str]:
    facts = [r.study.series[0].acquisition if r.study.series else {} for r in (old, new)]
    return [name for name in _ACQUISITION if facts[0].get(name) != facts[1].get(name)]


def _method(reading: Reading) -> tuple[str, list[str]]:
    return reading.reader_version, [card.sha256 for card in reading.provenance.cards]


_TEXTS = {
    "DATE_MISSING": (
        "An acquisition date is missing: no yearly rate can be given.",
        "缺少采集日期：无法给出年变化率。",
    ),
    "INTERVAL_SHORT": (
        "Less than three months lie between the scans: no yearly rate is given.",
        "两次扫描间隔不足三个月：不给出年变化率。",
    ),
    "ACQUISITION_DIFFERS": (
        "The scans were acquired differently ({}); part of the change may come from that.",
        "两次扫描的采集条件不同（{}）；部分变化可能由此引起。",
    ),
    "OPTIONS_DIFFER": (
        "The readings were made with different options.",
        "两次判读使用的选项不同。",
    ),
    "METHOD_DIFFERS": (
        "The readings were made with different versions or models; read the old scan again.",
        "两次判读使用的版本或模型不同；建议重新判读旧检查。",
    ),
    "NOTHING_IN_COMMON": (
        "The readings share no measurement: one may come from a contrast scan.",
        "两次判读没有共同的测量项：其中之一可能为增强扫描。",
    ),
}


def _note(code: str, detail: str = "") -> NoteRecord:
    english, chinese = (text.format(detail) for text in _TEXTS[code])
    return NoteRecord(code=code, severity="warning", message=english, message_zh=chinese)
