"""The workbench in a window of its own: a browser without its bars."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from readingroom.errors import RefusedInput

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "microsoft-edge-stable",
    "brave-browser",
    "chrome",
    "msedge",
)
_MAC = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "Chromium.app/Contents/MacOS/Chromium",
)
_WINDOWS = (
    ("Google", "Chrome", "Application", "chrome.exe"),
    ("Microsoft", "Edge", "Application", "msedge.exe"),
    ("Chromium", "Application", "chrome.exe"),
)


def find_browser(
    which: Callable[[str], str | None] = shutil.which,
    environment: Mapping[str, str] | None = None,
    platform: str = sys.platform,
) -> str:
    """Return the program that can show a page as a window.

    Raises
    ------
    RefusedInput
        ``WINDOW_MISSING``.
    """
    found = next((path for name in _NAMES if (path := which(name))), None)
    found = found or next((str(p) for p in _places(environment, platform) if p.is_file()), None)
    if found is None:
        raise RefusedInput(
            "WINDOW_MISSING",
            "No Chromium, Chrome or Edge was found that could show the window.",
            "Install one of them, or leave --desktop-window out to use any browser.",
        )
    return found


def _places(environment: Mapping[str, str] | None, platform: str) -> Iterator[Path]:
    variables = os.environ if environment is None else environment
    if platform == "darwin":
        for base in (Path("/Applications"), Path.home() / "Applications"):
            yield from (base / name for name in _MAC)
    elif platform == "win32":
        for variable in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData"):
            if base_name := variables.get(variable):
                yield from (Path(base_name).joinpath(*parts) for parts in _WINDOWS)


class Window:
    """One window with a browser profile of its own.

    Parameters
    ----------
    browser : str
        Program that shows it.
    """

    def __init__(self, browser: str) -> None:
        self._browser = browser
        self._process: subprocess.Popen[bytes] | None = None
        self._profile: tempfile.TemporaryDirectory[str] | None = None

    def open(self, address: str, closed: Callable[[], None]) -> None:
        """Show `address`; `closed` is called, from a thread, when the window is gone."""
        self._profile = tempfile.TemporaryDirectory(
            prefix="readingroom-", ignore_cleanup_errors=True
        )
        process = subprocess.Popen(
            command(self._browser, address, self._profile.name),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._process = process

        def wait() -> None:
            process.wait()
            closed()

        threading.Thread(target=wait, daemon=True).start()

    def close(self) -> None:
        """Close the window and forget its profile."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5.0)
        if self._profile is not None:
            self._profile.cleanup()


def command(browser: str, address: str, profile: str) -> list[str]:
    """Return the command line of the window."""
    made = [
        browser,
        f"--app={address}",
        f"--user-data-dir={profile}",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-sync",
        "--disable-background-networking",
        "--window-size=1600,1000",
    ]
    # Chromium refuses its sandbox to root, as in a container.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        made.append("--no-sandbox")
    return made
