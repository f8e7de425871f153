"""Growth of a nodule between scans: doubling time, with what measurement error makes of it.

``VDT = days * ln 2 / ln(V2 / V1)`` (Schwartz, Cancer 1961;14:1272). Classes as the NELSON
trial and the British Thoracic Society use them (Xu et al., Lung Cancer 2006;54:177;
Callister et al., Thorax 2015;70 Suppl 2): below 400 days suspicious, 400 to 600
indeterminate, above 600 favours benign; a change of volume below 25 % counts as none.
Growth for Lung-RADS v2022: more than 1.5 mm in mean diameter within 12 months.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["Growth", "Size", "Trend", "doubling_days", "growth", "trend"]

Pace = Literal["growing", "slowly_growing", "stable", "decreased"]
Grade = Literal["none", "suspicious", "indeterminate", "favours_benign"]

SUSPICIOUS_DAYS = 400.0
BENIGN_DAYS = 600.0
#: Smallest change of volume that counts, as a share.
SIGNIFICANT = 0.25
#: Lung-RADS v2022: change of the mean diameter within a year that is growth, mm.
GROWTH_MM = 1.5
_YEAR = 365.25
#: Relative standard deviation of one volume between scans of the same nodule: limits of
#: agreement of +-25 % for the difference of two (Wormanns et al., Eur Radiol 2004;14:86;
#: de Hoop et al., Eur Radiol 2009;19:800), over 1.96 and the root of 2.
BETWEEN_SCANS = 0.25 / 1.96 / math.sqrt(2)
_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Size:
    """A nodule's size at one scan.

    Parameters
    ----------
    volume_mm3 : float
        Above 0.
    mean_diameter_mm : float
    volume_sd_mm3 : float
        Standard uncertainty within the scan (`measure`'s ``volume_uncertainty``).
    """

    volume_mm3: float
    mean_diameter_mm: float
    volume_sd_mm3: float = 0.0

    @property
    def log_sd(self) -> float:
        """Standard deviation of the volume's logarithm: within and between scans."""
        within = self.volume_sd_mm3 / max(self.volume_mm3, 1e-6)
        return max(within, BETWEEN_SCANS)


@dataclass(frozen=True)
class Growth:
    """What happened to a nodule between two scans.

    Attributes
    ----------
    doubling_days : float or None
        Volume doubling time; negative while the nodule shrinks (halving time), None where
        the volume is the same.
    interval_days : tuple of (float, float or None)
        95 % interval of the doubling time; the second is None where no growth at all
        cannot be excluded, both are None-like (inf, None) where the nodule shrank.
    volume_change, diameter_change_mm : float
        Share of the first volume; mm.
    significant : bool
        Whether the change exceeds what repeated scans of a stable nodule show (95 %).
    pace : str
        Lung-RADS: 'growing', 'slowly_growing', 'stable', 'decreased'.
    grade : str
        By doubling time; 'none' unless the volume grew by 25 % or more.
    """

    doubling_days: float | None
    interval_days: tuple[float | None, float | None]
    volume_change: float
    diameter_change_mm: float
    days: float
    significant: bool
    pace: Pace
    grade: Grade
    text: str
    text_zh: str


def doubling_days(first_mm3: float, second_mm3: float, days: float) -> float | None:
    """Return the volume doubling time, days; negative if it shrank, None if unchanged."""
    ratio = math.log(second_mm3 / first_mm3)
    return None if ratio == 0 else days * math.log(2) / ratio


def growth(before: Size, after: Size, days: float) -> Growth:
    """Compare two scans of one nodule.

    Parameters
    ----------
    days : float
        From the first to the second scan, above 0.

    Raises
    ------
    ValueError
        If `days` or a volume is not above 0.
    """
    if days <= 0 or before.volume_mm3 <= 0 or after.volume_mm3 <= 0:
        raise ValueError("days and volumes must be above 0")
    ratio = math.log(after.volume_mm3 / before.volume_mm3)
    spread = _NORMAL_95 * math.hypot(before.log_sd, after.log_sd)
    change = after.volume_mm3 / before.volume_mm3 - 1
    millimetres = after.mean_diameter_mm - before.mean_diameter_mm
    time = doubling_days(before.volume_mm3, after.volume_mm3, days)
    grade = _grade(time, change)
    pace = _pace(millimetres, change, days)
    low, high = _interval(ratio, spread, days)
    text, text_zh = _texts(time, (low, high), change, millimetres, grade)
    return Growth(
        time,
        (low, high),
        change,
        millimetres,
        days,
        abs(ratio) > spread,
        pace,
        grade,
        text,
        text_zh,
    )


def _interval(ratio: float, spread: float, days: float) -> tuple[float | None, float | None]:
    fastest, slowest = ratio + spread, ratio - spread
    low = days * math.log(2) / fastest if fastest > 0 else None
    high = days * math.log(2) / slowest if slowest > 0 else None
    return low, high


def _grade(time: float | None, change: float) -> Grade:
    if time is None or change < SIGNIFICANT:
        return "none"
    if time < SUSPICIOUS_DAYS:
        return "suspicious"
    return "indeterminate" if time <= BENIGN_DAYS else "favours_benign"


def _pace(millimetres: float, change: float, days: float) -> Pace:
    """Return growth as Lung-RADS means it, the change brought to a year if it took longer."""
    within_year = millimetres * min(1.0, _YEAR / days)
    if within_year > GROWTH_MM:
        return "growing"
    if millimetres > GROWTH_MM or change >= SIGNIFICANT:
        return "slowly_growing"
    shrunk = millimetres < -GROWTH_MM or change <= -SIGNIFICANT
    return "decreased" if shrunk else "stable"


_GRADE_TEXTS: dict[Grade, tuple[str, str]] = {
    "none": ("no significant growth", "无显著增大"),
    "suspicious": ("suspicious (below 400 days)", "可疑（< 400 天）"),
    "indeterminate": ("indeterminate (400 to 600 days)", "不确定（400–600 天）"),
    "favours_benign": ("favours benign (above 600 days)", "倾向良性（> 600 天）"),
}


def _texts(
    time: float | None,
    interval: tuple[float | None, float | None],
    change: float,
    millimetres: float,
    grade: Grade,
) -> tuple[str, str]:
    sizes = f"{change:+.0%}, {millimetres:+.1f} mm"
    meaning, meaning_zh = _GRADE_TEXTS[grade]
    if time is None or time < 0 or interval[0] is None:
        return f"volume {sizes}: {meaning}", f"体积 {sizes}：{meaning_zh}"
    upper = f"{interval[1]:.0f}" if interval[1] is not None else "∞"
    span = f"{interval[0]:.0f}–{upper}"
    return (
        f"volume {sizes}; doubling time {time:.0f} days (95 % {span}): {meaning}",
        f"体积 {sizes}；倍增时间 {time:.0f} 天（95 % {span}）：{meaning_zh}",
    )


@dataclass(frozen=True)
class Trend:
    """Exponential growth fitted to several scans.

    Attributes
    ----------
    doubling_days : float or None
        As in `Growth`.
    interval_days : tuple
        As in `Growth`.
    residual_sd : float
        Of the logarithm of volume about the fit.
    """

    doubling_days: float | None
    interval_days: tuple[float | None, float | None]
    residual_sd: float


def trend(sizes: Sequence[Size], days: Sequence[float]) -> Trend:
    """Fit exponential growth to two or more scans, weighted by their uncertainty.

    Parameters
    ----------
    days : sequence of float
        Time of each scan, days from any origin.

    Raises
    ------
    ValueError
        If there are fewer than two scans or all on one day.
    """
    at = np.asarray(days, dtype=np.float64)
    if len(sizes) < 2 or len(sizes) != len(at) or float(np.ptp(at)) == 0:
        raise ValueError("two or more scans on different days are needed")
    logs = np.log([size.volume_mm3 for size in sizes])
    weight = 1 / np.square([size.log_sd for size in sizes])
    middle = float(np.average(at, weights=weight))
    inertia = float(np.sum(weight * (at - middle) ** 2))
    slope = float(np.sum(weight * (at - middle) * logs)) / inertia
    residual = logs - np.average(logs, weights=weight) - slope * (at - middle)
    spread = _NORMAL_95 / math.sqrt(inertia)
    low, high = _interval(slope, spread, 1.0)
    time = math.log(2) / slope if slope else None
    return Trend(time, (low, high), float(np.sqrt(np.mean(residual**2))))
