"""Values as FHIR writes them: names, dates, times, identifiers, nothing empty."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

Resource = dict[str, Any]

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


def human_names(text: str) -> Iterable[Resource]:
    """Take apart a DICOM person name: up to three groups of family^given^middle^prefix^suffix."""
    for group in text.split("="):
        parts = ([part.strip() for part in group.split("^")] + [""] * 5)[:5]
        family, given, middle, prefix, suffix = parts
        if any(parts):
            yield {
                "text": " ".join(part for part in (prefix, given, middle, family, suffix) if part),
                "family": family,
                "given": [part for part in (given, middle) if part],
                "prefix": [prefix] if prefix else [],
                "suffix": [suffix] if suffix else [],
            }


def uid_identifier(uid: str) -> list[Resource]:
    """Return the Identifier of a DICOM UID in a list; none if it is no proper UID."""
    if not _OID.fullmatch(uid):
        return []
    return [{"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}]


def instant(text: str) -> str:
    """Return a time with its zone as FHIR writes it; empty if there is none."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return ""
    return moment.isoformat(timespec="seconds") if moment.tzinfo else ""


def date(text: str) -> str:
    """Return a DICOM or ISO 8601 date as FHIR writes it; empty if it is none."""
    plain = text.replace("-", "")
    try:
        parsed = datetime.strptime(plain, "%Y%m%d")
    except ValueError:
        return ""
    return parsed.date().isoformat() if len(plain) == 8 else ""


def without_empty(value: Any) -> Any:
    """Drop empty texts, lists and objects at any depth: FHIR forbids them."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ("", None, [], {})}
    if isinstance(value, list):
        return [item for item in map(without_empty, value) if item not in ("", None, [], {})]
    return value
