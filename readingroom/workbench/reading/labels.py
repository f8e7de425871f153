"""What measurements, categories and classes are called on the page."""

from __future__ import annotations

from collections.abc import Sequence

from readingroom import terminology
from readingroom.reader import FindingClass
from readingroom.readers.guidewire import display as guidewire
from readingroom.reading import Reading
from readingroom.report.codes import spoken
from readingroom.report.layout import Layout
from readingroom.report.layouts import layout_of
from readingroom.report.phrases import Language, number
from readingroom.report.structures import CONTRAST_PREFIX, structure_of

_UNITS: dict[str, dict[str, str]] = {
    "1": {"en": "", "zh": ""},
    "mm3": {"en": "mm³", "zh": "mm³"},
    "mm2": {"en": "mm²", "zh": "mm²"},
    "d": {"en": "days", "zh": "天"},
    "mg/cm3/HU": {"en": "mg/cm³/HU", "zh": "mg/cm³/HU"},
    "mm[Hg]": {"en": "mmHg", "zh": "mmHg"},
    "a": {"en": "years", "zh": "岁"},
    "{pixels}": {"en": "px", "zh": "像素"},
    "{pixels}/s": {"en": "px/s", "zh": "像素/秒"},
}
_CONTRAST = {"en": "contrast-derived", "zh": "增强推得"}
_QUANTITIES: dict[str, dict[str, str]] = {
    "agatston_score": {"en": "Agatston score", "zh": "Agatston 积分"},
    "calcium_score": {"en": "Calcium score", "zh": "钙化积分"},
    "agatston_score_kvp_adapted": {"en": "Agatston, kVp-adapted", "zh": "Agatston，按管电压调整"},
    "volume": {"en": "Volume", "zh": "体积"},
    "volume_isotropic": {"en": "Volume, interpolated", "zh": "体积（插值）"},
    "volume_score": {"en": "Volume score", "zh": "体积积分"},
    "mass": {"en": "Mass", "zh": "质量"},
    "number_of_lesions": {"en": "Lesions", "zh": "病灶数"},
    "number_of_vessels": {"en": "Vessels with calcium", "zh": "钙化血管数"},
    "diffuseness": {"en": "Diffuseness", "zh": "弥散度"},
    "mean_density": {"en": "Mean density", "zh": "平均密度"},
    "peak_density": {"en": "Peak density", "zh": "峰值密度"},
    "arterial_age": {"en": "Arterial age", "zh": "动脉年龄"},
    "mesa_risk": {"en": "10-year CHD risk (MESA)", "zh": "10 年冠心病风险 (MESA)"},
    "mesa_risk_without_score": {
        "en": "10-year CHD risk without calcium",
        "zh": "10 年冠心病风险（不含钙化）",
    },
    "contrast_threshold": {"en": "Threshold on this scan", "zh": "本次扫描阈值"},
    "blood_pool_density": {"en": "Blood pool", "zh": "血池密度"},
    "area": {"en": "Largest area", "zh": "最大面积"},
    "maximum_diameter": {"en": "Largest diameter", "zh": "最大径"},
    "slices": {"en": "Slices", "zh": "层数"},
    "long_axis_diameter": {"en": "Long axis", "zh": "长径"},
    "short_axis_diameter": {"en": "Short axis", "zh": "短径"},
    "mean_diameter": {"en": "Mean diameter", "zh": "平均直径"},
    "maximum_3d_diameter": {"en": "Largest 3-D diameter", "zh": "最大三维直径"},
    "equivalent_diameter": {"en": "Diameter of the equal sphere", "zh": "等效球直径"},
    "volume_uncertainty": {"en": "Volume, standard uncertainty", "zh": "体积标准不确定度"},
    "solid_volume": {"en": "Volume of the solid part", "zh": "实性成分体积"},
    "solid_mean_diameter": {"en": "Mean diameter, solid part", "zh": "实性成分平均直径"},
    "density_sd": {"en": "Density, standard deviation", "zh": "密度标准差"},
    "minimum_density": {"en": "Lowest density", "zh": "最低密度"},
    "maximum_density": {"en": "Highest density", "zh": "最高密度"},
    "surface_area": {"en": "Surface", "zh": "表面积"},
    "pleura_distance": {"en": "Distance to the pleura", "zh": "距胸膜"},
    "fissure_distance": {"en": "Distance to a fissure", "zh": "距叶间裂"},
    "volume_doubling_time": {"en": "Volume doubling time", "zh": "体积倍增时间"},
    "volume_change": {"en": "Change of volume", "zh": "体积变化"},
    "diameter_change": {"en": "Change of mean diameter", "zh": "平均直径变化"},
    "malignancy_probability": {"en": "Probability of malignancy", "zh": "恶性概率"},
    "malignancy_probability_network": {
        "en": "Probability of malignancy (network)",
        "zh": "恶性概率（网络）",
    },
    "brock_probability": {"en": "Brock probability", "zh": "Brock 概率"},
    "mayo_probability": {"en": "Mayo probability", "zh": "Mayo 概率"},
    "nodule_count": {"en": "Nodules", "zh": "结节数"},
    "largest_mean_diameter": {"en": "Largest mean diameter", "zh": "最大平均直径"},
    "nodule_volume": {"en": "Volume of nodules", "zh": "结节体积"},
    "lung_volume": {"en": "Lung volume", "zh": "肺容积"},
    "days_since_prior": {"en": "Days since the prior scan", "zh": "距既往检查天数"},
    "resolved_count": {"en": "Nodules no longer seen", "zh": "已消失结节数"},
    "registration_lung_dice": {"en": "Lung overlap after registration", "zh": "配准后肺重叠度"},
    "voxels": {"en": "Voxels", "zh": "体素数"},
    **guidewire.NAMES,
}


