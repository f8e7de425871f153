"""``readingroom compare OLD NEW``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from readingroom.cli.output import Output, number

if TYPE_CHECKING:
    from readingroom.compare import Comparison


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb."""
    parser.add_argument("old", type=Path, metavar="OLD", help="reading folder of the earlier scan")
    parser.add_argument("new", type=Path, metavar="NEW", help="reading folder of the later scan")


def run(args: argparse.Namespace, output: Output) -> int:
    """Print what changed between the two readings."""
    from readingroom import folder
    from readingroom.compare import compare

    comparison = compare(folder.load(args.old), folder.load(args.new))
    _show(comparison, output)
    output.data(comparison=comparison.as_dict())
    return 0


def _show(comparison: Comparison, output: Output) -> None:
    columns = ["measurement", "unit", "old", "new", "change", "change %", "per year", "% per year"]
    rows = [
        [
            change.name,
            change.unit,
            *map(number, (change.old, change.new, change.difference)),
            *map(number, (change.percent, change.per_year, change.percent_per_year)),
        ]
        for change in comparison.changes
        if change.old or change.new
    ]
    output.table(_title(comparison), columns, rows)
    for name, (old, new) in comparison.categories.items():
        output.say(f"  {name}: {old or '–'} → {new or '–'}")
    for name, category in comparison.progression.items():
        output.say(f"  {name}: {category.value}  {category.meaning}")
    for note in comparison.notes:
        output.note(note.severity, note.message, note.message_zh)


def _title(comparison: Comparison) -> str:
    dates = f"{comparison.old_date or '?'} → {comparison.new_date or '?'}"
    years = "" if comparison.years is None else f" ({comparison.years:.2f} years)"
    return f"{comparison.reader}: {dates}{years}"
