"""One message for whatever goes wrong, in the language of the page."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from readingroom.errors import Cancelled, ReadingRoomError, RefusedInput
from readingroom.report.phrases import Language
from readingroom.workbench.faults_zh import CHINESE
from readingroom.worker.faults import as_error

_NOTHING = {"open": False, "kind": "info", "code": "", "text": "", "todo": ""}


def nothing() -> dict[str, Any]:
    """Return the state of no message."""
    return dict(_NOTHING)


def as_message(fault: BaseException, language: Language) -> dict[str, Any]:
    """Return what the page shows of a fault: code, what happened, what to do."""
    error = as_error(fault)
    return of_parts(error.code, error.what_happened, error.what_to_do, language, kind=_kind(error))


def of_parts(
    code: str, what_happened: str, what_to_do: str, language: Language, *, kind: str = "warning"
) -> dict[str, Any]:
    """Return the message of an error that came as its three parts."""
    if language == "zh" and code in CHINESE:
        what_happened, what_to_do = CHINESE[code]
    return {"open": True, "kind": kind, "code": code, "text": what_happened, "todo": what_to_do}


def _kind(error: ReadingRoomError) -> str:
    if isinstance(error, Cancelled):
        return "info"
    return "warning" if isinstance(error, RefusedInput) else "error"


def told(method: Callable[..., Any]) -> Callable[..., Any]:
    """Show what `method` raises as a message instead of letting it end in a stack trace.

    For methods, plain or asynchronous, of objects with ``tell(fault)``.
    """
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def run_later(self: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return await method(self, *args, **kwargs)
            except Exception as fault:
                self.tell(fault)

        return run_later

    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Exception as fault:
            self.tell(fault)

    return run
