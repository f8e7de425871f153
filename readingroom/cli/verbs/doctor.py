"""``readingroom doctor``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from readingroom.cli.output import Output


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Add nothing: the verb takes only what all verbs take."""


def run(args: argparse.Namespace, output: Output) -> int:
    """Print what was found; the exit code is 0 if the readers can work."""
    from readingroom.doctor import core_works, examine

    checks = examine()
    works = core_works(checks)
    rows = [[c.area, c.name, c.state, c.detail, c.how_to_get] for c in checks]
    output.table("doctor", ["area", "name", "state", "detail", "how to get it"], rows)
    verdict = {
        True: ("The readers can work on this machine.", "判读器可在本机运行。"),
        False: ("The readers cannot work yet; see above.", "判读器尚不能运行，见上表。"),
    }
    output.say(*verdict[works])
    output.data(works=works, checks=[c.as_dict() for c in checks])
    return 0 if works else 1
