"""Numbers and order of findings after a correction, the same for every reader."""

from __future__ import annotations

from collections.abc import Iterable

from readingroom.reading import Finding, Reading


def next_number(reading: Reading) -> int:
    """Return a number that no finding has or had: an audit entry must not become wrong."""
    ids = {finding.id for finding in reading.findings}
    for entry in reading.audit:
        ids.update(entry.get("finding_ids", ()))
    return max((int(i[1:]) for i in ids if i[1:].isdigit()), default=0) + 1


def in_order(findings: Iterable[Finding], earlier: Iterable[Finding]) -> list[Finding]:
    """Return findings in the order of an earlier list, new ones last."""
    order = {finding.id: place for place, finding in enumerate(earlier)}
    return sorted(findings, key=lambda finding: order.get(finding.id, len(order)))
