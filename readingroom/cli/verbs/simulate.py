"""``readingroom simulate READER --cases N --out DIR``."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from readingroom import readers
from readingroom.cli.output import Output


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb."""
    parser.add_argument("reader", choices=readers.names(), metavar="READER")
    parser.add_argument("--cases", type=int, default=10, metavar="N", help="how many (default 10)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same cases")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="scan to start from (default: the public one)"
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Write the cases with their truth."""
    from readingroom.demo.data import fetch_organs
    from readingroom.worker.output import free_place

    simulation = importlib.import_module(f"readingroom.readers.{args.reader}.simulate")
    out = free_place(args.out)
    with output.progress("simulate") as progress:
        scan = args.data or fetch_organs()
        paths = simulation.write_cases(out, args.cases, args.seed, progress, scan=scan)
    output.say(f"  {len(paths)} cases in {out}", f"  {out} 中共 {len(paths)} 例")
    output.data(cases=[str(path) for path in paths], seed=args.seed)
    return 0
