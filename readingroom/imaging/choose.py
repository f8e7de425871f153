"""Which series of a study to read, with the reason in a note."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from readingroom.errors import RefusedInput
from readingroom.imaging import kernel
from readingroom.imaging.hints import contrast_hint
from readingroom.study import Note, Study, Volume

#: Image types that are no acquired cross-sections to measure in.
_UNSUITED_TYPES = frozenset(
    ("LOCALIZER", "SCOUT", "TOPOGRAM", "SCREEN SAVE", "SCREENSAVE", "DOSE_INFO", "DOSE", "MIP",
     "MINIP", "PROJECTION IMAGE", "MAX_IP", "MIN_IP", "VRT", "POSDISP", "BATCH")
)  # fmt: skip
_UNSUITED_WORDS = ("scout", "topogram", "localizer", "dose report", "patient protocol", "smartprep")


_WORDS = {
    ("contrast", True): ("contrast agent", "有对比剂"),
    ("contrast", False): ("no contrast agent", "无对比剂"),
    ("gated", True): ("ECG-gated", "心电门控"),
    ("gated", False): ("not ECG-gated", "非心电门控"),
    ("soft", True): ("smooth kernel", "平滑重建核"),
    ("soft", False): ("sharp kernel", "锐利重建核"),
}


@dataclass(frozen=True)
class SeriesPreference:
    """What a reader would like to read, most important first.

    Attributes
    ----------
    modality : str
        The only modality that can be read.
    minimum_slices : int
        Series with fewer slices cannot be read.
    axial : bool
        Prefer slices across the body's long axis.
    contrast : bool or None
        Prefer with (True) or without (False) contrast agent.
    gated : bool or None
        Prefer ECG-gated (True) or not (False).
    kernel : {'soft', 'sharp'} or None
        Prefer smooth or edge-enhancing reconstruction.
    slice_thickness_mm : float or None
        Prefer the thickness nearest to this.
    """

    modality: str = "CT"
    minimum_slices: int = 1
    axial: bool = True
    contrast: bool | None = None
    gated: bool | None = None
    kernel: Literal["soft", "sharp"] | None = None
    slice_thickness_mm: float | None = None


@dataclass(frozen=True)
class _Criterion:
    english: str
    chinese: str
    #: Smaller is better; equal values leave the choice to the next criterion.
    cost: Callable[[Volume], float]


def choose_volume(
    study: Study, preference: SeriesPreference, series: str | None = None
) -> tuple[Volume, Note]:
    """Pick the volume to read and say why.

    Criteria are compared one after the other, in the order of `SeriesPreference`; among
    equals original images come first, then those with more slices.

    Parameters
    ----------
    series : str, optional
        Series Instance UID, a unique beginning of it, or series number: restricts the
        choice to that series, whatever the preference says except the modality.

    Returns
    -------
    volume : Volume
    note : Note
        ``SERIES_CHOSEN``, info.

    Raises
    ------
    RefusedInput
        ``SERIES_UNKNOWN``, ``MODALITY_UNSUITED``, ``NO_SUITED_SERIES`` or
        ``SLICES_TOO_FEW``.
    """
    asked = list(study.volumes) if series is None else _named(study.volumes, series.strip())
    eligible = _eligible(asked, preference)
    criteria = _criteria(preference)
    best = min(eligible, key=lambda volume: tuple(c.cost(volume) for c in criteria))
    return best, _explain(best, eligible, study, criteria, asked_for=series is not None)


def is_axial(volume: Volume) -> bool:
    """Whether the slice normal lies within 25° of the body's long axis."""
    step = volume.ijk_to_lps[:3, 2]
    return bool(abs(step[2]) > np.cos(np.radians(25)) * np.linalg.norm(step))


def is_measurable(volume: Volume) -> bool:
    """Whether the series shows acquired cross-sections: no localizer, projection or screen."""
    if _UNSUITED_TYPES & set(volume.acquisition.image_type):
        return False
    text = volume.description.lower()
    return not any(word in text for word in _UNSUITED_WORDS)


def _named(volumes: Sequence[Volume], series: str) -> list[Volume]:
    uids = dict.fromkeys(v.series_uid for v in volumes if v.series_uid)
    numbers = {v.series_uid for v in volumes if str(v.series_number) == series}
    prefixes = [uid for uid in uids if series and uid.startswith(series)]
    for found in ([u for u in uids if u == series], sorted(numbers), prefixes):
        if len(found) == 1:
            return [v for v in volumes if v.series_uid == found[0]]
    there = "; ".join(dict.fromkeys(f"{_label(v)} ({v.series_uid})" for v in volumes))
    raise RefusedInput(
        "SERIES_UNKNOWN",
        "The series asked for is not, or not only once, among the volumes of the study.",
        f"Volumes there are: {there or 'none'}.",
    )


