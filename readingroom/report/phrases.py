"""Words and values of the report in English and Chinese."""

from __future__ import annotations

from typing import Any, Literal

from readingroom.errors import RefusedInput
from readingroom.reading import Reading
from readingroom.report.signature import signed_at

Language = Literal["en", "zh"]
_COLUMN = {"en": 0, "zh": 1}
_ABSENT = "–"

_PHRASES: dict[str, tuple[str, str]] = {
    "patient": ("Patient", "患者"),
    "patient_id": ("ID", "编号"),
    "birth_date": ("Born", "出生日期"),
    "sex_age": ("Sex, age", "性别、年龄"),
    "examined": ("Examined", "检查时间"),
    "series": ("Series", "序列"),
    "scanner": ("Scanner", "设备"),
    "technique": ("Technique", "技术参数"),
    "thickness": ("{mm} mm slices", "层厚 {mm} mm"),
    "increment": ("every {mm} mm", "层间距 {mm} mm"),
    "gated": ("ECG-gated", "心电门控"),
    "not_gated": ("not ECG-gated", "非心电门控"),
    "gating_unknown": ("gating not stated", "门控未注明"),
    "total": ("Total", "总计"),
    "structure": ("Artery", "血管"),
    "outside": ("Structure", "结构"),
    "categories": ("Categories", "分级"),
    "no_categories": ("None applies.", "不适用。"),
    "largest": ("Largest lesions", "最大病灶"),
    "lesion": ("Lesion", "病灶"),
    "slice": ("Slice", "层面"),
    "measurements": ("Measurements", "测量结果"),
    "measurement": ("Measurement", "测量"),
    "value": ("Value", "数值"),
    "findings": ("Findings", "所见"),
    "more_findings": ("and {count} more, see the CSV table", "另有 {count} 个，见 CSV 表"),
    "limits": ("Limits and remarks", "局限与说明"),
    "no_notes": ("No remark.", "无。"),
    "more_notes": ("and {count} more, see reading.json", "另有 {count} 条，见 reading.json"),
    "refusal": ("Refused", "拒绝"),
    "warning": ("Warning", "警告"),
    "info": ("Note", "提示"),
    "proposed": ("Machine proposal, not reviewed", "机器结果，未经复核"),
    "reviewed": ("Reviewed, not signed", "已复核，未签署"),
    "signed": ("Reviewed and signed", "已复核并签署"),
    "reviewed_by": ("Reviewed by {name}", "复核：{name}"),
    "signed_by": ("Signed: {name}", "签署：{name}"),
    "not_signed": ("Not signed", "未签署"),
    "signature": ("Physician", "医师"),
    "research": (
        "For research use. Not a medical device; a physician decides.",
        "仅供研究使用。并非医疗器械；由医师作出判断。",
    ),
    "made_by": (
        "ReadingRoom {package}, reader {reader} {version}, revision {revision}, read {created}",
        "ReadingRoom {package}，判读器 {reader} {version}，第 {revision} 版，判读于 {created}",
    ),
    "models": ("Models: {names}", "模型：{names}"),
    "no_models": ("no network used", "未使用网络"),
    "page_missing": ("no key image", "无关键图像"),
    "male": ("male", "男"),
    "female": ("female", "女"),
    "other": ("other", "其他"),
    "years": ("{age:.0f} years", "{age:.0f} 岁"),
}
_SEXES = {"M": "male", "F": "female", "O": "other"}


def check(language: str) -> Language:
    """Return `language` if the report speaks it.

    Raises
    ------
    RefusedInput
        ``LANGUAGE_UNKNOWN``.
    """
    if language == "en":
        return "en"
    if language == "zh":
        return "zh"
    raise RefusedInput(
        "LANGUAGE_UNKNOWN",
        f"The report is not available in '{language}'.",
        "Choose 'en' or 'zh'.",
    )


def phrase(key: str, language: Language, **values: object) -> str:
    """Return a phrase with `values` filled in."""
    text = pick(_PHRASES[key], language)
    return text.format(**values) if values else text


def pick(label: tuple[str, str], language: Language) -> str:
    """Return the English or the Chinese of a label."""
    return label[_COLUMN[language]]


