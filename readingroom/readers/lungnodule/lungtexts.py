"""The notes on the lungs in both languages, one sentence each."""

from __future__ import annotations

from readingroom.errors import RefusedInput
from readingroom.study import Note

SIDES = {1: ("right", "右"), 2: ("left", "左")}
_WHERE_ZH = {"top": "上缘", "bottom": "下缘", "side": "侧缘"}


def lungs_absent() -> RefusedInput:
    """Return the refusal of images without lungs."""
    return RefusedInput(
        "LUNGS_ABSENT",
        "No lung was found in these images.",
        "Choose a series that shows the chest (option 'series').",
    )


def lung_cut(side: int, where: tuple[str, ...]) -> Note:
    """Return the note on a lung that leaves the images at `where` (top, bottom, side)."""
    english, chinese = SIDES[side]
    return Note(
        "LUNG_CUT",
        "warning",
        f"The {english} lung leaves the images at the {' and '.join(where)}; "
        "nodules there are not seen.",
        f"{chinese}肺在图像{'、'.join(_WHERE_ZH[w] for w in where)}被截断，该处结节无法显示。",
    )


def lung_absent(side: int) -> Note:
    """Return the note on a lung that holds no air or is not there."""
    english, chinese = SIDES[side]
    return Note(
        "LUNG_ABSENT",
        "warning",
        f"No {english} lung was found: it is absent, without air, or outside the images.",
        f"未见{chinese}肺：缺如、完全不含气或不在图像范围内。",
    )


def lung_opaque(side: int, share: float) -> Note:
    """Return the note on a lung of which `share` (0…1) holds no air."""
    english, chinese = SIDES[side]
    return Note(
        "LUNG_OPAQUE",
        "warning",
        f"About {share:.0%} of the {english} lung is without air (consolidation, effusion or "
        "mass); nodules inside it cannot be told apart.",
        f"{chinese}肺约 {share:.0%} 不含气（实变、积液或肿块），其内结节无法分辨。",
    )


_LOBES = {
    1: ("upper", "上叶"),
    2: ("middle", "中叶"),
    3: ("lower", "下叶"),
    4: ("upper", "上叶"),
    5: ("lower", "下叶"),
}


def lobe_missing(side: int, share: float) -> Note:
    """Return the note on a lung with `share` (0…1) of the volume that lacks a fissure."""
    english, chinese = SIDES[side]
    return Note(
        "LOBE_MISSING",
        "warning",
        f"The {english} lung holds only {share:.0%} of the volume of both and a fissure of it is "
        "not seen: a lobe may have been removed or be collapsed. The names of its lobes may be "
        "wrong; compare with the history.",
        f"{chinese}肺仅占双肺体积的 {share:.0%}，且其叶间裂未见：可能有肺叶已切除或不张；"
        "该侧肺叶名称可能有误，请结合病史。",
    )


def lobe_absent(side: int, lobe: int) -> Note:
    """Return the note on a lobe (1…5) that a network did not find."""
    english, chinese = SIDES[side]
    word, word_zh = _LOBES[lobe]
    return Note(
        "LOBE_MISSING",
        "warning",
        f"The {english} {word} lobe was not found: it may have been removed or be collapsed.",
        f"未见{chinese}肺{word_zh}：可能已切除或不张。",
    )


_FISSURES = {
    "right_oblique": ("right oblique", "右斜裂"),
    "right_horizontal": ("horizontal", "水平裂"),
    "left_oblique": ("left oblique", "左斜裂"),
}
#: Share of a fissure's surface on which a sheet must have been seen, 0…1.
_SEEN = 0.2


def fissure_notes(evidence: dict[str, float]) -> list[Note]:
    """Return the note on fissures that were hardly seen; none if all were."""
    unseen = [_FISSURES[name] for name, share in evidence.items() if share < _SEEN]
    if not unseen:
        return []
    english = ", ".join(name for name, _ in unseen)
    chinese = "、".join(name for _, name in unseen)
    return [
        Note(
            "FISSURES_UNCERTAIN",
            "info",
            f"Hardly visible: {english} fissure; the lobes there follow vessels and the usual "
            "anatomy; a lobe that was removed is recognised by loss of volume only.",
            f"{chinese}显示不清；相应肺叶按血管走行及常规解剖划分，已切除的肺叶仅能由体积减小识别。",
        )
    ]
