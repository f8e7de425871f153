"""How a benchmark says that it cannot run here."""

from __future__ import annotations


class Skip(Exception):
    """The benchmark lacks what it needs; the text says what."""
