"""The line between page and engine: newest frame, bounded memory, clear faults, doors shut."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from aiohttp import WSMessage, WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer

from readingroom.errors import RefusedInput
from readingroom.live import line, protocol
from readingroom.live.server import MOST_CLIENTS, LiveServer, Settings
from readingroom.live.videos import Videos, eight_bits
from readingroom.readers.guidewire.livesequence import Found
from readingroom.workbench.access import Access
from Testing.fixtures.guidewire_case import SHAPE, frames
from Testing.fixtures.live_page import dark_analyser, some_videos


class Gate:
    """An analyser that waits until it is let go; counts what it got."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.began = threading.Event()
        self.seen: list[int] = []

    def __call__(self, frame: np.ndarray) -> Found:
        self.seen.append(int(frame[0, 0]))
        self.began.set()
        assert self.open.wait(20)
        return Found(np.zeros(frame.shape, bool), [], 1.0)


def run(tmp_path, story, analyser=dark_analyser, videos=None, **settings) -> None:
    """Let `story` happen with a client that was let in and the server's access."""

    async def happen() -> None:
        access = Access(tmp_path)
        place = Settings(tmp_path / "corrections", **settings)
        server = LiveServer(videos or some_videos(), access, analyser, place)
        async with TestClient(TestServer(server.app())) as client:
            await client.get(f"/?token={access.token}")
            await story(client, access)

    asyncio.run(happen())


def a_frame(number: int, value: int = 0) -> bytes:
    return protocol.pack_frame(number, np.full((40, 48), value, np.uint8))


# The messages


def test_a_frame_survives_the_line():
    for kind in (np.uint8, np.uint16):
        pixels = np.arange(40 * 48).reshape(40, 48).astype(kind)
        frame = protocol.unpack_frame(protocol.pack_frame(7, pixels))
        assert frame.number == 7
        assert np.array_equal(frame.pixels, pixels)


def test_a_result_survives_the_line():
    mask = np.random.default_rng(0).random((37, 41)) < 0.3
    header = {"rows": 37, "columns": 41, "frame": 3, "wires": [], "text": "导丝"}
    again, runs = protocol.unpack_result(protocol.pack_result(header, mask))
    assert again == header
    assert np.array_equal(runs, mask)
    empty = protocol.pack_result(header, np.zeros((37, 41), bool))
    assert not protocol.unpack_result(empty)[1].any()


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (b"", "too short"),
        (b"JUNK" + bytes(12), "RRF1"),
        (a_frame(0)[:-1], "bytes, not"),
        (a_frame(0) + b"x", "bytes, not"),
        (a_frame(0)[:12] + b"\x07" + a_frame(0)[13:], "7 bits"),
        (a_frame(0)[:8] + b"\xff\xff\xff\xff" + a_frame(0)[12:], "65535"),
    ],
)
def test_a_malformed_message_says_what_is_wrong(message, what):
    with pytest.raises(RefusedInput) as refusal:
        protocol.unpack_frame(message)
    assert refusal.value.code == "FRAME_MALFORMED"
    assert what in refusal.value.what_happened


# The line


def test_a_frame_in_gives_the_wire_of_that_frame(tmp_path):
    async def story(client, access):
        async with client.ws_connect("/analysis") as socket:
            for number, pixels in enumerate(frames()):
                await socket.send_bytes(protocol.pack_frame(number, pixels))
                header, mask = protocol.unpack_result(await socket.receive_bytes())
                assert (header["frame"], header["skipped"]) == (number, 0)
                assert [wire["kind"] for wire in header["wires"]] == ["wire"]
                assert header["wires"][0]["identity"] == 1
                assert mask.shape == SHAPE[1:]
                assert mask.any()

    run(tmp_path, story)


