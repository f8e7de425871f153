"""The CSV log of a training run."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from types import TracebackType

_COLUMNS = ("step", "loss", "learning_rate", "gradient_norm", "seconds")


class TrainingLog:
    """Writes ``log.csv`` (a row a step) and ``validation.csv`` (step, metric, value).

    Parameters
    ----------
    directory : Path
        Where the two files lie.
    step : int
        Rows of later steps are dropped: after a crash the log may be ahead of the
        checkpoint that the run resumes from.
    """

    def __init__(self, directory: Path, step: int) -> None:
        self._steps = _open(directory / "log.csv", _COLUMNS, step)
        self._metrics = _open(directory / "validation.csv", ("step", "metric", "value"), step)

    def step(self, step: int, *values: float) -> None:
        """Add a row: the step, then loss, learning rate, gradient norm and seconds."""
        csv.writer(self._steps).writerow([step, *(f"{value:.6g}" for value in values)])

    def validation(self, step: int, metrics: dict[str, float]) -> None:
        """Add the validation metrics of `step`."""
        rows = ([step, name, f"{value:.6g}"] for name, value in metrics.items())
        csv.writer(self._metrics).writerows(rows)

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._steps.close()
        self._metrics.close()


def _open(path: Path, columns: tuple[str, ...], last_step: int) -> io.TextIOWrapper:
    rows = _rows_until(path, last_step)
    # buffering=1: a row is on disk as soon as it is written, for whoever watches the run.
    stream = path.open("w", newline="", encoding="utf-8", buffering=1)
    csv.writer(stream).writerows([columns, *rows])
    return stream


def _rows_until(path: Path, last_step: int) -> list[list[str]]:
    if last_step == 0 or not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[1:]
    return [row for row in rows if row and row[0].isdigit() and int(row[0]) <= last_step]
