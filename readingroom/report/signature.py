"""When a reading was signed, from its audit trail."""

from __future__ import annotations

from datetime import datetime

from readingroom.reading import Reading

_ACTIONS = ("sign", "signed")
_TIMES = ("at", "time", "when")


def signed_at(reading: Reading) -> str | None:
    """Return the ISO 8601 time of the last signature; None if unsigned or not recorded.

    An entry of ``reading.audit`` counts if its ``action`` is ``sign`` or ``signed`` and
    one of ``at``, ``time``, ``when`` holds an ISO 8601 time.
    """
    if reading.status != "signed":
        return None
    for entry in reversed(reading.audit):
        if entry.get("action") in _ACTIONS:
            moment = next((str(entry[key]) for key in _TIMES if entry.get(key)), "")
            return moment if _is_time(moment) else None
    return None


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
