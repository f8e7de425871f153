"""Fleischner Society 2017: management of pulmonary nodules found by chance on CT.

MacMahon et al., Radiology 2017;284:228. The table was compared with two independent
restatements (a public radiology encyclopaedia and a radiology practice's page), which
agree. Diameters are means of long and short axis rounded to the whole millimetre, as the
guideline asks: 6-8 mm includes both ends. It does not apply below 35 years, to patients
with known cancer or immunosuppression, nor to screening.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from readingroom.readers.lungnodule.absent import Absent
from readingroom.readers.lungnodule.measure import fleischner_diameter
from readingroom.reading import Category

__all__ = ["ROWS", "SOURCE", "Nodule", "Patient", "Recommendation", "fleischner"]

SOURCE = "Fleischner Society 2017 (MacMahon et al., Radiology 2017;284:228)"


@dataclass(frozen=True)
class Nodule:
    """What the guideline asks about one nodule.

    Parameters
    ----------
    type : {'solid', 'part_solid', 'ground_glass', 'calcified'}
    mean_diameter_mm, solid_mean_diameter_mm : float
        Not rounded; 0 for the second where there is no solid part.
    benign : bool
        Benign calcification or fat: such nodules are left out.
    """

    type: str
    mean_diameter_mm: float
    solid_mean_diameter_mm: float | None = None
    benign: bool = False

    @property
    def diameter(self) -> int:
        """Mean diameter to the whole mm."""
        return fleischner_diameter(self.mean_diameter_mm)

    @property
    def subsolid(self) -> bool:
        """Whether there is ground glass."""
        return self.type in ("part_solid", "ground_glass")


@dataclass(frozen=True)
class Patient:
    """What the guideline asks about a patient; None where it is not known.

    Parameters
    ----------
    high_risk : bool or None
        Smoking, exposure, family history, emphysema, fibrosis, upper-lobe location,
        spiculation: judged by a physician (category of more than 5 % probability).
    """

    age_years: float | None = None
    high_risk: bool | None = None
    known_cancer: bool = False
    immunosuppressed: bool = False
    screening: bool = False


@dataclass(frozen=True)
class Row:
    """One cell of the table; urgency 0 is no follow-up, larger is sooner."""

    urgency: int
    text: str
    text_zh: str


_NONE = Row(0, "no routine follow-up", "无需常规随访")
_OPTIONAL = Row(1, "optional CT at 12 months", "可选择 12 个月后复查 CT")
_SUSPICIOUS = Row(
    6,
    "CT at 3 months, PET/CT or tissue sampling, depending on size, morphology and risk",
    "依据大小、形态与风险，3 个月后复查 CT，或 PET/CT，或组织活检",
)
_MULTIPLE_LOW = Row(
    4,
    "CT at 3 to 6 months, then consider CT at 18 to 24 months",
    "3–6 个月后复查 CT，然后考虑 18–24 个月时复查",
)
_MULTIPLE_HIGH = Row(
    4, "CT at 3 to 6 months, then at 18 to 24 months", "3–6 个月后复查 CT，然后 18–24 个月时复查"
)

#: (kind, size, risk) to recommendation; risk '' where the guideline makes no difference.
ROWS: dict[tuple[str, str, str], Row] = {
    ("single_solid", "<6", "low"): _NONE,
    ("single_solid", "<6", "high"): _OPTIONAL,
    ("single_solid", "6-8", "low"): Row(
        2,
        "CT at 6 to 12 months, then consider CT at 18 to 24 months",
        "6–12 个月后复查 CT，然后考虑 18–24 个月时复查",
    ),
    ("single_solid", "6-8", "high"): Row(
        3,
        "CT at 6 to 12 months, then at 18 to 24 months",
        "6–12 个月后复查 CT，然后 18–24 个月时复查",
    ),
    ("single_solid", ">8", "low"): _SUSPICIOUS,
    ("single_solid", ">8", "high"): _SUSPICIOUS,
    ("multiple_solid", "<6", "low"): _NONE,
    ("multiple_solid", "<6", "high"): _OPTIONAL,
    ("multiple_solid", "6-8", "low"): _MULTIPLE_LOW,
    ("multiple_solid", "6-8", "high"): _MULTIPLE_HIGH,
    ("multiple_solid", ">8", "low"): _MULTIPLE_LOW,
    ("multiple_solid", ">8", "high"): _MULTIPLE_HIGH,
    ("single_ground_glass", "<6", ""): _NONE,
    ("single_ground_glass", ">=6", ""): Row(
        2,
        "CT at 6 to 12 months to confirm persistence, then every 2 years until 5 years",
        "6–12 个月后复查 CT 以确认持续存在，此后每 2 年一次至 5 年",
    ),
    ("single_part_solid", "<6", ""): _NONE,
    ("single_part_solid", ">=6, solid part <6", ""): Row(
        4,
        "CT at 3 to 6 months to confirm persistence; if unchanged and the solid part stays "
        "below 6 mm, CT every year for 5 years",
        "3–6 个月后复查 CT 以确认持续存在；若无变化且实性成分 < 6 mm，每年复查 CT 共 5 年",
    ),
    ("single_part_solid", ">=6, solid part >=6", ""): Row(
        5,
        "CT at 3 to 6 months to confirm persistence; a persistent solid part of 6 mm or more "
        "is highly suspicious: PET/CT, biopsy or resection",
        "3–6 个月后复查 CT 以确认持续存在；实性成分持续 ≥ 6 mm 高度可疑：PET/CT、活检或切除",
    ),
    ("multiple_subsolid", "<6", ""): Row(
        4,
        "CT at 3 to 6 months; if stable consider CT at 2 and 4 years",
        "3–6 个月后复查 CT；若稳定，考虑 2 年及 4 年时复查",
    ),
    ("multiple_subsolid", ">=6", ""): Row(
        5,
        "CT at 3 to 6 months; then by the most suspicious nodule",
        "3–6 个月后复查 CT；此后依最可疑结节处理",
    ),
}


@dataclass(frozen=True)
class Recommendation:
    """What the guideline recommends, why, and from what.

    Attributes
    ----------
    row : tuple of str
        Kind, size and risk: the key of `ROWS`; risk ``'unknown'`` where both are told.
    """

    row: tuple[str, str, str]
    text: str
    text_zh: str
    inputs: dict[str, Any]

    def record(self) -> Category:
        """Return it as a reading's category."""
        kind, size, risk = self.row
        value = f"{kind.replace('_', ' ')} {size} mm" + (f", {risk} risk" if risk else "")
        return Category(value=value, meaning=self.text, source=SOURCE)


