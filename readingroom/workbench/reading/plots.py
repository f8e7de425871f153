"""Evidence plots of the page, drawn in a thread a moment after the last edit."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom import folder
from readingroom.compare import Comparison, compare
from readingroom.errors import ReadingRoomError
from readingroom.reading import Reading
from readingroom.report.layouts import layout_of
from readingroom.workbench.reading import figures

if TYPE_CHECKING:
    from readingroom.workbench.reading.page import ReadingPage

_PAUSE_S = 0.15


class Plots:
    """Draws what the tab "Evidence" shows, only while it is shown.

    Parameters
    ----------
    page : ReadingPage
    """

    def __init__(self, page: ReadingPage) -> None:
        self._page = page
        self._state = page.state
        self._task: asyncio.Task[Any] | None = None
        self._earlier: tuple[Path, Reading] | None = None
        self._state.change("page_tab")(self._on_tab)

    def _on_tab(self, page_tab: str, **_: Any) -> None:
        if page_tab == "evidence":
            self.soon()

    def soon(self) -> None:
        """Draw again shortly; calls that follow each other closely draw once."""
        if self._page.session is None or self._state.page_tab != "evidence":
            return
        if self._task is not None and not self._task.done():
            self._task.cancel()
        self._task = self._page.app.tasks.start(self._draw())

    async def _draw(self) -> None:
        await asyncio.sleep(_PAUSE_S)
        session = self._page.session
        if session is None:
            return
        language, dark = self._page.app.language, bool(self._state.page_dark)
        machine, reading = session.machine, session.reading
        chosen = next((f for f in reading.findings if f.id == self._state.page_selected), None)
        classes = session.reader.finding_classes
        one = (
            ""
            if chosen is None
            else await asyncio.to_thread(
                figures.probabilities, chosen, classes, language, dark=dark
            )
        )
        two = await asyncio.to_thread(figures.by_structure, machine, reading, language, dark=dark)
        comparison = await asyncio.to_thread(self._comparison, reading)
        three, rows = "", []
        if comparison is not None:
            name = _main(reading)
            three = await asyncio.to_thread(
                figures.follow_up, comparison, name, language, dark=dark
            )
            rows = figures.follow_up_rows(comparison, language)
        with self._state:
            self._state.page_plot_probabilities = one
            self._state.page_plot_structures = two
            self._state.page_plot_follow_up = three
            self._state.page_follow_up = rows
            self._state.page_follow_up_notes = [
                (n.message_zh if language == "zh" else n.message)
                for n in (comparison.notes if comparison else [])
            ]

    def _comparison(self, reading: Reading) -> Comparison | None:
        """Compare with the patient's earlier reading in the work list, if there is one."""
        session = self._page.session
        entry = session and self._page.app.list.entry_for(session.directory)
        earlier = entry and self._page.app.list.work.earlier_of(entry)
        if not earlier:
            return None
        try:
            if self._earlier is None or self._earlier[0] != earlier.path:
                self._earlier = (earlier.path, folder.load(earlier.path, masks=False))
            return compare(self._earlier[1], reading)
        except ReadingRoomError:
            return None


def _main(reading: Reading) -> str:
    layout = layout_of(reading)
    return layout.headline if layout else next(iter(reading.measurements), "")
