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
