"""From corrected masks to findings: which lesion is which, and what it measures now.

An old finding goes on as the lesion that holds most of its voxels. A lesion that several
findings go on as (they were painted together) keeps the largest one's id; one that no
finding goes on as (painted anew, or the smaller part of a lesion that was split) is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from readingroom.reader import MaskChange
from readingroom.readers.cacs import findings as parts
from readingroom.readers.cacs.findings import Scoring
from readingroom.readers.cacs.lesion import Lesion
from readingroom.readers.cacs.marked import Marked, all_marked, marked_near
from readingroom.readers.corrected import in_order, next_number
from readingroom.reading import Finding, Masks, Reading


@dataclass(frozen=True)
class _Owner:
    """A finding with the voxels that it had."""

    finding: Finding
    lesion: Lesion


@dataclass(frozen=True)
class _Claim:
    """That an earlier finding has voxels in a lesion."""

    owner: _Owner
    voxels: int


def findings_of(reading: Reading, masks: Masks, scoring: Scoring) -> list[Finding]:
    """Return the findings for `masks`; ``reading.masks``, if loaded, are the earlier ones."""
    earlier = reading.masks
    comparable = earlier is not None and all(
        layer.shape == masks.layers[0].shape for layer in earlier.layers
    )
    before = all_marked(earlier, scoring) if earlier is not None and comparable else []
    owners = [_owner(finding, before, scoring) for finding in reading.findings]
    fresh = _continued(owners, all_marked(masks, scoring), scoring, next_number(reading))
    return in_order(fresh, reading.findings)


def findings_after(
    reading: Reading, masks: Masks, scoring: Scoring, changes: Sequence[MaskChange]
) -> list[Finding]:
    """Return the same as `findings_of`, looking only at lesions that `changes` concern."""
    if not changes:
        return reading.findings
    before, after = marked_near(masks, scoring, changes)
    owners, untouched = [], []
    for finding in reading.findings:
        owner = _owner(finding, before, scoring)
        if any(owner.lesion is m.lesion for m in before) or _holds_any(after, owner.lesion):
            owners.append(owner)
        else:
            untouched.append(finding)
    fresh = _continued(owners, after, scoring, next_number(reading))
    return in_order([*untouched, *fresh], reading.findings)


def _owner(finding: Finding, marked: Iterable[Marked], scoring: Scoring) -> _Owner:
    """Return the finding with the lesion at its position, or with that voxel alone."""
    here = Lesion(scoring.index(finding.position_lps_mm), np.ones((1, 1, 1), np.bool_))
    for one in marked:
        if one.label == finding.mask_segment and _overlap(one.lesion, here):
            return _Owner(finding, one.lesion)
    return _Owner(finding, here)


def _holds_any(marked: Iterable[Marked], lesion: Lesion) -> bool:
    return any(_overlap(one.lesion, lesion) for one in marked)


def _continued(
    owners: list[_Owner], lesions: list[Marked], scoring: Scoring, following: int
) -> list[Finding]:
    """Return a finding for every lesion, the old one where there is one."""
    claims: list[list[_Claim]] = [[] for _ in lesions]
    touched: list[list[_Owner]] = [[] for _ in lesions]
    for owner in owners:
        shares = [_overlap(one.lesion, owner.lesion) for one in lesions]
        for number in np.flatnonzero(shares):
            touched[number].append(owner)
        if any(shares):
            most = int(np.argmax(shares))
            claims[most].append(_Claim(owner, shares[most]))
    found = []
    for one, claimed, near in zip(lesions, claims, touched, strict=True):
        if claimed:
            found.append(_going_on(one, claimed, scoring))
        else:
            found.append(_added(one, near, scoring, following))
            following += 1
    return found


def _going_on(one: Marked, claims: list[_Claim], scoring: Scoring) -> Finding:
    """Return the finding of the largest claim; it stands if any of the claims stands."""
    by_size = sorted(claims, key=lambda claim: -claim.voxels)
    old = by_size[0].owner.finding
    states = [claim.owner.finding.state for claim in by_size]
    state = next((state for state in states if state != "rejected"), "rejected")
    fresh = parts.make_finding(0, one.label, one.lesion, scoring, state=state)
    confidence = old.confidence if one.label == old.label else None
    kept = {"id": old.id, "evidence": old.evidence, "confidence": confidence}
    return fresh.model_copy(update=kept)


def _added(one: Marked, near: list[_Owner], scoring: Scoring, number: int) -> Finding:
    """Return a new finding; a piece broken off what was rejected stays rejected."""
    rejected = near and all(owner.finding.state == "rejected" for owner in near)
    state = "rejected" if rejected else "added"
    return parts.make_finding(number, one.label, one.lesion, scoring, state=state)


def _overlap(one: Lesion, other: Lesion) -> int:
    """Return how many voxels two lesions share."""
    start = [max(a, b) for a, b in zip(one.origin, other.origin, strict=True)]
    stop = [min(a.stop, b.stop) for a, b in zip(one.box, other.box, strict=True)]
    if any(a >= b for a, b in zip(start, stop, strict=True)):
        return 0
    pieces = [
        lesion.mask[
            tuple(slice(a - o, b - o) for a, b, o in zip(start, stop, lesion.origin, strict=True))
        ]
        for lesion in (one, other)
    ]
    return int(np.count_nonzero(pieces[0] & pieces[1]))
