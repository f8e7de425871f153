"""``python -m Docs.screenshotsreview``: pictures of the prior scan and of a centreline in the hand.

From the phantoms of the tests only, so that nothing has to be read; needs Chromium.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from Docs.screenshots import FIGURES, REVIEWERS, SIZE, take_picture
from Testing.browser.desk import Browser, Desk, Workbench, chromium
from Testing.fixtures.guidewire_saved import a_saved_cine
from Testing.fixtures.lung_pair import a_saved_pair


def main() -> int:
    """Take all pictures in both languages."""
    with tempfile.TemporaryDirectory() as place:
        cases = Path(place) / "cases"
        a_saved_pair(cases / "pair")
        a_saved_cine(cases / "cine")
        for language, reviewer in REVIEWERS.items():
            own = shutil.copytree(cases, Path(place) / f"cases-{language}")
            with _a_desk(own, Path(place) / language, language) as desk:
                _prior(desk, reviewer)
                take_picture(desk, FIGURES / f"workbench-prior-{language}.png")
                desk.back_to_list()
                _curve(desk)
                take_picture(desk, FIGURES / f"guidewire-curve-{language}.png")
    return 0


@contextmanager
def _a_desk(cases: Path, state: Path, language: str) -> Iterator[Desk]:
    state.mkdir()
    workbench = Workbench([cases], state, language)
    with chromium() as browser, workbench.running():
        person = Browser(browser, SIZE)
        yield Desk(person, workbench.address)
        person.close()


def _prior(desk: Desk, reviewer: str) -> None:
    """Show the nodule that has grown, and what it was a year before."""
    desk.open("2024-03-01", reviewer)
    desk.press("Shift+5")
    desk.until("view_layout", "v => v === 'prior'")
    desk.until("page_prior", "v => v && v.scan")
    desk.wait_for_reading()
    desk.until("view_info_prior_axial", "v => v.marker && v.marker.through")
    desk.at_rest("prior_axial")


def _curve(desk: Desk) -> None:
    """Drag two points of the centreline towards the wire, and hold a third."""
    desk.open("Cine")
    desk.take_up("curve", "v")
    desk.until("view_info_axial", "v => v.curve")
    for number in (1, 2, 3):
        desk.at_rest("axial")
        at = _handle(desk, number)
        desk.page.mouse.move(*at)
        desk.page.mouse.down()
        desk.page.mouse.move(*(at - [0.0, 40.0]), steps=6)
        desk.page.mouse.up()
        desk.wait_for_edit(number)
    desk.at_rest("axial")


def _handle(desk: Desk, number: int) -> np.ndarray:
    box = desk.page.locator(".rv-handle").nth(number).bounding_box()
    assert box is not None
    return np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])


if __name__ == "__main__":
    sys.exit(main())
