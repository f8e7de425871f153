"""A page with a pen: boxes, rules, tables and paragraphs that never leave their place."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from readingroom.report import text
from readingroom.report.text import Color

INK: Color = (0.11, 0.14, 0.18)
GREY: Color = (0.42, 0.46, 0.50)
RULE: Color = (0.80, 0.83, 0.86)
PALE: Color = (0.945, 0.955, 0.965)
ACCENT: Color = (0.04, 0.33, 0.47)
GREEN: Color = (0.10, 0.45, 0.25)
AMBER: Color = (0.70, 0.38, 0.00)
PALE_AMBER: Color = (1.00, 0.94, 0.80)
RED: Color = (0.70, 0.10, 0.10)

MARGIN = 34.0
PAGE_WIDTH, PAGE_HEIGHT = A4
#: Smallest font that is still read on paper, points.
_SMALLEST = 5.5
#: A line shrinks to this part of its size before it becomes two lines.
_LEAST_SHRUNK = 0.75


@dataclass(frozen=True)
class Area:
    """A rectangle on the page: left and top edge, width and height, points.

    `y` is measured from the bottom of the page, as PDF does, and names the top edge.
    """

    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y - self.height

    def below(self, used: float) -> Area:
        """Return what is left under the first `used` points."""
        return Area(self.x, self.y - used, self.width, max(self.height - used, 0.0))


class Page:
    """One A4 page.

    Parameters
    ----------
    title, subject : str
        Document properties; nothing about the patient belongs there.
    """

    def __init__(self, title: str, subject: str) -> None:
        self._buffer = io.BytesIO()
        self.canvas: Any = Canvas(self._buffer, pagesize=A4, pageCompression=1)
        self.canvas.setTitle(title)
        self.canvas.setSubject(subject)
        self.canvas.setAuthor("ReadingRoom")
        self.canvas.setCreator("ReadingRoom")

    @property
    def area(self) -> Area:
        """What lies inside the margins."""
        return Area(MARGIN, PAGE_HEIGHT - MARGIN, PAGE_WIDTH - 2 * MARGIN, PAGE_HEIGHT - 2 * MARGIN)

    def finish(self) -> bytes:
        """Return the document."""
        self.canvas.showPage()
        self.canvas.save()
        return self._buffer.getvalue()

    def line(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        limit: float,
        *,
        bold: bool = False,
        color: Color = INK,
        align: text.Align = "left",
    ) -> None:
        """Write one line, shortened to `limit` points."""
        shown = text.fit(words, size, limit, bold=bold)
        text.draw(self.canvas, x, y, shown, size, bold=bold, color=color, align=align)

    def shrunk(
        self, x: float, y: float, words: str, size: float, limit: float, *, bold: bool = False
    ) -> None:
        """Write words in a smaller font where they are too long, at last in two lines.

        For what must not lose its end, such as an identifier.
        """
        wide = text.width(words, size, bold=bold)
        if wide <= limit / _LEAST_SHRUNK:
            self.line(x, y, words, size * min(limit / max(wide, 1.0), 1.0), limit + 0.1, bold=bold)
            return
        for place, line in enumerate(text.wrap(words, _SMALLEST, limit, bold=bold, lines=2)):
            text.draw(self.canvas, x, y + 3 - 6 * place, line, _SMALLEST, bold=bold, color=INK)

    def paragraph(
        self,
        area: Area,
        words: str,
        size: float,
        *,
        bold: bool = False,
        color: Color = INK,
        lines: int | None = None,
    ) -> float:
        """Write words wrapped into `area` and return the height used."""
        leading = 1.25 * size
        room = int(area.height // leading)
        most = room if lines is None else min(lines, room)
        broken = text.wrap(words, size, area.width, bold=bold, lines=most) if most else []
        for row, line in enumerate(broken):
            y = area.y - row * leading - size
            text.draw(self.canvas, area.x, y, line, size, bold=bold, color=color)
        return len(broken) * leading

    def fill(self, area: Area, color: Color) -> None:
        """Fill a rectangle."""
        self.canvas.setFillColorRGB(*color)
        self.canvas.rect(area.x, area.bottom, area.width, area.height, stroke=0, fill=1)

    def rule(self, x: float, y: float, length: float, color: Color = RULE) -> None:
        """Draw a thin horizontal line."""
        self.canvas.setStrokeColorRGB(*color)
        self.canvas.setLineWidth(0.5)
        self.canvas.line(x, y, x + length, y)

    def heading(self, area: Area, words: str) -> Area:
        """Write a section's heading and return what is left under it."""
        self.line(area.x, area.y - 8, words, 8, area.width, bold=True, color=ACCENT)
        return area.below(13)

    def image(self, area: Area, png: bytes) -> None:
        """Put a picture into `area`, which has its proportions."""
        picture = ImageReader(io.BytesIO(png))
        self.canvas.drawImage(picture, area.x, area.bottom, area.width, area.height)

    def table(
        self,
        area: Area,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        *,
        size: float = 8.0,
        bold_last: bool = False,
    ) -> Area:
        """Write a table, first column to the left, others to the right.

        Parameters
        ----------
        widths : sequence of float
            Width of each column as a part of the area's.

        Returns
        -------
        Area
            What is left under it. Rows that do not fit are left out: ask `rows_in` first.
        """
        self._row(area, header, widths, _header_size(area, header, widths, size - 1), color=GREY)
        self.rule(area.x, area.y - row_height(size) + 1.5, area.width)
        shown = rows[: rows_in(area, size)]
        for place, row in enumerate(shown, start=1):
            last = bold_last and place == len(rows)
            under = area.below(place * row_height(size))
            if last:
                self.rule(area.x, under.y + 0.5, area.width, GREY)
            self._row(under, row, widths, size, bold=last)
        return area.below((len(shown) + 1) * row_height(size))

    def table_with_rest(
        self,
        area: Area,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        *,
        size: float,
        rest: Callable[[int], str],
    ) -> Area:
        """Write a table; rows that do not fit are replaced by one line made by `rest`."""
        room = rows_in(area, size)
        if len(rows) <= room:
            return self.table(area, header, rows, widths, size=size)
        kept = rows[: max(room - 1, 0)]
        area = self.table(area, header, kept, widths, size=size)
        y = area.y - row_height(size) + 3.5
        self.line(area.x, y, rest(len(rows) - len(kept)), size, area.width, color=GREY)
        return area.below(row_height(size))

    def _row(
        self,
        area: Area,
        cells: Sequence[str],
        widths: Sequence[float],
        size: float,
        *,
        bold: bool = False,
        color: Color = INK,
    ) -> None:
        x, y = area.x, area.y - row_height(size) + 3.5
        for place, (cell, part) in enumerate(zip(cells, widths, strict=True)):
            width = part * area.width
            right = place > 0
            edge = x + width if right else x
            align: text.Align = "right" if right else "left"
            self.line(edge, y, cell, size, width - 2, bold=bold, color=color, align=align)
            x += width


def _header_size(area: Area, header: Sequence[str], widths: Sequence[float], size: float) -> float:
    """Return the font size at which no column's header is cut, one for all of them."""
    wide = [
        text.width(words, size) / (part * area.width - 2)
        for words, part in zip(header, widths, strict=True)
    ]
    return max(size / max(1.0, *wide) - 0.01, _SMALLEST)


def row_height(size: float) -> float:
    """Return the height of a table's row for a font size, points."""
    return size + 5.0


def rows_in(area: Area, size: float = 8.0) -> int:
    """Return how many rows fit under a table's header."""
    return max(int(area.height // row_height(size)) - 1, 0)