def test_an_engine_that_is_behind_takes_the_newest_frame_and_counts_the_others(tmp_path):
    gate = Gate()

    async def story(client, access):
        async with client.ws_connect("/analysis") as socket:
            await socket.send_bytes(a_frame(0, 0))
            await asyncio.to_thread(gate.began.wait, 20)
            for number in range(1, 6):
                await socket.send_bytes(a_frame(number, number))
            await socket.send_bytes(b"bad")  # its answer tells that all frames have arrived
            assert (await socket.receive()).type is WSMsgType.TEXT
            gate.open.set()
            results = [protocol.unpack_result(await socket.receive_bytes())[0] for _ in range(2)]
        assert [(one["frame"], one["skipped"]) for one in results] == [(0, 4), (5, 4)]
        assert gate.seen == [0, 5]

    run(tmp_path, story, lambda: gate)


def test_frames_that_change_size_are_told_and_begin_anew(tmp_path):
    async def story(client, access):
        async with client.ws_connect("/analysis") as socket:
            await socket.send_bytes(protocol.pack_frame(0, frames()[0]))
            await socket.receive_bytes()
            await socket.send_bytes(a_frame(1))
            fault = json.loads(await socket.receive_str())["fault"]
            assert fault["code"] == "FRAME_SIZE_CHANGED"
            await socket.send_bytes(a_frame(2))
            assert protocol.unpack_result(await socket.receive_bytes())[0]["frame"] == 2

    run(tmp_path, story)


def test_a_client_that_keeps_sending_nonsense_is_closed_and_the_server_lives(tmp_path):
    async def story(client, access):
        async with client.ws_connect("/analysis") as socket:
            for _ in range(10):
                await socket.send_str("{}")
            received = [await socket.receive() for _ in range(11)]
            assert received[-1].type is WSMsgType.CLOSE
        health = await (await client.get("/health")).json()
        assert health["ok"]

    run(tmp_path, story)


def test_a_fault_of_the_engine_is_told_and_the_line_stays(tmp_path):
    def refuse(frame):
        if frame[0, 0] == 1:
            raise RefusedInput("FRAME_SHAPE", "It cannot be read.", "Send another.")
        return Found(np.zeros(frame.shape, bool), [], 1.0)

    async def story(client, access):
        async with client.ws_connect("/analysis") as socket:
            await socket.send_bytes(a_frame(4, 1))
            told = json.loads(await socket.receive_str())
            assert (told["fault"]["code"], told["frame"]) == ("FRAME_SHAPE", 4)
            await socket.send_bytes(a_frame(5, 0))
            assert protocol.unpack_result(await socket.receive_bytes())[0]["frame"] == 5

    run(tmp_path, story, lambda: refuse)


