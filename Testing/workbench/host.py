"""What the workbench's tests share: a session process of three lines, a page without images."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from readingroom.errors import ReadingRoomError
from readingroom.workbench.access import Access
from readingroom.workbench.front import Front
from readingroom.workbench.session import Settings
from readingroom.workbench.sessions import Sessions

#: A session process that answers who it is, echoes WebSocket messages, and dies if asked to.
STAND_IN = """
import json, os, sys, threading
from aiohttp import WSMsgType, web
line = sys.stdin.readline()
if not line:
    sys.exit()
settings = json.loads(line)
def allowed(request):
    if request.headers.get("X-ReadingRoom-Session") != settings["secret"]:
        raise web.HTTPForbidden()
async def who(request):
    allowed(request)
    return web.json_response({"pid": os.getpid(), "roots": settings["roots"],
                              "cookie": request.headers.get("Cookie", "")})
async def die(request):
    os._exit(3)
async def ws(request):
    allowed(request)
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data[::-1])
        elif message.type is WSMsgType.TEXT:
            await socket.send_str(f"{os.getpid()} {message.data}")
    return socket
async def main():
    app = web.Application()
    app.router.add_get("/who", who)
    app.router.add_get("/die", die)
    app.router.add_get("/ws", ws)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print("READINGROOM-SESSION-READY", runner.addresses[0][1], flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    await asyncio.Event().wait()
import asyncio
asyncio.run(main())
"""
#: Long enough for a machine that does ten other things.
_PATIENCE_S = 240
COMMAND = (sys.executable, "-c", STAND_IN)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end, in a thread: the browser tests leave a loop in this one."""

    async def limited() -> Any:
        return await asyncio.wait_for(work, _PATIENCE_S)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, limited()).result()


class FrontDesk:
    """A front with stand-in sessions, and browsers at it.

    Use as ``async with FrontDesk(folder) as desk``.
    """

    def __init__(self, folder: Path, *, command: tuple[str, ...] = COMMAND, **settings: Any):
        self.home, self.state = folder / "home", folder / "state"
        for place in (self.home, self.state):
            place.mkdir(exist_ok=True)
        self.access = Access(self.state)
        self.sessions = Sessions([self.home], self.state, command=command, **settings)
        self.server = TestServer(Front(self.sessions, self.access, self.home).app())
        self._browsers: list[TestClient[Any, Any]] = []

    async def __aenter__(self) -> FrontDesk:
        await self.server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        for browser in self._browsers:
            await browser.session.close()
        await self.server.close()

    async def stranger(self) -> TestClient[Any, Any]:
        """Return a browser that was not shown the address."""
        browser: TestClient[Any, Any] = TestClient(self.server)
        browser._session.cookie_jar._unsafe = True  # type: ignore[attr-defined]
        self._browsers.append(browser)
        return browser

    async def browser(self) -> TestClient[Any, Any]:
        """Return a browser that opened the printed address."""
        browser = await self.stranger()
        answer = await browser.get(f"/?token={self.access.token}")
        assert answer.status == 200
        return browser


class NoImages:
    """Stands in for the viewer: remembers what it was asked to show."""

    def __init__(self, server: Any) -> None:
        self.state = server.state
        self.state.update({"view_tool": "none", "view_window": "", "view_slab_mm": 0.0})
        self.state.update({"view_crosshair": True, "view_segment": ""})
        self.on_pick: Callable[..., None] = lambda position, tool: None
        self.on_refused: Callable[[ReadingRoomError], None] = lambda fault: None
        self.asked: list[tuple[Any, ...]] = []

    def ui(self) -> None:
        """Build nothing."""

    def set_tool(self, name: str) -> None:
        """Take up a tool."""
        self.state.view_tool = name

    def last(self, name: str) -> tuple[Any, ...]:
        """Return the arguments of the last call of `name`."""
        return next(call[1:] for call in reversed(self.asked) if call[0] == name)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *given: self.asked.append((name, *given))


_NAMES = itertools.count(1)


def a_bench(monkeypatch: Any, folder: Path, *roots: Path, **settings: Any) -> Any:
    """Return a workbench on `roots`, with a trame server of its own and without images."""
    from trame.app import get_server

    from readingroom.workbench import app

    monkeypatch.setattr(app, "Viewer", NoImages)
    server = get_server(f"test{next(_NAMES)}", client_type="vue3")
    given = Settings("secret", list(roots), folder / "memory.json", **settings)
    return app.Workbench(given, server)


def copy_of(case: Path, place: Path) -> Path:
    """Return a copy of a reading folder, to be written into."""
    shutil.copytree(case, place)
    return place


def edit_json(path: Path, **fields: Any) -> None:
    """Change top-level fields of a JSON file, keeping its form."""
    data = {**json.loads(path.read_text("utf-8")), **fields}
    path.write_text(json.dumps(data, indent=1), "utf-8")
