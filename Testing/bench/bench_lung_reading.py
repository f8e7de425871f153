"""A whole lung nodule reading of 512 × 512 × 300 in a warm process: seconds per stage, memory."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from readingroom import folder
from readingroom.imaging import load
from readingroom.reader import Progress
from readingroom.readers.lungnodule.options import LungNoduleOptions
from readingroom.readers.lungnodule.reader import LungNoduleReader
from Testing.bench.bench_cacs_reading import interpolated_series

#: What the reading is meant to take on two cores, s.
_GOALS = {"anatomy": 10.0, "detection": 30.0, "whole": 60.0, "a nodule": 5.0}


def run() -> list[dict[str, Any]]:
    """Read the public scan, interpolated to 300 slices; twice, where there is time for it."""
    with tempfile.TemporaryDirectory() as place:
        series = interpolated_series(Path(place) / "series")
        reader = LungNoduleReader()
        _read(reader, series, Path(place) / "cold")
        whole, stages, found, others = _read(reader, series, Path(place) / "warm")
    rows = [_row("whole reading 512x512x300, warm, with saving", whole, _GOALS["whole"])]
    rows += [_row(f"stage {name}", s, _GOALS.get(name)) for name, s in stages.items()]
    if found:
        rows.append(_row(f"a nodule (of {found})", stages["nodules"] / found, _GOALS["a nodule"]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    rows.append({"name": "lungnodule peak memory of the process", "value": peak, "unit": "MiB"})
    rows.append(
        {"name": "cores' time that other programs took meanwhile", "value": others, "unit": "%"}
    )
    return rows


def _row(name: str, seconds: float, goal: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": f"lungnodule {name}", "value": seconds, "unit": "s"}
    if goal is not None:
        row |= {"peer": f"goal {goal:g} s", "ratio": goal / seconds if seconds else None}
    return row


def _read(
    reader: LungNoduleReader, series: Path, out: Path
) -> tuple[float, dict[str, float], int, float]:
    """Return seconds, seconds per stage, how many nodules, and the others' share in %."""
    own, all_of = _used()
    started = time.monotonic()
    reading = reader.read(load(series), LungNoduleOptions(), Progress())
    folder.save(reading, out)
    seconds = time.monotonic() - started
    mine, busy = (after - before for after, before in zip(_used(), (own, all_of), strict=True))
    others = 100 * max(busy - mine, 0.0) / (seconds * (psutil.cpu_count() or 1))
    return seconds, reading.provenance.seconds, len(reading.findings), others


def _used() -> tuple[float, float]:
    """Return the processor time of this process and its children, and of all, s."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    times = [process.cpu_times() for process in processes]
    every = psutil.cpu_times()
    idle = every.idle + getattr(every, "iowait", 0.0)
    return sum(t.user + t.system for t in times), sum(every) - idle - _counted_twice(every)


def _counted_twice(every: Any) -> float:
    """Return guests' time, which Linux counts as user time too."""
    return float(getattr(every, "guest", 0.0) + getattr(every, "guest_nice", 0.0))
