"""Start the reading process with the packages of ReadingRoom before those of 3D Slicer.

``PythonSlicer startworker.py PACKAGES``: the launcher of 3D Slicer puts its own site-packages
first whatever ``PYTHONPATH`` says, so the order is set here.
"""

from __future__ import annotations

import sys
from pathlib import Path


def put_first(packages: str, path: list[str]) -> list[str]:
    """Return `path` with `packages` first and this package's root after it.

    The folder of this script, which Python puts first, is left out: its modules are none
    of the top level.
    """
    here = Path(__file__).resolve().parent
    rest = [place for place in path if Path(place or ".").resolve() != here]
    own = [packages] if packages and Path(packages).is_dir() else []
    return [*own, str(here.parents[1]), *rest]


def main() -> int:
    """Serve jobs until standard input ends."""
    sys.path[:] = put_first(sys.argv[1] if len(sys.argv) > 1 else "", sys.path)
    from readingroom.worker.server import main as serve

    return serve()


if __name__ == "__main__":
    raise SystemExit(main())
