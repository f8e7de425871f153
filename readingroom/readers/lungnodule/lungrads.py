"""Lung-RADS v2022: from what is known of each nodule to category and management.

The table itself is in `lungrads_table`. Diameters are mean diameters, compared after
rounding to one decimal as the system reports them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from readingroom.errors import RefusedInput
from readingroom.readers.lungnodule.lungrads_table import (
    MALIGNANCY,
    MANAGEMENT,
    MEANING,
    ORDER,
    ROWS,
    SOURCE,
    LungRadsCategory,
)
from readingroom.readers.lungnodule.measure import lung_rads_diameter
from readingroom.reading import Category

__all__ = ["Decision", "Exam", "LungRads", "NoduleFacts", "categorise", "lung_rads"]

Location = Literal[
    "parenchymal",
    "juxtapleural",
    "airway_subsegmental",
    "airway_segmental",
    "cyst_thin",
    "cyst_thick",
    "cyst_multilocular",
]
Status = Literal["baseline", "new", "stable", "decreased", "growing", "slowly_growing", "resolved"]
CystChange = Literal["none", "cyst_growing", "wall_growing", "newly_multilocular", "denser"]

#: A follow-up up to this much early still counts as the one that was asked for, months.
_EARLY_MONTHS = {"3": 6.0 - 1.0, "4A": 3.0 - 0.5}
_JUXTAPLEURAL_SHAPES = ("oval", "lentiform", "triangular")
_UNCHANGED = ("stable", "decreased")
_PET_MM = 8.0


@dataclass(frozen=True)
class NoduleFacts:
    """What Lung-RADS asks about one nodule.

    Parameters
    ----------
    type : {'solid', 'part_solid', 'ground_glass', 'calcified'}
        Calcified counts as solid unless `benign_calcification`.
    mean_diameter_mm, solid_mean_diameter_mm : float
        The second is needed for part-solid nodules of 6 mm or more.
    location : str
        Where it lies, or which kind of cyst it is; thick: wall of 2 mm or more.
    status : str
        Against the prior scan; 'growing' is more than 1.5 mm in mean diameter within 12
        months, 'slowly_growing' less than that over several scans.
    solid_status : str, optional
        The same for the solid part of a part-solid nodule; by default it is as `status`.
    prior_category : str, optional
        Lung-RADS category of this nodule at the prior scan.
    months_since_prior : float, optional
        Since the scan that gave `prior_category`.
    smooth, shape
        Of a juxtapleural nodule: smooth margin; 'oval', 'lentiform' or 'triangular'.
    suspicious : tuple of str
        Features for 4X: 'spiculation', 'lymphadenopathy', 'metastasis',
        'ground_glass_doubled', or free text.
    """

    type: str
    mean_diameter_mm: float
    solid_mean_diameter_mm: float | None = None
    location: Location = "parenchymal"
    status: Status = "baseline"
    solid_status: Status | None = None
    cyst_change: CystChange = "none"
    prior_category: str | None = None
    months_since_prior: float | None = None
    benign_calcification: bool = False
    fat: bool = False
    proven_benign: bool = False
    smooth: bool = False
    shape: str | None = None
    suspicious: tuple[str, ...] = ()

    @property
    def diameter(self) -> float:
        """Mean diameter to one decimal, mm."""
        return lung_rads_diameter(self.mean_diameter_mm)

    @property
    def solid_diameter(self) -> float:
        """Mean diameter of the solid part to one decimal, mm.

        Raises
        ------
        RefusedInput
            ``SOLID_PART_UNKNOWN``.
        """
        if self.solid_mean_diameter_mm is None:
            raise RefusedInput(
                "SOLID_PART_UNKNOWN",
                "The solid part of a part-solid nodule has not been measured.",
                "Outline the solid part, or choose another nodule type.",
            )
        return lung_rads_diameter(self.solid_mean_diameter_mm)


@dataclass(frozen=True)
class Decision:
    """The category of one nodule and the row that decided."""

    category: LungRadsCategory
    row: str
    rule: str
    rule_zh: str
    base_row: str


@dataclass(frozen=True)
class Exam:
    """What Lung-RADS asks about the examination as a whole."""

    prior_being_located: bool = False
    not_evaluable: bool = False
    inflammatory: bool = False
    significant_other_finding: bool = False


@dataclass(frozen=True)
class LungRads:
    """The examination's category.

    Attributes
    ----------
    category : str
        ``'0'`` … ``'4X'`` without the modifier; `label` has it.
    rule, rule_zh : str
        The finding that decided.
    inputs : dict
        The facts used: the deciding nodule's, and the examination's.
    nodule_index : int or None
        Which nodule decided.
    """

    category: LungRadsCategory
    modifier_s: bool
    management: str
    management_zh: str
    row: str
    rule: str
    rule_zh: str
    inputs: dict[str, Any]
    nodule_index: int | None

    @property
    def label(self) -> str:
        """Category with modifier, e.g. ``4AS``."""
        return self.category + ("S" if self.modifier_s else "")

    @property
    def malignancy(self) -> str:
        """Published estimate of the probability of malignancy; empty for 0."""
        return MALIGNANCY.get(self.category, "")

    @property
    def meaning_zh(self) -> str:
        """What the category means, in Chinese, with what decided."""
        return f"{MEANING[self.category][1]}：{self.rule_zh}"

    def record(self) -> Category:
        """Return it as a reading's category."""
        return Category(
            value=self.label, meaning=f"{MEANING[self.category][0]}: {self.rule}", source=SOURCE
        )


