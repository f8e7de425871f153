"""The worker's messages: one JSON object a line, in both directions.

To the worker::

    {"id": "1", "job": "read", "reader": "cacs", "study": "/ct", "out": "/r", "options": {}}
    {"id": "2", "job": "remeasure", "folder": "/r", "masks": "/r/corrected.seg.nrrd"}
    {"id": "3", "job": "report", "folder": "/r", "formats": ["pdf", "seg"]}
    {"job": "cancel", "id": "1"}
    {"job": "shutdown"}

From the worker: one ``ready``, then per job any number of ``progress`` and exactly one
``done`` or ``error``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from readingroom.errors import ReadingRoomError, RefusedInput

#: Fields that a job cannot do without.
REQUIRED: dict[str, tuple[str, ...]] = {
    "read": ("id", "reader", "study", "out"),
    "remeasure": ("id", "folder", "masks"),
    "report": ("id", "folder", "formats"),
    "cancel": ("id",),
    "shutdown": (),
}


@dataclass(frozen=True)
class Message:
    """One request to the worker.

    Parameters
    ----------
    job : str
        ``read``, ``remeasure``, ``report``, ``cancel`` or ``shutdown``.
    id : str
        The sender's name for the job; empty only for ``shutdown``.
    fields : dict
        Everything else the line held.
    """

    job: str
    id: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


def parse(line: str) -> Message:
    """Return the message in `line`.

    Raises
    ------
    RefusedInput
        ``MESSAGE_INVALID`` if the line is not JSON, names no known job or lacks a field.
    """
    data = _object(line)
    job = data.pop("job", None)
    if not isinstance(job, str) or job not in REQUIRED:
        raise _invalid("The line names no job that this worker knows.")
    missing = [name for name in REQUIRED[job] if not data.get(name)]
    if missing:
        raise _invalid(f"The job '{job}' lacks '{missing[0]}'.")
    return Message(job, str(data.pop("id", "")), data)


def identity(line: str) -> str | None:
    """Return the id in a line that `parse` refuses, where it can still be made out."""
    try:
        found = _object(line).get("id")
    except RefusedInput:
        return None
    return None if found is None else str(found)


def encode(event: dict[str, Any]) -> str:
    """Return `event` as one line of ASCII JSON, so that no encoding can break it."""
    return json.dumps(event, ensure_ascii=True, default=str) + "\n"


def ready(versions: dict[str, str]) -> dict[str, Any]:
    """Return the first answer of a worker."""
    return {"event": "ready", "versions": versions}


def progress(job_id: str, stage: str, fraction: float) -> dict[str, Any]:
    """Return the answer that says how far a job is; `fraction` is 0…1."""
    return {"id": job_id, "event": "progress", "stage": stage, "fraction": round(fraction, 4)}


def done(job_id: str, result: dict[str, Any]) -> dict[str, Any]:
    """Return the answer that ends a job; `result` holds at least ``folder``."""
    return {"id": job_id, "event": "done", **result}


def error(job_id: str | None, fault: ReadingRoomError) -> dict[str, Any]:
    """Return the answer that ends a job that could not be done."""
    refused = isinstance(fault, RefusedInput)
    return {"id": job_id, "event": "error", "refused": refused, **fault.as_dict()}


def _object(line: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError:
        raise _invalid("The line is not JSON.") from None
    if not isinstance(data, dict):
        raise _invalid("The line is not a JSON object.")
    return data


def _invalid(what_happened: str) -> RefusedInput:
    return RefusedInput(
        "MESSAGE_INVALID",
        what_happened,
        f"Send one JSON object a line; jobs: {', '.join(REQUIRED)}.",
    )