def _eligible(volumes: Sequence[Volume], preference: SeriesPreference) -> list[Volume]:
    # Files other than DICOM do not say their modality: the person who gave one knows.
    right = [v for v in volumes if v.acquisition.modality in (preference.modality, "")]
    if not right:
        there = ", ".join(sorted({v.acquisition.modality for v in volumes})) or "no volume"
        raise RefusedInput(
            "MODALITY_UNSUITED",
            f"The study holds {there} instead of {preference.modality}.",
            f"Give a {preference.modality} examination.",
        )
    measurable = [v for v in right if is_measurable(v)]
    if not measurable:
        raise RefusedInput(
            "NO_SUITED_SERIES",
            "The study holds only localizers, projections or screen captures.",
            "Give the folder that holds the cross-sectional series.",
        )
    enough = [v for v in measurable if v.shape[0] >= preference.minimum_slices]
    if not enough:
        most = max(v.shape[0] for v in measurable)
        raise RefusedInput(
            "SLICES_TOO_FEW",
            f"The longest series has {most} slice(s); at least {preference.minimum_slices} "
            "are needed.",
            "Give the whole series.",
        )
    return enough


def _criteria(wish: SeriesPreference) -> list[_Criterion]:
    found: list[_Criterion] = []
    if wish.axial:
        found.append(_Criterion("axial slices", "轴位图像", lambda v: float(not is_axial(v))))
    if wish.contrast is not None:
        words = _WORDS["contrast", wish.contrast]
        found.append(_Criterion(*words, lambda v: _mismatch(_has_contrast(v), wish.contrast)))
    if wish.gated is not None:
        words = _WORDS["gated", wish.gated]
        found.append(_Criterion(*words, lambda v: _mismatch(v.acquisition.gated, wish.gated)))
    if wish.kernel is not None:
        words = _WORDS["soft", wish.kernel == "soft"]
        found.append(_Criterion(*words, lambda v: _kernel_cost(v, wish.kernel)))
    thickness = wish.slice_thickness_mm
    if thickness is not None:
        found.append(
            _Criterion(
                f"thickness nearest to {thickness:g} mm",
                f"层厚最接近 {thickness:g} mm",
                lambda v: round(abs(_thickness(v) - thickness), 2),
            )
        )
    found.append(_Criterion("original images", "原始图像", _derived))
    found.append(_Criterion("most slices", "层数最多", lambda v: -float(v.shape[0])))
    return found


def _mismatch(fact: bool | None, wish: bool | None) -> float:
    return 0.5 if fact is None else float(fact != wish)


def _has_contrast(volume: Volume) -> bool | None:
    agent = volume.acquisition.contrast_agent
    if agent:
        return True
    # An empty field is often just not filled in: the description may know better.
    hint = contrast_hint(volume.description)
    return hint if hint is not None else (None if agent is None else False)


def _kernel_cost(volume: Volume, wish: str | None) -> float:
    facts = volume.acquisition
    order = {"soft": 0.0, "medium": 0.5, "sharp": 1.0, None: 0.6}
    cost = order[kernel.sharpness(facts.kernel, facts.manufacturer)]
    return cost if wish == "soft" else 1.0 - cost


def _thickness(volume: Volume) -> float:
    facts = volume.acquisition
    return facts.slice_thickness_mm or facts.slice_increment_mm or float("inf")


def _derived(volume: Volume) -> float:
    kinds = volume.acquisition.image_type
    return float("DERIVED" in kinds) + float("SECONDARY" in kinds)


def _label(volume: Volume) -> str:
    facts = volume.acquisition
    number = "" if volume.series_number is None else f" {volume.series_number}"
    thickness = "" if facts.slice_thickness_mm is None else f", {facts.slice_thickness_mm:g} mm"
    shape = f", {volume.shape[0]} × {volume.shape[1]} × {volume.shape[2]}"
    return f"{facts.modality or 'image'}{number}{thickness}{shape}"


def _explain(
    best: Volume,
    eligible: Sequence[Volume],
    study: Study,
    criteria: Sequence[_Criterion],
    *,
    asked_for: bool,
) -> Note:
    others = len(study.volumes) - 1
    decisive = _decisive(best, eligible, criteria)
    if asked_for:
        why, why_zh = "it was asked for", "由使用者指定"
    elif others == 0:
        why, why_zh = "it is the only one", "仅此一个序列"
    elif len(eligible) == 1:
        why, why_zh = "it is the only suited one", "仅此序列适用"
    elif decisive:
        why = ", ".join(c.english for c in decisive)
        why_zh = "、".join(c.chinese for c in decisive)
    else:
        why, why_zh = "the first of equals", "条件相同，取第一个"
    return Note(
        "SERIES_CHOSEN",
        "info",
        f"Read series: {_label(best)}. Chosen among {others + 1} volume(s): {why}. "
        "Option --series reads another one.",
        f"所读序列：{_label(best)}。共 {others + 1} 个容积，选择理由：{why_zh}。"
        "可用 --series 指定其他序列。",
    )


def _decisive(
    best: Volume, eligible: Sequence[Volume], criteria: Sequence[_Criterion]
) -> list[_Criterion]:
    """Return the criteria by which the others fell behind, in order."""
    left = [volume for volume in eligible if volume is not best]
    found = []
    for criterion in criteria:
        worse = [volume for volume in left if criterion.cost(volume) > criterion.cost(best)]
        if worse:
            found.append(criterion)
            left = [volume for volume in left if volume not in worse]
    return found