def lung_rads(nodules: Sequence[NoduleFacts], exam: Exam | None = None) -> LungRads:
    """Return the category of an examination: that of its most suspicious nodule.

    Category 0 where the examination is incomplete; findings that suggest inflammation give
    0 unless a nodule is 4X (more suspicious of cancer than of infection).
    """
    exam = exam or Exam()
    decisions = [categorise(nodule) for nodule in nodules]
    index = _worst(nodules, decisions)
    decision = _decision("no_nodule") if index is None else decisions[index]
    incomplete = _incomplete(exam, decision)
    deciding = None if index is None or incomplete else nodules[index]
    final = incomplete or decision
    text, text_zh = _management(final, deciding)
    inputs = {"exam": asdict(exam)} | ({"nodule": asdict(deciding)} if deciding else {})
    return LungRads(
        final.category,
        exam.significant_other_finding,
        text,
        text_zh,
        final.row,
        final.rule,
        final.rule_zh,
        inputs,
        None if incomplete else index,
    )


def _worst(nodules: Sequence[NoduleFacts], decisions: Sequence[Decision]) -> int | None:
    if not nodules:
        return None
    return max(
        range(len(nodules)),
        key=lambda n: (ORDER.index(decisions[n].category), nodules[n].mean_diameter_mm, -n),
    )


def _decision(row: str) -> Decision:
    found = ROWS[row]
    return Decision(found.category, row, found.finding, found.finding_zh, row)


def _incomplete(exam: Exam, decision: Decision) -> Decision | None:
    if exam.prior_being_located:
        return _decision("prior_being_located")
    if exam.not_evaluable:
        return _decision("not_evaluable")
    if exam.inflammatory and decision.category != "4X":
        return _decision("inflammatory")
    return None


def _management(decision: Decision, nodule: NoduleFacts | None) -> tuple[str, str]:
    incomplete = {
        "prior_being_located": "0_prior",
        "not_evaluable": "0_not_evaluable",
        "inflammatory": "0_inflammatory",
    }
    if decision.row in incomplete:
        return MANAGEMENT[incomplete[decision.row]]
    if decision.category == "4A" and nodule is not None and _pet(nodule):
        return MANAGEMENT["4A_pet"]
    if decision.category in ("4B", "4X"):
        return MANAGEMENT["4B_airway" if decision.base_row == "airway_persistent" else "4B"]
    return MANAGEMENT[decision.category]


def _pet(nodule: NoduleFacts) -> bool:
    if nodule.type == "part_solid":
        return (nodule.solid_mean_diameter_mm or 0.0) >= _PET_MM
    return nodule.type in ("solid", "calcified") and nodule.diameter >= _PET_MM


def categorise(nodule: NoduleFacts) -> Decision:
    """Return the category of one nodule.

    Raises
    ------
    RefusedInput
        ``SOLID_PART_UNKNOWN`` for a part-solid nodule whose solid part decides.
    """
    row = _row(nodule)
    decision = _decision(row)
    if nodule.suspicious and decision.category in ("3", "4A", "4B"):
        features = ", ".join(name.replace("_", " ") for name in nodule.suspicious)
        features_zh = "、".join(_feature_zh(name) for name in nodule.suspicious)
        return Decision(
            ROWS["additional_features"].category,
            "additional_features",
            f"{decision.rule}; {features}",
            f"{decision.rule_zh}；{features_zh}",
            row,
        )
    return decision


def _feature_zh(name: str) -> str:
    words = {
        "spiculation": "毛刺",
        "lymphadenopathy": "淋巴结肿大",
        "metastasis": "转移",
        "ground_glass_doubled": "磨玻璃结节一年内倍增",
    }
    return words.get(name, name)


