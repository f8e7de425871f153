"""One stack of edits for findings, masks and landmarks alike."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from readingroom.reading import Reading
from readingroom.review.change import Kind
from readingroom.review.patch import Patch


@dataclass(frozen=True)
class Edit:
    """One edit, complete in both directions.

    Attributes
    ----------
    what : str
        Its code, e.g. ``"reassign"``.
    before, after : Reading
        The record on either side; never changed once it is here. Their audits are those
        of the moment and are not brought back.
    patches : tuple of Patch
        The voxels, in the order in which they were written.
    """

    what: str
    kind: Kind
    finding_ids: tuple[str, ...]
    before: Reading
    after: Reading
    patches: tuple[Patch, ...]
    serial: int


@dataclass
class History:
    """Edits done and undone; a new edit drops what was undone."""

    done: list[Edit] = field(default_factory=list)
    undone: list[Edit] = field(default_factory=list)
    _serials: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def push(
        self,
        what: str,
        kind: Kind,
        finding_ids: tuple[str, ...],
        before: Reading,
        after: Reading,
        patches: tuple[Patch, ...],
    ) -> Edit:
        """Remember a new edit."""
        edit = Edit(what, kind, finding_ids, before, after, patches, next(self._serials))
        self.done.append(edit)
        self.undone.clear()
        return edit

    def push_undone(
        self,
        what: str,
        kind: Kind,
        finding_ids: tuple[str, ...],
        before: Reading,
        after: Reading,
        patches: tuple[Patch, ...],
    ) -> None:
        """Remember an edit that is undone already."""
        edit = Edit(what, kind, finding_ids, before, after, patches, next(self._serials))
        self.undone.append(edit)

    def step_back(self) -> Edit:
        """Move the last edit to those undone and return it."""
        self.undone.append(self.done.pop())
        return self.undone[-1]

    def step_forward(self) -> Edit:
        """Move the edit undone last back and return it."""
        self.done.append(self.undone.pop())
        return self.done[-1]

    @property
    def position(self) -> int:
        """Identify the state of the reading: equal again after undo and redo."""
        return self.done[-1].serial if self.done else 0
