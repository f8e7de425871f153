"""Published probabilities that a nodule is cancer: Brock (PanCan) 2a and 2b, Mayo.

Brock: McWilliams et al., N Engl J Med 2013;369:910, full models without (2a) and with (2b)
spiculation; coefficients of 2a compared with a second publication of the model (a medical
algorithm collection), those of 2b with the published calculator's example. Mayo: Swensen
et al., Arch Intern Med 1997;157:849; of its constant two versions circulate (-6.8272 and
-6.8238, a difference of 0.0034 in the exponent): the paper's -6.8272 is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from readingroom.readers.lungnodule.absent import Absent
from readingroom.reading import Measurement

__all__ = ["BrockFacts", "MayoFacts", "brock", "mayo"]

_BROCK_SOURCE = "McWilliams et al., N Engl J Med 2013;369:910"
_MAYO_SOURCE = "Swensen et al., Arch Intern Med 1997;157:849"

_SIZE_OFFSET = 1.58113883

#: Coefficients of the models without and with spiculation.
_BROCK: dict[bool, dict[str, float]] = {
    False: {
        "age": 0.0321,
        "female": 0.5635,
        "family_history": 0.3013,
        "emphysema": 0.3462,
        "size": -5.6693,
        "part_solid": 0.3395,
        "ground_glass": -0.3055,
        "upper_lobe": 0.7116,
        "count": -0.0803,
        "spiculated": 0.0,
        "constant": -6.8071,
    },
    True: {
        "age": 0.0287,
        "female": 0.6011,
        "family_history": 0.2961,
        "emphysema": 0.2953,
        "size": -5.3854,
        "part_solid": 0.377,
        "ground_glass": -0.1276,
        "upper_lobe": 0.6581,
        "count": -0.0824,
        "spiculated": 0.7729,
        "constant": -6.7892,
    },
}

_MAYO = {
    "age": 0.0391,
    "ever_smoker": 0.7917,
    "cancer_history": 1.3388,
    "diameter_mm": 0.1274,
    "spiculated": 1.0407,
    "upper_lobe": 0.7838,
}
_MAYO_CONSTANT = -6.8272

_NAMES_ZH = {
    "age": "年龄",
    "female": "性别",
    "family_history": "肺癌家族史",
    "emphysema": "肺气肿",
    "diameter_mm": "直径",
    "type": "结节类型",
    "upper_lobe": "肺叶",
    "nodule_count": "结节数",
    "spiculated": "毛刺",
    "ever_smoker": "吸烟史",
    "cancer_history": "胸外恶性肿瘤史",
}


@dataclass(frozen=True)
class BrockFacts:
    """What the Brock models ask; None where it is not known.

    Parameters
    ----------
    age : float or None
        Years.
    family_history : bool or None
        Lung cancer in the family.
    emphysema : bool or None
        Seen on CT.
    diameter_mm : float or None
        Longest diameter of the nodule, mm.
    type : str or None
        'solid', 'part_solid', 'ground_glass' or 'calcified' (as solid).
    nodule_count : int or None
        Nodules in the scan, this one included.
    """

    age: float | None = None
    female: bool | None = None
    family_history: bool | None = None
    emphysema: bool | None = None
    diameter_mm: float | None = None
    type: str | None = None
    upper_lobe: bool | None = None
    nodule_count: int | None = None
    spiculated: bool | None = None


@dataclass(frozen=True)
class MayoFacts:
    """What the Mayo model asks; None where it is not known.

    Parameters
    ----------
    age : float or None
        Years.
    cancer_history : bool or None
        Cancer outside the chest more than 5 years ago.
    diameter_mm : float or None
        4 to 30 mm, as studied.
    """

    age: float | None = None
    ever_smoker: bool | None = None
    cancer_history: bool | None = None
    diameter_mm: float | None = None
    spiculated: bool | None = None
    upper_lobe: bool | None = None


def brock(facts: BrockFacts, *, with_spiculation: bool = True) -> Measurement | Absent:
    """Return the probability of cancer, 0…1, by the full Brock model 2b (or 2a without).

    Returns
    -------
    Measurement or Absent
        Absent, saying what is missing, where a fact is not known. Spiculation is not
        asked by model 2a.
    """
    reason = _missing(facts, () if with_spiculation else ("spiculated",))
    if reason is not None:
        return reason
    beta = _BROCK[with_spiculation]
    exponent = beta["constant"] + sum(
        beta[name] * value for name, value in _brock_inputs(facts).items()
    )
    model = "2b, with spiculation" if with_spiculation else "2a, without spiculation"
    return Measurement(
        value=_logistic(exponent), unit="1", method=f"Brock {model}; {_BROCK_SOURCE}"
    )


def _brock_inputs(facts: BrockFacts) -> dict[str, float]:
    age, size, count = facts.age or 0.0, facts.diameter_mm or 0.0, facts.nodule_count or 0
    return {
        "age": age - 62,
        "female": float(facts.female or False),
        "family_history": float(facts.family_history or False),
        "emphysema": float(facts.emphysema or False),
        "size": (max(size, 0.1) / 10) ** -0.5 - _SIZE_OFFSET,
        "part_solid": float(facts.type == "part_solid"),
        "ground_glass": float(facts.type == "ground_glass"),
        "upper_lobe": float(facts.upper_lobe or False),
        "count": count - 4,
        "spiculated": float(facts.spiculated or False),
    }


def mayo(facts: MayoFacts) -> Measurement | Absent:
    """Return the probability of cancer, 0…1, by the Mayo model.

    Returns
    -------
    Measurement or Absent
        Absent where a fact is not known, or the nodule is outside 4 to 30 mm.
    """
    reason = _missing(facts, ())
    if reason is not None:
        return reason
    if not 4 <= (facts.diameter_mm or 0.0) <= 30:
        return Absent("the model was made for 4 to 30 mm", "该模型仅适用于 4–30 mm")
    exponent = _MAYO_CONSTANT + sum(
        beta * float(getattr(facts, name)) for name, beta in _MAYO.items()
    )
    return Measurement(value=_logistic(exponent), unit="1", method=f"Mayo; {_MAYO_SOURCE}")


def _missing(facts: BrockFacts | MayoFacts, ignored: tuple[str, ...]) -> Absent | None:
    names = [f.name for f in fields(facts) if f.name not in ignored]
    absent = [name for name in names if getattr(facts, name) is None]
    if not absent:
        return None
    words = ", ".join(name.replace("_mm", "").replace("_", " ") for name in absent)
    return Absent(f"not known: {words}", f"缺少：{'、'.join(_NAMES_ZH[name] for name in absent)}")


def _logistic(exponent: float) -> float:
    return 1.0 / (1.0 + math.exp(-exponent))
