"""The live page in real Chromium: play, analyse, pause, drag, save; nothing leaves the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from readingroom.evaluation.topology import curve_score
from Testing.browser.desk import Browser
from Testing.fixtures.guidewire_case import SHAPE, curve

_PATIENCE_S = 120.0


class LivePage:
    """The page of a server of its own."""

    def __init__(self, browser: Browser, address: str, corrections: Path) -> None:
        self.browser, self.corrections = browser, corrections
        self.page = browser.context.new_page()
        self.page.goto(address)
        self.until("liveState.pixels")

    def value(self, expression: str):
        # Not wait_for_function: the page's policy forbids it to evaluate text.
        return self.page.evaluate(f"() => {expression}")

    def until(self, expression: str) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not self.value(f"Boolean({expression})"):
            assert time.monotonic() < end, f"never came: {expression}"
            time.sleep(0.05)

    def place(self, point) -> tuple[float, float]:
        """Return where on the screen a pixel of the picture is."""
        box = self.page.locator("#overlay").bounding_box()
        scale = box["width"] / SHAPE[2]
        return box["x"] + (point[0] + 0.5) * scale, box["y"] + (point[1] + 0.5) * scale

    def green_at(self, point) -> int:
        """Return how opaque the overlay is at a pixel of the picture, 0…255."""
        return self.page.evaluate(
            """([x, y]) => {
                const canvas = document.getElementById("overlay");
                const scale = canvas.width / liveState.columns;
                const [px, py] = [x, y].map((v) => Math.round((v + 0.5) * scale));
                const readable = { willReadFrequently: true };
                const one = new OffscreenCanvas(1, 1).getContext("2d", readable);
                one.drawImage(canvas, -px, -py);
                return one.getImageData(0, 0, 1, 1).data[3];
            }""",
            [float(point[0]), float(point[1])],
        )


@pytest.fixture(scope="module")
def a_server(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """Address of a server, and the folder where it saves."""
    place = tmp_path_factory.mktemp("live")
    (place / "state").mkdir()
    server = subprocess.Popen(
        [sys.executable, "-m", "Testing.fixtures.live_page", str(place / "corrections")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "READINGROOM_STATE": str(place / "state")},
    )
    try:
        yield server.stdout.readline().strip(), place / "corrections"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def a_page(the_chromium, a_server) -> Iterator[LivePage]:
    address, corrections = a_server
    browser = Browser(the_chromium)
    try:
        yield LivePage(browser, address, corrections)
        assert browser.strangers(address) == []
        assert browser.complaints == []
    finally:
        browser.close()


def test_from_playing_to_a_saved_correction(a_page):
    page = a_page.page
    # It plays by itself, in a loop, and without an overlay.
    a_page.until("liveState.playing && liveState.shown > 0")
    a_page.until("liveState.shown === 0")
    assert a_page.green_at(curve(0)[100]) == 0
    page.click("#analyse")
    a_page.until(f"liveState.results.size === {SHAPE[0]}")
    a_page.until("document.getElementById('fps').textContent !== '–'")
    assert page.inner_text("#latency").endswith("ms")
    page.click("#play")
    a_page.until("liveState.edit && liveState.edit.length")
    # The overlay lies on the wire of the very frame that is shown.
    frame = a_page.value("liveState.shown")
    assert a_page.green_at(curve(frame)[100]) > 60
    assert a_page.green_at(curve(frame)[100] + np.array([0, 14])) == 0
    assert page.inner_text("#count") == "1"
    # A point of the spline dragged off the wire, with nothing to cling to.
    page.uncheck("#cling")
    nodes = a_page.value("liveState.edit[0].controls")
    node = nodes[len(nodes) // 2]
    page.mouse.move(*a_page.place(node))
    page.mouse.down()
    page.mouse.move(*a_page.place((node[0] + 2, node[1] - 9)), steps=3)
    page.mouse.up()
    a_page.until(f"liveState.corrected.has({frame})")
    page.click("#save")
    a_page.until("document.getElementById('save').disabled")
    record = json.loads((a_page.corrections / "simulated-one.json").read_text())
    (saved,) = record["frames"]
    points = np.array(saved["wires"][0]["centerline_xy_px"])
    assert saved["frame"] == frame
    assert np.linalg.norm(points - (node[0] + 2, node[1] - 9), axis=1).min() < 1.5
    # It can be taken back.
    page.click("#undo")
    a_page.until(f"!liveState.corrected.has({frame})")


def test_a_dragged_point_clings_to_the_wire(a_page):
    page = a_page.page
    page.click("#play")
    page.click("#analyse")
    a_page.until("liveState.edit && liveState.edit.length")
    frame = a_page.value("liveState.shown")
    end = a_page.value("liveState.edit[0].controls")[-1]
    page.mouse.move(*a_page.place(end))
    page.mouse.down()
    page.mouse.move(*a_page.place((end[0] - 12, end[1])), steps=3)
    page.mouse.up()
    a_page.until(f"(liveState.corrected.get({frame}) || [{{}}])[0].centerline_xy_px.length > 60")
    a_page.until("!liveState.drag")
    points = np.array(a_page.value(f"liveState.corrected.get({frame})[0].centerline_xy_px"))
    assert curve_score([points], [curve(frame)], 4.0).precision > 0.8


def test_it_speaks_both_languages_and_obeys_the_keyboard(a_page):
    page = a_page.page
    assert page.inner_text("#analyse") == "Start AI analysis"
    page.click("#language")
    assert page.inner_text("#analyse") == "开始 AI 分析"
    assert page.inner_text("footer").startswith("仅供研究")
    page.focus("#overlay")
    page.keyboard.press(" ")
    a_page.until("!liveState.playing")
    shown = a_page.value("liveState.shown")
    page.keyboard.press("ArrowRight" if shown == 0 else "ArrowLeft")
    assert a_page.value("liveState.shown") == (1 if shown == 0 else shown - 1)
    page.click("#videos button[data-id=simulated-two]")
    a_page.until("liveState.video.id === 'simulated-two' && liveState.pixels")
    assert page.get_attribute("#videos button[data-id=simulated-two]", "aria-current") == "true"
