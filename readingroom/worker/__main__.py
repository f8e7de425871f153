"""``python -m readingroom.worker``: serve jobs until standard input ends."""

from __future__ import annotations

from readingroom.worker.server import main

if __name__ == "__main__":
    raise SystemExit(main())
