"""One process per browser: started when needed, ended after its browser has gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readingroom.errors import ReadingRoomError
from readingroom.worker.processtree import kill_tree

READY = b"READINGROOM-SESSION-READY "
REFUSED = b"READINGROOM-SESSION-REFUSED "
_START_S = 60.0
_STOP_S = 6.0
#: After a browser got its process, before the next is made ready, which takes a core for seconds:
#: first a case is opened and looked at.
_SPARE_AFTER_S = 60.0


@dataclass
class Session:
    """A browser's process as the front sees it."""

    identity: str
    process: asyncio.subprocess.Process
    port: int
    secret: str
    sockets: int = 0
    idle_since: float = field(default_factory=time.monotonic)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.returncode is None


class Sessions:
    """All session processes of one server.

    Parameters
    ----------
    roots : sequence of Path
        Folders of the work list.
    state : Path
        Private folder for what a session wants to find again after a restart.
    grace_s : float
        How long a process stays after its last browser connection has closed.
    language : str
        Language to begin with.
    command : sequence of str, optional
        How to start a session process.
    clock : callable
        Seconds, monotonic.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        state: Path,
        *,
        grace_s: float = 120.0,
        language: str = "en",
        command: Sequence[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._roots = [str(root) for root in roots]
        self._state = state
        self._grace_s = grace_s
        self._language = language
        self._command = list(command or (sys.executable, "-m", "readingroom.workbench.session"))
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._starting: dict[str, asyncio.Task[Session]] = {}
        self._spare: asyncio.Task[asyncio.subprocess.Process] | None = None
        self._next_spare: asyncio.TimerHandle | None = None

    def prepare(self) -> None:
        """Start a process for whoever comes next; loading its libraries takes seconds."""
        if self._spare is None:
            self._spare = asyncio.ensure_future(self._spawn())

    async def get(self, identity: str) -> Session:
        """Return the living process of a browser, starting one if there is none.

        Raises
        ------
        ReadingRoomError
            ``SESSION_NOT_STARTED``.
        """
        there = self.peek(identity)
        if there is not None:
            return there
        task = self._starting.get(identity)
        if task is None:
            task = asyncio.ensure_future(self._start(identity))
            self._starting[identity] = task
            task.add_done_callback(lambda _: self._starting.pop(identity, None))
        return await asyncio.shield(task)

    def peek(self, identity: str) -> Session | None:
        """Return the living process of a browser, if there is one."""
        there = self._sessions.get(identity)
        return there if there is not None and there.alive else None

    def opened(self, session: Session) -> None:
        """Note a new connection of the browser."""
        session.sockets += 1

    def closed(self, session: Session) -> None:
        """Note the end of a connection."""
        session.sockets -= 1
        session.idle_since = self._clock()

    async def drop(self, session: Session) -> None:
        """Give up a process that no longer answers; the next `get` starts a new one."""
        if self._sessions.get(session.identity) is session:
            del self._sessions[session.identity]
        await _end(session.process)

    async def reap(self) -> None:
        """End the processes whose browsers have been gone longer than the grace period."""
        now = self._clock()
        for identity, session in list(self._sessions.items()):
            idle = session.sockets <= 0 and now - session.idle_since > self._grace_s
            if idle or not session.alive:
                self._sessions.pop(identity, None)
                await _end(session.process)

    async def close(self) -> None:
        """End all processes with everything they started."""
        self._prepare_not_now()
        for task in list(self._starting.values()):
            task.cancel()
        processes = [session.process for session in self._sessions.values()]
        self._sessions = {}
        if self._spare is not None:
            with contextlib.suppress(ReadingRoomError):
                processes.append(await self._spare)
        await asyncio.gather(*(_end(process) for process in processes))

    async def _start(self, identity: str) -> Session:
        secret = secrets.token_urlsafe(24)
        settings = {
            "secret": secret,
            "roots": self._roots,
            "memory": str(self._state / f"{identity}.json"),
            "language": self._language,
        }
        process = await self._take()
        try:
            await _tell(process, settings)
            port = await asyncio.wait_for(_port_of(process), _START_S)
        except BaseException as fault:
            await _end(process)
            if isinstance(fault, TimeoutError | asyncio.IncompleteReadError):
                raise _not_started() from None
            raise
        session = Session(identity, process, port, secret, idle_since=self._clock())
        self._sessions[identity] = session
        self._prepare_not_now()
        loop = asyncio.get_running_loop()
        self._next_spare = loop.call_later(_SPARE_AFTER_S, self.prepare)
        return session

    def _prepare_not_now(self) -> None:
        if self._next_spare is not None:
            self._next_spare.cancel()

    async def _take(self) -> asyncio.subprocess.Process:
        """Return the process that is ready, or else a new one."""
        spare, self._spare = self._spare, None
        if spare is not None:
            process = await spare
            if process.returncode is None:
                return process
        return await self._spawn()

    async def _spawn(self) -> asyncio.subprocess.Process:
        options: dict[str, Any] = {} if sys.platform == "win32" else {"start_new_session": True}
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                **options,
            )
        except OSError:
            raise _not_started() from None


async def _tell(process: asyncio.subprocess.Process, settings: dict[str, Any]) -> None:
    """Hand the settings over; by a pipe, for other users can read command lines."""
    assert process.stdin is not None
    process.stdin.write(json.dumps(settings).encode() + b"\n")
    with contextlib.suppress(ConnectionError):
        await process.stdin.drain()


async def _port_of(process: asyncio.subprocess.Process) -> int:
    """Return the port that the process says it listens on, or raise why it has none."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if READY in line:
            asyncio.ensure_future(_drain(process))  # noqa: RUF006 - ends with the process
            return int(line.split(READY)[1])
        if REFUSED in line:
            parts = json.loads(line.split(REFUSED)[1])
            raise ReadingRoomError(parts["code"], parts["what_happened"], parts["what_to_do"])
    raise asyncio.IncompleteReadError(b"", None)


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Keep the pipe empty, so that nothing a library prints can block the process."""
    assert process.stdout is not None
    while await process.stdout.read(65536):
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let a session save its journal and leave; kill its tree if it does not."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _STOP_S)
    if process.returncode is None:
        await asyncio.to_thread(kill_tree, process.pid)
        await process.wait()


def _not_started() -> ReadingRoomError:
    return ReadingRoomError(
        "SESSION_NOT_STARTED",
        "The process of this browser session could not be started.",
        "Run 'readingroom doctor' to see what is missing, then reload the page.",
    )
