"""A real Chromium, and a record of what its pages ask for and complain about."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, sync_playwright

#: A slow machine may take this long for anything; a condition that holds ends the wait.
PATIENCE_MS = 120_000
_OWN_SCHEMES = {"data", "blob", "about", "chrome-extension", "chrome"}
_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Browser:
    """One person's browser: a profile of its own.

    Parameters
    ----------
    chromium : playwright browser
    size : tuple of int
        Width and height of the window.
    """

    def __init__(self, chromium: Chromium, size: tuple[int, int] = (1280, 800)) -> None:
        self.context: BrowserContext = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, accept_downloads=True
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        #: Set by a test that breaks the line on purpose: the page may complain of it.
        self.may_complain = False
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.context.on("page", self._watch)

    def _watch(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._on_console)

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} {message.location}")

    def strangers(self, own: str) -> list[str]:
        """Return the requests that went to another host or port than the server's at `own`."""
        place = urlsplit(own).netloc
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in _OWN_SCHEMES and urlsplit(url).netloc != place
        ]

    def look(self, folder: Path, name: str) -> None:
        """Save a picture of every page."""
        for number, page in enumerate(self.context.pages):
            with contextlib.suppress(Exception):
                page.screenshot(path=folder / f"{name}-{number}.png", timeout=10_000)

    def close(self) -> None:
        """Close the browser's windows."""
        self.context.close()


@contextlib.contextmanager
def chromium() -> Iterator[Chromium]:
    """Start the machine's own Chromium, without a screen and with a fresh profile.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise FileNotFoundError("no Chromium on this machine; '.ci/setup tools' installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
