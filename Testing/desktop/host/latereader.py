"""A reader that comes later: the tiny one under the name ``dxa``, and a process that knows it."""

from __future__ import annotations

from readingroom import readers
from Testing.fixtures.tinyreader import TinyReader


class LateReader(TinyReader):
    """Counts bright voxels; stands for a reader that this version does not have yet."""

    name = "dxa"


if __name__ == "__main__":
    from readingroom.worker.server import main

    readers._READERS["dxa"] = "Testing.desktop.host.latereader:LateReader"
    readers._OPTIONS["dxa"] = "Testing.fixtures.tinyreader:TinyOptions"
    raise SystemExit(main())
