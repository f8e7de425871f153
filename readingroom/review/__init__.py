"""A person's review of a reading: corrections, undo, audit, autosave, new revisions.

Nothing here knows a host; ``readingroom.review.mrml`` shows a session in one.

================ =======================================================================
`ReviewSession`  a reading folder opened for correction
`Change`         what its subscribers are told
================ =======================================================================
"""

from __future__ import annotations

from readingroom.review.change import Change
from readingroom.review.session import ReviewSession

__all__ = ["Change", "ReviewSession"]