def _row(nodule: NoduleFacts) -> str:
    """Return the key of the row of `ROWS` that applies."""
    benign = _benign(nodule)
    if benign is not None:
        return benign
    if nodule.location.startswith("cyst_"):
        return _cyst(nodule)
    if nodule.location == "airway_segmental":
        return "airway_persistent" if nodule.status in _PERSISTENT else "airway_segmental"
    if nodule.location == "airway_subsegmental" and "growing" not in nodule.status:
        return "airway_subsegmental"
    stepped = _stepped(nodule)
    if stepped is not None:
        return stepped
    if _juxtapleural(nodule):
        return "juxtapleural"
    return _by_size(nodule)


_PERSISTENT = ("stable", "growing", "slowly_growing", "decreased")


def _benign(nodule: NoduleFacts) -> str | None:
    if nodule.benign_calcification:
        return "benign_calcification"
    if nodule.fat:
        return "fat"
    if nodule.proven_benign:
        return "proven_benign"
    return "resolved" if nodule.status == "resolved" else None


def _cyst(nodule: NoduleFacts) -> str:
    if nodule.cyst_change == "newly_multilocular":
        return "cyst_newly_multilocular"
    if nodule.location == "cyst_thin":
        return "thin_walled_cyst"
    if nodule.location == "cyst_thick":
        changed = {"wall_growing": "cyst_wall_growing", "denser": "cyst_wall_growing"}
        changed["cyst_growing"] = "cyst_growing"
        return changed.get(nodule.cyst_change) or _stepped(nodule) or "cyst_thick"
    if nodule.cyst_change != "none" or "growing" in nodule.status:
        return "cyst_multilocular_growing"
    return _stepped(nodule) or "cyst_multilocular"


def _stepped(nodule: NoduleFacts) -> str | None:
    """Return the row of the stepped follow-up, if the nodule did not grow."""
    if nodule.status not in _UNCHANGED:
        return None
    prior = nodule.prior_category
    if prior in ("3", "4A"):
        due = (nodule.months_since_prior or 0.0) >= _EARLY_MONTHS[prior]
        return f"category_{prior.lower()}_{'stable' if due else 'early'}"
    if prior in ("1", "2"):
        return "category_2_stable"
    return "category_4b_stable" if prior in ("4B", "4X") else None


def _juxtapleural(nodule: NoduleFacts) -> bool:
    return (
        nodule.location == "juxtapleural"
        and nodule.type == "solid"
        and nodule.smooth
        and nodule.shape in _JUXTAPLEURAL_SHAPES
        and nodule.diameter < 10
        and "growing" not in nodule.status
    )


def _by_size(nodule: NoduleFacts) -> str:
    if nodule.type == "ground_glass":
        return _ground_glass(nodule)
    if nodule.status == "slowly_growing":
        return "slowly_growing"
    return _part_solid(nodule) if nodule.type == "part_solid" else _solid(nodule)


def _ground_glass(nodule: NoduleFacts) -> str:
    if nodule.diameter < 30:
        return "ground_glass_lt30"
    calm = nodule.status in ("stable", "decreased", "slowly_growing")
    return "ground_glass_ge30_stable" if calm else "ground_glass_ge30"


def _solid(nodule: NoduleFacts) -> str:
    size = nodule.diameter
    if nodule.status == "growing":
        return "solid_growing_lt8" if size < 8 else "solid_growing_ge8"
    if nodule.status == "new":
        rows = ((4, "solid_new_lt4"), (6, "solid_new_4_6"), (8, "solid_new_6_8"))
        return next((row for limit, row in rows if size < limit), "solid_growing_ge8")
    rows = ((6, "solid_baseline_lt6"), (8, "solid_baseline_6_8"), (15, "solid_baseline_8_15"))
    return next((row for limit, row in rows if size < limit), "solid_baseline_ge15")


def _part_solid(nodule: NoduleFacts) -> str:
    changing = (nodule.solid_status or nodule.status) in ("new", "growing")
    if nodule.diameter < 6:
        return "part_solid_new_lt6" if nodule.status in ("new", "growing") else "part_solid_lt6"
    size = nodule.solid_diameter
    if changing:
        return "part_solid_new_solid_lt4" if size < 4 else "part_solid_new_solid_ge4"
    rows = ((6, "part_solid_solid_lt6"), (8, "part_solid_solid_6_8"))
    return next((row for limit, row in rows if size < limit), "part_solid_solid_ge8")