class StoppedReading:
    """A browser that sends frames and reads nothing."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.frames = [WSMessage(WSMsgType.BINARY, a_frame(n), None) for n in range(3)]

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.frames:
            return self.frames.pop()
        await self.gone.wait()
        raise StopAsyncIteration

    async def send_bytes(self, message: bytes) -> None:
        await asyncio.Event().wait()


def test_a_browser_that_stops_reading_is_let_go(monkeypatch):
    monkeypatch.setattr(line, "PATIENCE_S", 0.05)

    async def happen() -> None:
        socket = StoppedReading()
        with ThreadPoolExecutor(1) as pool:
            ended = line.Line(socket, dark_analyser(), pool, socket.gone.set)
            await asyncio.wait_for(ended.serve(), 20)
        assert socket.gone.is_set()

    asyncio.run(happen())


def test_twenty_browsers_are_served_and_one_more_is_told(tmp_path):
    async def story(client, access):
        sockets = [await client.ws_connect("/analysis") for _ in range(MOST_CLIENTS)]
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect("/analysis")
        assert refused.value.status == 503
        for number, socket in enumerate(sockets):
            await socket.send_bytes(a_frame(number))
        for number, socket in enumerate(sockets):
            assert protocol.unpack_result(await socket.receive_bytes())[0]["frame"] == number
            await socket.close()
        async with client.ws_connect("/analysis") as socket:
            await socket.send_bytes(a_frame(1))
            assert protocol.unpack_result(await socket.receive_bytes())[0]["frame"] == 1

    run(tmp_path, story)


# Who may come in


def test_nothing_is_shown_without_the_token(tmp_path):
    async def story(client, access):
        client.session.cookie_jar.clear()
        for path in ("/", "/videos", "/videos/simulated-one/pixels", "/?token=wrong"):
            assert (await client.get(path)).status == 403
        with pytest.raises(WSServerHandshakeError):
            await client.ws_connect("/analysis")
        async with client.ws_connect(f"/analysis?token={access.token}") as socket:
            await socket.send_bytes(a_frame(0))
            await socket.receive_bytes()

    run(tmp_path, story)


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
)
def test_pages_of_others_are_kept_out(tmp_path, headers):
    async def story(client, access):
        assert (await client.get("/videos", headers=headers)).status == 403

    run(tmp_path, story)


def test_a_page_may_load_nothing_from_elsewhere_and_run_no_text(tmp_path):
    async def story(client, access):
        policy = (await client.get("/")).headers["Content-Security-Policy"]
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == "'none'"
        assert set(rules.values()) == {"'none'", "'self'"}

    run(tmp_path, story)


# Videos and corrections


def test_the_frames_of_a_video_come_as_they_are(tmp_path):
    async def story(client, access):
        listed = await (await client.get("/videos")).json()
        assert [one["id"] for one in listed] == ["simulated-one", "simulated-two"]
        facts = await (await client.get("/videos/simulated-one")).json()
        assert (facts["frames"], facts["rows"], facts["columns"]) == SHAPE
        body = await (await client.get("/videos/simulated-one/pixels")).read()
        assert np.array_equal(np.frombuffer(body, np.uint8).reshape(SHAPE), frames())
        assert (await client.get("/videos/none")).status == 400

    run(tmp_path, story)


def test_a_file_of_the_folder_that_is_no_sequence_is_refused_in_words(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "notes.mp4").write_bytes(b"no video at all")

    async def story(client, access):
        listed = await (await client.get("/videos")).json()
        (own,) = [one for one in listed if not one["simulated"]]
        assert own["title"]["en"] == "notes.mp4"
        answer = await client.get(f"/videos/{own['id']}")
        assert answer.status == 400
        assert (await answer.json())["fault"]["what_to_do"]

    run(tmp_path, story, videos=Videos(folder, []))


def test_sixteen_bits_become_eight():
    deep = (frames().astype(np.uint16) << 6)[:, ::2, ::2]
    shown = eight_bits(deep)
    assert shown.dtype == np.uint8
    assert int(shown.max()) - int(shown.min()) > 200


def test_corrections_are_saved_by_frame_and_later_ones_replace_earlier(tmp_path):
    def sent(frame, x):
        wire = {"kind": "wire", "identity": 1, "centerline_xy_px": [[x, 2.0], [5.0, 6.0]]}
        return {"video": "simulated-one", "frames": [{"frame": frame, "wires": [wire]}]}

    async def story(client, access):
        for frame, x in ((3, 1.0), (1, 1.5), (3, 9.0)):
            answer = await client.post("/corrections", json=sent(frame, x))
            assert answer.status == 200
        record = json.loads((tmp_path / "corrections" / "simulated-one.json").read_text())
        assert [one["frame"] for one in record["frames"]] == [1, 3]
        assert record["frames"][1]["wires"][0]["centerline_xy_px"][0] == [9.0, 2.0]

    run(tmp_path, story)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{not json",
        '{"video": "../../etc/passwd", "frames": []}',
        '{"video": "simulated-one", "frames": [{"frame": -1, "wires": []}]}',
        '{"video": "unknown", "frames": [{"frame": 1, "wires": []}]}',
    ],
)
def test_a_correction_that_does_not_fit_is_refused_and_nothing_is_written(tmp_path, body):
    async def story(client, access):
        answer = await client.post("/corrections", data=body)
        assert answer.status == 400
        assert not (tmp_path / "corrections").exists()

    run(tmp_path, story)


def test_a_live_wire_is_drawn_through_given_points(tmp_path):
    async def story(client, access):
        asked = {"video": "simulated-one", "frame": 0, "points": [[3, 49], [90, 36]]}
        found = await (await client.post("/livewire", json=asked)).json()
        assert len(found["centerline_xy_px"]) > 60
        for wrong in ({"points": [[1, 2]]}, {"frame": 99}, {"points": [["a", 1], [2, 3]]}):
            assert (await client.post("/livewire", json={**asked, **wrong})).status == 400

    run(tmp_path, story)
