"""The workbench in Chromium on a CT of 512 × 512 × 300: opening, scrolling, editing.

Times are taken inside the page, from the event of the hand to the animation frame that
shows the result. Server, session, browser and this script share the machine.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from readingroom import folder
from readingroom.imaging import load
from readingroom.reader import Progress
from readingroom.readers.cacs.options import CacsOptions
from readingroom.readers.cacs.reader import CacsReader
from Testing.bench.bench_cacs_reading import _series
from Testing.bench.skip import Skip
from Testing.browser.desk import Browser, Desk, Workbench, bone, chromium

OPENINGS, EDITS, SCROLLS = 5, 15, 4
#: Four views on a laptop, and one view larger than the images' 512 x 512.
WINDOW = (1280, 800)
_SCROLL_PX, _PX_PER_S = 9_000, 3_000

#: Runs at every animation frame until the case is on the screen; its result is in ms.
_WATCH_OPENING = """() => {
  window.opened = {};
  const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const filled = image => {
    if (!image || !image.complete || !image.naturalWidth) return false;
    pen.drawImage(image, 0, 0, 16, 16);
    return pen.getImageData(0, 0, 16, 16).data.some((v, n) => n % 4 < 3 && v > 60);
  };
  const image = view => document.querySelector(`.rv-cell[data-view=${view}] img`);
  const look = () => {
    const now = performance.now(), state = window.trame.state;
    if (window.clicked && state.get('page_name') === 'reading') {
      const info = state.get('view_info_axial');
      if (!opened.first && info && info.slice && filled(image('axial'))) opened.first = now;
      if (opened.first && state.get('view_shown').every(view => filled(image(view)))) {
        opened.all = now;
        return;
      }
    }
    requestAnimationFrame(look);
  };
  window.clicked = 0;
  const row = event => {
    if (!event.target.closest('.rr-row')) return;
    window.clicked = performance.now();
    window.removeEventListener('click', row, true);
  };
  window.addEventListener('click', row, true);
  look();
}"""
#: Notes when a new picture of the axial view is shown, frame by frame.
_WATCH_FRAMES = """() => {
  window.shown = [];
  window.watching = true;
  let last = '';
  const look = () => {
    const image = document.querySelector('.rv-cell[data-view=axial] img');
    if (image.complete && image.src !== last) { last = image.src; shown.push(performance.now()); }
    if (window.watching) requestAnimationFrame(look);
  };
  look();
}"""
#: Notes when the button was let go, when the picture differs from before the stroke where it
#: was drawn, and when the numbers were measured anew.
_WATCH_EDIT = """([x, y]) => {
  const size = 24, image = document.querySelector('.rv-cell[data-view=axial] img');
  const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const part = () => {
    pen.drawImage(image, x * image.naturalWidth - size / 2, y * image.naturalHeight - size / 2,
                  size, size, 0, 0, size, size);
    return pen.getImageData(0, 0, size, size).data;
  };
  // Numbers and audit trail come in one message; the total itself need not change.
  const edits = () => window.trame.state.get('page_audit').length;
  const before = part(), count = edits();
  let last = image.src;
  window.edit = {};
  window.addEventListener('mouseup', () => { edit.up = performance.now(); },
                          {capture: true, once: true});
  const look = () => {
    const now = performance.now();
    if (edit.up && !edit.screen && image.complete && image.src !== last) {
      last = image.src;
      const after = part();
      const changed = after.filter((value, n) => Math.abs(value - before[n]) > 30);
      if (changed.length > 12) edit.screen = now;
    }
    if (edit.up && !edit.numbers && edits() > count) edit.numbers = now;
    if (!edit.screen || !edit.numbers) requestAnimationFrame(look);
  };
  look();
}"""


def run() -> list[dict[str, Any]]:
    """Return medians and 95th percentiles, ms, and frames per second."""
    with tempfile.TemporaryDirectory() as place, _a_desk(Path(place)) as desk:
        openings = [_open(desk, first=n == 0) for n in range(OPENINGS)]
        rows = _rows("first view after choosing a case", [first for first, _ in openings])
        rows += _rows("all views after choosing a case", [every for _, every in openings])
        rows += _scrolling(desk, "four_up")
        rows += _scrolling(desk, "axial")
        rows += _editing(desk)
    return rows


@contextmanager
def _a_desk(place: Path) -> Iterator[Desk]:
    """Read the scan, then sit down at a workbench with it."""
    study = load(_series(place / "cases" / "images"))
    reading = CacsReader().read(study, CacsOptions(), Progress())
    folder.save(reading, place / "cases" / "reading")
    (place / "state").mkdir()
    workbench = Workbench([place / "cases"], place / "state")
    try:
        with chromium() as browser, workbench.running():
            person = Browser(browser, WINDOW)
            yield Desk(person, workbench.address)
            person.close()
    except FileNotFoundError as reason:
        raise Skip(str(reason)) from None


def _open(desk: Desk, *, first: bool) -> tuple[float, float]:
    """Choose the case; return ms to the first picture and to all pictures."""
    if not first:
        desk.back_to_list()
    desk.until("list_rows", "v => v.length > 0")
    desk.page.evaluate(_WATCH_OPENING)
    desk.page.locator(".rr-row").first.click()
    desk.page.wait_for_function("() => window.opened.all")
    desk.wait_for_reading()
    times = desk.page.evaluate("[opened.first - clicked, opened.all - clicked]")
    if first:
        desk.say_name("Bench")
    return float(times[0]), float(times[1])


def _scrolling(desk: Desk, layout: str) -> list[dict[str, Any]]:
    """Turn the wheel to and fro over the axial view; count the pictures that were shown."""
    desk.page.keyboard.press({"four_up": "Shift+Digit1", "axial": "Shift+Digit3"}[layout])
    desk.until("view_layout", "(v, a) => v === a", layout)
    desk.wait_for_reading()
    rates = [_scrolled(desk, -1 if n % 2 else 1) for n in range(SCROLLS)]
    rows, columns, _ = desk.picture("axial").shape
    name = f"slices shown while scrolling, view of {columns} x {rows}"
    return [
        {"name": f"{name}, median", "value": statistics.median(rates), "unit": "frames/s"},
        {"name": f"{name}, slowest", "value": min(rates), "unit": "frames/s"},
    ]


def _scrolled(desk: Desk, direction: int) -> float:
    """Return the pictures per second that one turn of the wheel showed."""
    box = desk.page.locator(".rv-cell[data-view=axial]").bounding_box()
    assert box is not None
    before = desk.info("axial")["slice"]["number"]
    desk.page.evaluate(_WATCH_FRAMES)
    devtools = desk.browser.context.new_cdp_session(desk.page)
    gesture = {
        "x": box["x"] + box["width"] / 2,
        "y": box["y"] + box["height"] / 2,
        "yDistance": direction * _SCROLL_PX,
        "speed": _PX_PER_S,
        "gestureSourceType": "mouse",
    }
    devtools.send("Input.synthesizeScrollGesture", gesture)
    devtools.detach()
    shown: list[float] = desk.page.evaluate("() => { window.watching = false; return shown; }")
    assert desk.info("axial")["slice"]["number"] != before, "the wheel moved nothing"
    return (len(shown) - 1) / (shown[-1] - shown[0]) * 1000.0


def _editing(desk: Desk) -> list[dict[str, Any]]:
    """Paint short strokes on dense bone, each undone again."""
    desk.page.keyboard.press("Shift+Digit1")
    desk.until("view_layout", "v => v === 'four_up'")
    desk.take_up("paint", "p")
    times = [_stroke(desk) for _ in range(EDITS)]
    return [
        *_rows("mouse let go to the stroke on the screen", [screen for screen, _ in times]),
        *_rows("mouse let go to the numbers", [numbers for _, numbers in times]),
    ]


def _stroke(desk: Desk) -> tuple[float, float]:
    x, y = bone(desk.picture("axial"))
    desk.page.evaluate(_WATCH_EDIT, [x, y])
    edits = desk.edits()
    desk.drag("axial", [(x - 0.01, y), (x + 0.01, y)])
    desk.page.wait_for_function("() => edit.screen && edit.numbers")
    times = desk.page.evaluate("[edit.screen - edit.up, edit.numbers - edit.up]")
    desk.wait_for_edit(edits + 1)
    desk.press("Control+z")
    desk.wait_for_edit(edits + 2)
    return float(times[0]), float(times[1])


def _rows(name: str, times: Sequence[float]) -> list[dict[str, Any]]:
    ordered = sorted(times)
    worst = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return [
        {"name": f"{name}, median", "value": statistics.median(times), "unit": "ms"},
        {"name": f"{name}, 95th percentile", "value": worst, "unit": "ms"},
    ]
