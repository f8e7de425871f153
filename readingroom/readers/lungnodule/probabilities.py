"""How probable malignancy is: what is asked of patient and nodule, and the models' answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

from readingroom.errors import RefusedInput
from readingroom.readers.lungnodule import risk
from readingroom.readers.lungnodule.absent import Absent
from readingroom.readers.lungnodule.scan import Scan
from readingroom.reading import Finding, Measurement

_UPPER = ("RIGHT_UPPER_LOBE", "LEFT_UPPER_LOBE")
#: Where a finding keeps what the network of characteristics saw.
BY_NETWORK = "characteristics_by_network"
NO_MODEL = {
    "en": "the model 'lungnodule-malignancy' is not installed",
    "zh": "未安装模型 lungnodule-malignancy",
}


@dataclass(frozen=True)
class Person:
    """What is known of the patient: the options where set, else the images."""

    age: float | None
    female: bool | None
    scan: Scan

    @classmethod
    def of(cls, scan: Scan) -> Person:
        """Return what is known of the patient of `scan`."""
        options, patient = scan.options, scan.patient
        age = patient.age_years if options.age is None else options.age
        sex = options.sex or {"M": "male", "F": "female"}.get(patient.sex.upper())
        return cls(age, None if sex is None else sex == "female", scan)

    @property
    def ever_smoker(self) -> bool | None:
        """Whether the patient smokes or smoked; None where it is not known."""
        smoking = self.scan.options.smoking
        return None if smoking is None else smoking != "never"

    @property
    def high_risk(self) -> bool | None:
        """Fleischner's risk: any factor makes it high; low only if none is unknown."""
        options = self.scan.options
        factors = (self.ever_smoker, options.family_history, options.emphysema)
        if any(factors):
            return True
        return None if None in factors else False


def value_of(finding: Finding, name: str) -> float | None:
    """Return the value of a measurement; None where it was not made."""
    measured = finding.measurements.get(name)
    return None if measured is None or measured.value is None else float(measured.value)


def is_spiculated(finding: Finding) -> bool:
    """Say whether spicules count for the categories and models."""
    return finding.attributes.get("spiculation") == "marked"


def probabilities(
    finding: Finding, person: Person, count: int
) -> tuple[dict[str, Measurement], dict[str, dict[str, str]]]:
    """Return the published risk models' values, and why those that are absent are so."""
    options, said = person.scan.options, finding.attributes
    shared: dict[str, Any] = {
        "age": person.age,
        "diameter_mm": value_of(finding, "long_axis_diameter"),
        "spiculated": is_spiculated(finding),
        "upper_lobe": said.get("lobe") in _UPPER if said.get("lobe") else None,
    }
    results = {
        "brock": risk.brock(
            risk.BrockFacts(
                female=person.female,
                family_history=options.family_history,
                emphysema=options.emphysema,
                type=str(said.get("type")),
                nodule_count=count,
                **shared,
            )
        ),
        "mayo": risk.mayo(
            risk.MayoFacts(
                ever_smoker=person.ever_smoker, cancer_history=options.cancer_history, **shared
            )
        ),
    }
    found, absent = {}, {}
    for name, result in results.items():
        if isinstance(result, Absent):
            absent[name] = {"en": result.reason, "zh": result.reason_zh}
        else:
            found[f"{name}_probability"] = result
    return found, absent


def malignancy_of(finding: Finding) -> tuple[Measurement, dict[str, Any]] | None:
    """Return the probability by the model on described characteristics, with its reasons."""
    return _assessed(finding, finding.attributes.get("characteristics"), "image", {})


def malignancy_by_network(finding: Finding) -> tuple[Measurement, dict[str, Any]] | None:
    """Return the probability from the characteristics that the network estimated.

    The network ran when the machine read; after a correction its estimate stays, and only
    the diameter is that of the corrected nodule. None for a nodule that a person added.
    """
    seen = finding.evidence.get(BY_NETWORK) or {}
    return _assessed(finding, seen.get("ratings"), "network", seen.get("errors") or {})


def _assessed(
    finding: Finding, rated: Any, basis: Literal["image", "network"], errors: Mapping[str, float]
) -> tuple[Measurement, dict[str, Any]] | None:
    diameter = value_of(finding, "mean_diameter")
    model = _model()
    if not rated or not diameter or model is None:
        return None
    found = model.assess(rated, diameter, basis=basis, errors=errors)
    measured = Measurement(value=round(found.probability, 4), unit="1", method=found.basis)
    return measured, {
        "low": round(found.low, 4),
        "high": round(found.high, 4),
        "reasons": [asdict(reason) for reason in found.reasons],
        "basis_zh": found.basis_zh,
    }


@lru_cache(maxsize=1)
def _model() -> Any:
    """Return the model on described characteristics; None where its card is not installed."""
    from readingroom.readers.lungnodule import malignancy

    try:
        return malignancy.load()
    except RefusedInput:
        return None
