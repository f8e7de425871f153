"""Ten-year coronary risk with and without the calcium score (MESA 2015).

McClelland et al., J Am Coll Cardiol 2015;66:1643: ``risk = 1 - S0^exp(sum of beta x)``.
The coefficients agree with two further public sources: the data set ``mesa_coef`` and
``mesa_cac_coef`` of the R package CVrisk (abstracted from table 2 of the paper), and its
test vector (man, 70, Hispanic, score 0: 3.06 %).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from readingroom.readers.cacs.guideline import Absent
from readingroom.readers.cacs.options import CacsOptions
from readingroom.reading import Measurement
from readingroom.study import Patient

_SOURCE = "MESA 2015, McClelland et al., J Am Coll Cardiol 2015;66:1643"

#: Baseline survival and coefficients; women and White people are the reference.
_WITH_CAC = (
    0.99833,
    {
        "age": 0.0172,
        "male": 0.4079,
        "chinese": -0.3475,
        "black": 0.0353,
        "hispanic": -0.0222,
        "diabetes": 0.3892,
        "smoker": 0.3717,
        "total_cholesterol": 0.0043,
        "hdl": -0.0114,
        "lipid_medication": 0.1206,
        "systolic_bp": 0.0066,
        "bp_medication": 0.2278,
        "family_history": 0.3239,
        "log_score": 0.2743,
    },
)
_WITHOUT_CAC = (
    0.99963,
    {
        "age": 0.0455,
        "male": 0.7496,
        "chinese": -0.5055,
        "black": -0.2111,
        "hispanic": -0.19,
        "diabetes": 0.5168,
        "smoker": 0.4732,
        "total_cholesterol": 0.0053,
        "hdl": -0.0140,
        "lipid_medication": 0.2473,
        "systolic_bp": 0.0085,
        "bp_medication": 0.3381,
        "family_history": 0.4522,
        "log_score": 0.0,
    },
)

#: The cohort's age range, years.
_AGES = (45.0, 84.0)

_NAMES_ZH = {
    "age": "年龄",
    "sex": "性别",
    "ethnicity": "族裔",
    "diabetes": "糖尿病",
    "smoker": "吸烟",
    "total_cholesterol": "总胆固醇",
    "hdl": "高密度脂蛋白胆固醇",
    "lipid_medication": "降脂药",
    "systolic_bp": "收缩压",
    "bp_medication": "降压药",
    "family_history": "家族史",
}


@dataclass(frozen=True)
class RiskFactors:
    """What the equation asks about a patient; None where it is not known.

    Parameters
    ----------
    age : float or None
        Years.
    sex : {'male', 'female'} or None
    ethnicity : {'white', 'chinese', 'black', 'hispanic'} or None
        As the cohort recorded it.
    diabetes, smoker, lipid_medication, bp_medication : bool or None
    family_history : bool or None
        Heart attack in a parent, sibling or child.
    total_cholesterol, hdl : float or None
        mg/dL.
    systolic_bp : float or None
        mmHg.
    """

    age: float | None = None
    sex: str | None = None
    ethnicity: str | None = None
    diabetes: bool | None = None
    smoker: bool | None = None
    total_cholesterol: float | None = None
    hdl: float | None = None
    lipid_medication: bool | None = None
    systolic_bp: float | None = None
    bp_medication: bool | None = None
    family_history: bool | None = None

    @classmethod
    def known(cls, options: CacsOptions, patient: Patient) -> RiskFactors:
        """Return what the options say, with age and sex from the images where they do not."""
        facts = {name: getattr(options, name) for name in _NAMES_ZH}
        if facts["age"] is None:
            facts["age"] = patient.age_years
        if facts["sex"] is None:
            facts["sex"] = {"M": "male", "F": "female"}.get(patient.sex.upper())
        return cls(**facts)

    def missing(self) -> list[str]:
        """Return the names of what is not known."""
        return [name for name in _NAMES_ZH if getattr(self, name) is None]


def mesa_risk(factors: RiskFactors, score: float | None) -> Measurement | Absent:
    """Return the ten-year risk of coronary heart disease, %.

    Parameters
    ----------
    factors : RiskFactors
        Every one is needed.
    score : float or None
        Coronary Agatston score; None for the model without it.

    Returns
    -------
    Measurement or Absent
        Absent, saying what is missing, where a factor is not known or the age is outside
        the cohort's 45-84 years.
    """
    reason = _why_not(factors)
    if reason is not None:
        return reason
    survival, beta = _WITHOUT_CAC if score is None else _WITH_CAC
    inputs = _inputs(factors, score or 0.0)
    exponent = sum(beta[name] * value for name, value in inputs.items())
    model = "without calcium score" if score is None else "with calcium score"
    return Measurement(
        value=100.0 * (1.0 - survival ** math.exp(exponent)),
        unit="%",
        method=f"{_SOURCE}; {model}",
    )


def _why_not(factors: RiskFactors) -> Absent | None:
    missing = factors.missing()
    if missing:
        names = ", ".join(name.replace("_", " ") for name in missing)
        names_zh = "、".join(_NAMES_ZH[name] for name in missing)
        return Absent(f"not known: {names}", f"缺少：{names_zh}")
    if factors.age is not None and not _AGES[0] <= factors.age <= _AGES[1]:
        return Absent("the equation holds for 45 to 84 years", "该公式仅适用于 45–84 岁")
    if factors.ethnicity not in ("white", "chinese", "black", "hispanic"):
        return Absent("the equation does not cover this ethnicity", "该公式未覆盖此族裔")
    return None


def _inputs(factors: RiskFactors, score: float) -> dict[str, float]:
    plain = (
        "age",
        "diabetes",
        "smoker",
        "total_cholesterol",
        "hdl",
        "lipid_medication",
        "systolic_bp",
        "bp_medication",
        "family_history",
    )
    inputs = {name: float(getattr(factors, name)) for name in plain}
    inputs["male"] = float(factors.sex == "male")
    for group in ("chinese", "black", "hispanic"):
        inputs[group] = float(factors.ethnicity == group)
    inputs["log_score"] = math.log1p(max(score, 0.0))
    return inputs
