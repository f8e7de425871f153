"""The guidewire reader's live engine as an analyser of the page's lines."""

from __future__ import annotations

from readingroom.readers.guidewire.livesequence import Found, analyser_for, plain

__all__ = ["Found", "analyser_for", "plain"]
