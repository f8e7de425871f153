"""The one-page report of lung nodules: which columns, labels and words."""

from __future__ import annotations

from readingroom import terminology
from readingroom.report.layout import Column, Label, Layout

_LOBES = (
    "RIGHT_UPPER_LOBE",
    "RIGHT_MIDDLE_LOBE",
    "RIGHT_LOWER_LOBE",
    "LEFT_UPPER_LOBE",
    "LEFT_LOWER_LOBE",
)
_TYPES: dict[str, Label] = {
    "solid": ("solid", "实性"),
    "part_solid": ("part-solid", "部分实性"),
    "ground_glass": ("ground-glass", "磨玻璃"),
    "calcified": ("calcified", "钙化"),
}
#: For a narrow column: ground-glass nodule, part-solid nodule.
_SHORT_TYPES: dict[str, Label] = {
    "solid": ("solid", "实性"),
    "part_solid": ("PSN", "部分实性"),
    "ground_glass": ("GGN", "磨玻璃"),
    "calcified": ("calcified", "钙化"),
}
_SHORT_LOBES: dict[str, Label] = {
    "RIGHT_UPPER_LOBE": ("RUL", "右上叶"),
    "RIGHT_MIDDLE_LOBE": ("RML", "右中叶"),
    "RIGHT_LOWER_LOBE": ("RLL", "右下叶"),
    "LEFT_UPPER_LOBE": ("LUL", "左上叶"),
    "LEFT_LOWER_LOBE": ("LLL", "左下叶"),
}
_STATUS: dict[str, Label] = {
    "baseline": ("first seen", "首次所见"),
    "new": ("new", "新发"),
    "stable": ("stable", "稳定"),
    "growing": ("growing", "增大"),
    "slowly_growing": ("slowly growing", "缓慢增大"),
    "decreased": ("smaller", "缩小"),
    "unknown": ("–", "–"),
}


_DEGREES: dict[str, Label] = {
    "none": ("none", "无"),
    "slight": ("slight", "轻度"),
    "marked": ("marked", "明显"),
}
_MARGINS: dict[str, Label] = {
    "sharp": ("sharp", "清楚"),
    "fair": ("fair", "较清楚"),
    "ill_defined": ("ill-defined", "不清"),
}
_CALCIUM: dict[str, Label] = {
    "none": ("none", "无"),
    "diffuse": ("diffuse", "弥漫"),
    "central": ("central", "中央"),
    "laminated": ("laminated", "层状"),
    "popcorn": ("popcorn", "爆米花样"),
    "eccentric": ("eccentric", "偏心"),
    "stippled": ("stippled", "点状"),
}
_ATTACHED: dict[str, Label] = {
    "none": ("none", "无"),
    "pleural": ("pleura", "胸膜"),
    "fissural": ("fissure", "叶间裂"),
    "vascular": ("vessel", "血管"),
}


def _said(attribute: str, english: str, chinese: str, words: dict[str, Label]) -> Column:
    return Column("", (english, chinese), attribute=attribute, words=words)


def _named(name: str) -> Label:
    known = terminology.concept(name)
    return known.english, known.chinese


LUNG = Layout(
    title=("Lung nodules", "肺结节"),
    headline="largest_mean_diameter",
    headline_label=("Largest nodule, mean diameter (mm)", "最大结节平均直径（mm）"),
    columns=(
        Column("nodule_count", ("Nodules", "结节数"), decimals=0),
        Column("largest_mean_diameter", ("Largest mm", "最大 mm")),
        Column("nodule_volume", ("Volume mm³", "体积 mm³")),
        Column("lung_volume", ("Lung mL", "肺容积 mL"), decimals=0),
    ),
    rows={name: _named(name) for name in _LOBES},
    beside={"LUNG_RIGHT": _named("LUNG_RIGHT"), "LUNG_LEFT": _named("LUNG_LEFT")},
    beside_title=("Lungs", "双肺"),
    structure_label=("Lobe", "肺叶"),
    single={
        "malignancy_probability": ("Largest probability of malignancy", "最高恶性概率"),
        "brock_probability": ("Largest Brock probability", "最高 Brock 概率"),
        "mayo_probability": ("Largest Mayo probability", "最高 Mayo 概率"),
    },
    categories={
        "lung_rads": ("Lung-RADS v2022", "Lung-RADS v2022"),
        "fleischner": ("Fleischner 2017", "Fleischner 2017"),
    },
    meaning_lines=7,
    finding_score="mean_diameter",
    finding_columns=(
        Column("mean_diameter", ("Mean mm", "平均 mm")),
        Column("volume", ("mm³", "mm³"), decimals=0),
        Column("", ("Lung-RADS", "Lung-RADS"), attribute="lung_rads"),
    ),
    wide_columns=(
        Column("", ("Type", "类型"), attribute="type", words=_SHORT_TYPES),
        Column("", ("Lobe", "肺叶"), attribute="lobe", words=_SHORT_LOBES),
        Column("long_axis_diameter", ("Long", "长径")),
        Column("short_axis_diameter", ("Short", "短径")),
        Column("mean_diameter", ("Mean mm", "平均 mm")),
        Column("volume", ("Volume mm³", "体积 mm³"), decimals=0),
        Column("solid_mean_diameter", ("Solid mm", "实性 mm")),
        Column("mean_density", ("Mean HU", "平均 HU"), decimals=0),
        Column("", ("Change", "变化"), attribute="status", words=_STATUS),
        Column("", ("Lung-RADS", "Lung-RADS"), attribute="lung_rads"),
    ),
    findings_title=("Nodules, the largest first", "结节（由大到小）"),
    numbered=True,
    said=(
        _said("type", "Type", "类型", _TYPES),
        _said("lobe", "Lobe", "肺叶", _SHORT_LOBES),
        _said("segment", "Segment", "肺段", {}),
        _said("attachment", "Touches", "邻接", _ATTACHED),
        _said("margin", "Margin", "边缘", _MARGINS),
        _said("lobulation", "Lobulation", "分叶", _DEGREES),
        _said("spiculation", "Spiculation", "毛刺", _DEGREES),
        _said("calcification", "Calcification", "钙化", _CALCIUM),
        _said("status", "Change", "变化", _STATUS),
        _said("lung_rads", "Lung-RADS", "Lung-RADS", {}),
    ),
    detail=(
        Column("", ("", ""), attribute="type", words=_TYPES),
        Column("", ("", ""), attribute="lobe", words=_SHORT_LOBES),
    ),
    shown=(),
    short={},
    crop_to="",
    smallest_crop_mm=70.0,
    lines=("long_axis_lps_mm", "short_axis_lps_mm"),
    window=(-600.0, 1500.0),
    none_found=("No nodule was found.", "未见结节。"),
    headline_category="lung_rads",
)
