"""The verb ``review``: addresses, ports, windows."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from readingroom.errors import RefusedInput
from readingroom.workbench.serve import check_roots, listen
from readingroom.workbench.window import Window, command, find_browser
from Testing.workbench.host import run


def test_a_port_that_was_asked_for_and_is_taken_is_refused():
    with listen(None) as taken, pytest.raises(RefusedInput, match="PORT_TAKEN"):
        listen(taken.getsockname()[1])


def test_without_a_wish_the_next_free_port_is_taken():
    with listen(None) as one, listen(None) as other:
        assert one.getsockname()[0] == other.getsockname()[0] == "127.0.0.1"
        assert one.getsockname()[1] != other.getsockname()[1]


def test_a_restart_takes_its_port_back_at_once():
    with listen(None) as first:
        port = first.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as caller:
            first.accept()[0].close()
            assert caller.recv(1) == b""
    listen(port).close()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RefusedInput, match="PATH_NOT_FOUND"):
        check_roots([tmp_path / "absent"])


def test_the_window_is_a_browser_without_bars_and_with_a_profile_of_its_own():
    line = command("/usr/bin/chromium", "http://127.0.0.1:1/?token=x", "/tmp/p")
    assert line[:3] == [
        "/usr/bin/chromium",
        "--app=http://127.0.0.1:1/?token=x",
        "--user-data-dir=/tmp/p",
    ]


def test_any_browser_that_can_show_a_window_will_do(tmp_path):
    assert find_browser(lambda name: f"/bin/{name}" if name == "google-chrome" else None) == (
        "/bin/google-chrome"
    )
    edge = tmp_path / "Microsoft" / "Edge" / "Application" / "msedge.exe"
    edge.parent.mkdir(parents=True)
    edge.write_bytes(b"")
    found = find_browser(lambda _: None, {"ProgramFiles": str(tmp_path)}, "win32")
    assert found == str(edge)


def test_without_such_a_browser_the_way_out_is_said():
    with pytest.raises(RefusedInput, match="WINDOW_MISSING"):
        find_browser(lambda _: None, {}, "linux")


def test_a_closed_window_is_noticed_and_its_profile_removed(tmp_path):
    async def work() -> Path:
        script = tmp_path / "browser.py"
        script.write_text("import sys; print(sys.argv)")
        starter = tmp_path / "browser"
        starter.write_text(f'#!/bin/sh\nexec {sys.executable} {script} "$@"\n')
        starter.chmod(0o755)
        closed, loop = asyncio.Event(), asyncio.get_running_loop()
        window = Window(str(starter))

        def gone() -> None:
            loop.call_soon_threadsafe(closed.set)

        window.open("http://127.0.0.1:1/", gone)
        profile = Path(window._profile.name)
        await closed.wait()
        window.close()
        return profile

    assert not run(work()).exists()


@pytest.fixture
def a_review(tmp_path):
    """Start ``readingroom review`` as a person does; it is ended in order at the end."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "READINGROOM_STATE": str(tmp_path / "state")}
        process = subprocess.Popen(
            [sys.executable, "-m", "readingroom.cli", "review", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_the_address_is_printed_for_machines_and_ctrl_c_ends_everything(a_review, tmp_path):
    (tmp_path / "list").mkdir()
    process = a_review(str(tmp_path / "list"), "--no-browser", "--json")
    text = ""
    while not text.endswith("}\n"):
        text += process.stdout.readline()
    address = json.loads(text)["address"]
    with urllib.request.urlopen(address.split("?")[0] + "health") as answer:
        assert json.load(answer) == {"ok": True}
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address.split("?")[0] + "health")


def test_a_wrong_folder_is_one_message_and_no_server(a_review, tmp_path):
    process = a_review(str(tmp_path / "absent"), "--no-browser")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert "PATH_NOT_FOUND" in err
    assert "Traceback" not in err
