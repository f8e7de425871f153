"""A person at the workbench: what one does with mouse and keyboard, and what one sees."""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Locator, Page

from Testing.browser.desk.chromium import PATIENCE_MS, Browser

Pixels = npt.NDArray[np.uint8]
SLICES = ("axial", "coronal", "sagittal")
_LOOK_EVERY_MS = 100
_PICTURE = """view => {
  const picture = document.querySelector(`.rv-cell[data-view=${view}] .rv-picture`);
  if (!picture || !picture.dataset.number) return null;
  const canvas = document.createElement('canvas');
  canvas.width = picture.width; canvas.height = picture.height;
  canvas.getContext('2d').drawImage(picture, 0, 0);
  return canvas.toDataURL('image/png').split(',')[1];
}"""


class Desk:
    """One browser with the workbench open in it.

    Parameters
    ----------
    browser : Browser
    address : str
        As the workbench prints it.
    """

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser = browser
        self.page: Page = browser.context.new_page()
        self.page.goto(address)
        self.wait_for_page("list")

    # Waiting and asking

    def state(self, name: str) -> Any:
        """Return a variable of the page's state."""
        return self.page.evaluate("name => window.trame.state.get(name)", name)

    def until(self, name: str, condition: str, argument: Any = None) -> Any:
        """Wait until a variable of the state fulfils a JavaScript ``(v, a) => …``; return it."""
        # The value is taken in the very look that found it: the page may reload at any time.
        found = self.page.wait_for_function(
            "([name, condition, a]) => { const state = window.trame && window.trame.state;"
            " if (!state) return null; const value = state.get(name);"
            " return (new Function('return ' + condition)())(value, a) ? {value} : null; }",
            arg=[name, condition, argument],
        )
        return found.json_value()["value"]

    def wait_for_page(self, name: str) -> None:
        """Wait until the work list (``list``) or the reading page (``reading``) is there."""
        self.until("page_name", "(v, a) => v === a", name)
        self.page.locator(".rr-body").nth(0 if name == "list" else 1).wait_for()

    @contextlib.contextmanager
    def reloaded(self) -> Iterator[None]:
        """Wait, at the end of the block, until the page has loaded anew with a reading open."""
        self.page.evaluate("() => { window.before = true; }")
        yield
        self.page.wait_for_function("() => !window.before && window.trame && window.trame.state")
        self.wait_for_reading()

    def message(self, code: str) -> dict[str, Any]:
        """Wait for the one message with a code, and return it as it is shown."""
        self.until("page_message", "(v, a) => v && v.open && v.code === a", code)
        shown = self.page.locator(".rr-message")
        shown.filter(has_text=code).wait_for()
        assert shown.count() == 1
        return dict(self.state("page_message"))

    def close_message(self) -> None:
        """Close the message."""
        self.page.locator(".rr-snack button").click()
        self.until("page_message", "v => !v.open")

    # The work list

    def row(self, text: str) -> Locator:
        """Return the line of the work list that holds a text."""
        return self.page.locator(".rr-row").filter(has_text=text)

    def drop(self, *paths: Path) -> None:
        """Drag files or folders from outside the browser and drop them on the page."""
        devtools = self.browser.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        size = self.page.viewport_size
        assert size is not None
        place = {"x": size["width"] / 2, "y": size["height"] / 2}
        for kind in ("dragEnter", "dragOver", "drop"):
            devtools.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
        devtools.detach()

    def open(self, text: str, reviewer: str = "") -> None:
        """Open the reading whose line holds `text`; say who one is when asked."""
        self.row(text).click()
        self.wait_for_reading()
        if reviewer:
            self.say_name(reviewer)

    def say_name(self, reviewer: str) -> None:
        """Answer the question for the reviewer's name."""
        self.until("page_dialog", "v => v === 'name'")
        self.page.locator("#rr-name").fill(reviewer)
        self.page.locator("#rr-name").press("Enter")
        self.until("page_reviewer", "(v, a) => v === a", reviewer)
        self.gone("#rr-dialog-name")

    def wait_for_reading(self) -> None:
        """Wait until a reading is open and every view has a picture."""
        self.wait_for_page("reading")
        self.until("page_busy", "v => !v")
        self.until("page_headline", "v => v")
        for view in self.state("view_shown"):
            self.page.wait_for_function(f"view => ({_PICTURE})(view) !== null", arg=view)

    def back_to_list(self, choice: str = "") -> None:
        """Go back to the work list; `choice` is the text of the button for unsaved edits."""
        self.page.locator("#rr-back").click()
        if choice:
            self.page.locator("#rr-dialog-leave").get_by_text(choice, exact=True).click()
        self.wait_for_page("list")

    # Keys and dialogs

    def press(self, key: str) -> None:
        """Press a key while no field has the focus."""
        self.gone(".v-dialog.v-overlay--active")
        self.page.evaluate("document.activeElement && document.activeElement.blur()")
        self.page.keyboard.press(key)

    def gone(self, selector: str) -> None:
        """Wait until nothing of the kind is seen."""
        self.page.wait_for_function(
            "s => ![...document.querySelectorAll(s)].some(e => e.checkVisibility())", arg=selector
        )

    # Findings and numbers

    def select(self, finding_id: str) -> None:
        """Click a finding in the list."""
        self.page.locator(f".rr-finding[data-id='{finding_id}']").click()
        self.until("page_selected", "(v, a) => v === a", finding_id)

    def finding(self, finding_id: str) -> dict[str, Any]:
        """Return a line of the list of findings."""
        found: dict[str, Any] = next(
            row for row in self.state("page_findings") if row["id"] == finding_id
        )
        return found

    def total(self) -> str:
        """Return the reviewed total as it is written."""
        return self.page.locator("#rr-headline-value").inner_text()

    def structures(self) -> dict[str, tuple[str, str]]:
        """Return what the machine scored and what it is now, by structure, as written."""
        rows = self.page.locator("#rr-structures tbody tr:not(.rr-group)").all()
        cells = [row.locator("td").all_inner_texts() for row in rows]
        return {name: (machine, now) for name, machine, now, *_ in cells}

    def edits(self) -> int:
        """Return how many edits the audit trail has."""
        return len(self.state("page_audit"))

    def wait_for_edit(self, edits: int) -> None:
        """Wait until the audit trail has so many entries."""
        self.until("page_audit", "(v, a) => v.length === a", edits)

    def save(self) -> int:
        """Save with Ctrl+S; return the new revision."""
        before = self.state("page_case")["revision"]
        self.press("Control+s")
        self.until("page_dirty", "v => !v")
        return int(self.until("page_case", "(v, a) => v.revision > a", before)["revision"])

    # Views

    def info(self, view: str) -> dict[str, Any]:
        """Return what is written around a view."""
        return dict(self.state(f"view_info_{view}"))

    def picture(self, view: str) -> Pixels:
        """Return the picture of a view ``[row, column, rgb]``, without what is written over it."""
        data = self.page.evaluate(_PICTURE, view)
        assert data, f"the view {view} has no picture"
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))

    def see(self, view: str, what: Callable[[Pixels], bool], meaning: str) -> None:
        """Wait until the picture of a view shows something."""
        waited = 0
        while not what(self.picture(view)):
            assert waited < PATIENCE_MS, f"the {view} view never showed {meaning}"
            self.page.wait_for_timeout(_LOOK_EVERY_MS)
            waited += _LOOK_EVERY_MS

    def crosshair(self, view: str) -> tuple[float, float]:
        """Return where the other slices cut this one, as parts of its width and height."""
        lines = self.until(f"view_info_{view}", "v => v && v.lines")["lines"]
        return lines["x"] / 100, lines["y"] / 100

    def drag(self, view: str, places: Sequence[tuple[float, float]], steps: int = 6) -> None:
        """Draw with the left button through places given as parts of width and height."""
        box = self.page.locator(f".rv-cell[data-view={view}]").bounding_box()
        assert box is not None
        spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
        self.page.mouse.move(*spots[0])
        self.page.mouse.down()
        for spot in spots[1:]:
            self.page.mouse.move(*spot, steps=steps)
        self.page.mouse.up()

    def at_rest(self, view: str) -> Pixels:
        """Return the picture of a view once two in a row, 0.7 s apart, are alike."""
        seen = self.picture(view)
        for _ in range(60):
            self.page.wait_for_timeout(700)
            again = self.picture(view)
            if np.array_equal(seen, again):
                return again
            seen = again
        raise AssertionError(f"The {view} view does not come to rest.")

    def take_up(self, tool: str, key: str) -> None:
        """Take up a tool by its key."""
        self.press(key)
        self.until("view_tool", "(v, a) => v === a", tool)


def bone(picture: Pixels, size: int = 6) -> tuple[float, float]:
    """Return where an axial picture is brightest in its lower half, away from the coronaries.

    The brightest block of `size` pixels square, as parts of width and height: spine or rib.
    """
    grey = picture.min(axis=2)
    rows, columns = (n // size for n in grey.shape)
    blocks = grey[: rows * size, : columns * size].reshape(rows, size, columns, size)
    least = blocks.min(axis=(1, 3)).astype(int)
    least[: rows // 2] = 0
    k, i = np.unravel_index(np.argmax(least), least.shape)
    return (float(i) + 0.5) / columns, (float(k) + 0.5) / rows
