"""``readingroom remeasure DIR --masks FILE``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from readingroom.cli.output import Output


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="reading folder")
    parser.add_argument(
        "--masks", required=True, type=Path, metavar="FILE", help="corrected masks (.seg.nrrd)"
    )
    parser.add_argument("--study", metavar="PATH", help="where the study is now, if it moved")
    parser.add_argument("--reviewer", metavar="NAME", help="who corrected the masks")


def run(args: argparse.Namespace, output: Output) -> int:
    """Save the next revision; the earlier one is kept under ``revisions/``."""
    from readingroom import folder
    from readingroom.cli.show import as_data, show
    from readingroom.worker.jobs import Jobs

    fields = {
        "folder": args.folder,
        "masks": args.masks,
        "study": args.study,
        "reviewer": args.reviewer,
    }
    with output.progress(args.folder.name) as progress:
        Jobs().run("remeasure", fields, progress)
    reading = folder.load(args.folder)
    show(reading, args.folder, output)
    output.data(reading=as_data(reading, args.folder))
    return 0
