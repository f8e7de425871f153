"""What a session finds when it opens: the first revision, and what a crash left behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from readingroom import folder
from readingroom.errors import RefusedInput
from readingroom.reading import Reading
from readingroom.review.journal import abandoned

if TYPE_CHECKING:
    from readingroom.review.edited import EditedReading


def first_revision(directory: Path, *, masks: bool = False) -> Reading:
    """Return the machine's reading: revision 1, or the earliest that is still there."""
    newest = folder.load(directory, masks=False).revision
    for number in range(1, newest):
        try:
            return folder.revision(directory, number, masks=masks)
        except RefusedInput as refusal:
            if refusal.code != "REVISION_UNKNOWN":
                raise
    return folder.load(directory, masks=masks)


def take_over(session: EditedReading) -> None:
    """Replay the newest journal that a crashed session left on this revision.

    Journals whose edits were saved before the crash are removed. Others stay, and are
    counted as stranded.
    """
    saved = {entry.get("session") for entry in session.reading.audit}
    for found in abandoned(session.directory):
        if found.base.session in saved or not found.records:
            found.close(remove=True)
        elif found.base.revision == session.reading.revision and not session.recovered:
            session._replay(found)
        else:
            session.stranded += len(found.records)
            found.close(remove=False)
