"""The workbench in Chromium on a CT of 512 × 512 × 300: opening, scrolling, editing.

Times are taken inside the page, from the event of the hand to the animation frame that
shows the result. Server, session, browser and this script share the machine.

``python -m Testing.bench.bench_workbench --case FOLDER --openings 5 scrolling editing`` takes
single measurements, on a scan and a reading that are made once and kept in the folder.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

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

#: Runs at every animation frame until pictures that came after the click show the case; its
#: result is in ms.
_WATCH_OPENING = """() => {
  window.opened = {};
  window.clicked = 0;
  const state = window.trame.state;
  const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const picture = view => document.querySelector(`.rv-cell[data-view=${view}] .rv-picture`);
  const before = {};
  const filled = view => {
    if (picture(view).dataset.number === before[view]) return false;
    pen.drawImage(picture(view), 0, 0, 16, 16);
    return pen.getImageData(0, 0, 16, 16).data.some((v, n) => n % 4 < 3 && v > 60);
  };
  const look = () => {
    const now = performance.now();
    if (clicked && state.get('page_name') === 'reading' && !state.get('page_busy')) {
      const info = state.get('view_info_axial');
      if (!opened.first && info && info.slice && filled('axial')) opened.first = now;
      if (opened.first && state.get('view_shown').every(filled)) {
        opened.all = now;
        return;
      }
    }
    requestAnimationFrame(look);
  };
  const row = event => {
    if (!event.target.closest('.rr-row')) return;
    for (const view of state.get('view_shown')) before[view] = picture(view).dataset.number;
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
    const picture = document.querySelector('.rv-cell[data-view=axial] .rv-picture');
    if (picture.dataset.number !== last) {
      last = picture.dataset.number;
      shown.push(performance.now());
    }
    if (window.watching) requestAnimationFrame(look);
  };
  look();
}"""
#: Notes when the button was let go, when the picture differs from before the stroke where it
#: was drawn, and when the numbers were measured anew.
_WATCH_EDIT = """([x, y]) => {
  const size = 24, picture = document.querySelector('.rv-cell[data-view=axial] .rv-picture');
  const pen = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const part = () => {
    pen.drawImage(picture, x * picture.width - size / 2, y * picture.height - size / 2,
                  size, size, 0, 0, size, size);
    return pen.getImageData(0, 0, size, size).data;
  };
  // Numbers and audit trail come in one message; the total itself need not change.
  const edits = () => window.trame.state.get('page_audit').length;
  const before = part(), count = edits();
  let last = picture.dataset.number;
  window.edit = {};
  window.addEventListener('mouseup', () => { edit.up = performance.now(); },
                          {capture: true, once: true});
  const look = () => {
    const now = performance.now();
    if (edit.up && !edit.screen && picture.dataset.number !== last) {
      last = picture.dataset.number;
      const after = part();
      const changed = after.filter((value, n) => Math.abs(value - before[n]) > 30);
      if (changed.length > 12) edit.screen = now;
    }
    if (edit.up && !edit.numbers && edits() > count) edit.numbers = now;
    if (!edit.screen || !edit.numbers) requestAnimationFrame(look);
  };
  look();
}"""


def run(
    place: Path | None = None,
    openings: int = OPENINGS,
    names: Sequence[str] = ("scrolling", "editing"),
) -> list[dict[str, Any]]:
    """Return medians and 95th percentiles, ms, and frames per second.

    Parameters
    ----------
    place : Path, optional
        Folder that keeps the scan and its reading.
    names : sequence of str
        Which of `MEASURES`, after the openings.
    """
    with tempfile.TemporaryDirectory() as temporary:
        cases = _a_case(place or Path(temporary))
        with _a_desk(cases, Path(temporary)) as desk:
            rows = _opening(desk, openings)
            for name in names:
                rows += MEASURES[name](desk)
    return rows


def _a_case(place: Path) -> Path:
    """Return a folder with the scan and its reading; read the scan if that is not done."""
    cases = place / "cases"
    if not (cases / "reading").exists():
        study = load(_series(cases / "images"))
        folder.save(CacsReader().read(study, CacsOptions(), Progress()), cases / "reading")
    return cases


@contextmanager
def _a_desk(cases: Path, place: Path) -> Iterator[Desk]:
    """Sit down at a workbench."""
    (place / "state").mkdir()
    workbench = Workbench([cases], place / "state")
    try:
        with chromium() as browser, workbench.running():
            person = Browser(browser, WINDOW)
            yield Desk(person, workbench.address)
            person.close()
    except FileNotFoundError as reason:
        raise Skip(str(reason)) from None


def _opening(desk: Desk, count: int) -> list[dict[str, Any]]:
    """Choose the case, go back to the list, and so on."""
    times = [_open(desk, first=n == 0) for n in range(count)]
    return [
        *_rows("first view after choosing a case", [first for first, _ in times]),
        *_rows("all views after choosing a case", [every for _, every in times]),
    ]


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


def _scrolling(desk: Desk) -> list[dict[str, Any]]:
    return [*_scrolling_in(desk, "four_up"), *_scrolling_in(desk, "axial")]


def _scrolling_in(desk: Desk, layout: str) -> list[dict[str, Any]]:
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


MEASURES: dict[str, Callable[[Desk], list[dict[str, Any]]]] = {
    "scrolling": _scrolling,
    "editing": _editing,
}


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []])
    parser.add_argument("--openings", type=int, default=OPENINGS)
    parser.add_argument("--case", type=Path)
    given = parser.parse_args()
    started, others = time.monotonic(), _others_s()
    for row in run(given.case, given.openings, given.names):
        print(f"{row['name']:75} {row['value']:8.4g} {row['unit']}")
    share = (_others_s() - others) / (time.monotonic() - started) / (os.cpu_count() or 1)
    print(f"other programs took {share:.0%} of the processors meanwhile")


def _others_s() -> float:
    """Return the seconds that processors have worked for others than this script's processes."""
    spent = psutil.cpu_times()
    # On Linux the time of guests is part of the users'.
    everybody = spent.user + spent.nice + spent.system + spent.irq + spent.softirq + spent.steal
    own: float = sum(os.times()[:4])
    return everybody - own


if __name__ == "__main__":
    _main()
