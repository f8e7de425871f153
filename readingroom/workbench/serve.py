"""Run the workbench: choose a port, say the address, open a browser, serve until stopped."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from readingroom.errors import RefusedInput
from readingroom.workbench.access import Access, state_folder
from readingroom.workbench.front import Front
from readingroom.workbench.sessions import Sessions
from readingroom.workbench.worklist.scan import home_of

PORT = 8765
_HOST = "127.0.0.1"
#: Ports tried after the default one; a port that was asked for is the only one tried.
_OTHERS = 20
_BACKLOG = 128


@dataclass(frozen=True)
class Plan:
    """What to serve and how.

    Attributes
    ----------
    roots : tuple of Path
        Folders of the work list.
    port : int or None
        None takes 8765, or the next free one.
    language : {'en', 'zh'}
    grace_s : float
        How long a session's process outlives its browser.
    """

    roots: tuple[Path, ...]
    port: int | None = None
    language: str = "en"
    grace_s: float = 120.0


def serve(plan: Plan, opened: Callable[[str], None], *, stop: asyncio.Event | None = None) -> None:
    """Serve until Ctrl-C or a termination signal.

    Parameters
    ----------
    opened : callable
        Gets the address, with its key, once the server answers.

    Raises
    ------
    RefusedInput
        ``PATH_NOT_FOUND``, ``PORT_TAKEN``.
    """
    check_roots(plan.roots)
    asyncio.run(_serve(plan, opened, stop))


async def _serve(plan: Plan, opened: Callable[[str], None], stop: asyncio.Event | None) -> None:
    state = state_folder()
    access = Access(state)
    roots = [root.absolute() for root in plan.roots]
    sessions = Sessions(roots, state, grace_s=plan.grace_s, language=plan.language)
    front = Front(sessions, access, home_of(roots), language=plan.language)
    listener = listen(plan.port)
    runner = web.AppRunner(front.app(), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        opened(f"http://{_HOST}:{listener.getsockname()[1]}/?token={access.token}")
        await until_stopped(stop or asyncio.Event())
    finally:
        await runner.cleanup()


async def until_stopped(stop: asyncio.Event) -> None:
    """Wait until `stop` is set or the process is asked to end."""
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        with contextlib.suppress(NotImplementedError, ValueError, TypeError, RuntimeError):
            loop.add_signal_handler(number, stop.set)  # type: ignore[arg-type]
    await stop.wait()


def check_roots(roots: Sequence[Path]) -> None:
    """Refuse a folder that is not there."""
    for root in roots:
        if not root.exists():
            raise RefusedInput(
                "PATH_NOT_FOUND",
                f"There is no file or folder '{root.name}' at the place given.",
                "Check the path.",
            )


def listen(port: int | None) -> socket.socket:
    """Return a socket that listens on this machine's own address.

    Raises
    ------
    RefusedInput
        ``PORT_TAKEN``.
    """
    tried = [port] if port is not None else [*range(PORT, PORT + _OTHERS), 0]
    for number in tried:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # A restart takes its old port back at once, so that open pages reconnect.
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_HOST, number))
            # Only listening claims the port: two may be bound to it until then.
            listener.listen(_BACKLOG)
        except OSError as fault:
            listener.close()
            if fault.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            continue
        listener.setblocking(False)
        return listener
    raise RefusedInput(
        "PORT_TAKEN",
        f"The port {port} is taken by another program.",
        "Choose another one with --port, or leave it out.",
    )


def open_browser(address: str) -> None:
    """Open the person's own browser; without one, the printed address remains."""
    with contextlib.suppress(webbrowser.Error):
        webbrowser.open(address)
