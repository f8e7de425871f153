"""Read simulated cases of known truth and compare lesion by lesion and score by score."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readingroom.errors import RefusedInput
from readingroom.imaging import load
from readingroom.imaging.geometry import canonical
from readingroom.reader import Progress
from readingroom.readers.cacs import guideline, simulate
from readingroom.readers.cacs.lesion import CORONARY, LABELS
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.cacs.placement import random_plaques
from readingroom.readers.cacs.reader import CacsReader
from readingroom.readers.cacs.rule import ScoringRule
from readingroom.readers.cacs.simulatedcase import SimulatedCase
from readingroom.readers.cacs.truth import Truth, truth_of
from readingroom.reading import Reading
from readingroom.study import Study

_STRATA = ("0", "1-99", "100-399", ">=400")
_SMALL_MM = 3.0


def evaluate(dataset: str, directory: Path, progress: Progress) -> dict[str, Any]:
    """Evaluate the reader.

    Parameters
    ----------
    dataset : str
        ``simulated:N`` (N cases deformed from LIDC-IDRI-0001), ``simulated:N:seed=S``, or
        ``simulated:N:seed=S:scan=FILE:points=FILE:case=NAME`` for cases made of another
        scan whose coronary arteries were drawn by hand.

    Returns
    -------
    dict
        As `readingroom.evaluation.run` wants it.
    """
    asked = parse_dataset(dataset)
    rows: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    tally = _Tally()
    reader = CacsReader()
    source = _source(asked, reader)
    for number in range(asked.cases):
        progress(f"case {number + 1}", number / asked.cases)
        rng = np.random.default_rng([asked.seed, number])
        contrast = bool(rng.random() < asked.contrast)
        case = simulate.simulate(
            rng, source, simulate.random_protocol(rng, contrast=contrast), random_plaques
        )
        try:
            rows.append(_row(number, case, reader, tally))
        except RefusedInput as refusal:
            refused.append({"case": number, "refused": refusal.code})
    rows += refused
    return {"dataset": dataset, "cases": rows, "pairs": tally.pairs(rows)}


@dataclass(frozen=True)
class _Asked:
    cases: int
    seed: int = 9000
    contrast: float = 0.2
    scan: str = ""
    points: str = ""
    case: str = ""


def parse_dataset(dataset: str) -> _Asked:
    """Read a data set's name.

    Raises
    ------
    RefusedInput
        ``DATASET_UNKNOWN``.
    """
    match = re.fullmatch(r"simulated:(\d+)((?::\w+=[^:]+)*)", dataset)
    if match is None:
        raise RefusedInput(
            "DATASET_UNKNOWN",
            f"There is no data set '{dataset}' for the calcium reader.",
            "Use 'simulated:120' or 'simulated:120:seed=7'.",
        )
    extra = dict(part.split("=", 1) for part in match[2].split(":") if part)
    known = {"seed": int, "contrast": float, "scan": str, "points": str, "case": str}
    return _Asked(int(match[1]), **{n: known[n](v) for n, v in extra.items() if n in known})


def _source(asked: _Asked, reader: CacsReader) -> Any:
    from readingroom.readers.cacs import sources

    if not asked.scan:
        folder = Path(".cache") / "LIDC-IDRI-0001-organs"
        if not (folder / "cxr.nii.gz").is_file():
            raise RefusedInput(
                "DATASET_MISSING",
                f"The scan that cases are made of is not in '{folder}'.",
                "Run 'readingroom demo' once; it fetches the scan.",
            )
        scan = load(folder / "cxr.nii.gz").volumes[0]
        return sources.labelled_source(scan, folder / "mask.nii.gz")
    scan = load(asked.scan).volumes[0]
    organs = reader.organs(scan)
    return sources.drawn_source(scan, organs, Path(asked.points), asked.case)


class _Tally:
    """Lesion by lesion results over all cases."""

    def __init__(self) -> None:
        self.found_class: list[int] = []
        self.true_class: list[int] = []
        self.seen: dict[str, list[bool]] = {"small": [], "large": []}
        self.false_coronary: list[float] = []
        self.misplaced: list[float] = []

    def add(self, case: SimulatedCase, truth: Truth, reading: Reading) -> None:
        """Match the true lesions with the findings by shared voxels."""
        labels = _found_labels(reading, case)
        for (label, lesion), diameter in zip(truth.lesions, truth.diameters_mm, strict=True):
            shared = labels[lesion.box][lesion.mask]
            number = int(np.bincount(shared).argmax()) if shared.any() else 0
            number = number or int(shared.max(initial=0))
            found = LABELS.index(reading.findings[number - 1].label) if number else None
            self.found_class.append(LABELS.index("NOISE") if found is None else found)
            self.true_class.append(LABELS.index(label))
            if label in CORONARY:
                size = "small" if diameter < _SMALL_MM else "large"
                coronary = found is not None and LABELS[found] in CORONARY
                self.seen[size].append(coronary)
        touched = [
            _touched(labels, number, case)
            for number, finding in enumerate(reading.findings, 1)
            if finding.label in CORONARY
        ]
        false = [classes for classes in touched if not classes & set(CORONARY)]
        self.false_coronary.append(float(len(false)))
        self.misplaced.append(float(sum(bool(classes) for classes in false)))

    def pairs(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the pairs for `readingroom.evaluation.pairs`."""
        read = [row for row in rows if "refused" not in row]
        plain = [row for row in read if not row["contrast"]]
        enhanced = [row for row in read if row["contrast"]]
        pairs: dict[str, Any] = {
            "lesion_class": _classes(self.found_class, self.true_class, list(LABELS), False),
            # Coronary findings without a coronary plaque; of these, on calcium elsewhere.
            "false_coronary_lesions": _values(self.false_coronary, "per case"),
            "elsewhere_called_coronary": _values(self.misplaced, "per case"),
            "refused": _values([float("refused" in row) for row in rows], "fraction"),
        }
        for size, seen in self.seen.items():
            if seen:
                pairs[f"sensitivity_{size}"] = _values([float(s) for s in seen], "fraction")
        for name, group in (("", plain), ("contrast_", enhanced)):
            if len(group) >= 3:
                pairs |= _score_pairs(name, group)
        return pairs


