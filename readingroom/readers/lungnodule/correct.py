"""From corrected masks to findings: which nodule is which, and what it measures now.

A finding goes on as the nodule that holds its position or, if that voxel was erased, most
of the voxels it had. Findings whose nodules touch stay apart: the connected part is divided
among them. A part that no finding goes on as (painted anew, or broken off) is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from readingroom.maskregion import innermost
from readingroom.reader import Index, MaskChange
from readingroom.readers.corrected import in_order, next_number
from readingroom.readers.lungnodule import findings as parts
from readingroom.readers.lungnodule.marked import Marked, all_marked, marked_near, meet
from readingroom.readers.lungnodule.ownership import share
from readingroom.readers.lungnodule.scan import NODULE_LAYER, SOLID_LAYER, Part, Scan
from readingroom.readers.lungnodule.surroundings import surroundings
from readingroom.reading import Finding, FindingState, Masks, Reading


@dataclass(frozen=True)
class _Owner:
    """A finding with a voxel of it that is still there."""

    finding: Finding
    place: Index


@dataclass(frozen=True)
class _Measuring:
    """What findings are measured with, and whose solid part a person has drawn."""

    scan: Scan
    masks: Masks
    drawn: Callable[[Part], bool]

    def finding(
        self,
        number: int,
        label: str,
        part: Part,
        *,
        state: FindingState = "proposed",
        old: Finding | None = None,
        position: Index | None = None,
    ) -> Finding:
        before = old is not None and old.attributes.get("solid_part_from") == "person"
        drawn = before or self.drawn(part)
        solid = self.masks.layers[SOLID_LAYER][part.box] > 0 if drawn else None
        return parts.make_finding(
            number,
            label,
            part,
            self.scan,
            surroundings(self.masks, self.scan),
            drawn_solid=None if solid is None else solid & part.mask,
            position=position,
            state=state,
        )


def findings_of(reading: Reading, masks: Masks, scan: Scan) -> list[Finding]:
    """Return the findings for `masks`; ``reading.masks``, if loaded, are the earlier ones."""
    earlier = reading.masks
    comparable = earlier is not None and [x.shape for x in earlier.layers] == [
        x.shape for x in masks.layers
    ]

    def drawn(part: Part) -> bool:
        if earlier is None or not comparable:
            return False
        there = [m.layers[SOLID_LAYER][part.box][part.mask] > 0 for m in (earlier, masks)]
        return not np.array_equal(there[0], there[1])

    before = all_marked(earlier) if earlier is not None and comparable else []
    measuring = _Measuring(scan, masks, drawn)
    fresh = _continued(reading, reading.findings, before, all_marked(masks), measuring)
    return in_order(fresh, reading.findings)


def findings_after(
    reading: Reading, masks: Masks, scan: Scan, changes: Sequence[MaskChange]
) -> list[Finding]:
    """Return the same as `findings_of`, looking only at nodules that `changes` concern."""
    if not changes:
        return reading.findings
    solid = [change for change in changes if change.layer == SOLID_LAYER]

    def drawn(part: Part) -> bool:
        return any(_changed_in(part, change, masks) for change in solid)

    before, after = marked_near(masks, changes)
    after += _beside(reading, masks, scan, changes, after)
    concerned: list[Finding] = []
    untouched: list[Finding] = []
    for finding in reading.findings:
        at = scan.index(finding.position_lps_mm)
        near = any(one.part.holds(at) for one in [*before, *after])
        (concerned if near else untouched).append(finding)
    measuring = _Measuring(scan, masks, drawn)
    fresh = _continued(reading, concerned, before, after, measuring)
    return in_order([*untouched, *fresh], reading.findings)


def _changed_in(part: Part, change: MaskChange, masks: Masks) -> bool:
    """Say whether a change of the solid layer altered voxels of a nodule."""
    now = masks.layers[change.layer][change.box]
    return bool(part.overlap(Part(change.start, now != change.before)).mask.any())


def _beside(
    reading: Reading,
    masks: Masks,
    scan: Scan,
    changes: Sequence[MaskChange],
    there: Sequence[Marked],
) -> list[Marked]:
    """Return the nodules that a change in another layer meets and that are not `there`."""
    from readingroom.maskregion import component_at

    boxes = [change.box for change in changes if change.layer != NODULE_LAYER]
    found: list[Marked] = []
    for finding in reading.findings if boxes else ():
        at = scan.index(finding.position_lps_mm)
        if any(one.part.holds(at) for one in [*there, *found]):
            continue
        segment = next((s for s in masks.segments if s.name == finding.mask_segment), None)
        if segment is None:
            continue
        start, mask = component_at(masks.layers[NODULE_LAYER], segment.value, at)
        part = Part(start, mask)
        if mask.any() and any(meet(part.box, box) for box in boxes):
            found.append(Marked(segment.name, part))
    return found


def _continued(
    reading: Reading,
    old: Sequence[Finding],
    before: Sequence[Marked],
    after: Sequence[Marked],
    measuring: _Measuring,
) -> list[Finding]:
    """Return a finding for every nodule in `after`, the old one where there is one."""
    scan, following = measuring.scan, next_number(reading)
    owned: list[list[_Owner]] = [[] for _ in after]
    remains = _remains(old, before, scan)
    for finding, part in remains:
        held = _holder(finding, part, after, scan)
        if held is not None:
            owned[held[0]].append(held[1])
    found = []
    for one, owners in zip(after, owned, strict=True):
        if owners:
            found += _going_on(one, owners, measuring)
        else:
            state = _state_of_new(one, remains)
            found.append(measuring.finding(following, one.label, one.part, state=state))
            following += 1
    return found


def _remains(
    old: Sequence[Finding], before: Sequence[Marked], scan: Scan
) -> list[tuple[Finding, Part]]:
    """Return the findings with the voxels that they had, at least the one at their position."""
    found = []
    for finding in old:
        at = scan.index(finding.position_lps_mm)
        whole = next((m.part for m in before if m.part.holds(at)), None)
        if whole is None:
            found.append((finding, Part(at, np.ones((1, 1, 1), np.bool_))))
            continue
        places = [p for f in old if whole.holds(p := scan.index(f.position_lps_mm))]
        found.append((finding, share(whole, places, scan)[places.index(at)]))
    return found


def _holder(
    finding: Finding, part: Part, after: Sequence[Marked], scan: Scan
) -> tuple[int, _Owner] | None:
    """Return which nodule a finding goes on as, and with which voxel; None if it is gone."""
    at = scan.index(finding.position_lps_mm)
    for number, one in enumerate(after):
        if one.part.holds(at):
            return number, _Owner(finding, at)
    shares = [part.overlap(one.part) for one in after]
    sizes = [int(shared.mask.sum()) for shared in shares]
    if not any(sizes):
        return None
    most = int(np.argmax(sizes))
    inside = innermost(shares[most].mask, scan.native_spacing_mm)
    k, j, i = (a + b for a, b in zip(inside, shares[most].start, strict=True))
    return most, _Owner(finding, (k, j, i))


def _going_on(one: Marked, owners: list[_Owner], measuring: _Measuring) -> list[Finding]:
    """Return the findings that a nodule goes on as, one for each owner."""
    distinct = {owner.place: owner for owner in reversed(owners)}
    places = list(distinct)
    shares = share(one.part, places, measuring.scan)
    found = []
    for place, part in zip(places, shares, strict=True):
        owner = distinct[place]
        # In a shared part the position is what it is divided by: it must stay.
        position = place if len(places) > 1 else None
        fresh = measuring.finding(
            0, one.label, part, state=owner.finding.state, old=owner.finding, position=position
        )
        old = owner.finding
        confidence = old.confidence if one.label == old.label else None
        kept = {"id": old.id, "evidence": old.evidence, "confidence": confidence}
        found.append(fresh.model_copy(update=kept))
    return found


def _state_of_new(one: Marked, remains: Iterable[tuple[Finding, Part]]) -> FindingState:
    """Return the state of a new part: a piece broken off what was rejected stays rejected."""
    near = [finding for finding, part in remains if part.overlap(one.part).mask.any()]
    rejected = near and all(finding.state == "rejected" for finding in near)
    return "rejected" if rejected else "added"
