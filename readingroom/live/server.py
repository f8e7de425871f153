"""The server of the live page: routes, who may come in, what a page may load."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web

from readingroom.errors import ReadingRoomError, RefusedInput
from readingroom.live import corrections
from readingroom.live.line import Analyser, Line
from readingroom.live.protocol import MESSAGE_BYTES
from readingroom.live.videos import Videos
from readingroom.workbench.access import Access, is_local

_STATIC = Path(__file__).with_name("static")
#: Browsers that may analyse at the same time.
MOST_CLIENTS = 20
_DAY_S = 24 * 3600
_LARGEST_BODY = 32 << 20
#: Points of a request for a live-wire.
_MOST_CLICKS = 200
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Settings:
    """How the page is served.

    Attributes
    ----------
    corrections : Path
        Folder that takes what people correct.
    language : {'en', 'zh'}
    host : str or None
        Name or address under which other machines may call; None for this machine only.
    secure : ssl.SSLContext or None
        What makes it https and wss.
    """

    corrections: Path
    language: str = "en"
    host: str | None = None
    secure: ssl.SSLContext | None = None


class LiveServer:
    """Routes of the live page.

    Parameters
    ----------
    new_analyser : callable
        Makes an analyser for each browser; called, and the analyser run, in one thread.
    """

    def __init__(
        self,
        videos: Videos,
        access: Access,
        new_analyser: Callable[[], Analyser],
        settings: Settings,
    ) -> None:
        self._videos = videos
        self._access = access
        self._new_analyser = new_analyser
        self._settings = settings
        self._sockets: set[web.WebSocketResponse] = set()
        # One thread each: the networks are shared, and loading must not hold them up.
        self._networks = ThreadPoolExecutor(1, "live-networks")
        self._files = ThreadPoolExecutor(1, "live-files")

    def app(self) -> web.Application:
        """Return the application, ready to be run or tested."""
        app = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_BODY)
        app.router.add_get("/", self._index)
        app.router.add_get("/health", self._health)
        app.router.add_static("/static", _STATIC)
        app.router.add_get("/videos", self._list)
        app.router.add_get("/videos/{id}", self._facts)
        app.router.add_get("/videos/{id}/pixels", self._pixels)
        app.router.add_get("/analysis", self._analysis)
        app.router.add_post("/livewire", self._live_wire)
        app.router.add_post("/corrections", self._correct)
        app.on_response_prepare.append(_headers)
        app.cleanup_ctx.append(self._life)
        return app

    async def _life(self, app: web.Application) -> AsyncIterator[None]:
        yield
        for socket in list(self._sockets):
            with contextlib.suppress(Exception):
                await socket.close(code=1001)
        self._networks.shutdown(wait=False, cancel_futures=True)
        self._files.shutdown(wait=False, cancel_futures=True)

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not self._own(request):
            return _refused(403, "NOT_ADMITTED", "This page was not called by its own address.")
        if request.path == "/health" or request.path.startswith("/static/"):
            return await handler(request)
        token = request.query.get("token", "")
        if request.path == "/" and self._access.admits(token):
            return self._welcome(request)
        known = self._access.identity(request.cookies.get(_cookie_name(request), ""))
        if known is None and not (request.path == "/analysis" and self._access.admits(token)):
            return _refused(
                403, "NOT_ADMITTED", "Open the address that 'readingroom live' printed."
            )
        try:
            return await handler(request)
        except ReadingRoomError as fault:
            status = 400 if isinstance(fault, RefusedInput) else 500
            return web.json_response({"fault": fault.as_dict()}, status=status)

    def _own(self, request: web.Request) -> bool:
        """Whether the request is for this server by a name of its own, and from its page."""
        name = request.host.rsplit(":", 1)[0].lower()
        named = is_local(request.host) or name == (self._settings.host or "").lower()
        scheme = "https" if self._settings.secure else "http"
        return named and request.headers.get("Origin") in (None, f"{scheme}://{request.host}")

    def _welcome(self, request: web.Request) -> web.StreamResponse:
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(
            _cookie_name(request),
            self._access.cookie(self._access.new_identity()),
            max_age=_DAY_S,
            httponly=True,
            samesite="Strict",
            secure=self._settings.secure is not None,
            path="/",
        )
        return response

    async def _index(self, request: web.Request) -> web.StreamResponse:
        text = (_STATIC / "live.html").read_text(encoding="utf-8")
        text = text.replace("{language}", self._settings.language)
        return web.Response(text=text, content_type="text/html")

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "clients": len(self._sockets)})

    async def _list(self, request: web.Request) -> web.Response:
        videos = await self._in_files(self._videos.listed)
        return web.json_response([video.as_dict() for video in videos])

    async def _facts(self, request: web.Request) -> web.Response:
        played = await self._in_files(self._videos.played, request.match_info["id"])
        frames, rows, columns = played.pixels.shape
        return web.json_response(
            {
                "frames": frames,
                "rows": rows,
                "columns": columns,
                "rate_hz": played.rate_hz,
                "frames_in_file": played.frames_in_file,
            }
        )

    async def _pixels(self, request: web.Request) -> web.StreamResponse:
        """Send all frames, 8 bits a pixel, one after the other."""
        played = await self._in_files(self._videos.played, request.match_info["id"])
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        response.content_length = played.pixels.nbytes
        await response.prepare(request)
        for frame in played.pixels:
            await response.write(frame.tobytes())
        await response.write_eof()
        return response

    async def _analysis(self, request: web.Request) -> web.StreamResponse:
        if len(self._sockets) >= MOST_CLIENTS:
            return _refused(
                503, "TOO_MANY_CLIENTS", f"{MOST_CLIENTS} browsers are being served already."
            )
        socket = web.WebSocketResponse(max_msg_size=MESSAGE_BYTES, heartbeat=20.0, compress=False)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            loop = asyncio.get_running_loop()
            analyser = await loop.run_in_executor(self._networks, self._new_analyser)
            await Line(socket, analyser, self._networks, lambda: _cut(request)).serve()
        except ReadingRoomError as fault:
            await socket.send_json({"fault": fault.as_dict(), "frame": None})
        finally:
            self._sockets.discard(socket)
            with contextlib.suppress(ConnectionError):
                await socket.close()
        return socket

    async def _live_wire(self, request: web.Request) -> web.Response:
        """Return the curve through clicked points that clings to the device."""
        asked = await _json(request)
        played = await self._in_files(self._videos.played, str(asked.get("video", "")))
        clicks, number = _clicks(asked), asked.get("frame")
        if not isinstance(number, int) or not 0 <= number < len(played.pixels):
            raise _invalid("frame")
        points = await self._in_files(_clung, played.pixels[number], clicks)
        return web.json_response({"centerline_xy_px": np.round(points, 2).tolist()})

    async def _correct(self, request: web.Request) -> web.Response:
        asked = corrections.parsed(await _json(request))
        video = next((v for v in self._videos.listed() if v.id == asked.video), None)
        if video is None:
            raise RefusedInput(
                "VIDEO_UNKNOWN", "This video is not in the list.", "Reload the page."
            )
        folder = self._settings.corrections
        path = await self._in_files(corrections.save, asked, video.title["en"], folder)
        return web.json_response({"file": str(path), "frames": len(asked.frames)})

    async def _in_files(self, function: Callable[..., Any], *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._files, function, *arguments)


def _clung(frame: Any, clicks: list[list[float]]) -> Any:
    from readingroom.readers.guidewire.frames import normalise
    from readingroom.readers.guidewire.livewire import live_wire
    from readingroom.readers.guidewire.ridge import ridges

    return live_wire(ridges(normalise(frame).array[0]), clicks)


def _clicks(asked: Any) -> list[list[float]]:
    points = asked.get("points")
    if not isinstance(points, list) or not 2 <= len(points) <= _MOST_CLICKS:
        raise _invalid("points")
    try:
        checked = np.asarray(points, np.float64)
    except (TypeError, ValueError):
        raise _invalid("points") from None
    if checked.ndim != 2 or checked.shape[1] != 2 or not np.isfinite(checked).all():
        raise _invalid("points")
    clicks: list[list[float]] = np.clip(checked, 0.0, 1e5).tolist()
    return clicks


async def _json(request: web.Request) -> Any:
    try:
        data = await request.json()
    except ValueError:
        raise _invalid("body") from None
    if not isinstance(data, dict):
        raise _invalid("body")
    return data


def _invalid(where: str) -> RefusedInput:
    return RefusedInput(
        "REQUEST_INVALID", f"The request does not fit at '{where}'.", "Reload the page."
    )


def _refused(status: int, code: str, what: str) -> web.Response:
    fault = {"code": code, "what_happened": what, "what_to_do": "See 'readingroom live --help'."}
    return web.json_response({"fault": fault}, status=status)


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def _headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")


def _cookie_name(request: web.Request) -> str:
    """Return the cookie's name; cookies do not know ports, two servers must not mix them."""
    return f"readingroom_live_{request.host.rsplit(':', 1)[-1]}"
