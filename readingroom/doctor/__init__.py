"""Says what works on this machine and how to get the rest."""

from __future__ import annotations

from readingroom.doctor.checks import Check, core_works, examine

__all__ = ["Check", "core_works", "examine"]
