"""Segments and window presets as the page lists them."""

from __future__ import annotations

from typing import Any

from readingroom.reader import Reader
from readingroom.terminology import concept
from readingroom.workbench.viewer.style import MaskStyle

_LONGEST_ABBREVIATION = 3


def rows(session: Any, style: MaskStyle, in_3d: set[str]) -> list[dict[str, Any]]:
    """Return one row per segment, findings first."""
    titles = {one.label: one.title for one in session.reader.finding_classes}
    found = [_row(s, titles, style, in_3d) for s in session.masks.segments]
    order = list(titles)
    return sorted(
        found,
        key=lambda row: (not row["finding"], order.index(row["name"]) if row["finding"] else 0),
    )


def presets(reader: Reader[Any]) -> list[dict[str, Any]]:
    """Return the window presets of a reader."""
    return [
        {"name": p.name, "title": p.title, "center": p.center, "width": p.width}
        for p in reader.window_presets
    ]


def _row(
    segment: Any, titles: dict[str, dict[str, str]], style: MaskStyle, in_3d: set[str]
) -> dict[str, Any]:
    title = titles.get(segment.name) or _title(segment.name)
    color = style.colors.get(segment.name, segment.color)
    red, green, blue = (round(255 * part) for part in color)
    return {
        "name": segment.name,
        "title": title,
        "short": dict.fromkeys(title, segment.name) if _is_abbreviation(segment.name) else title,
        "color": f"rgb({red},{green},{blue})",
        "finding": segment.name in titles,
        "slices": style.is_visible(segment.name),
        "three_d": segment.name in in_3d,
    }


def _title(name: str) -> dict[str, str]:
    """Return what a segment is called; parts that were split off have the whole's name."""
    whole, _, number = name.rpartition("_")
    is_part = number.isdigit() and bool(whole)
    known, suffix = concept(whole if is_part else name), f" {number}" if is_part else ""
    return {"en": known.english + suffix, "zh": known.chinese + suffix}


def _is_abbreviation(name: str) -> bool:
    """Say whether people say the name itself, as LAD, where the long one does not fit."""
    return len(name) <= _LONGEST_ABBREVIATION and name.isupper()
