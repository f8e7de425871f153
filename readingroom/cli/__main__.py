"""``python -m readingroom.cli``."""

from __future__ import annotations

from readingroom.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
