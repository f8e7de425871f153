"""Bronchopulmonary segments, guessed from where in its lobe a place lies.

Segments are territories of bronchi and have no visible borders; this follows the layout of
the international nomenclature (Jackson and Huber, Dis Chest 9:319, 1943; Boyden 1955) in the
lobe's box and is approximate. A thoracic surgeon goes by the bronchi.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

#: Segment: its name in English and Chinese.
SEGMENTS = MappingProxyType(
    {
        "RS1": ("apical", "尖段"),
        "RS2": ("posterior", "后段"),
        "RS3": ("anterior", "前段"),
        "RS4": ("lateral", "外侧段"),
        "RS5": ("medial", "内侧段"),
        "RS6": ("superior", "背段"),
        "RS7": ("medial basal", "内基底段"),
        "RS8": ("anterior basal", "前基底段"),
        "RS9": ("lateral basal", "外基底段"),
        "RS10": ("posterior basal", "后基底段"),
        "LS1+2": ("apicoposterior", "尖后段"),
        "LS3": ("anterior", "前段"),
        "LS4": ("superior lingular", "上舌段"),
        "LS5": ("inferior lingular", "下舌段"),
        "LS6": ("superior", "背段"),
        "LS7+8": ("anteromedial basal", "前内基底段"),
        "LS9": ("lateral basal", "外基底段"),
        "LS10": ("posterior basal", "后基底段"),
    }
)

Guess = Callable[[float, float, float], str]


def segment_of(lobe: str, up: float, back: float, out: float) -> str:
    """Return the probable segment at a place in a lobe.

    Parameters
    ----------
    lobe : str
        As in `readingroom.readers.lungnodule.anatomy.LOBES`.
    up, back, out : float
        Place in the lobe's box, 0…1: from base to top, front to back, midline to chest wall.
    """
    return _BY_LOBE[lobe](up, back, out)


def _right_upper(up: float, back: float, out: float) -> str:
    if up > 0.62:
        return "RS1"
    return "RS2" if back > 0.5 else "RS3"


def _middle(up: float, back: float, out: float) -> str:
    return "RS4" if out > 0.5 else "RS5"


def _right_lower(up: float, back: float, out: float) -> str:
    if up > 0.62:
        return "RS6"
    if out < 0.3 and back < 0.6:
        return "RS7"
    if back < 0.4:
        return "RS8"
    return "RS9" if out > 0.55 and back < 0.75 else "RS10"


def _left_upper(up: float, back: float, out: float) -> str:
    if up < 0.25:
        return "LS5"
    if up < 0.42:
        return "LS4"
    return "LS1+2" if up > 0.72 or back > 0.55 else "LS3"


def _left_lower(up: float, back: float, out: float) -> str:
    if up > 0.62:
        return "LS6"
    if back < 0.45:
        return "LS7+8"
    return "LS9" if out > 0.55 and back < 0.75 else "LS10"


_BY_LOBE: dict[str, Guess] = {
    "RIGHT_UPPER_LOBE": _right_upper,
    "RIGHT_MIDDLE_LOBE": _middle,
    "RIGHT_LOWER_LOBE": _right_lower,
    "LEFT_UPPER_LOBE": _left_upper,
    "LEFT_LOWER_LOBE": _left_lower,
}