def fleischner(nodules: Sequence[Nodule], patient: Patient) -> Recommendation | Absent:
    """Return the recommendation for a patient's nodules.

    With several nodules the most urgent row that applies decides (the guideline: "the most
    suspicious nodule"). Where the patient's risk is not known and matters, both
    recommendations are given.

    Returns
    -------
    Recommendation or Absent
        Absent where the guideline does not apply, or there is no nodule that it is about.
    """
    reason = _why_not(nodules, patient)
    if reason is not None:
        return reason
    considered = [nodule for nodule in nodules if not nodule.benign]
    risk = {None: "unknown", True: "high", False: "low"}[patient.high_risk]
    candidates = _kinds(considered)
    kind, size = max(candidates, key=lambda key: _urgency(*key))
    text, text_zh, told = _told(kind, size, risk)
    inputs = {"nodules": [asdict(n) for n in nodules], "patient": asdict(patient)}
    return Recommendation((kind, size, told), text, text_zh, inputs)


def _why_not(nodules: Sequence[Nodule], patient: Patient) -> Absent | None:
    if patient.screening:
        return Absent("screening: Lung-RADS applies", "筛查：适用 Lung-RADS")
    if patient.age_years is None:
        return Absent("the patient's age is not known", "患者年龄未知")
    if patient.age_years < 35:
        return Absent("the guideline begins at 35 years", "该指南适用于 35 岁及以上")
    if patient.known_cancer:
        return Absent("known cancer: the guideline does not apply", "已知恶性肿瘤：该指南不适用")
    if patient.immunosuppressed:
        return Absent("immunosuppression: the guideline does not apply", "免疫抑制：该指南不适用")
    if all(nodule.benign for nodule in nodules):
        return Absent("no nodule that needs a recommendation", "无需给出建议的结节")
    return None


def _kinds(nodules: Sequence[Nodule]) -> list[tuple[str, str]]:
    """Return kind and size of every row that applies."""
    solid = [n for n in nodules if not n.subsolid]
    subsolid = [n for n in nodules if n.subsolid]
    found = []
    if solid:
        largest = max(n.diameter for n in solid)
        size = "<6" if largest < 6 else "6-8" if largest <= 8 else ">8"
        found.append(("single_solid" if len(nodules) == 1 else "multiple_solid", size))
    if len(subsolid) > 1:
        size = "<6" if max(n.diameter for n in subsolid) < 6 else ">=6"
        found.append(("multiple_subsolid", size))
    elif subsolid:
        found.append(_single_subsolid(subsolid[0]))
    return found


def _single_subsolid(nodule: Nodule) -> tuple[str, str]:
    if nodule.diameter < 6:
        return f"single_{nodule.type}", "<6"
    if nodule.type == "ground_glass":
        return "single_ground_glass", ">=6"
    small = fleischner_diameter(nodule.solid_mean_diameter_mm or 0.0) < 6
    return "single_part_solid", f">=6, solid part {'<6' if small else '>=6'}"


def _urgency(kind: str, size: str) -> int:
    rows = [row for (k, s, _), row in ROWS.items() if (k, s) == (kind, size)]
    return max(row.urgency for row in rows)


def _told(kind: str, size: str, risk: str) -> tuple[str, str, str]:
    """Return both texts and the risk that they are for."""
    plain = ROWS.get((kind, size, ""))
    if plain is not None:
        return plain.text, plain.text_zh, ""
    low, high = ROWS[kind, size, "low"], ROWS[kind, size, "high"]
    if risk == "unknown" and low != high:
        text = f"low risk: {low.text}; high risk: {high.text}"
        return text, f"低危：{low.text_zh}；高危：{high.text_zh}", "unknown"
    chosen = low if risk == "low" else high
    return chosen.text, chosen.text_zh, risk
