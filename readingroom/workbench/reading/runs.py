"""Reading a study from the page: options, progress, cancel."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom import readers
from readingroom.workbench import texts
from readingroom.workbench.faults import told
from readingroom.workbench.reading import optionform
from readingroom.workbench.worklist.entry import Entry

if TYPE_CHECKING:
    from readingroom.workbench.reading.page import ReadingPage

READINGS = "readings"
_UNSAFE = re.compile(r"[^\w.-]+")


class Runs:
    """Offers the reader's options and has the worker read.

    Parameters
    ----------
    page : ReadingPage
    """

    def __init__(self, page: ReadingPage) -> None:
        self._page = page
        self._state = page.state
        self._source = ""
        self._name = ""

    def tell(self, fault: BaseException) -> None:
        """Show a fault."""
        self._page.tell(fault)

    @told
    def offer(self, entry: Entry) -> None:
        """Show the options for the study of a line of the work list."""
        self._source = entry.source
        self._name = entry.path.name
        reader = entry.reader or self._state.page_run_reader or readers.names()[0]
        row = entry.row(self._page.app.language)
        self._show(reader, {}, {"title": row["patient"] or row["folder"], "more": row["examined"]})

    @told
    def offer_again(self) -> None:
        """Show the options that the open reading was made with, to read it anew."""
        session = self._page.session
        if session is None:
            return
        self._source = session.reading.study.source
        self._name = session.directory.name
        case = self._state.page_case
        about = {"title": case["patient"], "more": case["examined"]}
        self._show(session.reading.reader, session.reading.options, about)

    def _show(self, reader: str, options: Mapping[str, Any], about: dict[str, str]) -> None:
        with self._state:
            self._state.page_run_reader = reader
            self._state.page_run_target = about
            self._state.page_options = optionform.shown(reader, dict(options))
            self._state.page_option_fields = optionform.fields(reader, self._page.app.language)
            self._state.page_dialog = "run"

    @told
    def choose_reader(self, reader: str) -> None:
        """Show the options of another reader."""
        self._show(reader, {}, self._state.page_run_target)

    def translate(self) -> None:
        """Show the form in the page's language."""
        if self._state.page_run_reader:
            self._state.page_option_fields = optionform.fields(
                self._state.page_run_reader, self._page.app.language
            )

    @told
    def start(self) -> None:
        """Check the options and begin; the dialog shows the progress."""
        if self._state.page_run["on"]:
            return
        reader = self._state.page_run_reader
        options = optionform.parse(reader, self._state.page_options)
        self._page.app.tasks.start(self._read(reader, options))

    async def _read(self, reader: str, options: dict[str, Any]) -> None:
        out = free_name(self._page.app.list.work.home / READINGS / reader, self._name)
        source = self._source.split(os.pathsep)
        self._progress("start", 0.0)
        try:
            done = await self._page.app.tasks.job(
                "read", self._progress, reader=reader, study=source, out=str(out), options=options
            )
        finally:
            with self._state:
                self._state.page_run = {"on": False, "stage": "", "fraction": 0.0}
        with self._state:
            self._state.page_dialog = ""
        self._page.app.note("read_done")
        await self._page.app.list.scan()
        self._page.keeping.leave_to(lambda: self._page.open(Path(done["folder"])))

    def _progress(self, stage: str, fraction: float) -> None:
        with self._state:
            self._state.page_run = {
                "on": True,
                "stage": texts.stage(stage, self._page.app.language),
                "fraction": round(fraction, 3),
            }

    @told
    async def cancel(self) -> None:
        """Stop at once, with everything that was started for it."""
        await self._page.app.tasks.cancel()


def free_name(folder: Path, name: str) -> Path:
    """Return a place below `folder` that is not taken, called after the study."""
    plain = _UNSAFE.sub("_", name.removesuffix(".gz").removesuffix(".nii")).strip("._") or "study"
    places = [folder / plain, *(folder / f"{plain}-{n}" for n in range(2, 10_000))]
    return next(place for place in places if not place.exists())
