"""Start the live reading process: frames on standard input, wires on standard output.

``PythonSlicer startlive.py PACKAGES``; see `readingroom.readers.guidewire.livepipe`.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    """Serve frames until standard input ends."""
    here = str(Path(__file__).resolve().parent)
    if here in sys.path:
        sys.path.remove(here)
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from readingroom.slicerdesktop.startworker import put_first

    sys.path[:] = put_first(sys.argv[1] if len(sys.argv) > 1 else "", sys.path)
    from readingroom.worker.stdio import take_stdout

    answers = take_stdout()
    from readingroom.inference.engine import Engine
    from readingroom.readers.guidewire import livepipe
    from readingroom.readers.guidewire.livesequence import analyser_for

    livepipe.serve(sys.stdin.buffer, answers, analyser_for(Engine(threads=1)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
