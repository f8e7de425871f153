"""The reading on one A4 page, for the physician who decides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from readingroom.report import phrases
from readingroom.report.codes import spoken
from readingroom.report.keyimage import KeyImage, key_images
from readingroom.report.layout import Layout
from readingroom.report.layouts import layout_of, shown_findings
from readingroom.report.page import (
    ACCENT,
    AMBER,
    GREEN,
    GREY,
    INK,
    PALE,
    PALE_AMBER,
    RED,
    Area,
    Page,
    row_height,
)
from readingroom.report.phrases import Language, phrase, pick
from readingroom.report.saving import complete_or_absent
from readingroom.report.summary import (
    all_measurements,
    categories,
    findings,
    headline,
    single_values,
    totals,
)
from readingroom.report.text import Color

if TYPE_CHECKING:
    from readingroom.reading import NoteRecord, Reading
    from readingroom.study import Volume

_GAP = 9.0
_IMAGES = 4
_CAPTION = 11.0
_SEVERITY: dict[str, tuple[int, Color]] = {
    "refusal": (0, RED),
    "warning": (1, AMBER),
    "info": (2, GREY),
}
_STATUS: dict[str, Color] = {"proposed": AMBER, "reviewed": ACCENT, "signed": GREEN}
#: Heights of the parts of the page, points; images take what these and the rest leave.
_HEAD, _FACTS, _BANNER, _NUMBERS, _FOOT = 30.0, 50.0, 20.0, 92.0, 62.0
_NOTES_AT_LEAST = 96.0
#: Font of the table of structures.
_NUMBERS_SIZE = 8.8
#: Findings in a list that takes the width of the page.
_WIDE_ROWS = 8


def write(reading: Reading, volume: Volume, path: Path, language: str = "en") -> Path:
    """Write the one-page report.

    Everything fits on the page: what does not is shortened and says where the rest is.

    Parameters
    ----------
    reading : Reading
        With its masks, for the outlines in the key images.
    volume : Volume
        The volume that was read.
    path : Path
        File to write.
    language : {'en', 'zh'}
        Language of labels, remarks and meanings.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    RefusedInput
        ``LANGUAGE_UNKNOWN``.
    ReadingRoomError
        ``FONT_MISSING``.
    """
    chosen = phrases.check(language)
    content = _Report(reading, volume, layout_of(reading), chosen).compose(
        key_images(reading, volume, _IMAGES)
    )
    with complete_or_absent(path) as partial:
        partial.write_bytes(content)
    return path


class _Report:
    """Puts the parts of one reading onto one page, from the top down."""

    def __init__(
        self, reading: Reading, volume: Volume, layout: Layout | None, language: Language
    ) -> None:
        self._reading, self._volume = reading, volume
        self._layout, self._language = layout, language
        self._title = pick(layout.title, language) if layout else spoken(reading.reader)
        self._page = Page(self._title, "ReadingRoom report")

    def compose(self, images: Sequence[KeyImage]) -> bytes:
        area = self._page.area
        self._foot(Area(area.x, area.bottom + _FOOT, area.width, _FOOT))
        area = Area(area.x, area.y, area.width, area.height - _FOOT - _GAP)
        self._head(area)
        area = area.below(_HEAD)
        self._facts(Area(area.x, area.y, area.width, _FACTS))
        area = area.below(_FACTS + _GAP)
        area = self._banner(area)
        if self._layout is not None:
            height = max(_NUMBERS, (len(self._layout.rows) + 2) * row_height(_NUMBERS_SIZE))
            self._numbers(Area(area.x, area.y, area.width, height), self._layout)
            area = area.below(height + _GAP)
        used = self._middle(area, images)
        self._notes(area.below(used + _GAP))
        return self._page.finish()

    def _say(self, key: str, **values: object) -> str:
        return phrase(key, self._language, **values)

    def _head(self, area: Area) -> None:
        self._page.line(area.x, area.y - 15, self._title, 17, 330, bold=True)
        color = _STATUS[self._reading.status]
        status = phrases.status(self._reading, self._language)
        right = area.x + area.width
        self._page.line(right, area.y - 13, status, 10, 190, bold=True, color=color, align="right")

    def _facts(self, area: Area) -> None:
        """Write who and what was examined: two rows of four, the wide values last."""
        self._page.fill(area, PALE)
        facts = phrases.patient_facts(self._reading, self._language)
        parts = (0.22, 0.18, 0.14, 0.46)
        for row in range(2):
            x = area.x + 6
            for column, part in enumerate(parts):
                # The eighth fact, the technique, is the longest: it stands in the wide column.
                label, value = facts[row * 4 + column]
                width = part * (area.width - 8)
                y = area.y - 9 - row * 23
                self._page.line(x, y, label, 6.5, width - 6, color=GREY)
                self._page.shrunk(x, y - 10, value, 8.5, width - 6, bold=(row, column) == (0, 0))
                x += width

    def _banner(self, area: Area) -> Area:
        if self._layout is None or self._layout.banner is None:
            return area
        strip = Area(area.x, area.y, area.width, _BANNER)
        self._page.fill(strip, PALE_AMBER)
        words = pick(self._layout.banner, self._language)
        limit = area.width - 12
        self._page.line(area.x + 6, area.y - 14, words, 10.5, limit, bold=True, color=AMBER)
        return area.below(_BANNER + _GAP)

    def _numbers(self, area: Area, layout: Layout) -> None:
        """Write the headline's number on the left and the table of structures beside it."""
        left = Area(area.x, area.y, 0.31 * area.width, area.height)
        contrast = layout.banner is not None
        shown = headline(self._reading, layout, self._language)
        self._page.fill(left, PALE_AMBER if contrast else PALE)
        label = pick(layout.headline_label, self._language)
        inner = Area(left.x + 8, left.y - 7, left.width - 16, left.height - 10)
        used = self._page.paragraph(inner, label, 8.5, color=GREY, lines=2)
        color = AMBER if contrast else INK
        y = inner.y - used - 34
        self._page.line(inner.x, y, shown.value, 38, inner.width, bold=True, color=color)
        rest = Area(inner.x, y - 7, inner.width, y - 7 - left.bottom)
        self._page.paragraph(rest, shown.meaning, 9, bold=True, color=color, lines=2)
        table = totals(self._reading, layout, self._language)
        right = Area(left.x + left.width + 14, area.y, 0.69 * area.width - 14, area.height)
        self._page.table(right, *table.columns_of(0.40), size=_NUMBERS_SIZE, bold_last=True)

    def _middle(self, area: Area, images: Sequence[KeyImage]) -> float:
        """Write images on the left, categories and lists on the right; return the height."""
        if self._layout is not None and self._layout.wide_columns:
            return self._wide_middle(area, images)
        height = min(area.height - _NOTES_AT_LEAST - _GAP, 378.0)
        left = Area(area.x, area.y, 0.665 * area.width, height)
        right_x = left.x + left.width + 14
        right = Area(right_x, area.y, area.x + area.width - right_x, height)
        under_images = left.below(self._images(left, images))
        if len(images) == 2:
            under_images = self._findings(under_images.below(_GAP))
            under_side = self._side(right, with_findings=False)
        else:
            under_side = self._side(right, with_findings=True)
        return area.y - min(under_images.y, under_side.y)

    def _wide_middle(self, area: Area, images: Sequence[KeyImage]) -> float:
        """Write the list of findings across the page, under images and categories."""
        count = min(len(shown_findings(self._reading, self._layout)), _WIDE_ROWS)
        listed = 13 + (max(count, 1) + 2) * row_height(7.8)
        height = min(area.height - _NOTES_AT_LEAST - listed - 2 * _GAP, 300.0)
        left = Area(area.x, area.y, 0.56 * area.width, height)
        right_x = left.x + left.width + 14
        right = Area(right_x, area.y, area.x + area.width - right_x, height)
        used = self._images(left, images)
        under = min(left.y - used, self._side(right, with_findings=False).y)
        wide = Area(area.x, under - _GAP, area.width, listed)
        return area.y - self._findings(wide).y

    def _images(self, area: Area, images: Sequence[KeyImage]) -> float:
        """Write the images in two columns, a single one larger; return the height."""
        if not images:
            return 0.0
        columns = min(len(images), 2)
        rows = -(-len(images) // 2)
        side = min((area.width - 6 * (columns - 1)) / columns, area.height / rows - _CAPTION - 2)
        for place, image in enumerate(images):
            x = area.x + (place % columns) * (side + 6)
            y = area.y - (place // columns) * (side + _CAPTION + 2)
            self._page.image(Area(x, y, side, side), image.png)
            caption = image.caption_en if self._language == "en" else image.caption_zh
            self._page.line(x, y - side - 8, caption, 7, side, color=GREY)
        return rows * (side + _CAPTION + 2)

    def _side(self, area: Area, *, with_findings: bool) -> Area:
        if self._layout is not None:
            under = self._page.heading(area, pick(self._layout.beside_title, self._language))
            table = totals(self._reading, self._layout, self._language, beside=True)
            area = self._page.table(under, *table.columns_of(0.46), size=7.8).below(_GAP)
        area = self._categories(area)
        if self._layout is None:
            area = self._measurements(area, part=0.6 if with_findings else 1.0)
        return self._findings(area) if with_findings else area

    def _categories(self, area: Area) -> Area:
        area = self._page.heading(area, self._say("categories"))
        shown = categories(self._reading, self._layout, self._language)
        if not shown:
            area = area.below(self._page.paragraph(area, self._say("no_categories"), 8) + 3)
        lines = 2 if self._layout is None else self._layout.meaning_lines
        for entry in shown + single_values(self._reading, self._layout, self._language):
            if area.height < 34:
                break
            line = f"{entry.label}: {entry.value}"
            used = self._page.paragraph(area, line, 8, bold=True, lines=2)
            area = area.below(used)
            if entry.meaning:
                area = area.below(
                    self._page.paragraph(area, entry.meaning, 7.3, color=GREY, lines=lines)
                )
            area = area.below(3)
        return area.below(_GAP - 3)

    def _measurements(self, area: Area, part: float) -> Area:
        """Write all measurements, one a row, into a part (0…1) of the height."""
        table = all_measurements(self._reading, self._language)
        area = self._page.heading(area, self._say("measurements"))
        upper = Area(area.x, area.y, area.width, part * area.height)
        left = self._page.table_with_rest(
            upper, *table.columns_of(0.62), size=7.8, rest=self._more_findings
        )
        return area.below(area.y - left.y + _GAP)

    def _findings(self, area: Area) -> Area:
        table = findings(self._reading, self._volume, self._layout, self._language)
        if area.height < 40:
            return area
        title = self._say("largest" if self._layout else "findings")
        if self._layout is not None and self._layout.findings_title is not None:
            title = pick(self._layout.findings_title, self._language)
        area = self._page.heading(area, title)
        if not table.rows:
            words = pick(self._layout.none_found, self._language) if self._layout else ""
            return area.below(self._page.paragraph(area, words, 8))
        first = 0.07 if self._layout is not None and self._layout.wide_columns else 0.28
        return self._page.table_with_rest(
            area, *table.columns_of(first), size=7.8, rest=self._more_findings
        )

    def _more_findings(self, count: int) -> str:
        return self._say("more_findings", count=count)

    def _notes(self, area: Area) -> None:
        area = self._page.heading(area, self._say("limits"))
        notes = sorted(self._reading.notes, key=lambda note: _SEVERITY[note.severity][0])
        if not notes:
            self._page.paragraph(area, self._say("no_notes"), 8)
        for place, note in enumerate(notes):
            last = place == len(notes) - 1
            if area.height < (11 if last else 22):
                more = self._say("more_notes", count=len(notes) - place)
                self._page.line(area.x, area.y - 8, more, 8, area.width, color=GREY)
                return
            area = area.below(self._note(area, note, lines=2 if area.height >= 33 else 1))

    def _note(self, area: Area, note: NoteRecord, lines: int) -> float:
        color = _SEVERITY[note.severity][1]
        self._page.line(area.x, area.y - 8, self._say(note.severity), 8, 44, bold=True, color=color)
        message = note.message_zh if self._language == "zh" else ""
        beside = Area(area.x + 46, area.y, area.width - 46, area.height)
        return self._page.paragraph(beside, message or note.message, 8, lines=lines) + 2

    def _foot(self, area: Area) -> None:
        self._page.rule(area.x, area.y, area.width)
        reading, language = self._reading, self._language
        half = 0.5 * area.width
        self._page.line(area.x, area.y - 14, self._say("signature"), 7, 60, color=GREY)
        signature = phrases.signature(reading, language)
        color = _STATUS[reading.status]
        self._page.line(area.x, area.y - 26, signature, 10, half, bold=True, color=color)
        words = self._say("research")
        right = area.x + area.width
        self._page.line(right, area.y - 26, words, 8.5, half - 10, bold=True, align="right")
        y = area.y - 42
        for line in phrases.made_by(reading, language):
            self._page.line(area.x, y, line, 6.8, area.width, color=GREY)
            y -= 9.5
