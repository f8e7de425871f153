"""``readingroom report DIR --formats seg,sr,pdf,csv,fhir,stl,nnunet``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from readingroom.cli.output import Output


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="reading folder")
    parser.add_argument(
        "--formats", required=True, metavar="LIST", help="comma-separated, for example pdf,seg,sr"
    )
    parser.add_argument("--study", metavar="PATH", help="where the study is now, if it moved")


def run(args: argparse.Namespace, output: Output) -> int:
    """Write the reports into ``DIR/report``."""
    from readingroom.worker.jobs import Jobs

    formats = [name.strip() for name in args.formats.split(",") if name.strip()]
    fields = {
        "folder": args.folder,
        "formats": formats,
        "study": args.study,
        "language": args.language,
    }
    with output.progress(args.folder.name) as progress:
        result = Jobs().run("report", fields, progress)
    for file in result["files"]:
        output.say(f"  {file}")
    for note in result["notes"]:
        output.note(note["severity"], note["message"], note["message_zh"])
    output.data(**result)
    return 0
