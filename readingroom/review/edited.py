"""A reading with its history: edits in, undo and redo, journal, audit, saved revisions."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from readingroom import folder, readers
from readingroom.errors import ReadingRoomError
from readingroom.maskregion import Box
from readingroom.reader import Reader
from readingroom.reading import FindingState, Landmark, Masks, Reading, ReadingStatus
from readingroom.review import audit, masking, outcome, recovery, refusals
from readingroom.review.change import Change, Kind
from readingroom.review.history import Edit, History
from readingroom.review.journal import Base, Found, Journal
from readingroom.review.patch import Patch
from readingroom.review.records import Mode, Record, decode, encode
from readingroom.study import Study, Volume

#: What measuring changes in the record; all else is the session's.
_MEASURED = ("findings", "measurements", "categories", "notes")


class EditedReading:
    """What every edit goes through; `ReviewSession` says which edits there are."""

    def __init__(
        self,
        directory: Path,
        study: Study,
        volume: Volume,
        reading: Reading,
        *,
        reviewer: str,
        autosave: bool,
        named: Collection[str],
    ) -> None:
        self.directory, self.study, self.volume = directory, study, volume
        self.reader: Reader[Any] = readers.get(reading.reader)
        self.reading = reading
        self.machine = recovery.first_revision(directory)
        self.reviewer = reviewer
        self.recovered = self.stranded = 0
        self._history = History()
        self._subscribers: list[Callable[[Change], None]] = []
        self._autosave = autosave
        self._named = named
        self._journal: Journal | None = None
        self._begin()

    # State

    @property
    def masks(self) -> Masks:
        """The masks as corrected so far."""
        assert self.reading.masks is not None  # `open` sees to it
        return self.reading.masks

    @property
    def dirty(self) -> bool:
        """Whether anything differs from what is saved."""
        return self._reopened or self._history.position != self._saved_at

    @property
    def autosave_fault(self) -> ReadingRoomError | None:
        """Why the last edits could not be written to the journal; None if they were."""
        return self._journal.fault if self._journal else None

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to undo."""
        return bool(self._history.done) and not self._signed

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to do again."""
        return bool(self._history.undone) and not self._signed

    @property
    def undo_text(self) -> str:
        """Code of the edit that `undo` takes back; empty if none."""
        return self._history.done[-1].what if self.can_undo else ""

    @property
    def redo_text(self) -> str:
        """Code of the edit that `redo` does again; empty if none."""
        return self._history.undone[-1].what if self.can_redo else ""

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Have `callback` told of every change; returns what ends it."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    # History

    def undo(self) -> None:
        """Take back the last edit, whatever it was; nothing if there is none."""
        self._refuse_signed()
        if self.can_undo:
            edit = self._history.step_back()
            for patch in reversed(edit.patches):
                patch.revert(self.masks.layers)
            self._settle("undo", edit, edit.before, [p.reversed() for p in reversed(edit.patches)])

    def redo(self) -> None:
        """Do again what was undone last; nothing if there is none."""
        self._refuse_signed()
        if self.can_redo:
            edit = self._history.step_forward()
            layers = outcome.masks_of(edit.after).layers
            for patch in edit.patches:
                patch.apply(layers)
            self._settle("redo", edit, edit.after, edit.patches)

    # Keeping

    def save(self, reviewer: str, *, on_top: bool = False) -> int:
        """Save as the next revision and return its number.

        Parameters
        ----------
        on_top : bool
            Save even if another session saved meanwhile; its revision stays among the
            earlier ones.

        Raises
        ------
        RefusedInput
            ``READING_CHANGED``, ``SIGNED``; and as `readingroom.folder.save`. All edits
            are still there then, in the session and in its journal.
        """
        self._refuse_signed()
        return self._store("save", reviewer, "reviewed", on_top=on_top)

    def sign(self, name: str, *, on_top: bool = False) -> int:
        """Sign by name and save; raises as `save`, and then nothing is signed."""
        self._refuse_signed()
        return self._store("sign", name, "signed", on_top=on_top)

    def reopen(self, reviewer: str) -> None:
        """Allow edits again after `sign`; the signed revision stays among the earlier ones."""
        if not self._signed:
            return
        before = self.reading
        after = before.model_copy(update={"status": "reviewed"})
        entry = audit.entry("reopen", reviewer, before, after, self.reader)
        self.reading = after.model_copy(update={"audit": [*before.audit, entry]})
        self._reopened = True
        self._log(Record("mark", "reopen", "status", (), self.reading))
        self._tell(Change("status", "reopen"))

    def flush(self) -> None:
        """Have every edit on the disk now.

        Raises
        ------
        ReadingRoomError
            ``DISK_FULL``, ``OUTPUT_NOT_WRITABLE``.
        """
        if self._journal:
            self._journal.flush()

    def close(self) -> None:
        """End the session; edits that are not saved wait in the journal for the next one."""
        if self._journal:
            self._journal.close(remove=not self.dirty)
            self._journal = None

    def discard(self) -> None:
        """End the session and forget the edits that are not saved."""
        if self._journal:
            self._journal.close(remove=True)
            self._journal = None

    # Inside

    @property
    def _signed(self) -> bool:
        return self.reading.status == "signed"

    def _refuse_signed(self) -> None:
        if self._signed:
            raise refusals.signed()

    def _begin(self, journal: Journal | None = None) -> None:
        """Start from what is saved now."""
        base = Base(self.reading.revision, secrets.token_hex(8), self.reviewer)
        fresh = Journal(self.directory, base) if self._autosave else None
        self._journal = journal or fresh
        self._session = self._journal.base.session if self._journal else base.session
        self._revision = self.reading.revision
        self._saved_at = self._history.position
        self._reopened = False

    def _edit(
        self,
        what: str,
        kind: Kind,
        *,
        states: Mapping[str, FindingState] | None = None,
        patches: Sequence[Patch | None] = (),
        masks: Masks | None = None,
        landmarks: list[Landmark] | None = None,
        record: Reading | None = None,
        told: Box | None = None,
    ) -> None:
        """Carry out one edit.

        Parameters
        ----------
        masks : Masks, optional
            As they shall be, instead of `patches`.
        record : Reading, optional
            Where findings and numbers come from, instead of being measured.
        told : tuple of slice, optional
            A larger box to tell the subscribers than the one that changed.
        """
        self._refuse_signed()
        before, draft = self.reading, outcome.with_states(self.reading, states or {})
        draft = draft.model_copy(update={"status": "reviewed"})
        if masks is not None:
            draft, patches = outcome.with_masks(draft, masks)
        if landmarks is not None:
            draft = draft.model_copy(update={"landmarks": landmarks})
        made = tuple(patch for patch in patches if patch)
        if masks is not None and not made and record is None:
            return  # the very masks that are there
        layers = outcome.masks_of(draft).layers
        for patch in made:
            patch.apply(layers)
        try:
            after = self._measured(draft, made, states or {}, kind, record)
        except BaseException:
            for patch in reversed(made):
                patch.revert(layers)
            raise
        ids = audit.changed_findings(before, after)
        entry = audit.entry(what, self.reviewer, before, after, self.reader, ids)
        after = after.model_copy(update={"audit": [*before.audit, entry]})
        self.reading = after
        edit = self._history.push(what, kind, ids, before, after, made)
        self._log(Record("do", what, kind, ids, after, made))
        self._tell(outcome.change_of(edit, what, told))

    def _measured(
        self,
        draft: Reading,
        patches: Sequence[Patch],
        states: Mapping[str, FindingState],
        kind: Kind,
        record: Reading | None,
    ) -> Reading:
        if kind == "landmark":
            return draft
        if record is None:
            masks = outcome.masks_of(draft)
            changes = [patch.change(masks.layers) for patch in patches]
            record = self.reader.remeasure_part(draft, self.study, masks, changes)
            # A reader that makes its findings anew does not know what a person said of them.
            record = outcome.with_states(record, states)
        return draft.model_copy(update={name: getattr(record, name) for name in _MEASURED})

    def _settle(self, mode: Mode, edit: Edit, target: Reading, patches: Sequence[Patch]) -> None:
        """Make `target`, one side of `edit`, the reading; audit, journal, tell."""
        entry = audit.entry(
            mode, self.reviewer, self.reading, target, self.reader, edit.finding_ids
        )
        kept = {
            "audit": [*self.reading.audit, {**entry, "of": edit.what}],
            "revision": self.reading.revision,
            "reviewer": self.reading.reviewer,
        }
        self.reading = target.model_copy(update=kept)
        record = Record(mode, edit.what, edit.kind, edit.finding_ids, self.reading, tuple(patches))
        self._log(record)
        self._tell(outcome.change_of(edit, mode, None))

    def _store(self, what: str, name: str, status: ReadingStatus, *, on_top: bool) -> int:
        changed = {"status": status, "reviewer": name}
        after = self.reading.model_copy(update=changed)
        entry = audit.entry(what, name, self.reading, after, self.reader)
        entry["session"] = self._session
        after = after.model_copy(update={"audit": [*self.reading.audit, entry]})
        stored = after.model_copy(update={"masks": masking.in_use(self.masks, self._named)})
        folder.save(stored, self.directory, follows=None if on_top else self._revision)
        self.reading = after.model_copy(update={"revision": stored.revision})
        self.reviewer = name
        if self._journal:
            self._journal.close(remove=True)
        self._begin()
        self._tell(Change("status", what))
        return self.reading.revision

    def _log(self, record: Record) -> None:
        if self._journal:
            self._journal.append(encode(record))

    def _tell(self, change: Change) -> None:
        for callback in list(self._subscribers):
            callback(change)

    def _replay(self, found: Found) -> None:
        """Take over an abandoned journal and continue it."""
        self._begin(Journal.continued(found))
        for data in found.records:
            self._repeat(decode(data, self.reading))
        self.recovered = len(found.records)

    def _repeat(self, record: Record) -> None:
        """Bring about what a record says, without measuring."""
        before, layers = self.reading, outcome.masks_of(record.reading).layers
        patches = tuple(patch.onto(layers) for patch in record.patches)
        for patch in patches:
            patch.apply(layers)
        self.reading = record.reading
        edit = (record.what, record.kind, record.finding_ids)
        history = self._history
        if record.mode == "do":
            history.push(*edit, before, record.reading, patches)
        elif record.mode == "undo" and history.done:
            history.step_back()
        elif record.mode == "undo":  # of an edit that had been saved
            back = tuple(patch.reversed() for patch in reversed(patches))
            history.push_undone(*edit, record.reading, before, back)
        elif record.mode == "redo" and history.undone:
            history.step_forward()
        elif record.mode == "redo":
            history.push(*edit, before, record.reading, patches)
        else:
            self._reopened = True
