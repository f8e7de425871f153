"""Faults that nobody foresaw: one message for the person, their place for the log."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from readingroom.errors import ReadingRoomError


def as_told(fault: Exception) -> ReadingRoomError:
    """Return what a person is told of `fault`.

    Where an unforeseen one came from goes to the log. Its text does not: it may quote a
    header, and so a patient.
    """
    from readingroom.worker.faults import as_error

    error = as_error(fault)
    if error is not fault:
        places = "".join(traceback.format_tb(fault.__traceback__))
        logging.error("ReadingRoom: unforeseen %s\n%s", type(fault).__name__, places)
    return error
