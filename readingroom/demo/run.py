"""Read the demonstration scan and the teaching cases with every reader there is."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readingroom import folder, imaging, readers
from readingroom.demo.data import DemoData
from readingroom.errors import RefusedInput
from readingroom.reader import Progress
from readingroom.reading import Reading
from readingroom.worker.jobs import Jobs

FORMATS = ("seg", "sr", "pdf", "csv", "fhir", "stl")
_CINE_FORMATS = ("seg", "sr", "pdf", "csv", "fhir", "centerlines", "video")
SEED = 1
_MARKER = "demo.json"
_REAL = "LIDC-IDRI-0001"
#: What is known of the real scan, for the readers that read it: medians of the four LIDC
#: readers' contours. Long and short axis averaged 28.6 to 29.3 mm; the volume is that of a
#: sphere of 22.7 to 24.7 mm, the "24 mm" that this nodule is often given.
_KNOWN: dict[str, dict[str, Any]] = {
    "cacs": {},
    "lungnodule": {"largest_mean_diameter": 29.1, "largest_equivalent_diameter": 23.7},
}
#: Begins the name of a measurement of the finding that has most of it.
_LARGEST = "largest_"


@dataclass(frozen=True)
class DemoCase:
    """A study to read; `truth` holds known measurements by name, empty for the real scan."""

    name: str
    study: Path
    truth: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DemoResult:
    """What was read: one row of the table.

    Attributes
    ----------
    scores : dict of str to (float or None, float or None)
        Measurement name to reference and read value.
    seconds : float
        Reading, without the reports.
    """

    reader: str
    case: str
    folder: Path
    scores: dict[str, tuple[float | None, float | None]]
    categories: dict[str, str]
    seconds: float
    reports: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {**vars(self), "folder": str(self.folder)}


def run_demo(
    out: Path, data: DemoData, progress: Callable[[str, float], None]
) -> Iterator[DemoResult]:
    """Read and report one case after another.

    Parameters
    ----------
    out : Path
        Gets ``<reader>/<case>/`` and ``cases/``; an earlier demonstration there is
        replaced, anything else is left alone.
    progress : callable
        Receives stage and fraction (0…1) of the case under way.

    Raises
    ------
    RefusedInput
        ``OUTPUT_EXISTS`` if `out` holds something that is not a demonstration.
    """
    clear(out)
    jobs = Jobs()
    results = []
    for reader in readers.names():
        progress(f"making teaching cases for {reader}", 0.0)
        for case in cases(reader, out / "cases" / reader, data):
            result = _do(jobs, reader, case, out / reader / case.name, progress)
            results.append(result.as_dict())
            yield result
    (out / _MARKER).write_text(json.dumps(results, indent=1), encoding="utf-8")


def clear(out: Path) -> None:
    """Make `out` an empty demonstration folder; raises as `run_demo` does."""
    if out.is_dir() and any(out.iterdir()):
        if not (out / _MARKER).is_file():
            raise RefusedInput(
                "OUTPUT_EXISTS",
                f"The folder '{out.name}' exists and holds no demonstration.",
                "Choose another folder with --out.",
            )
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARKER).write_text("[]", encoding="utf-8")


def cases(reader: str, out: Path, data: DemoData) -> list[DemoCase]:
    """Return what a reader is shown: the real scan if it is for this reader, teaching cases.

    Teaching cases are made, and written to `out`, where the reader's simulation has them.
    """
    real = [DemoCase(_REAL, data.dicom, _KNOWN[reader])] if reader in _KNOWN else []
    simulation = importlib.import_module(f"readingroom.readers.{reader}.simulate")
    if not hasattr(simulation, "teaching_cases"):
        return real
    background = imaging.load(data.dicom)
    teaching = simulation.teaching_cases(background, data.organ_labels, out, SEED)
    made = [
        DemoCase(Path(case.path).name.split(".")[0], case.path, case.truth) for case in teaching
    ]
    return [*real, *made]


def scores(reading: Reading, truth: dict[str, Any]) -> dict[str, tuple[float | None, float | None]]:
    """Pair the known measurements with the read ones; without truth, the reading's first.

    ``largest_x`` is the reading's own measurement of that name or else the largest ``x`` of
    a finding that stands.
    """
    read = {name: measured.value for name, measured in reading.measurements.items()}
    names = [name for name, value in truth.items() if isinstance(value, (int, float))]
    for name in names:
        largest = _largest(reading, name.removeprefix(_LARGEST))
        if name not in read and name.startswith(_LARGEST) and largest is not None:
            read[name] = largest
    shown = [name for name in names if name in read] or list(reading.measurements)[:1]
    return {name: (truth.get(name), read[name]) for name in shown}


def _largest(reading: Reading, name: str) -> float | None:
    standing = (f for f in reading.findings if f.state != "rejected" and name in f.measurements)
    values = (f.measurements[name].value for f in standing)
    return max((float(v) for v in values if v is not None), default=None)


def _do(
    jobs: Jobs,
    reader: str,
    case: DemoCase,
    place: Path,
    progress: Callable[[str, float], None],
) -> DemoResult:
    told = Progress(lambda stage, fraction: progress(f"{case.name}: {stage}", fraction))
    read = {"reader": reader, "study": str(case.study), "out": str(place)}
    done = jobs.run("read", read, told.part(0.0, 0.8))
    formats = _CINE_FORMATS if imaging.load(case.study).cines else FORMATS
    report = {"folder": str(place), "formats": list(formats)}
    written = jobs.run("report", report, told.part(0.8, 1.0))
    reading = folder.load(place)
    return DemoResult(
        reader=reader,
        case=case.name,
        folder=place,
        scores=scores(reading, case.truth),
        categories={name: c.value for name, c in reading.categories.items()},
        seconds=done["seconds"],
        reports=written["files"],
    )
