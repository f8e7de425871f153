"""How a reading is printed, for people and for machines. Never with the patient's name."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from readingroom.cli.output import Output, number
from readingroom.reading import Reading


def as_data(reading: Reading, place: Path) -> dict[str, Any]:
    """Return the parts of a reading that a script wants, without identity."""
    return {
        "folder": str(place),
        "reader": reading.reader,
        "revision": reading.revision,
        "measurements": {
            n: m.model_dump(exclude={"method"}) for n, m in reading.measurements.items()
        },
        "categories": {n: c.model_dump(exclude={"source"}) for n, c in reading.categories.items()},
        "findings": finding_counts(reading),
        "notes": [note.model_dump() for note in reading.notes],
        "seconds": reading.provenance.seconds,
    }


def finding_counts(reading: Reading) -> dict[str, int]:
    """Return how many findings there are by label, rejected ones left out."""
    return dict(Counter(f.label for f in reading.findings if f.state != "rejected"))


def show(reading: Reading, place: Path, output: Output) -> None:
    """Print the numbers, the categories, the findings by label and the notes."""
    columns = [output.text("measurement", "测量项"), output.text("value", "数值"), "unit"]
    rows = [
        [n, number(m.value), m.unit] for n, m in reading.measurements.items() if _telling(m.value)
    ]
    output.table(output.text("Reading", "判读结果"), columns, rows)
    for name, category in reading.categories.items():
        output.say(f"  {name}: {category.value}  {category.meaning}")
    counts = ", ".join(f"{label} {n}" for label, n in finding_counts(reading).items())
    output.say(f"  findings: {counts or 'none'}", f"  所见：{counts or '无'}")
    for note in reading.notes:
        output.note(note.severity, note.message, note.message_zh)
    output.say(f"  saved in {place}", f"  保存于 {place}")


def _telling(value: float | int | None) -> bool:
    """Zeros of vessels without calcium would bury the rest."""
    return value is not None and value != 0
