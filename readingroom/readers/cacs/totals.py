"""From measured findings to the numbers of the whole reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from readingroom.readers.cacs.lesion import CORONARY
from readingroom.reading import Finding, Measurement

Counting = Literal["3d", "orcascore"]
VolumeMethod = Literal["voxels", "isotropic"]

#: Prefix of every measurement made on an image with contrast agent.
CONTRAST_PREFIX = "contrast_derived_"

#: Beside the coronary total, never inside it.
_BESIDE = {
    "ascending_aorta": ("ASCENDING_AORTA",),
    "aortic_arch": ("ARCH",),
    "descending_aorta": ("DESCENDING_AORTA",),
    "aorta": ("ASCENDING_AORTA", "ARCH", "DESCENDING_AORTA"),
    "aortic_valve": ("AORTIC_VALVE",),
    "mitral_valve": ("MITRAL_VALVE",),
}
_SUMMED = ("volume", "volume_isotropic", "mass")


def totals(
    findings: Iterable[Finding],
    *,
    counting: Counting = "3d",
    volume_method: VolumeMethod = "voxels",
    contrast_derived: bool = False,
) -> dict[str, Measurement]:
    """Sum measured lesions over vessels, the coronary tree, the aorta and the valves.

    Rejected findings count nowhere; pericardium, metal, bone and noise are in no total.

    Parameters
    ----------
    findings : iterable of Finding
        Lesions measured by `measure_lesion`.
    counting : {'3d', 'orcascore'}
        With ``'orcascore'`` the left main counts as LAD, as in that challenge.
    volume_method : {'voxels', 'isotropic'}
        Which volume is repeated as ``volume_score``.
    contrast_derived : bool
        Read and write the ``contrast_derived_`` names.

    Returns
    -------
    dict of str to Measurement
        ``agatston_score``, ``agatston_score_kvp_adapted`` (where measured), ``volume``,
        ``volume_isotropic``, ``volume_score``, ``mass`` of the coronary arteries, each also
        per vessel (``agatston_score_lad``); ``number_of_lesions``, ``number_of_vessels``,
        ``diffuseness`` (None for a zero score); ``mean_density``, ``peak_density``;
        ``aorta_agatston_score``, ``aortic_valve_agatston_score``, … beside.
        Contrast-derived: the same with the prefix, ``calcium_score`` for ``agatston_score``.
    """
    prefix = CONTRAST_PREFIX if contrast_derived else ""
    score = prefix + ("calcium_score" if contrast_derived else "agatston_score")
    counted = [f for f in findings if f.type == "lesion" and f.state != "rejected"]
    names = [score, "agatston_score_kvp_adapted", *(prefix + name for name in _SUMMED)]
    if contrast_derived or not _any_has(counted, "agatston_score_kvp_adapted"):
        names.remove("agatston_score_kvp_adapted")
    vessels = _by_vessel(counted, counting)
    coronary = [f for group in vessels.values() for f in group]
    result = {name: _sum(coronary, name) for name in names}
    chosen = "volume" if volume_method == "voxels" else "volume_isotropic"
    result[prefix + "volume_score"] = result[prefix + chosen]
    for vessel, group in vessels.items():
        result |= {f"{name}_{vessel.lower()}": _sum(group, name) for name in names}
    result |= _pattern(vessels, score, prefix)
    result |= _density(coronary, prefix)
    return result | _beside(counted, score, prefix)


def _by_vessel(findings: Sequence[Finding], counting: Counting) -> dict[str, list[Finding]]:
    vessels: dict[str, list[Finding]] = {name: [] for name in CORONARY}
    for finding in findings:
        if finding.label in vessels:
            vessels[finding.label].append(finding)
    if counting == "orcascore":
        vessels["LAD"] = vessels.pop("LM") + vessels["LAD"]
    return vessels


def _any_has(findings: Iterable[Finding], name: str) -> bool:
    return any(name in finding.measurements for finding in findings)


def _value(finding: Finding, name: str) -> float:
    measurement = finding.measurements.get(name)
    return 0.0 if measurement is None or measurement.value is None else float(measurement.value)


def _sum(findings: Sequence[Finding], name: str) -> Measurement:
    unit = "mg" if name.endswith("mass") else "mm3" if "volume" in name else "1"
    method = next((f.measurements[name].method for f in findings if name in f.measurements), "")
    return Measurement(value=sum(_value(f, name) for f in findings), unit=unit, method=method)


def _pattern(vessels: dict[str, list[Finding]], score: str, prefix: str) -> dict[str, Measurement]:
    """Return counts and diffuseness; a lesion too small to score is no lesion here."""
    per_vessel = {v: sum(_value(f, score) for f in group) for v, group in vessels.items()}
    lesions = sum(_value(f, score) > 0 for group in vessels.values() for f in group)
    total = sum(per_vessel.values())
    diffuseness = 1.0 - max(per_vessel.values()) / total if total > 0 else None
    involved = sum(value > 0 for value in per_vessel.values())
    return {
        prefix + "number_of_lesions": Measurement(value=lesions, unit="1", method="score > 0"),
        prefix + "number_of_vessels": Measurement(
            value=involved, unit="1", method=f"of {', '.join(vessels)}, score > 0"
        ),
        prefix + "diffuseness": Measurement(
            value=diffuseness, unit="1", method="1 - score of the largest vessel / total"
        ),
    }


def _density(coronary: Sequence[Finding], prefix: str) -> dict[str, Measurement]:
    """Volume-weighted mean and the peak over all coronary lesions."""
    volume = sum(_value(f, prefix + "volume") for f in coronary)
    mean = peak = None
    if volume > 0:
        weighted = (
            _value(f, prefix + "mean_density") * _value(f, prefix + "volume") for f in coronary
        )
        mean = sum(weighted) / volume
        peak = max(_value(f, prefix + "peak_density") for f in coronary)
    return {
        prefix + "mean_density": Measurement(value=mean, unit="HU", method="weighted by volume"),
        prefix + "peak_density": Measurement(value=peak, unit="HU", method="over all lesions"),
    }


def _beside(findings: Sequence[Finding], score: str, prefix: str) -> dict[str, Measurement]:
    short = score.removeprefix(prefix)
    result = {}
    for structure, labels in _BESIDE.items():
        group = [f for f in findings if f.label in labels]
        result[f"{prefix}{structure}_{short}"] = _sum(group, score)
        result[f"{prefix}{structure}_volume"] = _sum(group, prefix + "volume")
    return result
