"""The reading page: one reading open for review, and what a person can do to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.errors import RefusedInput
from readingroom.reader import FindingClass
from readingroom.review import Change, ReviewSession
from readingroom.workbench.faults import told
from readingroom.workbench.reading.commands import Commands
from readingroom.workbench.reading.export import Exports
from readingroom.workbench.reading.files import Files
from readingroom.workbench.reading.keeping import Keeping
from readingroom.workbench.reading.plots import Plots
from readingroom.workbench.reading.present import Present
from readingroom.workbench.reading.prior import PriorPage
from readingroom.workbench.reading.runs import Runs

if TYPE_CHECKING:
    from readingroom.workbench.app import Workbench
    from readingroom.workbench.viewer import Viewer

Position = tuple[float, float, float]


class ReadingPage:
    """Opens, keeps, saves and signs one reading.

    Parameters
    ----------
    app : Workbench
    viewer : Viewer
        Shows the images and takes strokes.
    """

    def __init__(self, app: Workbench, viewer: Viewer) -> None:
        self.app = app
        self.state = app.state
        self.viewer = viewer
        self.session: ReviewSession | None = None
        self._unsubscribe: Any = None
        self.present = Present(self)
        self.plots = Plots(self)
        self.prior = PriorPage(self)
        self.commands = Commands(self)
        self.keeping = Keeping(self)
        self.runs = Runs(self)
        self.files = Files(self)
        self.exports = Exports(self)
        viewer.on_pick = self.commands.picked
        viewer.on_refused = self.tell
        viewer.on_prior = self.prior.wanted
        viewer.on_curve = self.commands.take_curve
        viewer.on_carry = self.commands.carry

    @property
    def classes(self) -> Sequence[FindingClass]:
        """The classes that a finding of the open reading may have."""
        return self.session.reader.finding_classes if self.session else ()

    def tell(self, fault: BaseException) -> None:
        """Show a fault; a save that another session has overtaken asks what to do."""
        if isinstance(fault, RefusedInput) and fault.code == "READING_CHANGED":
            with self.state:
                self.state.page_dialog = "conflict"
        else:
            self.app.tell(fault)
        if self.session is not None:
            self.refresh()

    # Opening and leaving

    def open(self, folder: Path, *, revision: int | None = None) -> None:
        """Open a reading folder; what was open is left as it is."""
        self.app.tasks.start(self._open(folder, revision))

    @told
    async def _open(self, folder: Path, revision: int | None) -> None:
        with self.state:
            self.state.page_busy = "opening"
        try:
            await asyncio.sleep(0)  # let the page say so before the views are built
            session = await asyncio.to_thread(
                ReviewSession.open, folder, reviewer=self.keeping.reviewer, revision=revision
            )
            await asyncio.to_thread(_decode, session)
            self.leave()
            await self._show(session)
        except BaseException:
            self.app.remember(open="")
            raise
        finally:
            with self.state:
                self.state.page_busy = ""

    async def _show(self, session: ReviewSession) -> None:
        self.session = session
        self.viewer.show(session)
        self._unsubscribe = session.subscribe(self._changed)  # after the views: they go first
        with self.state:
            self.commands.step(1, first=True)
        self.viewer.send()
        await asyncio.sleep(0)  # the pictures go out before the words are put together
        with self.state:
            self.present.begin()
            self.prior.begin(session)
        self.refresh()
        self.app.show_page("reading")  # last: nothing of another case is seen beside this one
        self.app.remember(open=str(session.directory))
        self.keeping.introduce()
        if session.recovered:
            self.app.note("recovered", count=session.recovered)
        elif session.stranded:
            self.app.note("stranded", count=session.stranded)

    def leave(self, *, discard: bool = False) -> None:
        """Close the reading; unsaved edits wait in its journal unless they are discarded."""
        session, self.session = self.session, None
        if session is None:
            return
        self.viewer.flush()
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.viewer.clear()
        self.prior.leave()
        if discard:
            session.discard()
        else:
            session.close()

    def to_list(self) -> None:
        """Go back to the work list."""
        self.leave()
        self.app.remember(open="")
        self.app.show_page("list")
        self.app.list.refresh()

    def reload(self, *, revision: int | None = None) -> None:
        """Open the same reading again, without the edits that are not saved."""
        if self.session is None:
            return
        folder = self.session.directory
        self.leave(discard=True)
        self.open(folder, revision=revision)

    # Showing

    def _changed(self, change: Change) -> None:
        self.refresh(change)

    def refresh(self, change: Change | None = None) -> None:
        """Bring numbers, findings and history of the page up to date."""
        if self.session is None:
            return
        with self.state:
            self.present.all()
            self.prior.present()
        self.plots.soon()
        if change is not None and change.what == "save":
            self.app.list.refresh()

    def translate(self) -> None:
        """Show the open reading in the page's language."""
        if self.session is not None:
            self.present.begin()
            self.present.all()
            self.prior.present()
            self.plots.soon()
        self.runs.translate()

    def redraw(self) -> None:
        """Draw the plots anew, as after a change of the theme."""
        if self.session is not None:
            self.plots.soon()

    @told
    def command(self, name: str, argument: str) -> None:
        """Carry out a command of the keyboard."""
        if self.session is not None:
            self.commands.run(name, argument)

    @told
    def take_masks(self, name: str) -> None:
        """Take over the masks of a file that was dropped on the page."""
        self.files.take_masks(name)


def _decode(session: ReviewSession) -> None:
    """Decode the voxels here, in a thread, rather than when the views ask for them."""
    _ = session.volume.array
