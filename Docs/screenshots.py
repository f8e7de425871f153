"""``python -m Docs.screenshots [FOLDER]``: take the workbench's pictures for the user guide.

From the public scan LIDC-IDRI-0001 (CC BY 3.0) and the simulated teaching cases of
``readingroom demo`` only: FOLDER is such a demonstration, which stays as it is; without it,
one is made. Needs Chromium; takes a few minutes.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from readingroom.demo.data import fetch
from readingroom.demo.run import run_demo
from Testing.browser.desk import Browser, Desk, Workbench, chromium
from Testing.browser.desk.desk import Pixels
from Testing.browser.desk.layout import wait_until_at_rest

FIGURES = Path(__file__).with_name("figures")
SIZE = (1280, 800)
#: Of the 256 colours of a picture, those kept for strong ones; what is strong.
_COLORS, _STRONG = 96, 60
_REAL, _SIMULATED, _UNREAD = "LIDC-IDRI-0001", "TEACH-SEVERE", "TEACH-MILD"
REVIEWERS = {"en": "Dr. A. Reader", "zh": "李医生"}
#: Pictures of the views arrive once more, sharper, when nothing has moved for a moment.
_SHARP_AFTER_MS = 1500
Take = Callable[[str], None]


def main(arguments: list[str]) -> int:
    """Take all pictures in both languages."""
    with tempfile.TemporaryDirectory() as place:
        demonstration = Path(arguments[0]) if arguments else _demonstration(Path(place) / "made")
        for language in REVIEWERS:
            with _a_desk(demonstration, Path(place) / language, language) as desk:
                _take_all(desk, language)
    return 0


def _demonstration(place: Path) -> Path:
    for result in run_demo(place, fetch(), lambda stage, fraction: None):
        print(f"read {result.case}", flush=True)
    return place


@contextmanager
def _a_desk(demonstration: Path, place: Path, language: str) -> Iterator[Desk]:
    """Open the workbench on a copy of the demonstration, one study of it unread."""
    shutil.copytree(demonstration, place / "cases")
    shutil.rmtree(place / "cases" / "cacs" / "teaching_mild")
    (place / "state").mkdir()
    workbench = Workbench([place / "cases"], place / "state", language)
    with chromium() as browser, workbench.running():
        person = Browser(browser, SIZE)
        yield Desk(person, workbench.address)
        person.close()


def _take_all(desk: Desk, language: str) -> None:
    def take(name: str) -> None:
        take_picture(desk, FIGURES / f"workbench-{name}-{language}.png")

    _simulated_case(desk, REVIEWERS[language], take)
    take("list")
    _run(desk, take)
    desk.back_to_list()
    _real_scan(desk, take)


def _simulated_case(desk: Desk, reviewer: str, take: Take) -> None:
    """Correct a case as a person would: reassign, reject, paint; then report and sign."""
    desk.open(_SIMULATED, reviewer)
    finding = next(row["id"] for row in desk.state("page_findings") if row["label"] == "LAD")
    desk.select(finding)
    desk.press("a")
    desk.wait_for_edit(1)
    desk.press("1")
    desk.wait_for_edit(2)
    desk.press("x")
    desk.wait_for_edit(3)
    desk.select(finding)
    desk.see("three_d", _has_surfaces, "the organs")
    take("reading")
    desk.take_up("threshold_brush", "t")
    take("tools")
    desk.press("Escape")
    desk.page.locator("#rr-tab-evidence").click()
    desk.until("page_plot_probabilities", "v => v")
    take("evidence")
    desk.page.locator("#rr-tab-history").click()
    take("history")
    desk.page.locator("#rr-tab-numbers").click()
    desk.press("?")
    desk.page.locator("#rr-keys").wait_for()
    take("keys")
    desk.page.keyboard.press("Escape")
    desk.press("d")
    desk.until("page_report", "v => v.url && !v.on")
    desk.page.locator("#rr-report-frame").wait_for()
    take("report")
    desk.page.keyboard.press("Escape")
    desk.press("s")
    desk.page.locator("#rr-confirm-sign").click()
    desk.until("page_locked", "v => v")
    desk.back_to_list()


def _run(desk: Desk, take: Take) -> None:
    """Read the unread study; the picture is taken while the reader is at work."""
    desk.row(_UNREAD).click()
    desk.page.locator("#rr-run-start").click()
    desk.until("page_run", "v => v.on && v.fraction > 0.1")
    take("run")
    desk.wait_for_reading()


def _real_scan(desk: Desk, take: Take) -> None:
    desk.open(_REAL)
    desk.see("three_d", _has_surfaces, "the organs")
    take("scan")


def _has_surfaces(picture: Pixels) -> bool:
    """Say whether the 3D view shows more than its grey background: heart and aorta are red."""
    red, green, _ = np.moveaxis(picture.astype(int), 2, 0)
    return bool((red - green > _STRONG // 2).mean() > 0.03)


def take_picture(desk: Desk, path: Path) -> None:
    """Save what the browser shows with a palette: a third of the size, nothing to be seen."""
    wait_until_at_rest(desk.page)
    if not desk.state("page_run")["on"]:
        desk.page.wait_for_timeout(_SHARP_AFTER_MS)
    desk.page.mouse.move(SIZE[0] / 2, 2)
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / "whole.png"
        desk.page.screenshot(path=whole)
        picture = Image.open(whole).convert("RGB")
    palette = _palette(picture)
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1024} KiB", flush=True)


def _palette(picture: Image.Image) -> Image.Image:
    """Return what the picture is mostly made of, and its strong colours, however small."""
    pixels = np.asarray(picture).reshape(1, -1, 3)
    strong = pixels[:, np.ptp(pixels.astype(int), axis=2)[0] > _STRONG]
    parts = [
        (picture, 256 - _COLORS, Image.Quantize.MEDIANCUT),
        (Image.fromarray(strong, "RGB"), _COLORS, Image.Quantize.MAXCOVERAGE),
    ]
    chosen: list[int] = []
    for part, colors, method in parts:
        found = part.quantize(colors, method, dither=Image.Dither.NONE).getpalette() or []
        chosen += found[: 3 * colors]
    palette = Image.new("P", (1, 1))
    palette.putpalette(chosen)
    return palette


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
