"""Audit entries: who changed what, when, and the numbers before and after."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from readingroom.reader import Reader
from readingroom.reading import Finding, Reading


def entry(
    what: str,
    who: str,
    before: Reading,
    after: Reading,
    reader: Reader[Any],
    finding_ids: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the audit entry of one edit.

    Returns
    -------
    dict
        ``when`` (ISO 8601, UTC), ``who``, ``what`` (the edit's code), ``finding_ids``, and
        ``before`` and ``after``, each with ``measurements`` (the reader's headline
        numbers), ``findings`` (label and state by id) and, where they moved, ``landmarks``.
    """
    ids = list(finding_ids)
    moved = [] if before.landmarks == after.landmarks else _differing(before, after)
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": who,
        "what": what,
        "finding_ids": ids,
        "before": _side(before, ids, moved, reader),
        "after": _side(after, ids, moved, reader),
    }


def changed_findings(before: Reading, after: Reading) -> tuple[str, ...]:
    """Return the ids of findings that differ, came or went, in the order of the list."""
    old = {f.id: f for f in before.findings}
    new = {f.id: f for f in after.findings}
    return tuple(i for i in {**old, **new} if not _same(old.get(i), new.get(i)))


def _same(one: Finding | None, other: Finding | None) -> bool:
    # Identity first: an edit leaves most findings the very objects they were.
    return one is other or one == other


def _side(
    reading: Reading, ids: list[str], landmarks: list[str], reader: Reader[Any]
) -> dict[str, Any]:
    numbers = {n: reading.measurements[n].value for n in reader.headline(reading)}
    findings = {f.id: {"label": f.label, "state": f.state} for f in reading.findings if f.id in ids}
    side: dict[str, Any] = {"measurements": numbers, "findings": findings}
    if landmarks:
        places = {m.name: list(m.position_lps_mm) for m in reading.landmarks}
        side["landmarks"] = {name: places.get(name) for name in landmarks}
    return side


def _differing(before: Reading, after: Reading) -> list[str]:
    old = {m.name: m for m in before.landmarks}
    new = {m.name: m for m in after.landmarks}
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]