def quantity(name: str, language: Language) -> str:
    """Return what a measured quantity is called."""
    known = _QUANTITIES.get(name)
    return known[language] if known else spoken(name)


def measurement(reader: str, name: str, language: Language) -> str:
    """Return what a reading's measurement is called, with the structure it belongs to."""
    structure, bare = structure_of(reader, name)
    contrast = bare.startswith(CONTRAST_PREFIX)
    text = quantity(bare.removeprefix(CONTRAST_PREFIX), language)
    if structure:
        text = f"{class_title(structure, (), language)} · {text}"
    return f"{text} ({_CONTRAST[language]})" if contrast else text


def category(reading: Reading, name: str, language: Language) -> str:
    """Return what a category is called."""
    layout = layout_of(reading)
    if layout is not None and name in layout.categories:
        return layout.categories[name][language == "zh"]
    return spoken(name)


def class_title(label: str, classes: Sequence[FindingClass], language: Language) -> str:
    """Return the short name of a class: an abbreviation where people use one."""
    if label.isupper() and len(label) <= 3:
        return label
    for one in classes:
        if one.label == label:
            return one.title.get(language) or one.title["en"]
    known = terminology.CONCEPTS.get(label)
    if known is None:
        return spoken(label)
    return known.chinese if language == "zh" else known.english


def short_title(
    label: str, classes: Sequence[FindingClass], layout: Layout | None, language: Language
) -> str:
    """Return the name of a class as briefly as the report writes it on images."""
    if language == "en" and layout is not None and label in layout.short:
        return layout.short[label]
    return class_title(label, classes, language)


def unit(text: str, language: Language) -> str:
    """Return a UCUM unit as people write it."""
    known = _UNITS.get(text)
    return known[language] if known else text


def value(amount: float | int | None, unit_text: str) -> str:
    """Return a measured value without its unit."""
    if isinstance(amount, int):
        return str(amount)
    ratio = unit_text in ("", "1") and amount is not None and 0 < abs(amount) < 1
    return number(amount, 2 if ratio else 1)


def css(color: tuple[float, float, float]) -> str:
    """Return a colour as the browser writes it."""
    red, green, blue = (round(255 * part) for part in color)
    return f"rgb({red},{green},{blue})"


def ink(color: tuple[float, float, float]) -> str:
    """Return black or white, whichever reads better on `color` (WCAG 2 relative luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000" if luminance > 0.179 else "#fff"


_LANDMARKS: dict[str, dict[str, str]] = {
    "aortic_valve_centre": {"en": "Centre of the aortic valve", "zh": "主动脉瓣中心"},
    "mitral_annulus_centre": {"en": "Centre of the mitral annulus", "zh": "二尖瓣环中心"},
    "tricuspid_annulus_centre": {"en": "Centre of the tricuspid annulus", "zh": "三尖瓣环中心"},
    "pulmonary_valve_centre": {"en": "Centre of the pulmonary valve", "zh": "肺动脉瓣中心"},
    "lv_apex": {"en": "Apex of the left ventricle", "zh": "左心室心尖"},
}


def landmark(name: str, language: Language) -> str:
    """Return what a landmark is called."""
    known = _LANDMARKS.get(name)
    return known[language] if known else spoken(name)
