"""``readingroom review`` as a process of its own, as a person starts it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

_STOP_S = 30.0
#: Mesa keeps its cache by a thread of the lowest priority: where other programs take all the time,
#: a process that has ended stays for half a minute until that thread has its turn.
_QUICK_TO_END = {"MESA_SHADER_CACHE_DISABLE": "true"}


class Workbench:
    """A server on a free port of this machine.

    Parameters
    ----------
    folders : list of Path
        Of the work list.
    state : Path
        Private folder for its key and memory.
    language : {'en', 'zh'}
    """

    def __init__(self, folders: list[Path], state: Path, language: str = "en") -> None:
        self._folders, self._state, self._language = folders, state, language
        self._log = state.with_suffix(".log")
        self._process: subprocess.Popen[str] | None = None
        self.address = ""

    @property
    def port(self) -> int:
        """The port; kept over a restart."""
        return int(self.address.split("/?")[0].rsplit(":", 1)[-1]) if self.address else 0

    @property
    def log(self) -> str:
        """What the server and its sessions printed."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def start(self) -> str:
        """Start, wait for the address and return it."""
        command = [
            sys.executable,
            "-c",
            "from readingroom.cli import main; raise SystemExit(main())",
        ]
        command += ["--json", "--language", self._language, "review", *map(str, self._folders)]
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [*command, "--no-browser", "--port", str(self.port)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **_QUICK_TO_END, "READINGROOM_STATE": str(self._state)},
            )
        self.address = self._said()["address"]
        return self.address

    def _said(self) -> dict[str, str]:
        """Return the JSON object that the command prints once it answers."""
        assert self._process is not None and self._process.stdout is not None
        text = ""
        for line in self._process.stdout:
            text += line
            with contextlib.suppress(ValueError):
                return dict(json.loads(text))
        raise AssertionError(f"the workbench did not start: {text}\n{self.log}")

    def sessions(self) -> list[psutil.Process]:
        """Return the processes of the browser sessions."""
        return self._children("readingroom.workbench.session")

    def workers(self) -> list[psutil.Process]:
        """Return the processes that read studies and write reports."""
        return self._children("readingroom.worker")

    def _children(self, module: str) -> list[psutil.Process]:
        return [p for p in self._everything() if module in _command(p)]

    def _everything(self) -> list[psutil.Process]:
        if self._process is None:
            return []
        try:
            return psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """Take the power away: the server and everything below it die without a word."""
        assert self._process is not None
        below = self._everything()
        self._process.kill()
        for process in below:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(below, timeout=_STOP_S)
        self._ended()

    def stop(self) -> None:
        """End in order, as Ctrl-C does."""
        if self._process is None:
            return
        below = self._everything()
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("the workbench did not end when it was asked to") from None
        _, left = psutil.wait_procs(below, timeout=_STOP_S)
        self._ended()
        assert not left, f"left behind: {left}"

    def _ended(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        self._process.wait()
        self._process.stdout.close()
        self._process = None

    @contextlib.contextmanager
    def running(self) -> Iterator[Workbench]:
        """Run while the block lasts."""
        self.start()
        try:
            yield self
        finally:
            self.stop()


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []
