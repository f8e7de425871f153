"""What the one-page report shows of each reader's reading, and under which labels.

A reader without an entry is shown by its measurements as they come.
"""

from __future__ import annotations

from readingroom import terminology
from readingroom.reading import Category, Finding, Reading
from readingroom.report.layout import Column, Label, Layout
from readingroom.report.lunglayout import LUNG
from readingroom.report.structures import CONTRAST_PREFIX, STRUCTURES

_VESSELS: dict[str, Label] = {
    "LM": ("Left main (LM)", "左主干 (LM)"),
    "LAD": ("Left anterior descending (LAD)", "前降支 (LAD)"),
    "LCX": ("Left circumflex (LCX)", "回旋支 (LCX)"),
    "RCA": ("Right coronary (RCA)", "右冠状动脉 (RCA)"),
}
_BESIDE: dict[str, Label] = {
    name: (terminology.concept(name).english, terminology.concept(name).chinese)
    for name in ("ASCENDING_AORTA", "ARCH", "DESCENDING_AORTA", "AORTIC_VALVE", "MITRAL_VALVE")
}
_CATEGORIES: dict[str, Label] = {
    "risk_stratum": ("Stratum", "分层"),
    "classic_stratum": ("Classic stratum", "经典分层"),
    "cac_drs": ("CAC-DRS", "CAC-DRS"),
    "hoff_percentile": ("Percentile (Hoff 2001)", "百分位 (Hoff 2001)"),
    "mesa_percentile": ("Percentile (MESA 2006)", "百分位 (MESA 2006)"),
}
_SINGLE: dict[str, Label] = {
    "agatston_score_kvp_adapted": ("Score at kVp-adapted cut-offs", "按管电压调整的积分"),
    "arterial_age": ("Arterial age", "动脉年龄"),
    "mesa_risk": ("10-year CHD risk with calcium (MESA)", "10 年冠心病风险，含钙化 (MESA)"),
    "mesa_risk_without_score": ("10-year CHD risk without", "10 年冠心病风险，不含钙化"),
    "mean_density": ("Mean density", "平均密度"),
}
#: Labels that are abbreviations in both languages.
_ABBREVIATED = tuple(_VESSELS)
_SHORT = {
    "ASCENDING_AORTA": "Asc. aorta",
    "ARCH": "Arch",
    "DESCENDING_AORTA": "Desc. aorta",
    "AORTIC_VALVE": "Aortic valve",
    "MITRAL_VALVE": "Mitral valve",
    "PERICARDIUM": "Pericardium",
    "METAL": "Metal",
}
_SCORE: Label = ("Agatston", "Agatston")
_DERIVED_SCORE: Label = ("Derived", "推得积分")
_PEAK: Label = ("Peak HU", "峰值 HU")


def _cacs(prefix: str) -> Layout:
    contrast = bool(prefix)
    score = prefix + ("calcium_score" if contrast else "agatston_score")
    label = _DERIVED_SCORE if contrast else _SCORE
    return Layout(
        title=("Coronary artery calcium", "冠状动脉钙化"),
        headline=score,
        headline_label=(
            ("Contrast-derived calcium score", "增强推得的钙化积分")
            if contrast
            else ("Agatston score, coronary total", "Agatston 积分（冠状动脉总计）")
        ),
        columns=(
            Column(score, label),
            Column("agatston_score_kvp_adapted", ("kVp-adapted", "管电压调整"), optional=True),
            Column(prefix + "volume", ("Volume mm³", "体积 mm³")),
            Column(prefix + "mass", ("Mass mg", "质量 mg")),
            Column("", ("Lesions", "病灶数")),
        ),
        rows=_VESSELS,
        beside=_BESIDE,
        beside_title=("Not in the total: aorta, valves", "不计入总分：主动脉与瓣膜"),
        single={prefix + name: text for name, text in _SINGLE.items()} if contrast else _SINGLE,
        categories=_CATEGORIES,
        finding_score=score,
        finding_columns=(
            Column(score, ("Score", "积分")),
            Column(prefix + "volume", ("mm³", "mm³")),
            Column(prefix + "peak_density", _PEAK, decimals=0),
        ),
        shown=(*_VESSELS, *_BESIDE, "PERICARDIUM", "METAL"),
        short=_SHORT,
        crop_to="HEART",
        # Wide enough to see through the contrast agent, else soft tissue with calcium grades.
        window=(300.0, 1000.0) if contrast else (130.0, 600.0),
        none_found=("No calcified lesion was found.", "未见钙化病灶。"),
        headline_category="" if contrast else "risk_stratum",
        headline_warning=("Not an Agatston score", "不是 Agatston 积分") if contrast else None,
        banner=(
            (
                "CONTRAST-DERIVED VALUES — NOT AN AGATSTON SCORE. No category applies.",
                "增强扫描推得的数值——不是 Agatston 积分，不适用任何分级。",
            )
            if contrast
            else None
        ),
    )


