"""When a reading was signed, from its audit trail."""

from __future__ import annotations

from datetime import datetime

from readingroom.reading import Reading


def signed_at(reading: Reading) -> str | None:
    """Return the ISO 8601 time of the last signature; None if unsigned or not recorded.

    The entry of ``reading.audit`` whose ``what`` is ``sign`` says it in ``when``.
    """
    if reading.status != "signed":
        return None
    for entry in reversed(reading.audit):
        if entry.get("what") == "sign":
            moment = str(entry.get("when", ""))
            return moment if _is_time(moment) else None
    return None


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