def number(value: float | None, decimals: int = 1) -> str:
    """Return a measured value as people read it: a plain zero, few digits, a dash if none."""
    if value is None:
        return _ABSENT
    if value == 0:
        return "0"
    return f"{value:.{decimals if abs(value) < 10 else max(decimals - 1, 0)}f}"


def person(name: str, language: Language) -> str:
    """Return a DICOM person name as people write it, ideographic in Chinese where it is there."""
    groups = name.split("=")
    ideographic = language == "zh" and len(groups) > 1 and groups[1].strip("^ ")
    chosen = groups[1] if ideographic else groups[0]
    parts = [part.strip() for part in chosen.split("^")]
    family, rest = parts[0], " ".join(part for part in parts[1:] if part)
    if not rest:
        return family
    return family + rest if ideographic else f"{family}, {rest}"


def patient_facts(reading: Reading, language: Language) -> list[tuple[str, str]]:
    """Return label and value of who and what was examined, for the head of the report."""
    patient = reading.study.patient
    series = reading.study.series[0] if reading.study.series else None
    facts = {} if series is None else series.acquisition
    scanner = " ".join(str(facts[k]) for k in ("manufacturer", "model") if facts.get(k))
    values = {
        "patient": person(str(patient.get("name") or ""), language),
        "patient_id": str(patient.get("id") or ""),
        "birth_date": _date(str(patient.get("birth_date") or "")),
        "sex_age": _sex_age(patient, language),
        "examined": _moment(str(facts.get("acquired_at") or "")),
        "series": "" if series is None else f"{series.modality} {series.description}".strip(),
        "scanner": scanner,
        "technique": _technique(facts, language, gating=reading.reader == "cacs"),
    }
    return [(phrase(key, language), value or _ABSENT) for key, value in values.items()]


def _sex_age(patient: dict[str, Any], language: Language) -> str:
    sex = _SEXES.get(str(patient.get("sex") or "").upper())
    age = patient.get("age_years")
    parts = [phrase(sex, language)] if sex else []
    parts += [phrase("years", language, age=float(age))] if age is not None else []
    return ", ".join(parts) if language == "en" else "，".join(parts)


def _technique(facts: dict[str, Any], language: Language, *, gating: bool) -> str:
    parts = []
    if facts.get("kvp") is not None:
        parts.append(f"{facts['kvp']:g} kVp")
    if facts and gating:
        gated = facts.get("gated")
        known = "gated" if gated else "not_gated"
        parts.append(phrase("gating_unknown" if gated is None else known, language))
    parts += [
        phrase(name, language, mm=f"{facts[key]:.4g}")
        for key, name in (("slice_thickness_mm", "thickness"), ("slice_increment_mm", "increment"))
        if facts.get(key) is not None
    ]
    if facts.get("kernel"):
        parts.append(str(facts["kernel"]))
    return ", ".join(parts) if language == "en" else "，".join(parts)


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


def _moment(text: str) -> str:
    """Return date and time to the minute of an ISO 8601 text."""
    return text[:16].replace("T", " ")


def status(reading: Reading, language: Language) -> str:
    """Return where the reading stands between machine and signature."""
    return phrase(reading.status, language)


def signature(reading: Reading, language: Language) -> str:
    """Return who reviewed or signed the reading and when."""
    if not reading.reviewer or reading.status == "proposed":
        return phrase("not_signed", language)
    name = person(reading.reviewer, language)
    if reading.status == "reviewed":
        reviewed = phrase("reviewed_by", language, name=name)
        return f"{reviewed} · {phrase('not_signed', language)}"
    moment = signed_at(reading)
    signed = phrase("signed_by", language, name=name)
    return f"{signed}, {_moment(moment)}" if moment else signed


def made_by(reading: Reading, language: Language) -> list[str]:
    """Return the lines that say which software and which models made the reading."""
    from readingroom import __version__

    cards = [f"{card.name} ({card.sha256[:8]})" for card in reading.provenance.cards]
    names = ", ".join(cards) or phrase("no_models", language)
    software = phrase(
        "made_by",
        language,
        package=reading.provenance.package_version or __version__,
        reader=reading.reader,
        version=reading.reader_version,
        revision=reading.revision,
        created=_moment(reading.created),
    )
    return [software, phrase("models", language, names=names)]
