"""What series and study descriptions suggest: typed by people, so hints only."""

from __future__ import annotations

import re

_CONTRAST_FREE = re.compile(
    r"(NON[ -_]?CON|\bW/?O\b|WITHOUT|UNENHANCED|\bNATIVE?\b|\bPLAIN\b|NO CONTRAST|\bNC\b"
    r"|CALCIUM|CA[ -]?SC|平扫|钙化积分)",
    re.IGNORECASE,
)
_CONTRAST = re.compile(
    r"(\bCTA\b|ANGIO|ARTERIAL|VENOUS|PORTAL|DELAYED|CONTRAST|ENHANCED|\bC\+|\+C\b|\bPOST\b"
    r"|增强|动脉期|静脉期|门脉期|延迟期)",
    re.IGNORECASE,
)


def contrast_hint(description: str) -> bool | None:
    """Return what a series or study description suggests about contrast; None if nothing."""
    if _CONTRAST_FREE.search(description):
        return False
    return True if _CONTRAST.search(description) else None