def _score_pairs(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    found = [row["score"] for row in rows]
    strata = [guideline.risk_stratum(v).value for v in found]
    pairs: dict[str, Any] = {}
    for against in ("truth", "noise_free"):
        true = [row[f"{against}_score"] for row in rows]
        pairs[f"{name}score_vs_{against}"] = {
            "kind": "agreement",
            "found": found,
            "truth": true,
            "unit": "1",
        }
        true_strata = [guideline.risk_stratum(v).value for v in true]
        pairs[f"{name}stratum_vs_{against}"] = _classes(
            [_STRATA.index(s) for s in strata],
            [_STRATA.index(s) for s in true_strata],
            list(_STRATA),
            True,
        )
    return pairs


def _classes(found: list[int], truth: list[int], names: list[str], ordinal: bool) -> dict[str, Any]:
    return {
        "kind": "classes",
        "found": [names[n] for n in found],
        "truth": [names[n] for n in truth],
        "classes": names,
        "ordinal": ordinal,
    }


def _values(values: list[float], unit: str) -> dict[str, Any]:
    return {"kind": "values", "values": values, "unit": unit}


def _row(number: int, case: SimulatedCase, reader: CacsReader, tally: _Tally) -> dict[str, Any]:
    contrast = case.protocol.contrast
    options = CacsOptions(contrast="contrast" if contrast else "non_contrast")
    study = Study(volumes=(simulate.as_volume(case),), source=f"simulated case {number}")
    reading = reader.read(study, options, Progress())
    rule = ScoringRule.from_options(options)
    if contrast:
        rule = rule.with_threshold(float(reading.measurements["contrast_threshold"].value or 0))
    truth = truth_of(case, rule)
    tally.add(case, truth, reading)
    name = "contrast_derived_calcium_score" if contrast else "agatston_score"
    return {
        "case": number,
        "contrast": contrast,
        "gated": case.protocol.motion_mm == 0,
        "noise_sd_hu": round(case.protocol.noise_sd_hu, 1),
        "slice_mm": case.protocol.thickness_mm,
        "true_lesions": len(truth.lesions),
        "truth_score": round(truth.score, 2),
        "noise_free_score": round(truth.noise_free_score, 2),
        "score": round(float(reading.measurements[name].value or 0.0), 2),
        "false_coronary": int(tally.false_coronary[-1]),
        "seconds": round(sum(reading.provenance.seconds.values()), 2),
    }


def _found_labels(reading: Reading, case: SimulatedCase) -> npt.NDArray[np.int32]:
    """Return the findings as a label map 1…n on the case's grid."""
    image = canonical(simulate.as_volume(case))
    canvas = np.zeros(image.array.shape, np.int32)
    masks = reading.masks
    if masks is None:
        return canvas
    for number, finding in enumerate(reading.findings, 1):
        components = masks.mask(finding.label)
        inverse = np.linalg.inv(image.ijk_to_lps)
        ijk = inverse @ np.array([*finding.position_lps_mm, 1.0])
        kji = tuple(np.rint(ijk[2::-1]).astype(int))
        low = [max(c - 40, 0) for c in kji]
        box = tuple(slice(a, c + 41) for a, c in zip(low, kji, strict=True))
        labels, _ = ndimage.label(components[box], np.ones((3, 3, 3)))
        here = labels[tuple(c - a for c, a in zip(kji, low, strict=True))]
        if here:
            canvas[box][labels == here] = number
    return canvas


def _touched(labels: npt.NDArray[np.int32], number: int, case: SimulatedCase) -> set[str]:
    """Return the classes of the true plaques that a finding touches, however faint."""
    return {case.plaques[int(n) - 1].label for n in np.unique(case.truth[labels == number]) if n}
