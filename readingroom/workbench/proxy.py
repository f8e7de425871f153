"""Pass a browser's HTTP and WebSocket traffic on to its own session process."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import web

from readingroom.workbench.sessions import Session, Sessions

#: Header by which a session process knows that a request came through the front.
SECRET_HEADER = "X-ReadingRoom-Session"
_BLOCK = 1 << 16
_HEARTBEAT_S = 20.0
#: Headers that belong to one connection, not to the message (RFC 9110, 7.6.1).
_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "cookie",
    "content-length",
    "content-encoding",
    "accept-encoding",
}


class SessionGone(Exception):
    """The session process has ended before it could answer."""


async def http(
    request: web.Request, session: Session, client: aiohttp.ClientSession
) -> web.StreamResponse:
    """Answer `request` with what the session process answers.

    Raises
    ------
    SessionGone
    """
    headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
    headers[SECRET_HEADER] = session.secret
    url = f"http://127.0.0.1:{session.port}{request.rel_url}"
    try:
        async with client.request(
            request.method, url, headers=headers, data=await request.read(), allow_redirects=False
        ) as answer:
            return await _streamed(request, answer)
    except aiohttp.ClientConnectorError:
        raise SessionGone from None
    except aiohttp.ClientConnectionError:
        raise web.HTTPBadGateway(text="The session process is gone; reload.") from None


async def _streamed(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
    response = web.StreamResponse(status=answer.status, headers=kept)
    await response.prepare(request)
    async for block in answer.content.iter_chunked(_BLOCK):
        await response.write(block)
    await response.write_eof()
    return response


async def websocket(
    request: web.Request, session: Session, sessions: Sessions, client: aiohttp.ClientSession
) -> web.WebSocketResponse:
    """Join the browser's WebSocket to the session's until either ends.

    Raises
    ------
    SessionGone
    """
    try:
        inner = await client.ws_connect(
            f"ws://127.0.0.1:{session.port}{request.rel_url}",
            headers={SECRET_HEADER: session.secret},
            max_msg_size=0,
        )
    except aiohttp.ClientConnectorError:
        raise SessionGone from None
    # Without compression: images are compressed already and the way is this machine's own.
    browser = web.WebSocketResponse(max_msg_size=0, heartbeat=_HEARTBEAT_S, compress=False)
    sessions.opened(session)
    try:
        await browser.prepare(request)
        await _join(browser, inner)
    finally:
        sessions.closed(session)
        await inner.close()
        await browser.close()
    return browser


async def _join(browser: web.WebSocketResponse, inner: aiohttp.ClientWebSocketResponse) -> None:
    ways = [
        asyncio.ensure_future(_pump(browser, inner)),
        asyncio.ensure_future(_pump(inner, browser)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _pump(
    source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
    target: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.BINARY:
            await target.send_bytes(message.data)
        elif message.type is aiohttp.WSMsgType.TEXT:
            await target.send_str(message.data)
