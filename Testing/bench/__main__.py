"""``python -m Testing.bench``: run every ``bench_*.py`` and write ``Docs/benchmarks.md``.

A benchmark is a module with ``run() -> list[dict]``; a row has ``name``, ``value``, ``unit``
and, where something simple does the same, ``peer`` (what it is) and ``ratio`` (how many times
faster or better than it). A module that lacks what it needs raises `Skip` with the reason.
"""

from __future__ import annotations

import datetime
import importlib
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from Testing.bench.skip import Skip

_HERE = Path(__file__).parent
PAGE = _HERE.parents[1] / "Docs" / "benchmarks.md"
_PACKAGES = ("readingroom", "numpy", "torch", "onnxruntime", "SimpleITK", "pydicom")


def benchmarks(names: Sequence[str] = ()) -> list[str]:
    """Return the benchmarks there are, or those of them that are named."""
    found = sorted(path.stem for path in _HERE.glob("bench_*.py"))
    return [name for name in found if not names or name.removeprefix("bench_") in names]


def page(sections: Iterable[tuple[str, Sequence[dict[str, Any]], str]]) -> str:
    """Return the Markdown page for ``(title, rows, reason it was skipped)``."""
    lines = ["# Benchmarks", "", "Written by `make bench`.", "", machine()]
    for title, rows, skipped in sections:
        lines += ["", f"## {title}", ""]
        lines += [f"Not run: {skipped}"] if skipped else _table(rows)
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    head = ["| what | value | unit | beside | ratio |", "|---|--:|---|---|--:|"]
    return head + [
        f"| {row['name']} | {_number(row['value'])} | {row['unit']} "
        f"| {row.get('peer', '')} | {_number(row.get('ratio'))} |"
        for row in rows
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def machine() -> str:
    """Return one line on when and where: date, processor, memory, versions."""
    import psutil

    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return (
        f"{today}, {_processor()}, {os.cpu_count()} threads, {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}, {versions}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")


def _run(name: str) -> tuple[str, list[dict[str, Any]], str]:
    module = importlib.import_module(f"Testing.bench.{name}")
    title = (module.__doc__ or name).strip().splitlines()[0].rstrip(".")
    print(f"{title} …", flush=True)
    try:
        rows = module.run()
    except Skip as reason:
        print(f"  not run: {reason}")
        return title, [], str(reason)
    for row in rows:
        print(f"  {row['name']}: {_number(row['value'])} {row['unit']}", flush=True)
    return title, rows, ""


def main(names: Sequence[str]) -> int:
    """Run the benchmarks; the page is only written when all of them were asked for."""
    sections = [_run(name) for name in benchmarks(names)]
    if not names:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(sections), encoding="utf-8")
        print(f"written: {PAGE.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
