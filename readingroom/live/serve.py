"""Run the live page: choose a port, say the address, serve until stopped."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from readingroom.errors import RefusedInput
from readingroom.live.line import Analyser
from readingroom.live.server import LiveServer, Settings
from readingroom.live.videos import Videos
from readingroom.workbench.access import Access, state_folder
from readingroom.workbench.serve import listen, until_stopped

if TYPE_CHECKING:
    from readingroom.inference.engine import Engine


@dataclass(frozen=True)
class Plan:
    """What to serve and how.

    Attributes
    ----------
    folder : Path or None
        The person's own videos.
    corrections : Path
    port : int or None
        None takes the first free one from 8765 on.
    token : str or None
        The key that the address must hold; None makes one.
    certificate, key : Path or None
        PEM files; with them the page is https and its line wss.
    host : str or None
        Address to listen on for other machines; needs a certificate.
    """

    folder: Path | None
    corrections: Path
    port: int | None = None
    token: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    host: str | None = None
    language: str = "en"
    device: str = "auto"


class GivenToken(Access):
    """Access with a token that the person chose."""

    def __init__(self, folder: Path, token: str) -> None:
        super().__init__(folder)
        self.token = token


def serve(
    plan: Plan,
    opened: Callable[[str], None],
    *,
    new_analyser: Callable[[], Analyser] | None = None,
    videos: Videos | None = None,
) -> None:
    """Serve until Ctrl-C or a termination signal.

    Parameters
    ----------
    opened : callable
        Gets the address, with its key, once the server answers.
    new_analyser, videos : optional
        Instead of the guidewire reader's live engine and the usual list.

    Raises
    ------
    RefusedInput
        ``PATH_NOT_FOUND``, ``PORT_TAKEN``, ``TOKEN_TOO_SHORT``, ``CERTIFICATE_UNUSABLE``,
        ``CERTIFICATE_NEEDED``.
    """
    check(plan)
    secure = _secure(plan)
    asyncio.run(_serve(plan, secure, opened, new_analyser or _engine_of(plan), videos))


def check(plan: Plan) -> None:
    """Refuse a plan that cannot be served safely; raises as `serve`."""
    if plan.folder is not None and not plan.folder.is_dir():
        raise RefusedInput(
            "PATH_NOT_FOUND", "There is no folder at the place given.", "Check the path."
        )
    if plan.token is not None and len(plan.token) < 16:
        raise RefusedInput(
            "TOKEN_TOO_SHORT",
            "The token is too short to keep anyone out.",
            "Give 16 characters or more, or leave it out.",
        )
    if plan.host is not None and plan.certificate is None:
        raise RefusedInput(
            "CERTIFICATE_NEEDED",
            "Other machines may not be served without encryption.",
            "Give --certfile and --keyfile, or leave --host out.",
        )


async def _serve(
    plan: Plan,
    secure: ssl.SSLContext | None,
    opened: Callable[[str], None],
    new_analyser: Callable[[], Analyser],
    videos: Videos | None,
) -> None:
    state = state_folder()
    access = GivenToken(state, plan.token) if plan.token else Access(state)
    settings = Settings(plan.corrections, plan.language, plan.host, secure)
    server = LiveServer(videos or Videos(plan.folder), access, new_analyser, settings)
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        port = await _start(plan, runner, secure)
        scheme, name = "https" if secure else "http", plan.host or "127.0.0.1"
        opened(f"{scheme}://{name}:{port}/?token={access.token}")
        await until_stopped(asyncio.Event())
    finally:
        await runner.cleanup()


async def _start(plan: Plan, runner: web.AppRunner, secure: ssl.SSLContext | None) -> int:
    if plan.host is not None:
        site = web.TCPSite(runner, plan.host, plan.port or 8765, ssl_context=secure)
        await site.start()
        return plan.port or 8765
    listener = listen(plan.port)
    await web.SockSite(runner, listener, ssl_context=secure).start()
    return int(listener.getsockname()[1])


def _secure(plan: Plan) -> ssl.SSLContext | None:
    if plan.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(plan.certificate, plan.key)
    except (OSError, ssl.SSLError) as fault:
        raise RefusedInput(
            "CERTIFICATE_UNUSABLE",
            "The certificate or its key cannot be used.",
            "Give PEM files that belong together with --certfile and --keyfile.",
        ) from fault
    return context


def _engine_of(plan: Plan) -> Callable[[], Analyser]:
    """Return what makes analysers on one engine; the networks are loaded with the first."""
    engines: list[Engine] = []

    def new() -> Analyser:
        from readingroom.inference.engine import Engine
        from readingroom.readers.guidewire.livesequence import analyser_for

        if not engines:
            # One thread a network: the reader has workers of its own.
            engines.append(Engine(device=plan.device, threads=1))
        return analyser_for(engines[0])

    return new
