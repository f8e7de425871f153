"""Which marked voxels belong to which nodule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from readingroom.maskregion import component_at, divided
from readingroom.reader import Index
from readingroom.readers.lungnodule.scan import Part, Scan
from readingroom.reading import Finding, Masks, Reading


def part_of(reading: Reading, masks: Masks, scan: Scan, finding: Finding) -> Part | None:
    """Return the voxels of a finding on the native grid; None where it has none.

    Nodules that touch are divided among their findings at the neck between them.
    """
    segment = next((s for s in masks.segments if s.name == finding.mask_segment), None)
    if segment is None:
        return None
    at = scan.index(finding.position_lps_mm)
    start, mask = component_at(masks.layers[segment.layer], segment.value, at)
    if not mask.any():
        return None
    whole = Part(start, mask)
    others = [
        place
        for other in reading.findings
        if other.id != finding.id and other.mask_segment == finding.mask_segment
        if whole.holds(place := scan.index(other.position_lps_mm))
    ]
    return share(whole, [at, *others], scan)[0]


def share(whole: Part, places: Sequence[Index], scan: Scan) -> list[Part]:
    """Divide a connected part among places in it, one part for each place.

    The result does not depend on the order of the places.
    """
    if len(places) == 1:
        return [whole]
    order = sorted(range(len(places)), key=lambda n: places[n])
    inside = [tuple(a - b for a, b in zip(places[n], whole.start, strict=True)) for n in order]
    numbers = divided(whole.mask, [(k, j, i) for k, j, i in inside], scan.native_spacing_mm)
    rank = {n: number for number, n in enumerate(order, 1)}
    return [_trimmed(Part(whole.start, numbers == rank[n])) for n in range(len(places))]


def share_among(parts: Sequence[Part], places: Sequence[Index], scan: Scan) -> list[Part]:
    """Return `parts` without what they have in common: those that touch are divided.

    Parameters
    ----------
    places : sequence of tuple of int
        One voxel of each part.
    """
    canvas = np.zeros(scan.volume.shape, np.uint8)
    for part in parts:
        canvas[part.box][part.mask] = 1
    shares: dict[Index, Part] = {}
    for at in places:
        if at not in shares:
            whole = Part(*component_at(canvas, 1, at))
            together = [place for place in places if whole.holds(place)]
            shares |= zip(together, share(whole, together, scan), strict=True)
    return [shares[at] for at in places]


def _trimmed(part: Part) -> Part:
    """Return the same voxels in the smallest box."""
    if not part.mask.any():
        return part
    ends = [
        np.flatnonzero(part.mask.any(axis=tuple(a for a in range(3) if a != axis)))[[0, -1]]
        for axis in range(3)
    ]
    box = tuple(slice(int(a), int(b) + 1) for a, b in ends)
    k, j, i = (int(a) + s.start for a, s in zip(part.start, box, strict=True))
    return Part((k, j, i), np.ascontiguousarray(part.mask[box]))
