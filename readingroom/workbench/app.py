"""The trame application of one browser session: pages, language, keys, messages."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from aiohttp import web
from trame.app import TrameApp

from readingroom import readers
from readingroom.errors import ReadingRoomError
from readingroom.report.phrases import Language
from readingroom.workbench import faults, ui
from readingroom.workbench.keymap import KeyMap
from readingroom.workbench.memory import Memory
from readingroom.workbench.reading.page import ReadingPage
from readingroom.workbench.session import Settings
from readingroom.workbench.state import first_state
from readingroom.workbench.tasks import Tasks
from readingroom.workbench.texts import say, texts
from readingroom.workbench.viewer import VIEWER_TEXTS, Viewer
from readingroom.workbench.worklist.page import ListPage


class Workbench(TrameApp):  # type: ignore[misc]
    """Work list and reading page of one browser.

    Parameters
    ----------
    settings : Settings
        What the front told this process.
    server : trame server, optional
        The process's own one by default.
    """

    def __init__(self, settings: Settings, server: Any = None) -> None:
        super().__init__(server)
        self._settings = settings
        self.memory = Memory.load(settings.memory)
        self.language: Language = _language(self.memory.language or settings.language)
        self.state.update(first_state(self.language, self.memory))
        self.keymap = KeyMap()
        self.tasks = Tasks(self)
        self.viewer = Viewer(self.server)
        self.list = ListPage(self, settings.roots)
        self.reading = ReadingPage(self, self.viewer)
        self._bind()
        self._translate()
        self.state.page_keys = self.keymap.names("list")
        ui.build(self)

    def _bind(self) -> None:
        trigger = self.server.controller.trigger
        trigger("page_key")(self.key)
        trigger("upload_told")(self.upload_told)
        self.state.change("page_dark")(self._on_theme)

    # Life

    def add_routes(self, app: web.Application) -> None:
        """Add what the browser fetches besides the page itself."""
        app.router.add_get("/files/{key}/{name}", self.reading.files.answer)

    def begin(self) -> None:
        """Show what was open before the process was started anew, or the work list."""
        self.list.refresh()
        if self.memory.open:
            self.reading.open(Path(self.memory.open))

    def close(self) -> None:
        """Leave in order: edits into the journal, the worker's tree ended."""
        with contextlib.suppress(ReadingRoomError):
            self.reading.leave()
        self.tasks.close()

    # Messages

    def tell(self, fault: BaseException) -> None:
        """Show a fault, once, in the page's language."""
        with self.state:
            self.state.page_message = faults.as_message(fault, self.language)

    def note(self, key: str, *, detail: str = "", **values: object) -> None:
        """Show a short success or information."""
        with self.state:
            self.state.page_message = {
                **faults.nothing(),
                "open": True,
                "kind": "success",
                "text": say(key, self.language, **values),
                "todo": detail,
            }

    @faults.told
    def upload_told(self, kind: str, payload: Any) -> None:
        """Take what the page says of an upload: ``progress``, ``done``, ``error``."""
        with self.state:
            self.state.page_upload = payload if kind == "progress" else None
        if kind == "error":
            self._upload_failed(payload)
        elif kind == "done" and payload["purpose"] == "masks":
            self.reading.take_masks(str(payload["name"]))
        elif kind == "done":
            self.list.refresh()
            self.note("uploaded")

    def _upload_failed(self, parts: dict[str, str] | None) -> None:
        parts = parts or {
            "code": "UPLOAD_FAILED",
            "what_happened": "The upload did not arrive.",
            "what_to_do": "Check that the server still runs, then try again.",
        }
        with self.state:
            self.state.page_message = faults.of_parts(
                parts["code"], parts["what_happened"], parts["what_to_do"], self.language
            )

    # Language, theme, pages

    @faults.told
    def switch_language(self) -> None:
        """Change between English and Chinese, everywhere at once."""
        self.language = "zh" if self.language == "en" else "en"
        self.remember(language=self.language)
        with self.state:
            self._translate()
            self.list.show()
            self.reading.translate()

    def _translate(self) -> None:
        self.state.page_lang = self.language
        self.state.page_t = self._texts()
        self.state.page_keymap = self.keymap.rows(self.language)
        self.state.page_readers = [
            {"value": name, "title": self._reader_title(name)} for name in readers.names()
        ]

    def _texts(self) -> dict[str, str]:
        """Return what both the pages and the views say."""
        views = {key: text[self.language] for key, text in VIEWER_TEXTS.items()}
        return {**views, **texts(self.language)}

    def _reader_title(self, name: str) -> str:
        return texts(self.language).get(f"title_{name}", name)

    def _on_theme(self, page_dark: bool, **_: Any) -> None:
        self.remember(dark=bool(page_dark))
        self.reading.redraw()

    def show_page(self, name: str) -> None:
        """Show the work list (``list``) or the reading page (``reading``)."""
        classes = self.reading.classes if name == "reading" else ()
        self.keymap = KeyMap(classes)
        with self.state:
            self.state.page_name = name
            self.state.page_dialog = ""
            self.state.page_message = faults.nothing()
            self.state.page_keys = self.keymap.names(name)
            self.state.page_keymap = KeyMap(self.reading.classes).rows(self.language)

    def remember(self, **choices: Any) -> None:
        """Keep choices for the next start of this session."""
        for name, value in choices.items():
            setattr(self.memory, name, value)
        self.memory.store(self._settings.memory)

    # Keys

    @faults.told
    def key(self, name: str) -> None:
        """Carry out a key of the keyboard map."""
        found = self.keymap.find(name)
        if found is None:
            return
        if found.command == "language":
            self.switch_language()
        elif found.command == "help":
            with self.state:
                self.state.page_dialog = "" if self.state.page_dialog == "keys" else "keys"
        else:
            self.reading.command(found.command, found.argument)


def _language(text: str) -> Language:
    return "zh" if text == "zh" else "en"
