"""Undo, save, sign, and what becomes of edits when a person goes on to another case."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING

from readingroom.review import ReviewSession
from readingroom.workbench.faults import told

if TYPE_CHECKING:
    from readingroom.workbench.reading.page import ReadingPage


class Keeping:
    """Keeps what a person has done to the open reading.

    Parameters
    ----------
    page : ReadingPage
    """

    def __init__(self, page: ReadingPage) -> None:
        self._page = page
        self._state = page.state
        self._onward: Callable[[], None] = page.to_list
        self._asked = False

    def tell(self, fault: BaseException) -> None:
        """Show a fault."""
        self._page.tell(fault)

    @property
    def _session(self) -> ReviewSession:
        assert self._page.session is not None
        return self._page.session

    @property
    def reviewer(self) -> str:
        """Who the audit names: the name given, or else the account of this machine."""
        return self._state.page_reviewer or account()

    def introduce(self) -> None:
        """Ask, once per browser, who is reviewing; the audit says so from the first edit on."""
        if not self._state.page_reviewer and not self._asked:
            self._asked = True
            self.ask_name("")

    @told
    def undo(self) -> None:
        """Take back the last edit."""
        self._page.viewer.flush()
        self._session.undo()

    @told
    def redo(self) -> None:
        """Do again what was undone last."""
        self._page.viewer.flush()
        self._session.redo()

    @told
    def save(self, *, on_top: bool = False) -> bool:
        """Save as a new revision; asks for a name first if none is known."""
        self._page.viewer.flush()
        if not self._session.dirty:
            return True
        if not self._state.page_reviewer:
            self.ask_name("save")
            return False
        self._session.save(self._state.page_reviewer, on_top=on_top)
        return True

    @told
    def save_on_top(self) -> None:
        """Save although another session has saved meanwhile."""
        with self._state:
            self._state.page_dialog = ""
        self.save(on_top=True)

    @told
    def open_theirs(self) -> None:
        """Give the own edits up for what another session has saved."""
        with self._state:
            self._state.page_dialog = ""
        self._page.reload()

    @told
    def ask_to_sign(self) -> None:
        """Show the dialog for the signature, or reopen a signed reading."""
        self._page.viewer.flush()
        with self._state:
            if not self._state.page_locked:
                self._state.page_sign_name = self._state.page_reviewer
                self._state.page_dialog = "sign"

    @told
    def sign(self) -> None:
        """Sign by the name in the dialog."""
        name = str(self._state.page_sign_name or "").strip()
        if not name:
            return
        self.set_reviewer(name)
        with self._state:
            self._state.page_dialog = ""
        self._session.sign(name)
        self._page.app.list.refresh()

    @told
    def reopen(self) -> None:
        """Allow edits again after the signature."""
        self._session.reopen(self.reviewer)

    def ask_name(self, purpose: str) -> None:
        """Ask who is reviewing; `purpose` is done afterwards."""
        with self._state:
            self._state.page_name_for = purpose
            self._state.page_sign_name = self._state.page_reviewer
            self._state.page_dialog = "name"

    @told
    def named(self) -> None:
        """Take the name from the dialog."""
        name = str(self._state.page_sign_name or "").strip()
        if not name:
            return
        self.set_reviewer(name)
        purpose = self._state.page_name_for
        with self._state:
            self._state.page_dialog = ""
            self._state.page_name_for = ""
        if purpose == "save":
            self.save()
        elif purpose == "leave":
            self.leave_and_save()

    def set_reviewer(self, name: str) -> None:
        """Note who is reviewing, for the audit and for next time."""
        with self._state:
            self._state.page_reviewer = name
        if self._page.session is not None:
            self._page.session.reviewer = name
        self._page.app.remember(reviewer=name)

    @told
    def next_case(self, step: int) -> None:
        """Open the next reading that waits for a signature."""
        page = self._page
        entry = page.app.list.follow(self._session.directory, step)
        if entry is None:
            page.app.note("no_next")
        else:
            self.leave_to(lambda: page.open(entry.path))

    def to_list(self) -> None:
        """Go back to the work list."""
        self.leave_to(self._page.to_list)

    @told
    def leave_to(self, onward: Callable[[], None]) -> None:
        """Go on, after asking what becomes of edits that are not saved."""
        self._page.viewer.flush()
        self._onward = onward
        if self._page.session is not None and self._session.dirty:
            with self._state:
                self._state.page_dialog = "leave"
        else:
            onward()

    @told
    def leave_and_save(self) -> None:
        """Save, then go on."""
        with self._state:
            self._state.page_dialog = ""
        if not self._state.page_reviewer:
            self.ask_name("leave")
        elif self.save():
            self._onward()

    @told
    def leave_draft(self) -> None:
        """Go on; the edits wait in the journal."""
        with self._state:
            self._state.page_dialog = ""
        self._onward()

    @told
    def leave_discarding(self) -> None:
        """Go on without the edits."""
        with self._state:
            self._state.page_dialog = ""
        self._page.leave(discard=True)
        self._onward()

    @told
    def show_revision(self, number: int) -> None:
        """Open an earlier revision, to look at it or to continue from it."""
        directory = self._session.directory
        self.leave_to(lambda: self._page.open(directory, revision=number))

    @told
    def revert(self) -> None:
        """Go back to what the machine read, as an edit."""
        with self._state:
            self._state.page_dialog = ""
        self._page.viewer.flush()
        self._session.revert_to_machine()


def account() -> str:
    """Return the name of the account that runs this process; empty where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
