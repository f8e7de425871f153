"""The server that browsers talk to, with real session processes of three lines."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import psutil

from Testing.workbench.host import FrontDesk, run


def test_the_printed_address_lets_a_browser_in_and_leaves_no_key_on_the_bar(tmp_path):
    async def work():
        async with FrontDesk(tmp_path) as desk:
            browser = await desk.stranger()
            answer = await browser.get(f"/?token={desk.access.token}", allow_redirects=False)
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            page = await browser.get("/")
            assert "ReadingRoom" in await page.text()

    run(work())


def test_without_the_key_there_is_nothing_but_the_way_to_get_it(tmp_path):
    async def work():
        async with FrontDesk(tmp_path) as desk:
            stranger = await desk.stranger()
            for path in ("/", "/?token=guess", "/who", "/ws", "/files/x/report.pdf", "/ready"):
                answer = await stranger.get(path)
                assert answer.status == 403
                assert "readingroom review" in await answer.text()
            assert (await stranger.post("/upload", data=b"x")).status == 403
            assert desk.sessions.peek("anyone") is None

    run(work())


def test_two_browsers_have_two_processes_and_a_reload_finds_its_own_again(tmp_path):
    async def work():
        async with FrontDesk(tmp_path) as desk:
            one, other = await desk.browser(), await desk.browser()
            first = (await (await one.get("/who")).json())["pid"]
            second = (await (await other.get("/who")).json())["pid"]
            assert first != second
            assert (await (await one.get("/who")).json())["pid"] == first

    run(work())


def test_a_session_is_not_told_the_browsers_cookie(tmp_path):
    async def work():
        async with FrontDesk(tmp_path) as desk:
            browser = await desk.browser()
            assert (await (await browser.get("/who")).json())["cookie"] == ""

    run(work())


def test_other_users_of_the_machine_cannot_use_a_sessions_own_port(tmp_path):
    async def work():
        async with FrontDesk(tmp_path) as desk:
            browser = await desk.browser()
            await browser.get("/who")
            (session,) = desk.sessions._sessions.values()
            async with aiohttp.ClientSession() as elsewhere:
                answer = await elsewhere.get(f"http://127.0.0.1:{session.port}/who")
                assert answer.status == 403

    run(work())


def test_messages_go_both_ways_and_large_ones_whole(tmp_path):
    async def work():
        async with FrontDesk(tmp_path) as desk:
            browser = await desk.browser()
            socket = await browser.ws_connect("/ws", max_msg_size=0)
            await socket.send_str("hello")
            assert (await socket.receive_str()).endswith(" hello")
            image = bytes(range(256)) * 30_000
            await socket.send_bytes(image)
            assert await socket.receive_bytes() == image[::-1]
            await socket.close()

    run(work())


def test_a_session_that_dies_closes_its_connections_and_the_next_call_starts_anew(tmp_path):
    async def work():
        async with FrontDesk(tmp_path) as desk:
            browser = await desk.browser()
            before = (await (await browser.get("/who")).json())["pid"]
            socket = await browser.ws_connect("/ws")
            psutil.Process(before).kill()
            assert (await socket.receive()).type in (
                aiohttp.WSMsgType.CLOSE,
                aiohttp.WSMsgType.CLOSING,
                aiohttp.WSMsgType.CLOSED,
            )
            assert (await (await browser.get("/ready")).json()) == {"ok": True}
            after = (await (await browser.get("/who")).json())["pid"]
            assert after != before

    run(work())


def test_a_process_ends_after_its_browser_has_been_gone_for_the_grace_period(tmp_path):
    async def work():
        now = [0.0]
        desk_ = FrontDesk(tmp_path, grace_s=100.0, clock=lambda: now[0])
        async with desk_ as desk:
            browser = await desk.browser()
            pid = (await (await browser.get("/who")).json())["pid"]
            socket = await browser.ws_connect("/ws")
            now[0] = 500.0
            await desk.sessions.reap()
            assert psutil.pid_exists(pid)
            await socket.close()
            (session,) = desk.sessions._sessions.values()
            while session.sockets:
                await asyncio.sleep(0.01)
            now[0] = 599.0
            await desk.sessions.reap()
            assert psutil.pid_exists(pid)
            now[0] = 601.0
            await desk.sessions.reap()
            assert not psutil.pid_exists(pid)

    run(work())


def test_all_processes_end_with_the_server(tmp_path):
    async def work():
        async with FrontDesk(tmp_path) as desk:
            pids = [
                (await (await (await desk.browser()).get("/who")).json())["pid"] for _ in range(2)
            ]
            desk.sessions.prepare()
            assert desk.sessions._spare is not None
            pids.append((await desk.sessions._spare).pid)
            assert all(psutil.pid_exists(pid) for pid in pids)
        assert not any(psutil.pid_exists(pid) for pid in pids)

    run(work())


def test_a_process_that_cannot_start_says_why_in_both_languages(tmp_path):
    async def work():
        async with FrontDesk(tmp_path, command=("python3", "-c", "raise SystemExit(1)")) as desk:
            browser = await desk.browser()
            answer = await (await browser.get("/ready")).json()
            assert answer["ok"] is False
            assert answer["en"]["code"] == "SESSION_NOT_STARTED"
            assert "重新加载" in answer["zh"]["what_to_do"]
            assert (await browser.get("/who")).status == 503

    run(work())


def test_a_process_that_refuses_is_quoted(tmp_path):
    parts = {"code": "RENDERING_UNAVAILABLE", "what_happened": "No EGL.", "what_to_do": "Get it."}
    said = f"print('READINGROOM-SESSION-REFUSED', {json.dumps(parts)!r})"

    async def work():
        async with FrontDesk(tmp_path, command=("python3", "-c", said)) as desk:
            answer = await (await (await desk.browser()).get("/ready")).json()
            assert answer["en"]["code"] == "RENDERING_UNAVAILABLE"
            assert answer["en"]["what_happened"] == "No EGL."

    run(work())


def test_no_page_may_load_or_tell_anything_outside(tmp_path):
    async def work():
        async with FrontDesk(tmp_path) as desk:
            browser = await desk.browser()
            for path in ("/", "/static/keys.js", "/who", "/health"):
                answer = await browser.get(path)
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'self'" in policy
                assert "http:" not in policy
                assert "https:" not in policy
                assert "*" not in policy
                assert answer.headers["Referrer-Policy"] == "no-referrer"

    run(work())


def test_a_page_of_another_host_is_not_answered(tmp_path):
    async def work():
        async with FrontDesk(tmp_path) as desk:
            browser = await desk.browser()
            for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
                assert (await browser.get("/who", headers=headers)).status == 403

    run(work())
