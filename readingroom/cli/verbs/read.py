"""``readingroom read READER STUDY… --out DIR``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from readingroom import readers
from readingroom.cli.flags import add_flags, values
from readingroom.cli.output import Output
from readingroom.cli.parser import Parser, add_common
from readingroom.errors import RefusedInput


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb; each reader brings its own flags."""
    choices = parser.add_subparsers(
        dest="reader", metavar="READER", required=True, parser_class=Parser
    )
    for name in readers.names():
        sub = choices.add_parser(name)
        sub.add_argument("study", nargs="+", metavar="STUDY", help="DICOM folder or image file")
        sub.add_argument("--out", required=True, type=Path, metavar="DIR", help="reading folder")
        add_common(sub, defaults=False)
        if name in argv:
            add_flags(sub, readers.options_type(name), language)


def run(args: argparse.Namespace, output: Output) -> int:
    """Read one study into ``--out``, or each of several into a folder inside it."""
    from readingroom import folder
    from readingroom.cli.show import as_data, show
    from readingroom.worker.jobs import Jobs

    jobs = Jobs()
    results = []
    for study, place in _places(args.study, args.out):
        fields = {"reader": args.reader, "study": study, "out": place, "options": values(args)}
        with output.progress(place.name) as progress:
            jobs.run("read", fields, progress)
        reading = folder.load(place)
        show(reading, place, output)
        results.append(as_data(reading, place))
    output.data(readings=results)
    return 0


def _places(studies: Sequence[str], out: Path) -> list[tuple[str, Path]]:
    """Pair each study with the folder of its reading."""
    if len(studies) == 1:
        return [(studies[0], out)]
    names = [Path(study).resolve().name for study in studies]
    if len(set(names)) < len(names):
        raise RefusedInput(
            "STUDY_NAMES_EQUAL",
            "Two of the studies have the same name, so that their readings would collide.",
            "Read them one by one, or list them with case names for 'readingroom batch'.",
        )
    return [(study, out / name) for study, name in zip(studies, names, strict=True)]
