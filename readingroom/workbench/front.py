"""The server that browsers talk to: bound to this machine, one process per browser behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
from aiohttp import web

from readingroom.errors import ReadingRoomError
from readingroom.workbench import pages, proxy, upload
from readingroom.workbench.access import Access, is_local
from readingroom.workbench.faults_zh import CHINESE
from readingroom.workbench.sessions import Session, Sessions

_STATIC = Path(__file__).with_name("static")
_REAP_EVERY_S = 5.0
_YEAR_S = 365 * 24 * 3600
#: 'unsafe-eval': Vue compiles the page's templates in the browser. Nothing outside this
#: server may be loaded or told anything.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "object-src 'self'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_IDENTITY = web.RequestKey("identity", str)


class Front:
    """Routes and access of the workbench's server.

    Parameters
    ----------
    sessions : Sessions
        The processes behind it.
    access : Access
        Who may come in.
    home : Path
        Folder that takes what is uploaded.
    language : {'en', 'zh'}
        Language of the pages shown before a session has one.
    """

    def __init__(
        self, sessions: Sessions, access: Access, home: Path, *, language: str = "en"
    ) -> None:
        self._sessions = sessions
        self._access = access
        self._home = home
        self._language = language
        self._client: aiohttp.ClientSession | None = None

    def app(self) -> web.Application:
        """Return the application, ready to be run or tested."""
        app = web.Application(middlewares=[self._guard], client_max_size=1 << 24)
        app.router.add_get("/health", self._health)
        app.router.add_get("/ready", self._ready)
        app.router.add_static("/static", _STATIC)
        app.router.add_post("/paraview/", self._connection)
        app.router.add_post("/upload", self._upload)
        app.router.add_get("/ws", self._websocket)
        app.router.add_get("/", self._index)
        app.router.add_route("*", "/{path:.*}", self._http)
        app.on_response_prepare.append(_headers)
        app.cleanup_ctx.append(self._life)
        return app

    async def _life(self, app: web.Application) -> AsyncIterator[None]:
        self._client = aiohttp.ClientSession(
            auto_decompress=True, timeout=aiohttp.ClientTimeout(total=None, sock_connect=10)
        )
        reaper = asyncio.ensure_future(self._reap())
        self._sessions.prepare()
        yield
        reaper.cancel()
        await asyncio.gather(reaper, return_exceptions=True)
        await self._sessions.close()
        await self._client.close()

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(_REAP_EVERY_S)
            await self._sessions.reap()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not is_local(request.host) or not _same_origin(request):
            return pages.refused(self._language)
        if request.path == "/health" or request.path.startswith("/static/"):
            return await handler(request)
        if request.path == "/" and self._access.admits(request.query.get("token", "")):
            return self._welcome(request)
        identity = self._access.identity(request.cookies.get(_cookie_name(request), ""))
        if identity is None:
            return pages.refused(self._language)
        request[_IDENTITY] = identity
        return await handler(request)

    def _welcome(self, request: web.Request) -> web.StreamResponse:
        """Give the browser that brought the token its cookie, and take the token off the bar."""
        kept = self._access.identity(request.cookies.get(_cookie_name(request), ""))
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(
            _cookie_name(request),
            self._access.cookie(kept or self._access.new_identity()),
            max_age=_YEAR_S,
            httponly=True,
            samesite="Strict",
            path="/",
        )
        return response

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _ready(self, request: web.Request) -> web.Response:
        """Say whether the browser's process runs, or why it could not be started."""
        try:
            await self._sessions.get(request[_IDENTITY])
        except ReadingRoomError as fault:
            happened, todo = CHINESE.get(fault.code, (fault.what_happened, fault.what_to_do))
            chinese = {"what_happened": happened, "what_to_do": todo}
            return web.json_response({"ok": False, "en": fault.as_dict(), "zh": chinese})
        return web.json_response({"ok": True})

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return pages.index(self._language)

    async def _connection(self, request: web.Request) -> web.StreamResponse:
        """Tell the page where its WebSocket is, once its process is there."""
        await self._session(request)
        return web.json_response(
            {"sessionURL": f"ws://{request.host}/ws", "secret": "wslink-secret"}
        )

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        client = self._client
        assert client is not None
        return await self._answered(
            request, lambda session: proxy.websocket(request, session, self._sessions, client)
        )

    async def _http(self, request: web.Request) -> web.StreamResponse:
        client = self._client
        assert client is not None
        return await self._answered(request, lambda session: proxy.http(request, session, client))

    async def _answered(
        self, request: web.Request, ask: Callable[[Session], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Ask the browser's process; if it has just died, start another and ask that."""
        session = await self._session(request)
        try:
            return await ask(session)
        except proxy.SessionGone:
            await self._sessions.drop(session)
        try:
            return await ask(await self._session(request))
        except proxy.SessionGone:
            raise web.HTTPBadGateway(text="The session process is gone; reload.") from None

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        return await upload.receive(request, self._home)

    async def _session(self, request: web.Request) -> Session:
        try:
            return await self._sessions.get(request[_IDENTITY])
        except ReadingRoomError as fault:
            raise web.HTTPServiceUnavailable(text=str(fault)) from None


async def _headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers that keep a page to itself, also to streamed answers."""
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")


def _same_origin(request: web.Request) -> bool:
    """Whether a page of this very server sent the request, as far as the browser says."""
    origin = request.headers.get("Origin")
    return origin in (None, f"http://{request.host}")


def _cookie_name(request: web.Request) -> str:
    """Return the cookie's name; cookies do not know ports, two servers must not mix them."""
    return f"readingroom_{request.host.rsplit(':', 1)[-1]}"
