"""From measured nodules to the whole reading: growth, categories, probabilities, totals.

Pure arithmetic on findings, done anew after every correction: one nodule's category depends
on the others, and Brock's probability on their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from readingroom.errors import RefusedInput
from readingroom.readers.lungnodule import fleischner as fl
from readingroom.readers.lungnodule.absent import Absent
from readingroom.readers.lungnodule.advice import NoduleSummary, advise
from readingroom.readers.lungnodule.anatomy import LOBES
from readingroom.readers.lungnodule.calcification import BENIGN_PATTERNS
from readingroom.readers.lungnodule.lungrads import (
    Decision,
    LungRads,
    NoduleFacts,
    Status,
    categorise,
    lung_rads,
)
from readingroom.readers.lungnodule.priorgrowth import growth_numbers, growth_of, growth_words
from readingroom.readers.lungnodule.probabilities import (
    NO_MODEL,
    Person,
    is_spiculated,
    malignancy_by_network,
    malignancy_of,
    probabilities,
    value_of,
)
from readingroom.readers.lungnodule.scan import Scan
from readingroom.reading import Category, Finding, Measurement
from readingroom.terminology import concept

_DAYS_A_MONTH = 30.4375
#: Shortest over longest axis of an oval or lentiform nodule. Lung-RADS names the shapes and
#: no number; a rounder nodule keeps the category of its size, which is the higher one.
_OVAL = 0.8
#: What judging adds to a finding: taken off before it is judged again.
_ATTRIBUTES = ("status", "growth_text", "growth_text_zh", "lung_rads", "lung_rads_rule")
_MEASURED = (
    "volume_doubling_time",
    "volume_change",
    "diameter_change",
    "brock_probability",
    "mayo_probability",
    "malignancy_probability",
    "malignancy_probability_network",
)
_EVIDENCE = ("lung_rads", "malignancy", "malignancy_by_network", "absent")
PROBABILITIES = ("malignancy_probability", "brock_probability", "mayo_probability")


@dataclass(frozen=True)
class Judged:
    """Findings with their categories, and what they amount to together."""

    findings: list[Finding]
    measurements: dict[str, Measurement]
    categories: dict[str, Category]


def judge(findings: Sequence[Finding], scan: Scan) -> Judged:
    """Judge the nodules; rejected ones count nowhere and are not judged.

    Parameters
    ----------
    findings : sequence of Finding
        Measured and described.
    """
    person = Person.of(scan)
    plain = [_without_judgement(f) for f in findings]
    count = sum(f.state != "rejected" for f in plain)
    judged = [f if f.state == "rejected" else _judged(f, person, count) for f in plain]
    standing = [f for f in judged if f.state != "rejected"]
    return Judged(judged, _totals(standing), _categories(standing, person))


def _without_judgement(finding: Finding) -> Finding:
    return finding.model_copy(
        update={
            "attributes": {k: v for k, v in finding.attributes.items() if k not in _ATTRIBUTES},
            "measurements": {k: v for k, v in finding.measurements.items() if k not in _MEASURED},
            "evidence": {k: v for k, v in finding.evidence.items() if k not in _EVIDENCE},
        }
    )


def _judged(finding: Finding, person: Person, count: int) -> Finding:
    """Return a standing finding with growth, Lung-RADS category and probabilities."""
    status, grown = growth_of(finding)
    facts = _facts(finding, status)
    decision = _decision(facts)
    measured, absent = probabilities(finding, person, count)
    said = growth_words(status, grown) | _category_words(decision)
    evidence: dict[str, Any] = {"absent": absent} if absent else {}
    if decision is not None:
        row = {"row": decision.row, "rule_zh": decision.rule_zh}
        evidence["lung_rads"] = {**row, "facts": asdict(facts)}
    assessed = malignancy_of(finding)
    if assessed is None:
        evidence.setdefault("absent", {})["malignancy"] = dict(NO_MODEL)
    else:
        measured["malignancy_probability"], evidence["malignancy"] = assessed
    second = malignancy_by_network(finding)
    if second is not None:
        measured["malignancy_probability_network"], evidence["malignancy_by_network"] = second
    return finding.model_copy(
        update={
            "attributes": finding.attributes | said,
            "measurements": finding.measurements | growth_numbers(grown) | measured,
            "evidence": finding.evidence | evidence,
        }
    )


def _is_flat(finding: Finding) -> bool:
    """Say whether a nodule is oval or flatter; a ball at the pleura is no lymph node for sure."""
    ratio = finding.attributes.get("axis_ratio")
    return ratio is not None and float(ratio) <= _OVAL


def _facts(finding: Finding, status: Status) -> NoduleFacts:
    """Return what Lung-RADS asks about a nodule, from what was measured and described."""
    said, prior = finding.attributes, finding.evidence.get("prior") or {}
    smooth = (said.get("margin"), said.get("lobulation"), said.get("spiculation")) == (
        "sharp",
        "none",
        "none",
    )
    touching = said.get("attachment") in ("pleural", "fissural")
    days = prior.get("days")
    return NoduleFacts(
        type=str(said.get("type")),
        mean_diameter_mm=value_of(finding, "mean_diameter") or 0.0,
        solid_mean_diameter_mm=value_of(finding, "solid_mean_diameter"),
        location="juxtapleural" if touching else "parenchymal",
        status=status,
        prior_category=prior.get("lung_rads"),
        months_since_prior=None if days is None else float(days) / _DAYS_A_MONTH,
        benign_calcification=said.get("calcification") in BENIGN_PATTERNS,
        fat=bool(said.get("fat")),
        smooth=smooth,
        shape="oval" if smooth and _is_flat(finding) else None,
        suspicious=("spiculation",) if is_spiculated(finding) else (),
    )


def _decision(facts: NoduleFacts) -> Decision | None:
    try:
        return categorise(facts)
    except RefusedInput:  # a part-solid nodule whose solid part cannot be measured
        return None


def _category_words(decision: Decision | None) -> dict[str, str]:
    if decision is None:
        return {}
    return {"lung_rads": decision.category, "lung_rads_rule": decision.rule}


def _categories(standing: Sequence[Finding], person: Person) -> dict[str, Category]:
    wanted = person.scan.options.guideline
    found = {}
    if wanted != "fleischner":
        found["lung_rads"] = _lung_rads(standing)
    if wanted != "lung_rads":
        found["fleischner"] = _fleischner_category(_fleischner(standing, person))
    found["patient_risk"] = _patient_risk(standing, person)
    return found


def _rads(standing: Sequence[Finding]) -> LungRads:
    return lung_rads([NoduleFacts(**_restored(f)) for f in _categorised(standing)])


def _categorised(standing: Sequence[Finding]) -> list[Finding]:
    return [f for f in standing if "lung_rads" in f.evidence]


def _patient_risk(standing: Sequence[Finding], person: Person) -> Category:
    """Return the risk of the patient as a whole, with the advice in both languages."""
    wanted = person.scan.options.guideline
    advice = advise(
        [_summary(f) for f in _categorised(standing)],
        lung_rads=_rads(standing) if wanted != "fleischner" else None,
        fleischner=_fleischner(standing, person) if wanted != "lung_rads" else None,
    )
    return Category(value=advice.level, meaning=advice.text, meaning_zh=advice.text_zh)


def _summary(finding: Finding) -> NoduleSummary:
    said = finding.attributes
    place = concept(str(said["lobe"])) if said.get("lobe") else None
    clinical = [value_of(finding, name) for name in ("brock_probability", "mayo_probability")]
    return NoduleSummary(
        finding.id,
        str(said.get("type")),
        value_of(finding, "mean_diameter") or 0.0,
        place.english.lower() if place else "",
        place.chinese if place else "",
        max((p for p in clinical if p is not None), default=None),
        value_of(finding, "malignancy_probability"),
        str(said.get("growth_text", "")),
        str(said.get("growth_text_zh", "")),
        _benign(finding),
    )


def _benign(finding: Finding) -> bool:
    said = finding.attributes
    return said.get("calcification") in BENIGN_PATTERNS or bool(said.get("fat"))


def _lung_rads(standing: Sequence[Finding]) -> Category:
    result = _rads(standing)
    record = result.record()
    chance, chance_zh = "", ""
    if result.malignancy:
        chance = f" Probability of malignancy {result.malignancy}."
        chance_zh = f"恶性概率 {result.malignancy}。"
    said = {
        "meaning": f"{_sentence(record.meaning)} {_sentence(result.management)}{chance}",
        "meaning_zh": f"{result.meaning_zh}。{_sentence_zh(result.management_zh)}{chance_zh}",
    }
    return record.model_copy(update=said)


def _restored(finding: Finding) -> dict[str, Any]:
    facts = dict(finding.evidence["lung_rads"]["facts"])
    return facts | {"suspicious": tuple(facts["suspicious"])}


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."


def _sentence_zh(text: str) -> str:
    return text if text.endswith("。") else f"{text}。"


def _fleischner(standing: Sequence[Finding], person: Person) -> fl.Recommendation | Absent:
    options = person.scan.options
    patient = fl.Patient(
        person.age,
        person.high_risk,
        bool(options.cancer_history),
        bool(options.immunosuppressed),
        bool(options.screening),
    )
    nodules = [
        fl.Nodule(
            str(f.attributes.get("type")),
            value_of(f, "mean_diameter") or 0.0,
            value_of(f, "solid_mean_diameter"),
            benign=_benign(f),
        )
        for f in standing
    ]
    return fl.fleischner(nodules, patient)


def _fleischner_category(result: fl.Recommendation | Absent) -> Category:
    if isinstance(result, Absent):
        return Category(
            value="not applicable",
            meaning=_sentence(result.reason),
            meaning_zh=_sentence_zh(result.reason_zh),
            source=fl.SOURCE,
        )
    said = {"meaning": _sentence(result.text), "meaning_zh": _sentence_zh(result.text_zh)}
    return result.record().model_copy(update=said)


def _totals(standing: Sequence[Finding]) -> dict[str, Measurement]:
    """Return number, largest mean diameter and volume of the nodules, also by lobe."""
    found = _sums(standing, "")
    for lobe in LOBES:
        inside = [f for f in standing if f.attributes.get("lobe") == lobe]
        found |= _sums(inside, f"_{lobe.lower()}")
    for name in PROBABILITIES:
        known = [f.measurements[name] for f in standing if name in f.measurements]
        if known:
            found[name] = max(known, key=lambda m: float(m.value or 0.0))
    return found


def _sums(group: Sequence[Finding], ending: str) -> dict[str, Measurement]:
    diameters = [value_of(f, "mean_diameter") or 0.0 for f in group]
    volume = sum(value_of(f, "volume") or 0.0 for f in group)
    return {
        f"nodule_count{ending}": Measurement(value=len(group), unit="1", method="not rejected"),
        f"largest_mean_diameter{ending}": Measurement(
            value=max(diameters, default=None), unit="mm", method="mean of long and short axis"
        ),
        f"nodule_volume{ending}": Measurement(
            value=round(volume, 2), unit="mm3", method="sum over nodules"
        ),
    }
