"""``readingroom evaluate READER DATASET --out DIR``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from readingroom import readers
from readingroom.cli.output import Output


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb."""
    parser.add_argument("reader", choices=readers.names(), metavar="READER")
    parser.add_argument(
        "dataset", metavar="DATASET", help="a name such as simulated:120, or a folder"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")


def run(args: argparse.Namespace, output: Output) -> int:
    """Read all cases of the data set and compare them with their truth."""
    from readingroom.demo.data import fetch_organs
    from readingroom.evaluation.run import evaluate

    if not Path(args.dataset).exists():  # simulated cases are made of the public scan
        fetch_organs()
    with output.progress("evaluate") as progress:
        report = evaluate(args.reader, args.dataset, args.out, progress)
    rows = [
        [pair, name, str(metric)]
        for pair, group in report.metrics.items()
        for name, metric in group.items()
    ]
    title = f"{report.reader} on {report.dataset}, {len(report.cases)} cases"
    output.table(title, ["what", "metric", "value (95 % interval)"], rows)
    output.say(f"  {report.directory / 'README.md'}")
    output.data(**report.as_dict(), out=str(report.directory))
    return 0
