"""Published classes of a calcium score: strata, CAC-DRS, percentiles, arterial age.

The numbers themselves are in `guideline_tables`. Functions return None, never a guess,
where the table says nothing; `percentile` functions give a band between published
columns, never an exact percentile. Chinese meanings: `meaning_zh`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

from readingroom.readers.cacs.guideline_tables import (
    HOFF,
    HOFF_AGES,
    KVP_CUTOFFS,
    MESA_AGES,
    MESA_PERCENTILES,
    PERCENTILE_COLUMNS,
    Cutoffs,
    Percentiles,
)
from readingroom.reading import Category

Sex = Literal["male", "female"]
Ethnicity = Literal["white", "chinese", "black", "hispanic"]

_STRATA_SOURCE = "Agatston strata 0/100/400 (Greenland et al., J Am Coll Cardiol 2007;49:378)"
_CLASSIC_SOURCE = "Rumberger et al., Mayo Clin Proc 1999;74:243"
_DRS_SOURCE = "CAC-DRS, Hecht et al., J Cardiovasc Comput Tomogr 2018;12:185"
_HOFF_SOURCE = "Hoff et al., Am J Cardiol 2001;87:1335"
_MESA_SOURCE = (
    "McClelland et al., Circulation 2006;113:30 (table from one secondary source, not yet "
    "checked against the paper)"
)
_AGE_SOURCE = "McClelland et al., Am J Cardiol 2009;103:59"

_STRATA = (
    ("0", "no calcium detected", "未检出钙化"),
    ("1-99", "mild calcium", "轻度钙化"),
    ("100-399", "moderate calcium", "中度钙化"),
    (">=400", "severe calcium", "重度钙化"),
)
_CLASSIC = (
    ("0", "no identifiable plaque", "无可识别斑块"),
    ("1-10", "minimal plaque", "极少量斑块"),
    ("11-100", "mild plaque", "轻度斑块"),
    ("101-400", "moderate plaque", "中度斑块"),
    (">400", "extensive plaque", "广泛斑块"),
)
_DRS = (
    ("very low risk", "极低风险"),
    ("mildly increased risk", "风险轻度升高"),
    ("moderately increased risk", "风险中度升高"),
    ("moderately to severely increased risk", "风险中至重度升高"),
)
_DERIVED = "from the range of an ungated score, not a visual estimate"
_DERIVED_ZH = "由非门控积分范围推得，非目测结果"

_ZH: dict[str, str] = {
    **{meaning: zh for _, meaning, zh in (*_STRATA, *_CLASSIC)},
    **dict(_DRS),
    **{f"{meaning}; {_DERIVED}": f"{zh}；{_DERIVED_ZH}" for meaning, zh in _DRS},
}


@dataclass(frozen=True)
class Absent:
    """Why a category or risk could not be given, in both languages."""

    reason: str
    reason_zh: str


_NO_AGE = Absent("the patient's age is not known", "患者年龄未知")
_NO_SEX = Absent("the patient's sex is not known", "患者性别未知")


def meaning_zh(category: Category) -> str:
    """Return the Chinese meaning of a category made here; its value where there is none."""
    return _ZH.get(category.meaning) or _percentile_zh(category.meaning) or category.value


def kvp_cutoffs(kvp: float | None) -> Cutoffs | None:
    """Return the HU at which the weights 1-4 begin for a tube voltage.

    Linear between the published voltages; None where `kvp` (kV) is unknown or outside
    70-135 kV.
    """
    if kvp is None or not min(KVP_CUTOFFS) <= kvp <= max(KVP_CUTOFFS):
        return None
    voltages = sorted(KVP_CUTOFFS)
    upper = next(v for v in voltages if v >= kvp)
    if upper == kvp:
        return KVP_CUTOFFS[upper]
    lower = voltages[voltages.index(upper) - 1]
    part = (kvp - lower) / (upper - lower)
    mixed = [
        a + part * (b - a) for a, b in zip(KVP_CUTOFFS[lower], KVP_CUTOFFS[upper], strict=True)
    ]
    return mixed[0], mixed[1], mixed[2], mixed[3]


def risk_stratum(score: float) -> Category:
    """Return the stratum 0 / 1-99 / 100-399 / >=400; any score above 0 is at least 1-99."""
    value, meaning, _ = _STRATA[_index(score, (100.0, 400.0))]
    return Category(value=value, meaning=meaning, source=_STRATA_SOURCE)


def classic_stratum(score: float) -> Category:
    """Return the classic stratum 0 / 1-10 / 11-100 / 101-400 / >400 (upper limits included)."""
    index = 0 if score <= 0 else 1 + sum(score > limit for limit in (10.0, 100.0, 400.0))
    value, meaning, _ = _CLASSIC[index]
    return Category(value=value, meaning=meaning, source=_CLASSIC_SOURCE)


def cac_drs(score: float, vessels: int, gated: bool | None) -> Category:
    """Return the CAC-DRS category, e.g. ``A2/N3``.

    Parameters
    ----------
    score : float
        Coronary total.
    vessels : int
        Coronary vessels with calcium, 0-4 (LM, LAD, LCX, RCA).
    gated : bool or None
        Only a gated scan earns an ``A``; otherwise the ``V`` of the same range is given
        and its meaning says that nobody estimated it by eye.
    """
    index = _index(score, (100.0, 300.0))
    letter = "A" if gated else "V"
    number = "" if index == 0 else f"/N{vessels}"
    meaning = _DRS[index][0] if gated else f"{_DRS[index][0]}; {_DERIVED}"
    return Category(value=f"{letter}{index}{number}", meaning=meaning, source=_DRS_SOURCE)


def _index(score: float, limits: tuple[float, ...]) -> int:
    return 0 if score <= 0 else 1 + bisect_right(limits, score)


def arterial_age(score: float) -> float:
    """Return the arterial age in years: ``39.1 + 7.25 ln(score + 1)`` (McClelland 2009)."""
    return 39.1 + 7.25 * math.log1p(max(score, 0.0))


def arterial_age_method() -> str:
    """Return the ``method`` text of an arterial age."""
    return f"39.1 + 7.25 ln(score + 1); {_AGE_SOURCE}"


def hoff_percentile(score: float, age_years: float | None, sex: str | None) -> Category | Absent:
    """Return the percentile band of Hoff 2001 for age (years) and sex.

    Absent where age or sex is unknown, the age is outside the studied 30-90 years, or the
    table cannot separate the columns for this score.
    """
    if age_years is None:
        return _NO_AGE
    if sex is None or sex not in HOFF:
        return _NO_SEX
    if not 30 <= age_years <= 90:
        return Absent("the table covers 30 to 90 years", "百分位表仅覆盖 30–90 岁")
    row = HOFF[sex][bisect_right(HOFF_AGES, math.floor(age_years)) - 1]
    return Category(value=_band(score, row), meaning=_band_meaning(score, row), source=_HOFF_SOURCE)


def mesa_percentile(
    score: float, age_years: float | None, sex: str | None, ethnicity: str | None
) -> Category | Absent:
    """Return the percentile band of MESA 2006, columns interpolated linearly over age.

    Flagged in its source: the table comes from a single secondary source. Absent outside
    50-80 years or where age, sex or ethnicity is unknown.
    """
    if age_years is None:
        return _NO_AGE
    if sex is None or sex not in HOFF:
        return _NO_SEX
    if ethnicity is None or (ethnicity, sex) not in MESA_PERCENTILES:
        return Absent("ethnicity is not known or not in the table", "族裔未知或不在表中")
    if not MESA_AGES[0] <= age_years <= MESA_AGES[-1]:
        return Absent("the table covers 50 to 80 years", "百分位表仅覆盖 50–80 岁")
    row = _at_age(MESA_PERCENTILES[ethnicity, sex], age_years)
    return Category(value=_band(score, row), meaning=_band_meaning(score, row), source=_MESA_SOURCE)


def _at_age(rows: tuple[Percentiles, ...], age: float) -> tuple[float, ...]:
    index = min(bisect_right(MESA_AGES, age) - 1, len(MESA_AGES) - 2)
    part = (age - MESA_AGES[index]) / (MESA_AGES[index + 1] - MESA_AGES[index])
    return tuple(a + part * (b - a) for a, b in zip(rows[index], rows[index + 1], strict=True))


def _band(score: float, row: tuple[float, ...]) -> str:
    """Return the tightest band that the columns allow, e.g. ``75-90``.

    Several columns may hold the same score (often 0): the band then spans all of them.
    """
    below = [p for p, limit in zip(PERCENTILE_COLUMNS, row, strict=True) if limit < score]
    above = [p for p, limit in zip(PERCENTILE_COLUMNS, row, strict=True) if limit > score]
    equal = [p for p, limit in zip(PERCENTILE_COLUMNS, row, strict=True) if limit == score]
    if score > 0 and len(equal) == 1:
        return str(equal[0])
    low, high = (below[-1] if below else None), (above[0] if above else None)
    if high is None:
        return f">{low}" if low is not None else ">=25"
    return f"<{high}" if low is None else f"{low}-{high}"


def _band_meaning(score: float, row: tuple[float, ...]) -> str:
    band = _band(score, row)
    if band.startswith("<"):
        return f"below the {band[1:]}th percentile for age and sex"
    if band.startswith(">"):
        return f"above the {band.lstrip('>=')}th percentile for age and sex"
    if "-" in band:
        low, high = band.split("-")
        return f"between the {low}th and {high}th percentile for age and sex"
    return f"at the {band}th percentile for age and sex"


def _percentile_zh(meaning: str) -> str:
    if not meaning.endswith("percentile for age and sex"):
        return ""
    numbers = [word.removesuffix("th") for word in meaning.split() if word.endswith("th")]
    numbers = [number for number in numbers if number.isdigit()]
    words = {"below": "同年龄同性别第 {} 百分位以下", "above": "同年龄同性别第 {} 百分位以上"}
    words |= {"between": "同年龄同性别第 {}–{} 百分位之间", "at": "同年龄同性别第 {} 百分位"}
    return words[meaning.split()[0]].format(*numbers)
