"""``readingroom demo --out DIR``."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from readingroom.cli.output import Output, number

if TYPE_CHECKING:
    from readingroom.demo.run import DemoResult


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb."""
    parser.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR")
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache"), metavar="DIR", help="where downloads are kept"
    )
    parser.add_argument(
        "--no-browser",
        action="store_true",
        help="结束时不打开工作台" if language == "zh" else "end without opening the workbench",
    )


def run(args: argparse.Namespace, output: Output) -> int:
    """Fetch the scan, read it and the teaching cases, write the reports, open the workbench."""
    from readingroom.demo.data import fetch
    from readingroom.demo.run import run_demo

    started = time.perf_counter()
    output.say("Getting LIDC-IDRI-0001 …", "正在获取 LIDC-IDRI-0001 …")
    data = fetch(args.cache)
    results = []
    with output.progress("demo") as progress:
        for result in run_demo(args.out, data, progress):
            results.append(result)
            output.say(f"  {result.case}: {result.seconds:.1f} s")
    _show(results, args.out, time.perf_counter() - started, output)
    output.data(results=[result.as_dict() for result in results], out=str(args.out))
    films = args.out / "cases" / "guidewire"
    if films.is_dir():
        hint = f"readingroom live {shlex.quote(str(films))}"
        output.say(
            f"  the fluoroscopy on the live page:  {hint}", f"  在实时页面上查看透视：{hint}"
        )
    # Without a person at a terminal nobody would end the workbench.
    watched = _at_a_terminal() and not args.no_browser and not output.json
    return _look(args.out, output, open_it=watched)


def _at_a_terminal() -> bool:
    return sys.stdout.isatty()


def _look(out: Path, output: Output, *, open_it: bool) -> int:
    """Open the workbench on the demonstration, or say how to."""
    if not open_it:
        hint = f"readingroom review {shlex.quote(str(out))}"
        output.say(f"  to look at them:  {hint}", f"  查看：{hint}")
        return 0
    from readingroom.cli.verbs.review import open_workbench, require_packages

    require_packages()
    from readingroom.workbench.serve import Plan

    return open_workbench(Plan((out,), language=output.language), output, browser=True)


def _show(results: Sequence[DemoResult], out: Path, seconds: float, output: Output) -> None:
    columns = ["reader", "case", "measurement", "reference", "read", "categories", "seconds"]
    rows = [
        [
            result.reader,
            result.case,
            name,
            number(reference),
            number(read),
            ", ".join(f"{name} {value}" for name, value in result.categories.items()),
            f"{result.seconds:.1f}",
        ]
        for result in results
        for name, (reference, read) in result.scores.items()
    ]
    output.table(output.text("Results", "结果"), columns, rows)
    output.say(f"  {seconds:.0f} s in all", f"  共 {seconds:.0f} 秒")
    output.say(
        f"  readings: {out}/<reader>/<case>/  (masks.seg.nrrd opens in 3D Slicer)",
        f"  判读结果：{out}/<reader>/<case>/（masks.seg.nrrd 可在 3D Slicer 中打开）",
    )
    output.say(
        f"  reports:  {out}/<reader>/<case>/report/",
        f"  报告：{out}/<reader>/<case>/report/",
    )
    output.say(
        "  For research; not a medical device. A physician decides.",
        "  仅供研究，非医疗器械；由医生作出决定。",
    )
