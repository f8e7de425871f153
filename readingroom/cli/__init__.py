"""The command line: ``readingroom VERB …``.

Importing this package loads nothing but the standard library, so that ``--help``
answers at once; each verb imports what it needs when it runs.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from readingroom.cli.output import Output
from readingroom.cli.parser import build, language_of, verb_module

#: Exit code after Ctrl-C, as shells expect it (128 + SIGINT).
CANCELLED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 done, 2 refused input, 1 fault, 130 cancelled.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    output = Output(json="--json" in arguments, language=language_of(arguments))
    try:
        return _run(arguments, output)
    except SystemExit as wanted:  # argparse after --help and --version
        return wanted.code if isinstance(wanted.code, int) else 0
    except (Exception, KeyboardInterrupt) as fault:  # the door: one message, no stack trace
        return _report(fault, output)


def _run(arguments: list[str], output: Output) -> int:
    args = build(arguments, output.language).parse_args(arguments)
    # After parsing: --help has left by now, and the worker's package loads psutil.
    from readingroom.worker.logs import set_up

    set_up(_level(args.verbose))
    code: int = verb_module(args.verb).run(args, output)
    return code


def _report(fault: BaseException, output: Output) -> int:
    from readingroom.errors import Cancelled
    from readingroom.worker.faults import as_error

    error = as_error(fault)
    output.error(error)
    return CANCELLED if isinstance(error, Cancelled) else error.exit_code


def _level(verbose: int) -> int:
    return {0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG)
