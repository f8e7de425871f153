"""``readingroom batch MANIFEST --reader R --out DIR``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from readingroom import readers
from readingroom.cli.flags import add_flags, values
from readingroom.cli.output import Output

#: Exit code when every case was tried and some could not be read.
SOME_FAILED = 1


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb; the options of the reader apply to every case."""
    parser.add_argument("manifest", type=Path, metavar="MANIFEST", help="CSV or JSON list")
    parser.add_argument("--reader", required=True, choices=readers.names(), metavar="READER")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of readings")
    named = next((name for name in readers.names() if _asked_for(name, argv)), None)
    if named is not None:
        add_flags(parser, readers.options_type(named), language)


def _asked_for(name: str, argv: Sequence[str]) -> bool:
    return name in argv or f"--reader={name}" in argv


def run(args: argparse.Namespace, output: Output) -> int:
    """Read all cases; run it again to go on where it stopped."""
    from readingroom.batch.manifest import load_manifest
    from readingroom.batch.run import SUMMARY, run_batch
    from readingroom.worker import WorkerClient

    cases = load_manifest(args.manifest)
    readers.parse_options(args.reader, values(args))
    with WorkerClient() as worker, output.progress(args.reader) as progress:
        outcomes = run_batch(
            cases, args.reader, args.out, worker.run, values(args), progress=progress
        )
    rows = [[o.case, o.status, o.code, o.what_happened] for o in outcomes]
    output.table(args.manifest.name, ["case", "status", "code", "what happened"], rows)
    output.say(f"  summary: {args.out / SUMMARY}")
    output.data(cases=[o.row() for o in outcomes], summary=str(args.out / SUMMARY))
    return 0 if all(o.status in ("read", "present") for o in outcomes) else SOME_FAILED
