"""The report's preview and the export, made by the worker."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.review import ReviewSession
from readingroom.workbench import texts
from readingroom.workbench.faults import told

if TYPE_CHECKING:
    from readingroom.workbench.reading.page import ReadingPage

FORMATS = ("seg", "sr", "pdf", "csv", "fhir", "stl", "glb", "nnunet")


class Exports:
    """Writes reports of the open reading and shows them.

    Parameters
    ----------
    page : ReadingPage
    """

    def __init__(self, page: ReadingPage) -> None:
        self._page = page
        self._state = page.state
        self._made = itertools.count(1)

    def tell(self, fault: BaseException) -> None:
        """Show a fault."""
        self._page.tell(fault)

    @told
    def preview(self) -> None:
        """Show the report as it would be printed now."""
        if (session := self._saved()) is None:
            return
        with self._state:
            self._state.page_dialog = "report"
            self._state.page_report = {"on": True, "url": "", "notes": [], "stage": ""}
        self._page.app.tasks.start(self._preview(session))

    async def _preview(self, session: ReviewSession) -> None:
        try:
            result = await self._write(session, ["pdf"])
        except BaseException:
            with self._state:
                self._state.page_report = {"on": False, "url": "", "notes": []}
                self._state.page_dialog = ""
            raise
        with self._state:
            self._state.page_report = {
                "on": False,
                "url": self._url("report.pdf"),
                "notes": self._notes(result),
            }

    @told
    def offer(self) -> None:
        """Show the choice of formats."""
        with self._state:
            self._state.page_exported = {"files": [], "notes": [], "url": ""}
            self._state.page_dialog = "export"

    @told
    def start(self) -> None:
        """Write the chosen formats."""
        if self._state.page_report["on"] or (session := self._saved()) is None:
            return
        with self._state:
            self._state.page_report = {"on": True, "url": "", "notes": [], "stage": ""}
        self._page.app.tasks.start(self._export(session, list(self._state.page_export)))

    async def _export(self, session: ReviewSession, formats: list[str]) -> None:
        try:
            result = await self._write(session, formats)
        finally:
            with self._state:
                self._state.page_report = {"on": False, "url": "", "notes": []}
        place = session.directory / "report"
        with self._state:
            self._state.page_exported = {
                "files": _names(result["files"], place),
                "notes": self._notes(result),
                "url": self._url("export.zip"),
            }

    def _saved(self) -> ReviewSession | None:
        """Return the session with everything saved, for a report shows what is saved."""
        session = self._page.session
        if session is None or not self._page.keeping.save():
            return None
        return session

    async def _write(self, session: ReviewSession, formats: list[str]) -> dict[str, Any]:
        return await self._page.app.tasks.job(
            "report",
            self._progress,
            folder=str(session.directory),
            formats=formats,
            language=self._page.app.language,
        )

    def _progress(self, stage: str, fraction: float) -> None:
        with self._state:
            self._state.page_report = {
                **self._state.page_report,
                "stage": texts.stage(stage, self._page.app.language),
                "fraction": fraction,
            }

    def _notes(self, result: dict[str, Any]) -> list[str]:
        chinese = self._page.app.language == "zh"
        return [(chinese and n.get("message_zh")) or n["message"] for n in result["notes"]]

    def _url(self, name: str) -> str:
        """Return an address that the browser has not seen yet, so that nothing is cached."""
        return f"/files/{self._state.page_case['key']}/{name}?n={next(self._made)}"


def _names(files: list[str], place: Path) -> list[str]:
    """Return the files below `place`, many of one folder as one line."""
    names = [Path(file).relative_to(place).as_posix() for file in files]
    folders: dict[str, int] = {}
    for name in names:
        if "/" in name:
            folders[name.split("/")[0]] = folders.get(name.split("/")[0], 0) + 1
    plain = [name for name in names if "/" not in name]
    return [*plain, *(f"{folder}/ ({count})" for folder, count in folders.items())]
