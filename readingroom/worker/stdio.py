"""Standard input as lines, standard output for answers only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TextIO

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_CHUNK = 65536


def take_stdout() -> TextIO:
    """Return a stream on the real standard output and send all other prints to stderr.

    The redirection is made on the file descriptor, because compiled libraries print
    without asking Python.
    """
    sys.stdout.flush()
    answers = os.fdopen(os.dup(_STDOUT), "w", encoding="utf-8", newline="\n")
    os.dup2(_STDERR, _STDOUT)
    sys.stdout = sys.stderr
    return answers


def lines() -> Iterator[str]:
    """Yield the lines of standard input as they come.

    Read without Python's buffered stream: a thread that waits in the buffered one holds
    its lock, and the interpreter aborts at exit if it finds that lock taken.
    """
    rest = b""
    while chunk := os.read(_STDIN, _CHUNK):
        *complete, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in complete)
    if rest:
        yield rest.decode("utf-8", "replace")
