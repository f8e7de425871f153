"""Setting text of mixed scripts: bundled fonts, widths, wrapping, drawing on a page."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any, Literal

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from readingroom.errors import ReadingRoomError
from readingroom.resources import resource_path

Align = Literal["left", "right", "centre"]
Color = tuple[float, float, float]

BLACK: Color = (0.0, 0.0, 0.0)
_ELLIPSIS = "…"
#: Latin, Greek, Cyrillic and signs; bold and regular have the same characters.
_FILES = {
    "RR-Regular": "LiberationSans-Regular.ttf",
    "RR-Bold": "LiberationSans-Bold.ttf",
    "RR-CJK": "DroidSansFallbackFull.ttf",
}
_NO_GLYPH = "\N{WHITE SQUARE}"
#: Chinese punctuation that must not begin a line.
_NOT_FIRST = "，。、；：！？）】》”’%‰"
#: Stroke that makes the CJK font, which has one weight, look bold; part of the size.
_BOLD_STROKE = 0.022


@cache
def _font(name: str) -> TTFont:
    """Load and register a font when a text first needs it; the CJK one is large."""
    try:
        font = TTFont(name, str(resource_path("Fonts", _FILES[name])))
    except TTFError:
        raise ReadingRoomError(
            "FONT_MISSING",
            f"The font {_FILES[name]} of the reports is not there.",
            "Install the package again, or point READINGROOM_RESOURCES to its Resources folder.",
        ) from None
    pdfmetrics.registerFont(font)
    return font


def _has(name: str, character: str) -> bool:
    return ord(character) in _font(name).face.charToGlyph


def _runs(text: str, bold: bool) -> list[tuple[str, str]]:
    """Split `text` into runs of one font; what no font has becomes a square."""
    latin = "RR-Bold" if bold else "RR-Regular"
    runs: list[tuple[str, str]] = []
    for character in text:
        shown = " " if unicodedata.category(character).startswith("C") else character
        name = latin if _has(latin, shown) else "RR-CJK"
        if name == "RR-CJK" and not _has(name, shown):
            name, shown = latin, _NO_GLYPH
        if runs and runs[-1][0] == name:
            runs[-1] = (name, runs[-1][1] + shown)
        else:
            runs.append((name, shown))
    return runs


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of one line, points."""
    widths = (pdfmetrics.stringWidth(part, font, size) for font, part in _runs(text, bold))
    return float(sum(widths))


def fit(text: str, size: float, limit: float, *, bold: bool = False) -> str:
    """Return `text`, shortened with an ellipsis to `limit` points."""
    if width(text, size, bold=bold) <= limit:
        return text
    while text and width(text + _ELLIPSIS, size, bold=bold) > limit:
        text = text[:-1]
    return text.rstrip() + _ELLIPSIS


def wrap(
    text: str, size: float, limit: float, *, bold: bool = False, lines: int | None = None
) -> list[str]:
    """Break `text` into lines of at most `limit` points.

    Latin breaks between words, Chinese between any two characters except before closing
    punctuation; a word wider than a line is cut.

    Parameters
    ----------
    lines : int, optional
        Most lines to return; the last one then ends with an ellipsis.
    """
    broken: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and width(line + piece.rstrip(), size, bold=bold) > limit:
            broken.append(line.rstrip())
            line = ""
        line += piece.lstrip() if not line else piece
        while width(line.rstrip(), size, bold=bold) > limit and len(line) > 1:
            cut = _longest(line, size, limit, bold)
            broken.append(line[:cut])
            line = line[cut:]
    if line.strip():
        broken.append(line.rstrip())
    if lines is None or len(broken) <= lines:
        return broken
    last = fit(broken[lines - 1] + " " + broken[lines], size, limit, bold=bold)
    return [*broken[: lines - 1], last]


def _longest(line: str, size: float, limit: float, bold: bool) -> int:
    cut = len(line) - 1
    while cut > 1 and width(line[:cut], size, bold=bold) > limit:
        cut -= 1
    return cut


def _pieces(text: str) -> list[str]:
    """Split into the smallest parts that stay together on a line."""
    pieces: list[str] = []
    for character in text:
        joins = bool(pieces) and _joins(pieces[-1][-1], character)
        if joins:
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _joins(before: str, character: str) -> bool:
    if character in _NOT_FIRST or character == " ":
        return True
    return before != " " and not _is_wide(before) and not _is_wide(character)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")


def draw(
    canvas: Any,
    x: float,
    y: float,
    text: str,
    size: float,
    *,
    bold: bool = False,
    color: Color = BLACK,
    align: Align = "left",
) -> None:
    """Draw one line with its baseline at `y`; `x` is the end or middle as `align` says."""
    line = canvas.beginText()
    line.setFillColorRGB(*color)
    line.setStrokeColorRGB(*color)
    offset = {"left": 0.0, "right": 1.0, "centre": 0.5}[align]
    line.setTextOrigin(x - offset * width(text, size, bold=bold), y)
    canvas.saveState()
    canvas.setLineWidth(_BOLD_STROKE * size)
    for font, part in _runs(text, bold):
        line.setFont(font, size)
        line.setTextRenderMode(2 if bold and font == "RR-CJK" else 0)
        line.textOut(part)
    canvas.drawText(line)
    canvas.restoreState()
