"""What keys and buttons of the reading page do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from readingroom.review import ReviewSession, curves
from readingroom.workbench.faults import told
from readingroom.workbench.reading import findingrows

if TYPE_CHECKING:
    from readingroom.workbench.reading.page import ReadingPage

Position = tuple[float, float, float]
_SLAB_MM = 10.0
#: The page shows what is being waited for within this time, s.
_SAY_S = 0.05


class Commands:
    """Edits of findings, tools of the views, saving and signing.

    Parameters
    ----------
    page : ReadingPage
    """

    def __init__(self, page: ReadingPage) -> None:
        self._page = page
        self._state = page.state
        self._table: dict[str, Callable[[str], Any]] = {
            "step": lambda by: self.step(int(by)),
            "accept": lambda _: self.judge("accept"),
            "reject": lambda _: self.judge("reject"),
            "restore": lambda _: self.judge("restore"),
            "remove": lambda _: self.judge("remove"),
            "class": self.reassign,
            "filter": lambda _: self.next_filter(),
            "layout": self._viewer_call("set_layout"),
            "window": lambda _: self.next_window(),
            "scroll": lambda by: page.viewer.step(int(by)),
            "play": lambda _: page.viewer.toggle_play(),
            "crosshair": lambda _: self.toggle_crosshair(),
            "slab": lambda _: self.toggle_slab(),
            "tool": self.tool,
            "undo": lambda _: page.keeping.undo(),
            "redo": lambda _: page.keeping.redo(),
            "save": lambda _: page.keeping.save(),
            "sign": lambda _: page.keeping.ask_to_sign(),
            "report": lambda _: page.exports.preview(),
            "run": lambda _: page.runs.offer_again(),
            "next": lambda by: page.keeping.next_case(int(by)),
            "list": lambda _: page.keeping.to_list(),
            "panel": self.toggle_panel,
        }

    def tell(self, fault: BaseException) -> None:
        """Show a fault."""
        self._page.tell(fault)

    @property
    def _session(self) -> ReviewSession:
        assert self._page.session is not None
        return self._page.session

    def run(self, name: str, argument: str) -> None:
        """Carry out one command."""
        self._table[name](argument)

    def _viewer_call(self, method: str) -> Callable[[str], Any]:
        return lambda argument: getattr(self._page.viewer, method)(argument)

    # Findings

    @told
    def select(self, finding_id: str, *, jump: bool = True) -> None:
        """Select a finding and bring all views to it."""
        with self._state:
            self._state.page_selected = finding_id
            self._page.present.findings()
            self._page.prior.present()
        self._page.plots.soon()
        viewer = self._page.viewer
        viewer.highlight(finding_id or None)
        if finding_id and jump:
            viewer.jump(self._session.reading.finding(finding_id).position_lps_mm)

    def step(self, by: int, *, first: bool = False) -> None:
        """Select the next or the previous finding of the list."""
        current = None if first else self._state.page_selected
        if first:
            self._state.page_filter = "all"
            self._state.page_selected = ""
            self._page.present.findings()
        following = findingrows.neighbour(self._state.page_findings, current, by)
        if following is not None:
            self.select(following)

    @told
    def judge(self, what: str, finding_id: str = "") -> None:
        """Accept, reject, restore or remove a finding; then show the next one to check."""
        chosen = finding_id or self._state.page_selected
        if not chosen:
            return
        self._page.viewer.flush()
        onward = self._following(chosen) if not finding_id else None
        getattr(self._session, what)(chosen)
        if what in ("accept", "reject") and onward:
            self.select(onward)

    def _following(self, finding_id: str) -> str | None:
        """Return the next row of the list, for the forty-cases-an-hour way of working."""
        ids = [row["id"] for row in self._state.page_findings]
        if finding_id not in ids:
            return None
        place = ids.index(finding_id) + 1
        return ids[place] if place < len(ids) else None

    @told
    def reassign(self, label: str) -> None:
        """Give the selected finding another class."""
        if self._state.page_selected:
            self._page.viewer.flush()
            self.select(self._session.reassign(self._state.page_selected, label), jump=False)

    @told
    def set_filter(self, wanted: str) -> None:
        """Choose which findings the list shows."""
        with self._state:
            self._state.page_filter = wanted
            self._page.present.findings()

    def next_filter(self) -> None:
        """Choose the next filter."""
        order = findingrows.FILTERS
        self.set_filter(order[(order.index(self._state.page_filter) + 1) % len(order)])

    @told
    def picked(self, position_lps_mm: Position, tool: str) -> None:
        """Take a click into a view: select a lesion, or add what was missed."""
        session = self._session
        if tool == "grow":
            self.select(session.add_at(position_lps_mm, self._class_to_add()), jump=False)
        elif tool == "split":
            self.split(session.finding_at(position_lps_mm) or "")
        elif (found := session.finding_at(position_lps_mm)) is not None:
            self.select(found, jump=False)

    def split(self, finding_id: str) -> None:
        """Divide a finding at its neck, and select the part that is new."""
        if finding_id:
            self._page.viewer.flush()
            self.select(self._session.split(finding_id)[-1], jump=False)

    @told
    def take_curve(self, finding_id: str) -> None:
        """Select the device whose centreline is in the hand: keys judge it then."""
        if self._state.page_selected != finding_id:
            self.select(finding_id, jump=False)

    def carry(self, finding_id: str, reach: int) -> None:
        """Carry a centreline to the frames around it, and say which ones those are."""
        self._page.app.tasks.start(self._carry(finding_id, reach))

    @told
    async def _carry(self, finding_id: str, reach: int) -> None:
        with self._state:
            self._state.page_busy = "carrying"
        try:
            await asyncio.sleep(_SAY_S)  # a second or more: the page says so first
            frames = curves.carry(self._session, finding_id, reach)
        finally:
            with self._state:
                self._state.page_busy = ""
        numbers = ", ".join(str(frame + 1) for frame in frames)
        if frames:
            self._page.app.note("carried", frames=numbers)
        else:
            self._page.app.note("not_carried")

    def _class_to_add(self) -> str:
        """Return the class chosen beside the tool, or the reader's first one."""
        labels = [one.label for one in self._session.reader.finding_classes]
        chosen = str(self._state.view_segment or "")
        return chosen if chosen in labels else labels[0]

    @told
    def go_to_landmark(self, name: str) -> None:
        """Bring all views to a landmark."""
        for mark in self._session.reading.landmarks:
            if mark.name == name:
                self._page.viewer.jump(mark.position_lps_mm)

    # Views

    def next_window(self) -> None:
        """Apply the next window preset of the reader."""
        presets = self._session.reader.window_presets
        if presets:
            name = getattr(self._state, "view_window", "")
            names = [preset.name for preset in presets]
            place = (names.index(name) + 1) % len(names) if name in names else 0
            self._page.viewer.set_window(presets[place].center, presets[place].width)

    def toggle_crosshair(self) -> None:
        """Show or hide the linked crosshair."""
        self._page.viewer.set_crosshair(not getattr(self._state, "view_crosshair", False))

    def toggle_slab(self) -> None:
        """Show a slab's maximum instead of one slice, or one slice again."""
        on = float(getattr(self._state, "view_slab_mm", 0.0) or 0.0) > 0
        self._page.viewer.set_slab(0.0 if on else _SLAB_MM, "max")

    @told
    def tool(self, name: str) -> None:
        """Take a tool up, or lay it down."""
        if name != "none" and self._state.page_locked:
            self._session.undo()  # refuses, with the message that the reading is signed
        same = getattr(self._state, "view_tool", "none") == name
        self._page.viewer.set_tool("none" if same else name)

    def toggle_panel(self, side: str) -> None:
        """Show or hide the panel on one side."""
        with self._state:
            name = f"page_panel_{side}"
            self._state[name] = not self._state[name]
