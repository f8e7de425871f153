"""Evaluate a reader on a data set: metrics, figures and a page that people can read.

A reader's module ``readingroom.readers.<name>.evaluate`` has::

    evaluate(dataset: str, directory: Path, progress: Progress) -> dict

which returns ``{"dataset": str, "cases": [row, …], "pairs": {name: pair, …}}``: a row per
case for ``cases.csv``, and pairs as in `readingroom.evaluation.pairs`.
"""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readingroom import __version__, readers
from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.evaluation.metric import Metric
from readingroom.evaluation.pairs import Pair, parse_pairs
from readingroom.reader import Progress


@dataclass(frozen=True)
class EvaluationReport:
    """What an evaluation found.

    Attributes
    ----------
    metrics : dict of str to dict of str to Metric
        By pair, then by metric.
    cases : list of dict
        One row per case, as the reader gave them.
    directory : Path
        Holds ``metrics.json``, ``cases.csv``, ``README.md`` and ``figures/``.
    """

    reader: str
    dataset: str
    metrics: dict[str, dict[str, Metric]]
    cases: list[dict[str, Any]]
    directory: Path

    def as_dict(self) -> dict[str, Any]:
        """Return what ``metrics.json`` holds."""
        metrics = {
            pair: {name: metric.as_dict() for name, metric in group.items()}
            for pair, group in self.metrics.items()
        }
        return {
            "reader": self.reader,
            "dataset": self.dataset,
            "package_version": __version__,
            "cases": len(self.cases),
            "metrics": metrics,
        }


def evaluate(
    reader: str, dataset: str | Path, out: str | Path, progress: Progress | None = None
) -> EvaluationReport:
    """Read a data set with a reader and compare with the truth.

    Parameters
    ----------
    reader : str
        Name of the reader.
    dataset : str or Path
        What the reader's evaluation understands: a folder, or a name.
    out : path
        Folder for the results, made if need be.

    Raises
    ------
    RefusedInput
        If there is no such reader, or it cannot be evaluated.
    ReadingRoomError
        If the reader's results do not fit together.
    Cancelled
        If `progress` was cancelled.
    """
    module = _module(reader)
    directory = Path(out)
    directory.mkdir(parents=True, exist_ok=True)
    progress = progress or Progress()
    results = module.evaluate(str(dataset), directory, progress.part(0.0, 0.95))
    report = summarise(reader, results, directory)
    progress("evaluated", 1.0)
    return report


def summarise(reader: str, results: Mapping[str, Any], directory: Path) -> EvaluationReport:
    """Turn a reader's results into metrics and figures, and write them.

    Raises
    ------
    ReadingRoomError
        ``EVALUATION_INVALID``, if the pairs do not fit together.
    """
    try:
        pairs = parse_pairs(results["pairs"])
        metrics = {name: pair.metrics() for name, pair in pairs.items()}
    except ValueError as error:  # pydantic's ValidationError is one
        raise ReadingRoomError(
            "EVALUATION_INVALID",
            f"The results of the reader '{reader}' cannot be compared with the truth: "
            f"{str(error).splitlines()[0]}.",
            "Check the data set: each case needs its truth.",
        ) from error
    report = EvaluationReport(
        reader, str(results["dataset"]), metrics, list(results["cases"]), directory
    )
    names = _write_figures(pairs, directory / "figures")
    _write_cases(report.cases, directory / "cases.csv")
    text = json.dumps(report.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    (directory / "metrics.json").write_text(text + "\n", encoding="utf-8")
    (directory / "README.md").write_text(page(report, names), encoding="utf-8")
    return report


def page(report: EvaluationReport, figures: Sequence[str]) -> str:
    """Return the Markdown page: a table per pair, and the figures."""
    lines = [
        f"# {report.reader} on {report.dataset}",
        "",
        f"{len(report.cases)} cases, ReadingRoom {__version__}. Intervals are 95 %.",
    ]
    for pair, metrics in report.metrics.items():
        lines += ["", f"## {pair}", "", "| metric | value |", "|---|---|"]
        lines += [f"| {name} | {metric} |" for name, metric in metrics.items()]
        lines += [f"\n![{name}](figures/{name})" for name in figures if name.startswith(f"{pair}.")]
    return "\n".join(lines) + "\n"


def _module(reader: str) -> Any:
    if reader not in readers.names():
        raise RefusedInput(
            "READER_UNKNOWN",
            f"There is no reader called '{reader}'.",
            f"Readers: {', '.join(readers.names())}.",
        )
    name = f"readingroom.readers.{reader}.evaluate"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise RefusedInput(
            "EVALUATION_MISSING",
            f"The reader '{reader}' cannot be evaluated yet.",
            f"Readers: {', '.join(readers.names())}.",
        ) from None


def _write_figures(pairs: Mapping[str, Pair], folder: Path) -> list[str]:
    folder.mkdir(exist_ok=True)
    names = []
    for pair_name, pair in pairs.items():
        for kind, png in pair.figures(pair_name).items():
            names.append(f"{pair_name}.{kind}.png")
            (folder / names[-1]).write_bytes(png)
    return names


def _write_cases(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
