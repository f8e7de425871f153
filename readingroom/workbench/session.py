"""The process of one browser session: ``python -m readingroom.workbench.session``.

Started by `readingroom.workbench.sessions`, which sends one line of settings once there is a
browser, and then holds the standard input open: when that ends, so does this process.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readingroom.workbench.sessions import READY, REFUSED
from readingroom.worker.faults import as_error

_LONGEST_MESSAGE = 64 << 20


@dataclass(frozen=True)
class Settings:
    """What the front tells a session process.

    Attributes
    ----------
    secret : str
        What a request must bring: other users of the machine reach the port too.
    roots : list of Path
        Folders of the work list.
    memory : Path
        File in which the session notes what to show again after a restart.
    """

    secret: str
    roots: list[Path]
    memory: Path
    language: str = "en"

    @classmethod
    def parse(cls, line: bytes) -> Settings:
        """Return the settings in a line of JSON."""
        given = json.loads(line)
        return cls(
            given["secret"],
            [Path(root) for root in given["roots"]],
            Path(given["memory"]),
            given["language"],
        )


def main() -> int:
    """Serve one browser session until the front closes the standard input."""
    ready = _take_stdout()
    os.environ.setdefault("WSLINK_READY_MSG", "")
    os.environ.setdefault("TRAME_WS_MAX_MSG_SIZE", str(_LONGEST_MESSAGE))
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        from readingroom.workbench.app import Workbench

        line = sys.stdin.buffer.readline()
        if not line:
            return 0
        settings = Settings.parse(line)
        workbench = Workbench(settings)
    except Exception as fault:
        ready.write(REFUSED + json.dumps(as_error(fault).as_dict()).encode() + b"\n")
        return 1
    server = workbench.server
    server.controller.on_server_bind.add(lambda bound: _guard(bound.app, settings.secret))
    server.controller.on_server_bind.add(lambda bound: workbench.add_routes(bound.app))
    server.controller.on_server_ready.add(lambda **_: _on_ready(server, ready, workbench))
    # trame reads the command line by itself; there is none here.
    sys.argv = sys.argv[:1]
    server.start(
        port=0,
        host="127.0.0.1",
        open_browser=False,
        show_connection_info=False,
        disable_logging=True,
        timeout=0,
    )
    workbench.close()
    return 0


def _take_stdout() -> Any:
    """Keep the pipe to the front to this program; what libraries print goes to stderr."""
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return pipe


def _on_ready(server: Any, pipe: Any, workbench: Any) -> None:
    import asyncio

    pipe.write(READY + str(server.port).encode() + b"\n")
    loop = asyncio.get_running_loop()
    threading.Thread(target=_watch, args=(loop, server, workbench), daemon=True).start()
    workbench.begin()


def _watch(loop: Any, server: Any, workbench: Any) -> None:
    """End with the front: its end of the standard input closes even if it is killed."""
    sys.stdin.buffer.read()
    import asyncio

    async def end() -> None:
        workbench.close()
        os._exit(0)

    asyncio.run_coroutine_threadsafe(end(), loop)
    # A loop that is stuck in a long call must not keep the process.
    threading.Event().wait(5.0)
    os._exit(1)


def _guard(app: Any, secret: str) -> None:
    """Let nobody in but the front."""
    import hmac

    from aiohttp import web

    from readingroom.workbench.proxy import SECRET_HEADER

    @web.middleware
    async def guard(request: Any, handler: Any) -> Any:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            raise web.HTTPForbidden()
        return await handler(request)

    app.middlewares.append(guard)


if __name__ == "__main__":
    sys.exit(main())
