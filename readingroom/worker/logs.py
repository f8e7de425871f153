"""Logging to standard error, for the worker and the command line.

Only this package's own messages are shown: they never hold patient data, whereas imaging
libraries quote header values in theirs.
"""

from __future__ import annotations

import logging
import sys
import warnings

from readingroom.worker.faults import debugging


def set_up(level: int = logging.WARNING) -> None:
    """Show this package's messages from `level` up; other packages' only for debugging."""
    if debugging():
        logging.basicConfig(stream=sys.stderr, level=level)
        return
    warnings.simplefilter("ignore")
    root = logging.getLogger()
    if not root.handlers:  # otherwise logging's last resort prints what no one asked for
        root.addHandler(logging.NullHandler())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    own = logging.getLogger("readingroom")
    own.handlers = [handler]
    own.setLevel(level)
    own.propagate = False
