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
            "anatomy, and a lobe that was removed is not recognised.",
            f"{chinese}显示不清；相应肺叶按血管走行及常规解剖划分，无法识别已切除的肺叶。",
        )
    ]
