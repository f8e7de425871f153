"""The work list page: scans, filters, opens, runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.workbench.faults import told
from readingroom.workbench.worklist.entry import Entry
from readingroom.workbench.worklist.scan import WorkList

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench


class ListPage:
    """What the work list page does.

    Parameters
    ----------
    app : Workbench
    roots : list of Path
    """

    def __init__(self, app: Workbench, roots: list[Path]) -> None:
        self._app = app
        self._state = app.state
        self.work = WorkList(roots)
        self._shown: list[Entry] = []

    def tell(self, fault: BaseException) -> None:
        """Show a fault."""
        self._app.tell(fault)

    def refresh(self) -> None:
        """Look at the folders again, without keeping the page waiting."""
        self._app.tasks.start(self.scan())

    async def scan(self) -> None:
        """Look at the folders and show the list."""
        with self._state:
            self._state.list_busy = True
        try:
            self._shown = await asyncio.to_thread(self.work.scan)
        finally:
            with self._state:
                self._state.list_busy = False
        with self._state:
            self.show()

    def show(self) -> None:
        """Put the list into the page's state, in the page's language."""
        self._state.list_rows = [entry.row(self._app.language) for entry in self._shown]
        counts = Counter(entry.state for entry in self._shown)
        self._state.list_counts = {"all": len(self._shown), **counts}

    @told
    def choose(self, key: str) -> None:
        """Open a reading, or offer to read a study that is unread."""
        entry = self.work.entries.get(key)
        if entry is None:
            return
        if entry.state == "unread":
            self._app.reading.runs.offer(entry)
        else:
            self._app.reading.open(entry.path)

    @told
    def run(self, key: str) -> None:
        """Offer to read the study of a line, whether it has been read or not."""
        entry = self.work.entries.get(key)
        if entry is not None:
            self._app.reading.runs.offer(entry)

    def entry_for(self, folder: Path) -> Entry | None:
        """Return the line of a reading folder, as of the last scan."""
        return self.work.entry_at(folder)

    def follow(self, folder: Path, step: int) -> Entry | None:
        """Return the next reading that waits for a signature, counting from `folder`."""
        here: Any = self.work.entry_at(folder)
        return self.work.following(here.key if here else "", step=step)
