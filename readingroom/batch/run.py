"""Read the cases of a manifest with one warm worker."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from readingroom import folder
from readingroom.batch.manifest import Case
from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.reading import Reading

SUMMARY = "summary.csv"
Status = Literal["read", "present", "refused", "fault"]
RunJob = Callable[..., dict[str, Any]]


@dataclass
class Outcome:
    """What became of one case.

    Attributes
    ----------
    status : {'read', 'present', 'refused', 'fault'}
        ``present``: an earlier run of the batch had read it.
    values : dict
        Measurements and categories of the reading.
    """

    case: str
    status: Status
    folder: str = ""
    code: str = ""
    what_happened: str = ""
    seconds: float | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Return one row of the summary table."""
        facts = {k: v for k, v in vars(self).items() if k != "values"}
        return facts | self.values


def run_batch(
    cases: Sequence[Case],
    reader: str,
    out: Path,
    run_job: RunJob,
    options: dict[str, Any] | None = None,
    on_case: Callable[[int, Outcome], None] | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> list[Outcome]:
    """Read every case into ``out/<case>`` and keep ``out/summary.csv`` up to date.

    Parameters
    ----------
    run_job : callable
        `WorkerClient.run` or the like; a worker that dies fails its own case only.
    options : dict, optional
        Options for all cases; those of a case come on top.
    on_case : callable, optional
        Called with the 0-based number and the outcome of each finished case.
    progress : callable, optional
        Receives stage and fraction (0…1 of the whole batch).

    Raises
    ------
    Cancelled
        If the host asked to stop; what was read stays and is skipped the next time.
    OSError
        If the summary cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    for number, case in enumerate(cases):
        part = _part(progress, case.name, number, len(cases))
        outcome = _present(case, reader, out) or _read(case, reader, out, run_job, options, part)
        outcomes.append(outcome)
        write_summary(out / SUMMARY, outcomes)
        if on_case is not None:
            on_case(number, outcome)
    return outcomes


def write_summary(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write one row per case; the old table stays until the new one is complete."""
    rows = [outcome.row() for outcome in outcomes]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    temporary = path.with_suffix(".partial")
    with temporary.open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(temporary, path)  # noqa: PTH105 - the same call on every system


def _present(case: Case, reader: str, out: Path) -> Outcome | None:
    place = out / case.name
    if not (place / "reading.json").is_file():
        return None
    reading = folder.load(place)
    if reading.reader != reader:
        return None
    return Outcome(case.name, "present", str(place), values=_values(reading))


def _read(
    case: Case,
    reader: str,
    out: Path,
    run_job: RunJob,
    options: dict[str, Any] | None,
    progress: Callable[[str, float], None] | None,
) -> Outcome:
    place = out / case.name
    fields = {"reader": reader, "study": case.study, "out": str(place)}
    try:
        done = run_job("read", progress, **fields, options={**(options or {}), **case.options})
    except Cancelled:
        raise
    except ReadingRoomError as error:
        status: Status = "refused" if isinstance(error, RefusedInput) else "fault"
        return Outcome(case.name, status, code=error.code, what_happened=error.what_happened)
    values = _values(folder.load(place))
    return Outcome(case.name, "read", str(place), seconds=done.get("seconds"), values=values)


def _values(reading: Reading) -> dict[str, Any]:
    numbers = {name: m.value for name, m in reading.measurements.items()}
    return numbers | {name: c.value for name, c in reading.categories.items()}


def _part(
    progress: Callable[[str, float], None] | None, name: str, number: int, total: int
) -> Callable[[str, float], None] | None:
    if progress is None:
        return None
    return lambda stage, fraction: progress(f"{name}: {stage}", (number + fraction) / total)