def layout_of(reading: Reading) -> Layout | None:
    """Return the layout of the reading's reader; None where there is none."""
    if reading.reader == "lungnodule":
        return LUNG
    if reading.reader != "cacs":
        return None
    contrast = any(name.startswith(CONTRAST_PREFIX) for name in reading.measurements)
    return _cacs(CONTRAST_PREFIX if contrast else "")


def measurement_name(reader: str, structure: str, quantity: str) -> str:
    """Return the name of a structure's total, the inverse of `structures.structure_of`."""
    place = STRUCTURES[reader][structure]
    contrast = CONTRAST_PREFIX if quantity.startswith(CONTRAST_PREFIX) else ""
    return f"{contrast}{place.prefix}{quantity.removeprefix(contrast)}{place.suffix}"


def meaning(reader: str, category: Category, language: str) -> str:
    """Return what a category means in the report's language."""
    if language == "zh" and category.meaning_zh:
        return category.meaning_zh
    if language == "zh" and reader == "cacs":
        from readingroom.readers.cacs.guideline import meaning_zh

        translated = meaning_zh(category)
        return "" if translated == category.value else translated
    return category.meaning


def finding_label(finding: Finding, layout: Layout | None, language: str = "en") -> str:
    """Return a finding's label as briefly as people write it."""
    if layout is not None and layout.numbered:
        said = [attribute_text(finding, column, language) for column in layout.detail]
        return " ".join([finding.id, *(word for word in said if word)])
    known = terminology.CONCEPTS.get(finding.label)
    if language == "zh" and known is not None and finding.label not in _ABBREVIATED:
        return known.chinese
    short = {} if layout is None else layout.short
    return short.get(finding.label, finding.label)


def attribute_text(finding: Finding, column: Column, language: str = "en") -> str:
    """Return the attribute of a finding that a column shows, in words; empty for none."""
    value = finding.attributes.get(column.attribute)
    if value in (None, ""):
        return ""
    known = column.words.get(str(value))
    return str(value) if known is None else known[language == "zh"]


def shown_findings(reading: Reading, layout: Layout | None) -> list[Finding]:
    """Return the findings that images and lists show, the most important first."""
    kept = [finding for finding in reading.findings if finding.state != "rejected"]
    if layout is not None and layout.numbered:
        return sorted(kept, key=lambda f: -score(f, layout))
    if layout is None or not layout.shown:
        return kept
    order = {label: place for place, label in enumerate(layout.shown)}
    chosen = [finding for finding in kept if finding.label in order]
    return sorted(chosen, key=lambda f: (f.label not in layout.rows, -score(f, layout)))


def score(finding: Finding, layout: Layout) -> float:
    """Return the value by which findings are ranked; 0 where it is missing."""
    measured = finding.measurements.get(layout.finding_score)
    return 0.0 if measured is None or measured.value is None else float(measured.value)
