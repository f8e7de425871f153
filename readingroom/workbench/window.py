"""The workbench in a window of its own: a browser without its bars."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
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


@contextlib.contextmanager
def window(browser: str, address: str) -> Iterator[subprocess.Popen[bytes]]:
    """Show `address` in a window with a profile of its own; it closes with the context."""
    with tempfile.TemporaryDirectory(prefix="readingroom-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [*command(browser, address, profile)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5.0)


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
