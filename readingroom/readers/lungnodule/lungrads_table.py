"""Lung-RADS v2022 as data: every row of the table, and what each category asks for.

Source: American College of Radiology, Lung-RADS v2022 (November 2022); Christensen et al.,
Chest 2024;165:738 and J Am Coll Radiol 2024;21:473. Thresholds, airway, cyst and follow-up
rows were compared with a second, independent statement of the same table (the structured
report template of a public radiology reporting project) and agree, except that the latter
exchanges the 3 and 6 months of the stepped follow-up; the publication's are used here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LungRadsCategory = Literal["0", "1", "2", "3", "4A", "4B", "4X"]

SOURCE = "ACR Lung-RADS v2022 (Christensen et al., Chest 2024;165:738)"

#: From least to most suspicious; 0 is no degree of suspicion.
ORDER: tuple[LungRadsCategory, ...] = ("1", "2", "3", "4A", "4B", "4X")

#: Mean diameter (mm) to volume (mm3) of the table, spheres.
VOLUMES_MM3 = {4: 34, 6: 113, 8: 268, 10: 524, 15: 1767, 30: 14137}


@dataclass(frozen=True)
class Row:
    """One row: what is found and the category it leads to."""

    category: LungRadsCategory
    finding: str
    finding_zh: str


def _row(category: LungRadsCategory, finding: str, finding_zh: str) -> Row:
    return Row(category, finding, finding_zh)


ROWS: dict[str, Row] = {
    "prior_being_located": _row(
        "0", "prior chest CT being located for comparison", "正在调取既往胸部 CT 以供对比"
    ),
    "not_evaluable": _row(
        "0", "part or all of the lungs cannot be evaluated", "部分或全部肺无法评价"
    ),
    "inflammatory": _row(
        "0", "findings suggest an infectious or inflammatory process", "所见提示感染或炎症"
    ),
    "no_nodule": _row("1", "no lung nodule", "无肺结节"),
    "benign_calcification": _row(
        "1",
        "complete, central, popcorn or concentric-ring calcification",
        "完全性、中央、爆米花样或同心环样钙化",
    ),
    "fat": _row("1", "nodule containing fat", "含脂肪结节"),
    "thin_walled_cyst": _row(
        "1",
        "thin-walled unilocular cyst (wall < 2 mm): benign, not classified by Lung-RADS",
        "薄壁单房囊腔（壁 < 2 mm）：良性，Lung-RADS 不予分类",
    ),
    "juxtapleural": _row(
        "2",
        "juxtapleural, solid, smooth, oval, lentiform or triangular, < 10 mm",
        "胸膜旁实性结节，边缘光滑，卵圆、透镜或三角形，< 10 mm",
    ),
    "solid_baseline_lt6": _row("2", "solid < 6 mm at baseline", "基线实性 < 6 mm"),
    "solid_new_lt4": _row("2", "new solid < 4 mm", "新发实性 < 4 mm"),
    "part_solid_lt6": _row(
        "2", "part-solid < 6 mm in total at baseline", "基线部分实性，总径 < 6 mm"
    ),
    "ground_glass_lt30": _row(
        "2",
        "ground glass < 30 mm at baseline, new or growing",
        "磨玻璃 < 30 mm（基线、新发或增大）",
    ),
    "ground_glass_ge30_stable": _row(
        "2", "ground glass >= 30 mm, stable or slowly growing", "磨玻璃 ≥ 30 mm，稳定或缓慢增大"
    ),
    "airway_subsegmental": _row(
        "2",
        "subsegmental airway nodule at baseline, new or stable",
        "亚段支气管结节（基线、新发或稳定）",
    ),
    "category_3_stable": _row(
        "2", "category 3, stable or smaller at 6 months", "3 类结节 6 个月后稳定或缩小"
    ),
    "category_2_stable": _row("2", "category 2, stable or smaller", "2 类结节稳定或缩小"),
    "resolved": _row("2", "category 3 or 4A, resolved", "3 或 4A 类结节已消失"),
    "proven_benign": _row("2", "category 4B, proven benign", "4B 类结节经证实为良性"),
    "solid_baseline_6_8": _row("3", "solid 6 to < 8 mm at baseline", "基线实性 6 至 < 8 mm"),
    "solid_new_4_6": _row("3", "new solid 4 to < 6 mm", "新发实性 4 至 < 6 mm"),
    "part_solid_solid_lt6": _row(
        "3",
        "part-solid >= 6 mm with a solid part < 6 mm at baseline",
        "基线部分实性，总径 ≥ 6 mm，实性成分 < 6 mm",
    ),
    "part_solid_new_lt6": _row(
        "3", "new or growing part-solid < 6 mm in total", "新发或增大的部分实性，总径 < 6 mm"
    ),
    "ground_glass_ge30": _row(
        "3",
        "ground glass >= 30 mm at baseline, new or growing",
        "磨玻璃 ≥ 30 mm（基线、新发或增大）",
    ),
    "cyst_growing": _row(
        "3", "growing cystic component of a thick-walled cyst", "厚壁囊腔的囊性成分增大"
    ),
    "category_4a_stable": _row(
        "3", "category 4A, stable or smaller at 3 months", "4A 类结节 3 个月后稳定或缩小"
    ),
    "category_3_early": _row(
        "3", "category 3, stable, follow-up not yet due", "3 类结节稳定，未到随访时间"
    ),
    "solid_baseline_8_15": _row("4A", "solid 8 to < 15 mm at baseline", "基线实性 8 至 < 15 mm"),
    "solid_growing_lt8": _row("4A", "growing solid < 8 mm", "增大的实性 < 8 mm"),
    "solid_new_6_8": _row("4A", "new solid 6 to < 8 mm", "新发实性 6 至 < 8 mm"),
    "part_solid_solid_6_8": _row(
        "4A",
        "part-solid >= 6 mm with a solid part 6 to < 8 mm at baseline",
        "基线部分实性，总径 ≥ 6 mm，实性成分 6 至 < 8 mm",
    ),
    "part_solid_new_solid_lt4": _row(
        "4A",
        "part-solid >= 6 mm with a new or growing solid part < 4 mm",
        "部分实性，总径 ≥ 6 mm，新发或增大的实性成分 < 4 mm",
    ),
    "airway_segmental": _row(
        "4A",
        "airway nodule, segmental or more proximal, at baseline or new",
        "段或更近端支气管结节（基线或新发）",
    ),
    "cyst_thick": _row("4A", "thick-walled cyst", "厚壁囊腔"),
    "cyst_multilocular": _row(
        "4A", "multilocular cyst at baseline or new", "多房囊腔（基线或新发）"
    ),
    "cyst_newly_multilocular": _row(
        "4A", "thin- or thick-walled cyst that became multilocular", "囊腔新出现多房"
    ),
    "category_4a_early": _row(
        "4A", "category 4A, stable, follow-up not yet due", "4A 类结节稳定，未到随访时间"
    ),
    "solid_baseline_ge15": _row("4B", "solid >= 15 mm at baseline", "基线实性 ≥ 15 mm"),
    "solid_growing_ge8": _row("4B", "new or growing solid >= 8 mm", "新发或增大的实性 ≥ 8 mm"),
    "part_solid_solid_ge8": _row(
        "4B",
        "part-solid with a solid part >= 8 mm at baseline",
        "基线部分实性，实性成分 ≥ 8 mm",
    ),
    "part_solid_new_solid_ge4": _row(
        "4B",
        "part-solid with a new or growing solid part >= 4 mm",
        "部分实性，新发或增大的实性成分 ≥ 4 mm",
    ),
    "airway_persistent": _row(
        "4B",
        "airway nodule, segmental or more proximal, stable or growing",
        "段或更近端支气管结节，持续存在或增大",
    ),
    "cyst_wall_growing": _row(
        "4B", "thick-walled cyst with growing wall or nodularity", "厚壁囊腔的壁增厚或结节增大"
    ),
    "cyst_multilocular_growing": _row(
        "4B",
        "multilocular cyst that grows, or has more loculation or opacity",
        "多房囊腔增大，或分房、实性成分增多",
    ),
    "slowly_growing": _row(
        "4B",
        "solid or part-solid, slow growth over several examinations",
        "实性或部分实性，多次检查缓慢增大",
    ),
    "category_4b_stable": _row("4B", "category 4B, not proven benign", "4B 类结节，尚未证实为良性"),
    "additional_features": _row(
        "4X", "category 3 or 4 with features that add suspicion", "3 或 4 类结节并有可疑征象"
    ),
}

#: Category to what to do, English and Chinese.
MANAGEMENT: dict[str, tuple[str, str]] = {
    "0_prior": (
        "Compare with the prior chest CT before a category is given.",
        "与既往胸部 CT 对比后再分类。",
    ),
    "0_not_evaluable": ("Additional screening CT images are needed.", "需补充筛查 CT 图像。"),
    "0_inflammatory": ("Low-dose CT in 1 to 3 months.", "1–3 个月后复查低剂量 CT。"),
    "1": ("Screening low-dose CT in 12 months.", "12 个月后低剂量 CT 筛查。"),
    "2": ("Screening low-dose CT in 12 months.", "12 个月后低剂量 CT 筛查。"),
    "3": ("Low-dose CT in 6 months.", "6 个月后复查低剂量 CT。"),
    "4A": ("Low-dose CT in 3 months.", "3 个月后复查低剂量 CT。"),
    "4A_pet": (
        "Low-dose CT in 3 months; PET/CT may be considered (solid nodule or part >= 8 mm).",
        "3 个月后复查低剂量 CT；实性结节或实性成分 ≥ 8 mm，可考虑 PET/CT。",
    ),
    "4B": (
        "Referral for further clinical evaluation: diagnostic chest CT with or without "
        "contrast, PET/CT where a solid nodule or part is >= 8 mm, or tissue sampling, "
        "depending on clinical evaluation, the patient's preference and the probability of "
        "malignancy.",
        "转诊进一步评估：依据临床评价、患者意愿和恶性概率，选择诊断性胸部 CT（平扫或增强）、"
        "PET/CT（实性结节或成分 ≥ 8 mm）或组织活检。",
    ),
    "4B_airway": (
        "Referral for further clinical evaluation, typically bronchoscopy.",
        "转诊进一步临床评估，通常行支气管镜检查。",
    ),
}

#: Estimated probability of malignancy by category.
MALIGNANCY = {
    "1": "< 1 %",
    "2": "< 1 %",
    "3": "1–2 %",
    "4A": "5–15 %",
    "4B": "> 15 %",
    "4X": "> 15 %",
}

MEANING: dict[str, tuple[str, str]] = {
    "0": ("incomplete", "不完整"),
    "1": ("negative", "阴性"),
    "2": ("benign appearance or behaviour", "良性表现"),
    "3": ("probably benign", "可能良性"),
    "4A": ("suspicious", "可疑"),
    "4B": ("very suspicious", "高度可疑"),
    "4X": ("very suspicious, additional features", "高度可疑，并有附加可疑征象"),
}
