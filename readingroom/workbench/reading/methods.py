"""How numbers were made, in Chinese: readers write it in English, from a few phrases."""

from __future__ import annotations

import re

from readingroom.report.phrases import Language

_PHRASES: tuple[tuple[str, str], ...] = (
    (r"standard (\d+) HU: ", r"标准 \1 HU："),
    (r"adapted to (\S+) kVp: ", r"按 \1 kVp 调整："),
    (r"per-patient threshold (\d+) HU: ", r"个体阈值 \1 HU："),
    (r">= (\d+) HU", r"≥ \1 HU"),
    (r"weights from ([\d/]+) HU", r"权重分界 \1 HU"),
    (r"(\d)-connected per slice", r"层内 \1 连通"),
    (r"at least (\S+) mm2", r"至少 \1 mm²"),
    (r"more than (\d+) pixels", r"多于 \1 个像素"),
    (r"linear interpolation between slices to isotropic voxels", "层间线性插值为各向同性体素"),
    (r"largest in an axial slice, pixel width included", "轴位层面内最大值，含像素宽度"),
    (r"largest axial slice", "最大轴位层面"),
    (r"at the threshold, minimum size met", "达到阈值与最小面积"),
    (r"1 - score of the largest vessel / total", "1 − 最大血管积分 / 总积分"),
    (r"of ([A-Z, ]+), score > 0", r"\1 中积分 > 0 者"),
    (r"score > 0", "积分 > 0"),
    (r"over all lesions", "所有病灶"),
    (r"weighted by volume", "按体积加权"),
    (r"counted voxels", "计入的体素"),
    (r"voxel count", "体素计数"),
    (r"uncalibrated", "未校准"),
    (r"calibrated", "已校准"),
    (r"median in the aorta", "主动脉内中位数"),
    (r"blood pool", "血池"),
    (r"ln\(score \+ 1\)", "ln(积分 + 1)"),
)
_CITATION = re.compile(r"[;(][^;(]*\d{4}[^;(]*\)?")
_ENGLISH = re.compile(r"[A-Za-z]{4,}")


def method(text: str, language: Language) -> str:
    """Return how a number was made; empty rather than half translated.

    Parameters
    ----------
    text : str
        ``Measurement.method``. What is cited stays as it was published.
    """
    if language == "en":
        return text
    for pattern, chinese in _PHRASES:
        text = re.sub(pattern, chinese, text)
    return "" if _ENGLISH.search(_CITATION.sub("", text)) else text
