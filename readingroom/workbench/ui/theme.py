"""Colours of the pages, dark and light; every text on its ground reaches 4.5 : 1."""

from __future__ import annotations

from typing import Any

DARK = {
    "background": "#0d1215",
    "surface": "#151c20",
    "surface-variant": "#28343b",
    "on-surface-variant": "#e6edf1",
    "primary": "#4dd0e1",
    "on-primary": "#00252b",
    "secondary": "#90a4ae",
    "success": "#66bb6a",
    "on-success": "#06210a",
    "warning": "#ffca28",
    "on-warning": "#2b2000",
    "error": "#ff8a80",
    "on-error": "#3b0500",
    "info": "#81d4fa",
    "on-info": "#00202e",
}
LIGHT = {
    "background": "#eef2f4",
    "surface": "#ffffff",
    "surface-variant": "#dde5e9",
    "on-surface-variant": "#1c2429",
    "primary": "#00647a",
    "on-primary": "#ffffff",
    "secondary": "#455a64",
    "success": "#1b6e20",
    "on-success": "#ffffff",
    "warning": "#8a5300",
    "on-warning": "#ffffff",
    "error": "#b00020",
    "on-error": "#ffffff",
    "info": "#01579b",
    "on-info": "#ffffff",
}
THEMES: dict[str, Any] = {
    "theme": {
        "defaultTheme": "dark",
        "themes": {
            "dark": {"dark": True, "colors": DARK},
            "light": {"dark": False, "colors": LIGHT},
        },
    },
    "defaults": {
        "VBtn": {"variant": "text", "density": "comfortable"},
        "VTextField": {"variant": "outlined", "density": "compact", "hideDetails": True},
        "VSelect": {"variant": "outlined", "density": "compact", "hideDetails": True},
    },
}


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours written ``#rrggbb`` (WCAG 2.2, 1.4.3)."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
