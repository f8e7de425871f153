"""The viewer's part of the shared state, as it begins."""

from __future__ import annotations

from typing import Any

from readingroom.workbench.viewer.layouts import LAYOUTS, PRIORS, VIEWS
from readingroom.workbench.viewer.tools.controller import first_state as tools_state


def first_state(has_card: bool) -> dict[str, Any]:
    """Return the ``view_*`` variables."""
    return {
        "view_layout": "four_up",
        "view_shown": LAYOUTS["four_up"].views,
        "view_grid": LAYOUTS["four_up"].style,
        "view_window": "",
        "view_center": 40,
        "view_width": 400,
        "view_presets": [],
        "view_slab_mm": 0.0,
        "view_slab_mode": "max",
        "view_crosshair": True,
        "view_landmarks": False,
        "view_opacity": 1.0,
        "view_segments": [],
        "view_header": {},
        "view_has_card": has_card,
        "view_rendering": False,
        "view_frames": 0,
        "view_plays": False,
        "view_can_undo": False,
        "view_can_redo": False,
        **tools_state(),
        "view_has_prior": False,
        **{f"view_info_{name}": {} for name in (*VIEWS, *PRIORS)},
    }
